package demo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/internal/demo"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
)

func TestTheWorldIsAsTheTourTellsIt(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
	w, err := demo.Build(t.Context(), filepath.Join(t.TempDir(), "demo"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	history := output(t, w.Repository, "log", "-p", "--all")
	head := output(t, w.Repository, "grep", "-I", "", "HEAD")
	if got := output(t, w.Repository, "status", "--porcelain"); got != "" {
		t.Errorf("the working tree is not clean:\n%s", got)
	}
	for name, want := range map[string]struct {
		status key.Status
		inHead bool
	}{
		"ionq":   {key.Active, false},
		"ibm":    {key.Active, true},
		"qbraid": {key.Inactive, false},
	} {
		value := w.Leaked(name)
		if !value.In(history) || value.In(head) != want.inHead {
			t.Errorf("%s: in the history %t, in HEAD %t", name, value.In(history), value.In(head))
		}
		if got := verdict(t, w, name, value); got != want.status {
			t.Errorf("%s: %s, want %s", name, got, want.status)
		}
		if operator := w.Credentials[name]; operator.In(history) {
			t.Errorf("%s: the operator's own key is in the repository", name)
		}
		for _, page := range w.Consoles {
			text, err := os.ReadFile(page)
			if err != nil || len(text) == 0 || value.In(string(text)) {
				t.Errorf("%s: %v, or it holds a key", page, err)
			}
		}
	}
}

func verdict(t *testing.T, w *demo.World, name string, value secret.Value) key.Status {
	t.Helper()
	kit, ok := all.Named(name)
	if !ok {
		t.Fatal("no provider ", name)
	}
	client, err := kit.New(provider.Config{Credential: w.Credentials[name], Origins: w.Origins[name]})
	if err != nil {
		t.Fatal(err)
	}
	v, err := client.Verify(t.Context(), value)
	if err != nil {
		t.Fatal(err)
	}
	return v.Status
}

func output(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
