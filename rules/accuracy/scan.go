package accuracy

import (
	"bytes"
	"context"
	"fmt"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Found is what a scanner took for a key in one file.
type Found struct {
	Value secret.Value
	// Provider is "" for a scanner that names none.
	Provider string
	// Why is the rule, and what it goes by.
	Why string
}

// Scan scans one file with a set of rules and returns what is reported at the
// default confidence: medium and above.
func Scan(ctx context.Context, set *rules.Set, f File) ([]Found, error) {
	s := scanner.Scanner{Inspector: &inspect.Inspector{Rules: set}, Jobs: 1}
	var list []Found
	for r, err := range finding.Merge(s.Scan(ctx, source.Reader{Name: f.Context.Path, R: bytes.NewReader(f.Content)})) {
		if err != nil {
			continue // what a context has that is not read, such as a broken notebook
		}
		if r.Confidence >= rules.Medium {
			list = append(list, Found{Value: r.Secret, Provider: r.Rule.Provider, Why: fmt.Sprintf("%s, %s: %s", r.Rule.ID, r.Confidence, r.Evidence)})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("accuracy: scan %s: %w", f.Context.ID, err)
	}
	return list, nil
}
