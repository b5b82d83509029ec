// Package peertest has programs of others, for tests that compare with them.
package peertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Leaks is gitleaks: its program, and its default configuration.
type Leaks struct{ Program, Config string }

const module = "github.com/zricethezav/gitleaks/v8"

// Gitleaks builds gitleaks through the module proxy, in the release that
// tools/peers names. Root is the directory of our module. Where QLEAKS_REQUIRE
// does not name gitleaks, the test is skipped.
func Gitleaks(t *testing.T, root string) Leaks {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "gitleaks") {
		t.Skip("QLEAKS_REQUIRE does not name gitleaks")
	}
	tool := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = filepath.Join(root, "tools", "peers", "gitleaks")
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	p := Leaks{Program: filepath.Join(t.TempDir(), "gitleaks")}
	tool("build", "-o", p.Program, module)
	p.Config = filepath.Join(tool("list", "-m", "-f", "{{.Dir}}", module), "config", "gitleaks.toml")
	return p
}
