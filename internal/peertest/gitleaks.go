package peertest

import (
	"path/filepath"
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
	m := open(t, root, "gitleaks")
	p := Leaks{Program: filepath.Join(t.TempDir(), "gitleaks")}
	m.run("build", "-o", p.Program, module)
	p.Config = filepath.Join(m.run("list", "-m", "-f", "{{.Dir}}", module), "config", "gitleaks.toml")
	return p
}
