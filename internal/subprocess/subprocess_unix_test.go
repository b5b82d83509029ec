//go:build unix

package subprocess_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/subprocess"
)

// childVariable makes the test binary run a script, as long as another one says.
const (
	childVariable = "QLEAKS_TEST_SUBPROCESS"
	limitVariable = "QLEAKS_TEST_SUBPROCESS_LIMIT"
)

func TestMain(m *testing.M) {
	script := os.Getenv(childVariable)
	if script == "" {
		os.Exit(m.Run())
	}
	limit, err := time.ParseDuration(os.Getenv(limitVariable))
	if err != nil {
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	program := exec.CommandContext(ctx, "sh", "-c", script)
	// What the script starts holds the pipes of the test as long as it lives.
	program.ExtraFiles = []*os.File{os.NewFile(3, "held"), os.NewFile(4, "heard")}
	program.Stdout, program.WaitDelay = &strings.Builder{}, 100*time.Millisecond
	err = subprocess.Run(program)
	cancel()
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// runs runs a script in a process that no terminal controls, whoever runs the test.
// It returns the exit code, and what is said to what lives on, if that repeats it.
func runs(t *testing.T, script, limit string) (code int, repeated string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seen, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	heard, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+script, limitVariable+"="+limit)
	cmd.ExtraFiles = []*os.File{held, heard}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	_, written := said.WriteString("on")
	if err := errors.Join(written, said.Close(), heard.Close(), held.Close(), seen.SetReadDeadline(time.Now().Add(20*time.Second))); err != nil {
		t.Fatal(err)
	}
	// It ends when all who held it are gone.
	text, err := io.ReadAll(seen)
	if err != nil {
		t.Errorf("something lives on: %v", err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func TestNothingOutlivesAProgramThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, limit string }{
		"it fails":                   {`sleep 60 & exit 3`, "20s"},
		"it fails, deep":             {`(sh -c 'sleep 60 & sleep 60' &) ; exit 3`, "20s"},
		"it takes too long":          {`sleep 60 & sleep 60`, "500ms"},
		"it does not hear":           {`trap '' TERM INT HUP; (trap '' TERM HUP; sleep 60) & while :; do sleep 60; done`, "500ms"},
		"it leaves its output to it": {`sleep 60 & exit 0`, "20s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, repeated := runs(t, c.script, c.limit); code != 1 || repeated != "" {
				t.Errorf("exit code %d, %q", code, repeated)
			}
		})
	}
}

func TestWhatAProgramLeavesOnPurposeIsLetBe(t *testing.T) {
	t.Parallel()
	if code, repeated := runs(t, `cat <&4 >&3 2>/dev/null & exit 0`, "20s"); code != 0 || repeated != "on" {
		t.Errorf("exit code %d, %q", code, repeated)
	}
}
