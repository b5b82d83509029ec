package peertest

import (
	"path/filepath"
	"testing"
)

// OpenBao builds the program of tools/peers/openbao, which speaks with a KV engine
// through OpenBao's own library. Root is the directory of our module. Where
// QLEAKS_REQUIRE does not name openbao, the test is skipped.
func OpenBao(t *testing.T, root string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "openbao")
	open(t, root, "openbao").run("build", "-o", program, ".")
	return program
}
