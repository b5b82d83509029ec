package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// naughty is the Big List of Naughty Strings of Max Woolf (MIT), and spells of
// ours.
func naughty(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/naughty.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 515 {
		t.Fatal(len(list), err)
	}
	if testing.Short() { // a sample for the race detector, which takes ten times as long
		list = slices.DeleteFunc(list, func(text string) bool { return len(text)%8 > 0 })
	}
	return append(list, spells()...)
}

// hostile writes a repository that calls everything alike.
func (w *world) hostile(n int, name string) {
	w.t.Helper()
	text, err := json.Marshal([]map[string]any{{"path": name, "line": 1, "reason": name, "author": name, "git": map[string]string{"commit": name, "author": name, "reach": "ref"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	about, err := json.Marshal(map[string]string{"branch": name, "visibility": name})
	if err != nil {
		w.t.Fatal(err)
	}
	tips, err := json.Marshal(map[string]string{name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	w.update(func(ctx context.Context, tx *records.Tx) error {
		run, err := tx.StartRun(ctx, "sweep", name, name)
		if err != nil {
			return err
		}
		repository, err := tx.PutRepository(ctx, records.Repository{Name: fmt.Sprint(n, name), Origin: name, Location: name, URL: name, About: about})
		if err != nil {
			return err
		}
		return tx.Cover(ctx, records.Report{
			Coverage:  records.Coverage{Run: run.Seq, Repository: repository.Seq, Outcome: records.Read, State: name, Extent: records.Extent{Tips: tips, Skipped: text, Counts: json.RawMessage("{}")}},
			Sightings: []records.Sighting{{ID: fmt.Sprint("id", n), Path: name, Referenced: true, Kind: records.Kind{Fingerprint: name, Rule: name, Provider: name, Confidence: name}, Places: text}},
		})
	})
}

// lists are where all that a repository controls is shown.
func lists() []string {
	return []string{"/findings", "/repositories", "/runs", "/", "/keys", "/api/v1/findings", "/api/v1/repositories", "/api/v1/runs"}
}

// TestNamesOfRepositoriesAreNamesOnly shows every naughty string wherever a
// repository can put one. In the API it comes back as it was; on pages no element,
// no attribute and no address is made of it.
func TestNamesOfRepositoriesAreNamesOnly(t *testing.T) {
	w := newWorld(t, nil)
	names := naughty(t)
	for n, name := range names {
		w.hostile(n, name)
	}
	look := func(path string) string {
		got, text := w.send(ask{method: http.MethodGet, path: path, as: access.Viewer})
		if got.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %.200s", path, got.StatusCode, text)
		}
		if strings.HasPrefix(path, "/api/") {
			if strings.ContainsAny(text, "<>") {
				t.Errorf("%s could be taken for a page", path)
			}
		} else {
			harmless(t, path, text)
		}
		return text
	}
	for _, path := range lists() {
		look(path)
	}
	found, err := w.store.Findings(t.Context(), records.Filter{}, records.Page{})
	if err != nil || len(found) < len(names)/2 {
		t.Fatal(len(found), err)
	}
	for _, f := range found {
		look(fmt.Sprintf("/findings/%d", f.Seq))
		look(fmt.Sprintf("/repositories/%d", f.Repository))
		var got records.Finding
		if err := json.Unmarshal([]byte(look(fmt.Sprintf("/api/v1/findings/%d", f.Seq))), &got); err != nil || got.Path != f.Path || got.Name != f.Name || got.Rule != f.Rule {
			t.Errorf("finding %d comes back as %+v, %v", f.Seq, got, err)
		}
	}
}

// harmless reads a page as a browser does: no script but our own files, no handler,
// no style, no frame, and no address that leads elsewhere but by http or https.
func harmless(t *testing.T, path, text string) {
	t.Helper()
	page, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"iframe", "object", "embed", "base", "frame", "applet", "style", "marquee", "audio", "video", "isindex"}, n.Data) {
			t.Errorf("%s has an element %s", path, n.Data)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			address := slices.Contains([]string{"href", "src", "action", "formaction", "xlink:href", "poster", "background", "hx-get", "hx-post"}, a.Key)
			local := strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") || strings.HasPrefix(value, "#") || strings.HasPrefix(value, "?") || value == ""
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			case address && n.Data == "script" && !local, address && a.Key != "href" && !local:
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			case address && !local && !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://"):
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "script" && n.FirstChild != nil {
			t.Errorf("%s has a script of its own: %.100s", path, n.FirstChild.Data)
		}
	}
}
