package remediate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/subprocess"
)

// Command is a program of the operator's that carries out deeds: it gets a
// CommandTask as JSON on standard input, and writes a CommandAnswer as JSON on
// standard output. See docs/remediation.md for an example.
type Command struct {
	// Words are the program and its arguments.
	Words []string
	// Environ is its environment; nil is that of this process.
	Environ []string
	// Timeout bounds one deed; zero is five minutes.
	Timeout time.Duration
	// Deeds are those that it can do; none is Issuing, Revoking and Seeking.
	Deeds []Deed
}

// CommandTask is what a program is to do. It holds no material.
type CommandTask struct {
	Version     int       `json:"version"`
	Deed        Deed      `json:"deed"`
	Provider    string    `json:"provider"`
	Account     string    `json:"account"`
	AccountID   string    `json:"accountId,omitempty"`
	ID          string    `json:"id,omitempty"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	Owner       key.Party `json:"owner,omitzero"`
	Project     key.Party `json:"project,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`
}

// CommandAnswer is what a program says came of it. Outcome is "done", "not done"
// if surely nothing was changed, or "unknown". Key and Value are those of a new
// key, Keys what was looked for.
type CommandAnswer struct {
	Version int       `json:"version"`
	Outcome string    `json:"outcome"`
	Key     key.Key   `json:"key,omitzero"`
	Keys    []key.Key `json:"keys,omitempty"`
	// Value is the material; it is kept nowhere in this form.
	Value string `json:"value,omitempty"`
}

const (
	commandVersion = 1
	commandTimeout = 5 * time.Minute
	// longestAnswer is how much a program may write, in bytes.
	longestAnswer = 4 << 20
)

// Why a program did not do what it was asked for. The errors hold nothing that
// it wrote.
var (
	ErrProgram = errors.New("the program failed")
	ErrAnswer  = errors.New("the program's answer is not one that is understood: see docs/remediation.md for its form")
)

var _ Performer = Command{}

// Can implements Performer.
func (c Command) Can(d Deed) bool {
	if len(c.Deeds) == 0 {
		return d == Issuing || d == Revoking || d == Seeking
	}
	return slices.Contains(c.Deeds, d)
}

// Do implements Performer.
func (c Command) Do(ctx context.Context, t Task) (Done, error) {
	if !c.Can(t.Deed) {
		return Done{}, fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
	}
	answer, err := c.ask(ctx, t)
	done := Done{Key: answer.Key, Value: secret.New([]byte(answer.Value))}
	switch {
	case err != nil:
		return done, err
	case answer.Outcome == "not done":
		return Done{}, ErrNotDone
	case answer.Outcome != "done", t.Deed == Issuing && done.Value.IsZero():
		return done, ErrAnswer
	}
	done.Key = recorded(answer.Key, done.Value, t)
	return done, nil
}

// longestName is the longest id or name that is taken from a program, in bytes.
const longestName = 512

// recorded is what of a program's record is kept: the id and the name go into the
// journal, and neither may hold the value.
func recorded(k key.Key, v secret.Value, t Task) key.Key {
	kept := func(text string) bool {
		return len(text) <= longestName && !v.In(text) && !strings.ContainsFunc(text, unicode.IsControl)
	}
	made := key.Key{Provider: t.Target.Provider}
	if kept(k.ID) {
		made.ID = k.ID
	}
	if kept(k.Name) {
		made.Name = k.Name
	}
	return made
}

// Seek implements Performer.
func (c Command) Seek(ctx context.Context, t Task) ([]key.Key, error) {
	t.Deed = Seeking
	answer, err := c.ask(ctx, t)
	if err == nil && answer.Outcome != "done" {
		err = ErrAnswer
	}
	if err != nil {
		return nil, err
	}
	var found []key.Key
	for _, k := range answer.Keys {
		if k.Name == t.Name {
			found = append(found, recorded(k, secret.Value{}, t))
		}
	}
	return found, nil
}

func (c Command) ask(ctx context.Context, t Task) (CommandAnswer, error) {
	question, err := json.Marshal(CommandTask{
		Version: commandVersion, Deed: t.Deed, Provider: t.Target.Provider, Account: t.Target.Account, AccountID: t.Target.Facts.AccountID,
		ID: t.ID, Name: t.Name, Description: t.Description, Owner: t.Target.Owner, Project: t.Target.Project, Expires: t.Expires,
	})
	if err != nil {
		return CommandAnswer{}, fmt.Errorf("%w: %w", ErrNotDone, err)
	}
	limit := c.Timeout
	if limit <= 0 {
		limit = commandTimeout
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	program := exec.CommandContext(timed, c.Words[0], c.Words[1:]...)
	out := &bounded{}
	program.Env, program.Stdin, program.Stdout, program.WaitDelay = c.Environ, bytes.NewReader(question), out, time.Second
	if err := subprocess.Run(program); errors.Is(err, exec.ErrNotFound) || errors.Is(err, exec.ErrDot) {
		return CommandAnswer{}, fmt.Errorf("%w: the program is not there", ErrNotDone)
	} else if err != nil {
		return CommandAnswer{}, ErrProgram
	}
	var answer CommandAnswer
	d := json.NewDecoder(bytes.NewReader(out.text))
	d.DisallowUnknownFields()
	if d.Decode(&answer) != nil || answer.Version != commandVersion {
		return CommandAnswer{}, ErrAnswer
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return CommandAnswer{}, ErrAnswer
	}
	return answer, nil
}

// bounded keeps so much of an answer; more ends the program.
type bounded struct{ text []byte }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > longestAnswer {
		return 0, io.ErrShortWrite
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
