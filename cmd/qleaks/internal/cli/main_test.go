package cli

import (
	"bytes"
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a command line with everything around it in memory.
type bench struct {
	Env
	out, err  bytes.Buffer
	variables map[string]string
	terminals map[any]bool
	dir       string
}

func newBench(t *testing.T, args ...string) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir(), variables: map[string]string{}, terminals: map[any]bool{}}
	config := t.TempDir()
	b.Env = Env{
		Args:      args,
		Stdin:     strings.NewReader(""),
		Stdout:    &b.out,
		Stderr:    &b.err,
		Getenv:    func(name string) string { return b.variables[name] },
		Getwd:     func() (string, error) { return b.dir, nil },
		ConfigDir: func() (string, error) { return config, nil },
		Terminal:  func(stream any) (int, bool) { return 80, b.terminals[stream] },
		Now:       time.Now,
	}
	return b
}

// leaky writes a file with a key of IonQ and returns the key.
func (b *bench) leaky(t *testing.T, name string) string {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	key := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(uint64(time.Now().UnixNano())))
	text := "from qiskit_ionq import IonQProvider\nprovider = IonQProvider(\"" + key + "\")\n"
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return key
}

// cancelling ends a context when it is read.
type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.EOF
}

func TestAnInterruptedScanReportsWhatItHasAndExits130(t *testing.T) {
	b := newBench(t, "scan", "leaky.py", "-")
	b.leaky(t, "leaky.py")
	ctx, cancel := context.WithCancel(t.Context())
	b.Stdin = cancelling{cancel}
	if code := Main(ctx, b.Env); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(b.out.String(), "leaky.py:2") {
		t.Errorf("the report lacks what was found before:\n%s", b.out.String())
	}
	if !strings.Contains(b.err.String(), "qleaks: error: interrupted\n") {
		t.Errorf("stderr: %s", b.err.String())
	}
}

func TestSecretsAreShownOnATerminalWithAWarning(t *testing.T) {
	b := newBench(t, "scan", "--show-secrets", "leaky.py")
	key := b.leaky(t, "leaky.py")
	b.terminals[&b.out] = true
	if code := Main(t.Context(), b.Env); code != exitFindings {
		t.Errorf("exit code %d: %s", code, b.err.String())
	}
	if !strings.Contains(b.out.String(), key) {
		t.Error("the key is not shown")
	}
	if strings.Contains(b.err.String(), key) || !strings.Contains(b.err.String(), "qleaks: warning:") {
		t.Errorf("stderr: %s", b.err.String())
	}
}

func TestProgressIsForATerminalAndWipedInTheEnd(t *testing.T) {
	run := func(change func(b *bench)) string {
		b := newBench(t, "scan", ".")
		b.terminals[&b.err] = true
		change(b)
		Main(t.Context(), b.Env)
		return b.err.String()
	}
	if got := run(func(*bench) {}); !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("stderr %q", got)
	}
	for name, change := range map[string]func(b *bench){
		"no terminal":   func(b *bench) { b.terminals[&b.err] = false },
		"CI":            func(b *bench) { b.variables["CI"] = "true" },
		"dumb":          func(b *bench) { b.variables["TERM"] = "dumb" },
		"--quiet":       func(b *bench) { b.Args = append(b.Args, "--quiet") },
		"--no-progress": func(b *bench) { b.Args = append(b.Args, "--no-progress") },
		"by a variable": func(b *bench) { b.variables["QLEAKS_NO_PROGRESS"] = "1" },
	} {
		if got := run(change); got != "" {
			t.Errorf("%s: stderr %q", name, got)
		}
	}
}

func TestWithoutAHomeNothingIsTrustedAndTheScanGoesOn(t *testing.T) {
	b := newBench(t, "scan", ".")
	b.leaky(t, "leaky.py")
	b.ConfigDir = func() (string, error) { return "", os.ErrNotExist }
	if code := Main(t.Context(), b.Env); code != exitFindings {
		t.Errorf("exit code %d: %s", code, b.err.String())
	}
	b.Args = []string{"trust", "."}
	if code := Main(t.Context(), b.Env); code != exitFailed {
		t.Errorf("trust: exit code %d", code)
	}
}

func TestAnIgnoreByIDSuppressesAndIsListed(t *testing.T) {
	b := newBench(t, "scan", "--json", "leaky.py")
	b.leaky(t, "leaky.py")
	Main(t.Context(), b.Env)
	_, rest, ok := strings.Cut(b.out.String(), `"id": "`)
	id, _, _ := strings.Cut(rest, `"`)
	if !ok || !strings.HasPrefix(id, "ql") {
		t.Fatalf("no id in %s", b.out.String())
	}
	config := filepath.Join(b.dir, "ours.toml")
	if err := os.WriteFile(config, []byte("[[ignore]]\nid = \""+id+"\"\nreason = \"revoked\"\nowner = \"ops\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.out.Reset()
	b.Args = []string{"scan", "--json", "--config", config, "leaky.py"}
	if code := Main(t.Context(), b.Env); code != exitClean {
		t.Errorf("exit code %d: %s", code, b.err.String())
	}
	for _, want := range []string{`"by": "ignore"`, `"reason": "revoked"`, `"owner": "ops"`, id} {
		if !strings.Contains(b.out.String(), want) {
			t.Errorf("the report lacks %s", want)
		}
	}
}

func TestEveryCommandHasHelpWithExamplesFirst(t *testing.T) {
	root := newRootCommand(newBench(t).Env)
	for _, args := range [][]string{{}, {"scan"}, {"trust"}, {"trust", "list"}, {"trust", "remove"}, {"rules"}, {"rules", "list"}, {"rules", "explain"}, {"config"}, {"config", "show"}, {"schema"}, {"completion"}, {"version"}} {
		cmd, _, err := root.Find(args)
		if err != nil {
			t.Fatal(err)
		}
		if cmd.Example == "" || cmd.Short == "" {
			t.Errorf("%s has no example or no sentence", cmd.CommandPath())
		}
		b := newBench(t, append(args, "--help")...)
		if code := Main(t.Context(), b.Env); code != exitClean {
			t.Errorf("%v --help: exit code %d", args, code)
		}
		for line := range strings.Lines(b.out.String()) {
			if len(line) > 81 {
				t.Errorf("%v --help: more than 80 columns: %s", args, line)
			}
		}
	}
}

func TestWhatLibrariesLogIsNotShown(t *testing.T) {
	b := newBench(t, "version")
	if code := Main(t.Context(), b.Env); code != 0 {
		t.Fatal(b.err.String())
	}
	// net/http quotes in package log what a server sends behind an answer.
	if log.Writer() != io.Discard {
		t.Error("package log still writes")
	}
}
