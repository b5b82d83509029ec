// Package desk is where people change something through the server: they decide
// about findings, start and end sweeps, approve plans, and look after users. The
// API and the dashboard call the same functions. Each asks who stands in the
// context (package access), and notes with every change who made it.
package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/remediate"
)

var (
	// ErrInput says that something was asked for wrongly; the text says what, and
	// can be shown to who asked.
	ErrInput = errors.New("that cannot be done so")
	// ErrConflict says that it is too late, or done already; the text says why.
	ErrConflict = errors.New("that cannot be done any more")
)

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInput}, args...)...)
}

func conflict(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrConflict}, args...)...)
}

// Desk is where changes are asked for.
type Desk struct {
	Store *records.Store
	// Sweeps starts and ends sweeps.
	Sweeps *sweep.Desk
	// Request checks what is to be swept, and returns it as workers know it. Its
	// error is for people.
	Request func(r sweep.Request) (sweep.Request, error)
	// Signers reads those whose signatures count for plans; nil for nobody.
	Signers func() (remediate.Signers, error)
	// Sign signs the text of an approval as the server, for plans that need a
	// signature, in OpenSSH's form; nil where the server has no key.
	Sign func(text []byte) ([]byte, error)
}

// longestText is how long a reason may be, in bytes.
const longestText = 2000

// checkText checks what a person wrote: it is there, not too long, and no key.
func checkText(what, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", wrong("%s is missing", what)
	case len(text) > longestText:
		return "", wrong("%s is longer than %d bytes", what, longestText)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", wrong("%s is not text", what)
	case len(inventory.Material(text)) > 0:
		return "", wrong("%s holds what looks like a key: describe it, do not paste it", what)
	}
	return text, nil
}

// note writes down a change.
func note(ctx context.Context, tx *records.Tx, kind, subject, state, who string) error {
	_, err := tx.Act(ctx, records.Action{Kind: kind, Subject: subject, State: state, Who: who})
	return err
}
