// Package program holds the stores that are kept by programs: the system's
// keychain, password managers, clusters, and a program of the operator's. A value
// goes to them on standard input only, where nobody else sees it.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/subprocess"
	"github.com/qleaks/qleaks/remediate/store"
)

const (
	// timeout bounds each program: people unlock their vaults.
	timeout = 2 * time.Minute
	// mostOutput is more than any of them answers, in bytes.
	mostOutput = 4 << 20
)

// failedError is a program that ended with a code. What it wrote is dropped: it
// may hold anything.
type failedError struct {
	code int
	// silent says that it complained about nothing.
	silent bool
}

// Error implements error.
func (f *failedError) Error() string {
	return fmt.Sprintf("%v, with exit code %d", credential.ErrFailed, f.code)
}

// Unwrap gives the kind to errors.Is.
func (f *failedError) Unwrap() error { return credential.ErrFailed }

// run starts a program and returns what it writes.
func run(ctx context.Context, input []byte, words ...string) ([]byte, error) {
	timed, cancel := context.WithTimeoutCause(ctx, timeout, credential.ErrTimeout)
	defer cancel()
	out, complaint := &bounded{left: mostOutput + 1}, &bounded{}
	program := exec.CommandContext(timed, words[0], words[1:]...)
	program.Stdin, program.Stdout, program.Stderr = bytes.NewReader(input), out, complaint
	program.WaitDelay = time.Second
	err := subprocess.Run(program)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case timed.Err() != nil:
		return nil, credential.ErrTimeout
	case errors.As(err, &exit):
		return nil, &failedError{exit.ExitCode(), !complaint.some}
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot):
		return nil, credential.ErrNoProgram
	case err != nil:
		return nil, credential.ErrFailed
	case len(out.data) > mostOutput:
		return nil, store.ErrAnswer
	}
	return out.data, nil
}

// bounded keeps what fits and drops the rest.
type bounded struct {
	data []byte
	left int
	some bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.data, b.left, b.some = append(b.data, p[:n]...), b.left-n, b.some || len(p) > 0
	return len(p), nil
}

// line is a value that a program wrote in a line; one that is empty is none.
func line(out []byte) (secret.Value, error) {
	text := bytes.TrimRight(out, "\r\n")
	if bytes.ContainsAny(text, "\r\n") {
		return secret.Value{}, store.ErrAnswer
	}
	return secret.New(text), nil
}

// unwritten makes of a failed write what it means: nobody knows what a program
// did before it failed, but one that is not there did nothing.
func unwritten(err error) error {
	if err == nil || errors.Is(err, credential.ErrNoProgram) {
		return err
	}
	if e, ok := errors.AsType[*failedError](err); ok {
		return e // the store is read to see what came of it
	}
	return store.ErrLost
}

// isWord reports whether a text can be an argument: no option, nothing hidden.
func isWord(text string) bool { return !strings.HasPrefix(text, "-") }
