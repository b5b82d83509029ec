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

// tool is the go command in one of the modules below tools/peers, which has its
// own dependencies, so that nobody who builds qleaks builds them.
type tool struct {
	t   *testing.T
	dir string
}

// open returns the module of a part of the tests. Where QLEAKS_REQUIRE does not
// name the part, the test is skipped. Root is the directory of our module.
func open(t *testing.T, root, part string) tool {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), part) {
		t.Skip("QLEAKS_REQUIRE does not name " + part)
	}
	return tool{t, filepath.Join(root, "tools", "peers", part)}
}

func (m tool) run(args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("go %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}
