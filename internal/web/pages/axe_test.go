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
	"os"
	"os/exec"
	"path/filepath"
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
	if !required("axe") {
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

// No page has a barrier that axe finds, in both colours, empty and full, on a desk and
// on a phone.
func (b *browser) barriers(t *testing.T) {
	script := axe(t)
	empty := newWorld(t)
	token, err := empty.gate.OpenSetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	full := newWorld(t)
	full.fill(plainNames())
	for _, w := range []*world{empty, full} {
		v := b.window(t, w)
		v.look(1280, "light")
		v.open("/about")
		do(v, chromedp.Evaluate[chromedp.Void](script+"\n;undefined"))
		for _, path := range append(w.paths(), noPage) {
			v.barriers(path, w == full)
		}
		w.doors = true
		v.barriers("/sign-in", true)
		if w == empty {
			v.barriers("/set-up?token="+token, true)
		}
	}
}

// What axe looks for where only the colours are others.
const colourRules = `, runOnly: ["color-contrast", "link-in-text-block"]`

// barriers has axe look at a page: on a desk, and on a phone if asked.
func (w *window) barriers(path string, phone bool) {
	w.t.Helper()
	w.look(1280, "light")
	w.turn(path)
	w.axe(path+" in light", "")
	w.look(1280, "dark")
	w.axe(path+" in dark", colourRules)
	if phone {
		w.look(390, "dark")
		w.axe(path+" in dark on a phone", "")
		w.look(390, "light")
		w.axe(path+" in light on a phone", colourRules)
	}
}

// turn shows a page in the place of another, so that axe has not to be compiled anew:
// that costs more than what it does.
func (w *window) turn(path string) {
	w.t.Helper()
	title := do(w, chromedp.Evaluate[string](`fetch("`+path+`").then((answer) => answer.text()).then((text) => {
		const next = new DOMParser().parseFromString(text, "text/html");
		document.title = next.title;
		document.documentElement.lang = next.documentElement.lang;
		document.body.replaceWith(document.adoptNode(next.body));
		document.dispatchEvent(new CustomEvent("htmx:load", {detail: {elt: document.body}}));
		return document.title;
	})`, chromedp.EvalAwaitPromise))
	if title == "" || do(w, chromedp.Evaluate[bool](`document.querySelector("main h1") === null`)) {
		w.t.Fatalf("%s is no page", path)
	}
}

// axe tells what axe finds on the page as it is.
func (w *window) axe(where, rules string) {
	w.t.Helper()
	got := do(w, chromedp.Evaluate[string](`axe.run(document, {preload: false, resultTypes: ["violations"]`+rules+`}).then((r) => JSON.stringify(r.violations.map((v) => ({
		id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	var found []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(got), &found); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range found {
		w.t.Errorf("%s: %s (%s): %s\n\t%s", where, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}
