package peertest

import (
	"path"
	"path/filepath"
	"testing"
)

// Programs for workflows of GitHub: act runs them on this machine, actionlint reads
// them as GitHub does.
const (
	Act        = "github.com/nektos/act"
	ActionLint = "github.com/rhysd/actionlint/cmd/actionlint"
)

// Workflows builds one of the programs through the module proxy, in the release
// that tools/peers/act names. Root is the directory of our module. Where
// QLEAKS_REQUIRE does not name act, or little is to be tested, the test is skipped.
func Workflows(t *testing.T, root, program string) string {
	t.Helper()
	module := open(t, root, "act")
	if testing.Short() {
		t.Skip("it is built first")
	}
	built := filepath.Join(t.TempDir(), path.Base(program))
	module.run("build", "-o", built, program)
	return built
}
