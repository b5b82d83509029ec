package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// hiddenLine reads a line from a terminal without showing it. The terminal does
// not send signals meanwhile, so that Ctrl-C cannot leave it silent: it ends the
// reading instead.
func hiddenLine(ctx context.Context, in *os.File, out io.Writer, prompt string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "")
	line, err := terminal.ReadPassword(prompt)
	if restored := term.Restore(int(in.Fd()), before); err == nil {
		err = restored
	}
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it was given up")
	}
	return []byte(line), err
}
