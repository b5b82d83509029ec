package sim_test

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
)

//go:embed testdata/life.cjs
var life []byte

// TestIBMsJavaScriptClientTakesKeysThroughTheirLives needs npm;
// QLEAKS_REQUIRE=ibmnpm demands it.
func TestIBMsJavaScriptClientTakesKeysThroughTheirLives(t *testing.T) {
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "ibmnpm") {
		t.Skip("QLEAKS_REQUIRE does not name ibmnpm")
	}
	c := open(t, sim.Options{})
	for range 4 {
		c.Create(sim.Key{Name: "another", Owner: c.ada.ID})
	}
	c.Create(sim.Key{Name: "nightly", Owner: c.robot.ID})
	dir := t.TempDir()
	run := func(name string, args ...string) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SIM_URL="+c.url+c.IAM.Base(), "SIM_KEY="+c.value.Reveal(), "SIM_KEY_ID="+c.key.ID, "SIM_ACCOUNT="+c.Account, "SIM_OWNER="+c.ada.ID, "NO_PROXY=127.0.0.1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, "@ibm-cloud/platform-services@0.83.1")
	if err := os.WriteFile(filepath.Join(dir, "life.cjs"), life, 0o600); err != nil {
		t.Fatal(err)
	}
	run("node", "life.cjs")
}
