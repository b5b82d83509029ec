package credential

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/subprocess"
)

// ask starts a program and takes what it writes for the value.
func (r Resolver) ask(ctx context.Context, words []string) (secret.Value, error) {
	out, err := r.run(ctx, words)
	if err != nil {
		return secret.Value{}, err
	}
	defer clear(out)
	return value(out)
}

// run starts a program without input, and returns what it writes. What it
// complains about is dropped: it may hold anything.
func (r Resolver) run(ctx context.Context, words []string) ([]byte, error) {
	limit := r.Timeout
	if limit <= 0 {
		limit = defaultTimeout
	}
	timed, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	out := &bounded{left: longest + 1}
	program := exec.CommandContext(timed, words[0], words[1:]...)
	program.Env, program.Stdout = r.Environ, out
	// A grandchild that holds on to the output is not waited for.
	program.WaitDelay = time.Second
	err := subprocess.Run(program)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case timed.Err() != nil:
		return nil, ErrTimeout
	case err == nil:
		return out.data, nil
	case errors.As(err, &exit):
		return nil, fmt.Errorf("%w, with exit code %d", ErrFailed, exit.ExitCode())
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot):
		return nil, ErrNoProgram
	}
	return nil, cause(err)
}

// bounded keeps what fits and drops the rest.
type bounded struct {
	data []byte
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.data, b.left = append(b.data, p[:n]...), b.left-n
	return len(p), nil
}
