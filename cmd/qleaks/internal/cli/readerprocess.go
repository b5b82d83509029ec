package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/courier"
)

// reader is a process that reads trees for one that holds credentials. It is this
// program once more, with an environment that was chosen: no credential of the
// operator's is in it, and none in its arguments. What it found it hands over,
// sealed to whom this process made for it.
type reader struct {
	program  *exec.Cmd
	receiver *courier.Receiver
	in       io.WriteCloser
	out      io.ReadCloser
}

// readerPatience is how long a reader that was interrupted may go on.
const readerPatience = 30 * time.Second

// startReader starts a reader. args are those of its command, after which it is
// told to whom it hands over; secrets are variables that hold credentials.
func startReader(ctx context.Context, env Env, command string, args, secrets []string) (*reader, error) {
	keepToItself()
	receiver, err := courier.NewReceiver()
	if err != nil {
		return nil, couldNot("cannot make an identity", err)
	}
	self, err := env.Self.Program()
	if err != nil {
		return nil, couldNot("cannot start the process that reads", err)
	}
	r := &reader{receiver: receiver}
	r.program = exec.CommandContext(ctx, self, append([]string{command, "--hand-over=" + receiver.Recipient()}, args...)...)
	r.program.Env, r.program.Stderr, r.program.WaitDelay = readerEnvironment(env.Environ(), secrets), env.Stderr, readerPatience
	r.program.Cancel = func() error { return interrupt(r.program.Process) }
	if r.in, err = r.program.StdinPipe(); err == nil {
		r.out, err = r.program.StdoutPipe()
	}
	if err == nil {
		err = r.program.Start()
	}
	if err != nil {
		return nil, couldNot("cannot start the process that reads", err)
	}
	return r, nil
}

func interrupt(p *os.Process) error {
	if runtime.GOOS == "windows" {
		return p.Kill()
	}
	return p.Signal(os.Interrupt)
}

// receive takes what the reader found. Without a message, and without an error, it
// had nothing to hand over, and what it writes is a report; io.EOF means that it
// ended. texts says whether text of a tree is taken, for a person.
func (r *reader) receive(prints secret.Fingerprinter, texts bool) (found courier.Found, handed bool, err error) {
	sealed, err := courier.ReadFrame(r.out)
	if err != nil || len(sealed) == 0 {
		return found, false, err
	}
	found, err = r.receiver.Open(sealed, prints, texts)
	return found, err == nil, err
}

// wait waits for the end of a reader, and returns its exit code.
func (r *reader) wait() int {
	_ = r.in.Close() // it may have ended
	err := r.program.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	return exitFailed
}

// kill ends a reader that is not to be believed.
func (r *reader) kill() {
	_ = r.program.Process.Kill() // it may have ended
	_ = r.in.Close()
	_ = r.program.Wait()
}

// readerEnvironment chooses the variables that a reader gets: those by which
// programs find their place, and qleaks' own, but none that holds a credential.
func readerEnvironment(all, secrets []string) []string {
	chosen := []string{}
	for _, pair := range all {
		name, _, _ := strings.Cut(pair, "=")
		if upper := strings.ToUpper(name); !slices.Contains(secrets, name) && readerMayHave(upper) {
			chosen = append(chosen, pair)
		}
	}
	return chosen
}

func readerMayHave(name string) bool {
	switch name {
	case "QLEAKS_CREDENTIAL", "QLEAKS_ENDPOINT", "QLEAKS_PROXY", "QLEAKS_TO", databaseVariable, remediateVariable:
		return false
	}
	for _, end := range []string{"_URL", "_WEBHOOK", "_TOKEN", "_SECRET", "_PASSWORD"} {
		if strings.HasSuffix(name, end) {
			return false // so people call what channels and accounts refer to
		}
	}
	return strings.HasPrefix(name, "QLEAKS_") || strings.HasPrefix(name, "LC_") || slices.Contains(strings.Fields(`
		PATH HOME USER LOGNAME USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA XDG_CONFIG_HOME XDG_CACHE_HOME
		SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP TMPDIR
		LANG LANGUAGE TZ TERM COLORTERM COLUMNS NO_COLOR CLICOLOR CLICOLOR_FORCE CI
		GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
		GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CEILING_DIRECTORIES
		GOMAXPROCS GOMEMLIMIT GOGC`), name)
}

// credentialVariables are the variables that hold credentials of the operator's,
// as accounts, flags and stores name them.
func (r *remedy) credentialVariables() []string {
	var names []string
	add := func(at credential.Reference) {
		if at.Scheme() == credential.Env {
			names = append(names, strings.TrimPrefix(at.String(), "env:"))
		}
	}
	for _, a := range r.accounts {
		add(a.reference)
	}
	for _, at := range r.access.references {
		add(at)
	}
	for _, s := range r.stores {
		for _, setting := range s.Kind.Settings {
			if setting.Reference {
				add(s.Reference(setting.Name))
			}
		}
	}
	return names
}
