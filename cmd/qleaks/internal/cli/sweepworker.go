package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
)

// reading has repositories listed and read by processes that hold no credential.
type reading struct {
	env Env
	// memory is what one of them may hold of a repository, in bytes; jobs is how
	// many objects it examines at once.
	memory int64
	jobs   int
	// secrets are variables with addresses and passwords of channels.
	secrets []string
}

// maxComplaint is how much is kept of what a process says that failed.
const maxComplaint = 2 << 10

// tail keeps the end of what is written.
type tail struct{ text []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > maxComplaint {
		t.text = bytes.Clone(t.text[len(t.text)-maxComplaint:])
	}
	return len(p), nil
}

// child runs this program once more, without credentials, and gives its output to a
// function. Its exit codes 0 and 4 mean that there is a report.
func (r reading) child(ctx context.Context, take func(out io.Reader) error, args ...string) error {
	self, err := r.env.Self.Program()
	if err != nil {
		return couldNot("cannot start the process that reads", err)
	}
	program := exec.CommandContext(ctx, self, args...)
	// More threads than it examines objects at once would only wait for each other.
	program.Env = append(readerEnvironment(r.env.Environ(), append([]string{databaseVariable}, r.secrets...)),
		"GOMAXPROCS="+strconv.Itoa(r.jobs), "GOMEMLIMIT="+strconv.FormatInt(2*r.memory+(256<<20), 10))
	said, taken, err := converse(program, func(out io.Reader) error {
		err := take(out)
		if err != nil {
			_ = program.Process.Kill() // it may have ended
		}
		return err
	})
	switch exit, ok := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case ok && exit.ExitCode() != exitIncomplete && exit.ExitCode() > 0:
		return fmt.Errorf("%s: %w", complaint(said), sweep.ErrUnreadable)
	case err != nil && !ok, ok && exit.ExitCode() < 0 && taken == nil:
		return fmt.Errorf("the process that reads ended: %w", err)
	}
	return taken
}

// converse runs a program to its end, which an interruption asks for, and gives
// its output to a function. It returns what the program said beside that, and
// what the function returned.
func converse(program *exec.Cmd, take func(out io.Reader) error) (said []byte, taken, err error) {
	program.WaitDelay = readerPatience
	program.Cancel = func() error { return interrupt(program.Process) }
	var beside tail
	program.Stderr = &beside
	out, err := program.StdoutPipe()
	if err == nil {
		err = program.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("start the process: %w", err)
	}
	taken = take(out)
	_, _ = io.Copy(io.Discard, out)
	err = program.Wait()
	return beside.text, taken, err
}

// complaint is the last error that a process told, in one line.
func complaint(said []byte) string {
	last := "the process that reads said nothing"
	for line := range strings.Lines(string(said)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "qleaks: error: "); ok {
			last = text
		}
	}
	return report.Clean(last)
}

// Read implements sweep.Reader.
func (r reading) Read(ctx context.Context, c sweep.Copy) (got sweep.Reading, err error) {
	args := []string{sweepReadCommand, "--jobs", strconv.Itoa(r.jobs), "--memory", strconv.FormatInt(r.memory, 10)}
	if c.Own {
		args = append(args, "--own")
	}
	err = r.child(ctx, func(out io.Reader) error {
		lines := json.NewDecoder(io.LimitReader(out, maxListing))
		var survey gitsource.Survey
		if err := lines.Decode(&survey); err != nil {
			return errors.New("the process that reads told nothing of the repository")
		}
		got, err = sweep.ReadReport(io.MultiReader(lines.Buffered(), out))
		if err != nil {
			return err
		}
		got.Extent.Tips, err = json.Marshal(survey.Tips)
		return err
	}, append(args, "--", c.Dir)...)
	return got, err
}

// maxListing is the most that a list of repositories may be, in bytes.
const maxListing = 1 << 30

// directories are repositories on this machine, or on a disk that all workers see.
type directories struct{ reading }

// List implements sweep.Source.
func (d directories) List(ctx context.Context, target string) (listed []sweep.Listed, err error) {
	if !isDirectory(target) {
		return nil, fmt.Errorf("%s: %w", target, sweep.ErrGone)
	}
	end := false
	err = d.child(ctx, func(out io.Reader) error {
		lines := json.NewDecoder(io.LimitReader(out, maxListing))
		for !end {
			var line localRepository
			if err := lines.Decode(&line); err != nil {
				return errors.New("the list of repositories broke off")
			}
			if end = line.End; end {
				break
			}
			path := filepath.Join(target, filepath.FromSlash(line.Path))
			if !filepath.IsLocal(filepath.FromSlash(line.Path)) {
				return errors.New("the list of repositories names one elsewhere")
			}
			listed = append(listed, sweep.Listed{Name: path, Location: path, State: line.State, Pushed: line.Modified})
		}
		return nil
	}, sweepListCommand, "--", target)
	return listed, err
}

// Fetch implements sweep.Source: there is nothing to fetch.
func (d directories) Fetch(_ context.Context, r records.Repository) (sweep.Copy, error) {
	if !isDirectory(r.Location) {
		return sweep.Copy{}, sweep.ErrGone
	}
	return sweep.Copy{Dir: r.Location}, nil
}
