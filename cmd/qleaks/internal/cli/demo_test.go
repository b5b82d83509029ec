package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// demoEnv is a process that writes into out.
func demoEnv(t *testing.T, out *bytes.Buffer, args ...string) Env {
	t.Helper()
	dir := t.TempDir()
	place := func() (string, error) { return dir, nil }
	return Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Getenv: os.Getenv, Getwd: place, ConfigDir: place, CacheDir: place,
		Terminal: func(any) (int, bool) { return 0, false }, Now: time.Now,
	}
}

func TestTheDemonstrationWalksThroughAndTellsNoKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	if code := Main(t.Context(), demoEnv(t, &out, "demo", "--no-pause", dir)); code != exitClean {
		t.Fatalf("exit code %d:\n%s", code, &out)
	}
	text := out.String()
	for _, want := range []string{
		"$ qleaks scan ", "3 keys in 4 places", "(exit code 1)", "Nothing was sent.", "still accepted by the provider", "refused by the provider",
		"instance bell-lab", "991 USD spent", "Leaked, and still accepted (leaked-active)", "by nobody-we-know", "3 jobs wait or run", "first push that brought it", "1 of the 3 jobs is unlike the 8 before the leak", "repository bell-lab (root:", "poster-session", "old-course", "What now?",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the tour does not show %q", want)
		}
	}
	// Leaks are found, and nothing is left unknown.
	if strings.Count(text, "(exit code ") != strings.Count(text, "(exit code 1)") || strings.Contains(text, "What is not known") {
		t.Errorf("a step ends in doubt:\n%s", text)
	}
	// Keys are whatever is long and mixed in the history and in env.sh.
	history, err := exec.CommandContext(t.Context(), "git", "-C", filepath.Join(dir, "bell-lab"), "log", "-p", "--all").Output()
	if err != nil {
		t.Fatal(err)
	}
	variables, err := os.ReadFile(filepath.Join(dir, "env.sh"))
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for _, value := range regexp.MustCompile(`[A-Za-z0-9_-]{32,}`).FindAllString(string(history)+string(variables), -1) {
		if strings.ToLower(value) == value {
			continue // the name of a commit
		}
		if keys++; strings.Contains(text, value) || strings.Contains(text, value[8:24]) {
			t.Error("the tour tells a key")
		}
	}
	if keys < 6 {
		t.Errorf("only %d keys were looked for", keys)
	}
}

func TestTheDemonstrationGoesAwayAndSparesWhatIsThere(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TMP", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if code := Main(ctx, demoEnv(t, &out, "demo", "--no-pause")); code == exitClean {
		t.Errorf("an interrupted tour is a success:\n%s", &out)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("%d things are left behind, %v", len(left), err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code := Main(t.Context(), demoEnv(t, &out, "demo", full)); code != exitUsage {
		t.Errorf("a directory that is not empty: exit code %d", code)
	}
}
