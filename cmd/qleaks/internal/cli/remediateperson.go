package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/scanner/report"
)

// terminalPerson is whoever sits at the terminal.
type terminalPerson struct {
	env   Env
	lines *bufio.Reader
}

var _ remediate.Person = (*terminalPerson)(nil)

func newTerminalPerson(env Env) *terminalPerson {
	return &terminalPerson{env: env, lines: bufio.NewReader(env.Stdin)}
}

// longestAnswer is how much of an answer is read, in bytes.
const longestAnswer = 16 << 10

// show writes a guide, which no terminal obeys.
func (p *terminalPerson) show(g remediate.Guide) error {
	var b strings.Builder
	b.WriteString("\n" + report.Clean(g.Title) + "\n")
	if g.Page != "" {
		b.WriteString("  page: " + report.Clean(g.Page) + "\n")
	}
	for i, s := range g.Steps {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, report.Clean(s))
	}
	for _, f := range g.Facts {
		b.WriteString("     " + report.Clean(f) + "\n")
	}
	_, err := io.WriteString(p.env.Stderr, b.String())
	return err
}

func (p *terminalPerson) line() ([]byte, error) {
	var line []byte
	for {
		c, err := p.lines.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil && c == '\n':
			return bytes.TrimSpace(line), nil
		case err != nil:
			return nil, err
		case len(line) == longestAnswer:
			return nil, errors.New("the answer is too long")
		}
		line = append(line, c)
	}
}

// Yes implements remediate.Person.
func (p *terminalPerson) Yes(ctx context.Context, g remediate.Guide) (bool, error) {
	if err := p.show(g); err != nil {
		return false, err
	}
	for {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if _, err := io.WriteString(p.env.Stderr, report.Clean(g.Question)+" [yes/no] "); err != nil {
			return false, err
		}
		line, err := p.line()
		if err != nil {
			return false, fmt.Errorf("read the answer: %w", err)
		}
		switch strings.ToLower(string(line)) {
		case "yes", "y":
			return true, nil
		case "no", "n":
			return false, nil
		}
	}
}

// shortestKey is shorter than the keys of all providers, in bytes.
const shortestKey = 20

// Value implements remediate.Person. What is typed is not shown. What is too short
// for a key, such as an answer to another question, is asked for again.
func (p *terminalPerson) Value(ctx context.Context, g remediate.Guide) (secret.Value, error) {
	if err := p.show(g); err != nil {
		return secret.Value{}, err
	}
	for {
		v, err := p.hidden(ctx, g)
		if err != nil || v.Len() >= shortestKey {
			return v, err
		}
		if _, err := io.WriteString(p.env.Stderr, "this is too short for a key; copy it from the page, or press Enter to stop\n"); err != nil {
			return secret.Value{}, err
		}
	}
}

// hidden asks for a value once.
func (p *terminalPerson) hidden(ctx context.Context, g remediate.Guide) (secret.Value, error) {
	if ctx.Err() != nil {
		return secret.Value{}, context.Cause(ctx)
	}
	if _, err := io.WriteString(p.env.Stderr, report.Clean(g.Question)+": "); err != nil {
		return secret.Value{}, err
	}
	var text []byte
	var err error
	if f, ok := p.env.Stdin.(*os.File); ok && p.env.isTerminal(f) {
		text, err = term.ReadPassword(int(f.Fd()))
	} else {
		text, err = p.line()
	}
	defer clear(text)
	if _, failed := io.WriteString(p.env.Stderr, "\n"); err == nil {
		err = failed
	}
	if err != nil {
		return secret.Value{}, fmt.Errorf("read the value: %w", err)
	}
	v := secret.New(bytes.TrimSpace(text))
	if v.IsZero() {
		return v, remediate.ErrDeclined
	}
	return v, nil
}
