package cli

import (
	"context"
	"errors"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// The exit codes of qleaks, all of them. README.md and `qleaks scan --help`
// show the same list.
const (
	exitClean       = 0   // everything was read, nothing was found
	exitFindings    = 1   // findings at or above --fail-on
	exitUsage       = 2   // wrong command line or configuration
	exitFailed      = 3   // could not scan
	exitIncomplete  = 4   // nothing found, but something was not read
	exitPartly      = 5   // a remediation was applied in part and needs attention
	exitInterrupted = 130 // cut short by Ctrl-C or SIGTERM
)

// exitStatusError ends a command with a code and without a message: the report has
// said it all.
type exitStatusError int

// Error implements error.
func (s exitStatusError) Error() string { return "exit status" }

// problem is an error with the words for people.
type problem struct {
	code int
	// message says what is wrong, hints what to do, each in a line.
	message string
	hints   []string
	err     error
}

// Error implements error.
func (p *problem) Error() string {
	if p.err != nil {
		return p.message + ": " + p.err.Error()
	}
	return p.message
}

// Unwrap returns the cause.
func (p *problem) Unwrap() error { return p.err }

func wrongUsage(message string, hints ...string) error {
	return &problem{code: exitUsage, message: message, hints: hints}
}

func couldNot(message string, err error, hints ...string) error {
	return &problem{code: exitFailed, message: message, err: err, hints: hints}
}

// exitCode turns the error of a command into the exit code.
func exitCode(ctx context.Context, err error) int {
	var status exitStatusError
	var p *problem
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &p):
		return p.code
	}
	return exitFailed
}

// hintsFor returns what to do about an error, in lines.
func hintsFor(err error) []string {
	var p *problem
	if errors.As(err, &p) && len(p.hints) > 0 {
		return p.hints
	}
	if _, ok := errors.AsType[*gitsource.UnsupportedError](err); ok {
		return []string{"this repository was made by a newer Git than this qleaks knows; nothing of it was scanned"}
	}
	return nil
}
