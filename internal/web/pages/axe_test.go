package pages_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The package of npm that looks for barriers, and its digest there.
const (
	axePackage = "axe-core@4.14.1"
	axeDigest  = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axe returns the script, where QLEAKS_REQUIRE names axe; it is fetched by npm.
func axe(t *testing.T) string {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "axe") {
		t.Skip("QLEAKS_REQUIRE does not name axe")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "npm", "pack", "--silent", axePackage)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "npm_config_cache="+filepath.Join(dir, ".npm"), "npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm pack %s: %v: %s", axePackage, err, out)
	}
	packed, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(axePackage, "@", "-")+".tgz"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != axeDigest {
		t.Fatalf("npm has another %s: %s", axePackage, got)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("%s has no script", axePackage)
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == "package/axe.min.js" {
			script, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			return string(script)
		}
	}
}

// No page has a barrier that axe finds, in both colours, empty and full.
func TestNoPageHasBarriers(t *testing.T) {
	script := axe(t)
	for _, colour := range []string{"light", "dark"} {
		for _, full := range []bool{false, true} {
			w := newWorld(t)
			if full {
				w.fill(plainNames())
			}
			server := httptest.NewServer(w)
			t.Cleanup(server.Close)
			b := newWindow(t, server)
			b.look(1280, colour)
			for _, path := range w.paths() {
				b.barriers(script, path, colour)
			}
			w.doors = true
			b.barriers(script, "/sign-in", colour)
		}
	}
}

// barriers has axe look at a page.
func (w *window) barriers(script, path, colour string) {
	w.t.Helper()
	w.open(path)
	do(w, chromedp.Evaluate[chromedp.Void](script+"\n;undefined"))
	got := do(w, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => ({
		id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	var found []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(got), &found); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range found {
		w.t.Errorf("%s in %s: %s (%s): %s\n\t%s", path, colour, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}
