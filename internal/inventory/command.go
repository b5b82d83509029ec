package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/subprocess"
)

// Command is a program of the operator's that tells the keys of an account, for
// a provider that has no call for it. It gets a Question as JSON on standard
// input, and writes an Answer as JSON on standard output.
type Command struct {
	// Words are the program and its arguments.
	Words []string
	// Environ is its environment; nil is that of this process.
	Environ []string
	// Timeout bounds it; zero is two minutes.
	Timeout time.Duration
}

// Question is what a program is asked.
type Question struct {
	Version int     `json:"version"`
	Account Account `json:"account"`
}

// Answer is what a program tells. Whole is to be true only if no key is
// missing; otherwise Gaps say why. AsOf is now if it does not say.
type Answer struct {
	Version int       `json:"version"`
	AsOf    time.Time `json:"asOf,omitzero"`
	Extent  Extent    `json:"extent,omitzero"`
	Whole   bool      `json:"whole"`
	Gaps    []string  `json:"gaps,omitempty"`
	Keys    []key.Key `json:"keys"`
}

const (
	answerVersion  = 1
	commandTimeout = 2 * time.Minute
)

// Why a program's answer is no list. The errors hold nothing that it wrote.
var (
	ErrProgram   = errors.New("the program failed")
	ErrNoProgram = errors.New("the program is not there")
	ErrSlow      = errors.New("the program did not answer in time")
	ErrAnswer    = errors.New("the program's answer is not one that is understood")
)

// List asks the program.
func (c Command) List(ctx context.Context, account Account, now time.Time) (Snapshot, error) {
	question, err := json.Marshal(Question{Version: answerVersion, Account: account})
	if err != nil {
		return Snapshot{}, err
	}
	text, err := c.run(ctx, question)
	if err != nil {
		return Snapshot{}, err
	}
	var a Answer
	if strictly(text, &a) != nil || a.Version != answerVersion || a.Keys == nil {
		return Snapshot{}, fmt.Errorf("%w: see docs/inventory.md for its form", ErrAnswer)
	}
	if a.AsOf.IsZero() {
		a.AsOf = now
	}
	list := Snapshot{
		Account: account, AsOf: a.AsOf.UTC(), Taken: now.UTC(), Origin: Origin{Way: ByCommand, Name: filepath.Base(c.Words[0])},
		Extent: a.Extent, Whole: a.Whole, Gaps: a.Gaps, Keys: a.Keys,
	}
	if !list.Whole && len(list.Gaps) == 0 {
		list.Gaps = []string{"the program does not say that it is whole"}
	}
	for i := range list.Keys {
		if of := list.Keys[i].Provider; of != "" && of != account.Provider {
			return Snapshot{}, fmt.Errorf("%w: it tells keys of another provider", ErrAnswer)
		}
		list.Keys[i].Provider = account.Provider
	}
	list.Account.ID = accountID(account.ID, list.Keys)
	if err := list.Validate(); err != nil {
		return Snapshot{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return list, nil
}

func (c Command) run(ctx context.Context, question []byte) ([]byte, error) {
	limit := c.Timeout
	if limit <= 0 {
		limit = commandTimeout
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	program := exec.CommandContext(timed, c.Words[0], c.Words[1:]...)
	var out bounded
	program.Env, program.Stdin, program.Stdout = c.Environ, bytes.NewReader(question), &out
	// A grandchild that holds on to the output is not waited for.
	program.WaitDelay = time.Second
	err := subprocess.Run(program)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case timed.Err() != nil:
		return nil, ErrSlow
	case out.over:
		return nil, ErrAnswer
	case errors.As(err, &exit):
		return nil, fmt.Errorf("%w, with exit code %d", ErrProgram, exit.ExitCode())
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot):
		return nil, ErrNoProgram
	case err != nil:
		return nil, ErrProgram
	}
	return out.text, nil
}

// bounded keeps an answer of bounded length; more ends the program.
type bounded struct {
	text []byte
	over bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.over || len(b.text)+len(p) > maxFile; b.over {
		return 0, io.ErrShortWrite
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
