package leaks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// Known is what people decided not to be told of: the lines of .gitleaksignore
// files, and the leaks of an earlier report.
type Known struct {
	// Ignored are fingerprints, with and without a commit.
	Ignored map[string]bool
	// Used are those of Ignored that some leak has.
	Used map[string]bool
	// Wrong are lines that are no fingerprints.
	Wrong    []string
	baseline map[earlierPlace][]earlier
}

// AddIgnored reads a .gitleaksignore file.
func (k *Known) AddIgnored(text []byte) {
	if k.Ignored == nil {
		k.Ignored, k.Used = map[string]bool{}, map[string]bool{}
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, ":")
		switch n := len(parts); n {
		case 3, 4:
			parts[n-3] = strings.ReplaceAll(parts[n-3], `\`, "/")
		default: // the path of one may hold colons
			k.Wrong = append(k.Wrong, line)
		}
		k.Ignored[strings.Join(parts, ":")] = true
	}
}

// Unused lists the ignored fingerprints that no leak has.
func (k *Known) Unused() []string {
	var out []string
	for fingerprint := range k.Ignored {
		if !k.Used[fingerprint] {
			out = append(out, fingerprint)
		}
	}
	slices.Sort(out)
	return out
}

// earlier is a leak of a baseline: the fields that gitleaks compares.
type earlier struct {
	earlierPlace
	Description                     string
	EndLine, StartColumn, EndColumn int
	Author, Email, Date, Message    string
	Entropy                         float32
	Match, Secret                   secret.Value
}

type earlierPlace struct {
	RuleID, File, Commit string
	StartLine            int
}

// UnmarshalJSON reads one leak of a report.
func (e *earlier) UnmarshalJSON(text []byte) error {
	var form jsonLeak
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	*e = earlier{
		earlierPlace: earlierPlace{form.RuleID, form.File, form.Commit, form.StartLine},
		Description:  form.Description,
		EndLine:      form.EndLine, StartColumn: form.StartColumn, EndColumn: form.EndColumn,
		Author: form.Author, Email: form.Email, Date: form.Date, Message: form.Message,
		Entropy: form.Entropy, Match: secret.New([]byte(form.Match)), Secret: secret.New([]byte(form.Secret)),
	}
	return nil
}

// AddBaseline reads a report of gitleaks, betterleaks or this program.
func (k *Known) AddBaseline(text []byte) error {
	var list []earlier
	if err := json.Unmarshal(text, &list); err != nil {
		return errors.New("it is not a JSON report of gitleaks")
	}
	if k.baseline == nil {
		k.baseline = map[earlierPlace][]earlier{}
	}
	for _, e := range list {
		k.baseline[e.earlierPlace] = append(k.baseline[e.earlierPlace], e)
	}
	return nil
}

// Split takes out what is known.
func (k *Known) Split(all []Leak) (fresh, ignored, listed []Leak) {
	for _, l := range all {
		switch {
		case k.ignores(l):
			ignored = append(ignored, l)
		case k.lists(l):
			listed = append(listed, l)
		default:
			fresh = append(fresh, l)
		}
	}
	return fresh, ignored, listed
}

func (k *Known) ignores(l Leak) bool {
	hit := false
	for _, f := range []string{l.everywhere(), l.Fingerprint()} {
		if k.Ignored[f] {
			k.Used[f] = true
			hit = true
		}
	}
	return hit
}

func (k *Known) lists(l Leak) bool {
	return slices.ContainsFunc(k.baseline[earlierPlace{l.Rule.ID, l.File, l.Commit.ID, l.StartLine}], func(e earlier) bool { return e.is(l) })
}

// is compares all that gitleaks does. A baseline that holds the values must
// hold this one: an entry never hides another key at the same place.
func (e *earlier) is(l Leak) bool {
	same := e.Description == l.Rule.Description && e.EndLine == l.EndLine && e.StartColumn == l.StartColumn &&
		e.EndColumn == l.EndColumn && e.Author == l.Commit.Author && e.Email == l.Commit.Email &&
		e.Date == l.Commit.Date && couldBe(e.Message, l.Commit.Message) && e.Entropy == l.Entropy
	return same && (redactedValue(e.Secret) || e.Secret.Equal(l.Secret) && e.Match.Equal(l.Match))
}

// redactedValue reports whether a report holds no value, or a part of one.
func redactedValue(v secret.Value) bool {
	return v.Equal(secret.New([]byte(redacted))) || v.Contains(secret.New([]byte("...")))
}
