package pages_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/qleaks/qleaks/internal/web/access"
)

// paths are pages of every kind.
func (w *world) paths() []string {
	all := []string{
		"/", "/findings", "/findings?state=all", "/findings?state=new&standing=active&provider=ionq&rule=ionq-api-key", "/findings?repository=nowhere",
		"/keys", "/keys?view=places", "/keys?idle=1", "/keys?gone=1", "/repositories", "/repositories?incomplete=1",
		"/runs", "/schedules", "/jobs", "/jobs?state=available", "/jobs?state=discarded", "/plans", "/plans?state=approved", "/plans?state=rejected", "/policies", "/audit", "/audit?kind=verify", "/about", "/account",
	}
	for prefix, seq := range map[string]int64{"/findings/": w.finding, "/keys/": w.key, "/repositories/": w.repository, "/runs/": w.run} {
		if seq > 0 {
			all = append(all, prefix+decimal(seq))
		}
	}
	if w.plan != "" {
		all = append(all, "/plans/"+w.plan)
	}
	if w.role == access.Admin {
		all = append(all, "/users")
	}
	return all
}

func TestEveryPageOfAnEmptyDatabaseSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	for _, path := range w.paths() {
		checkPage(t, path, w.get(path, http.StatusOK))
	}
	for path, words := range map[string]string{
		"/": "Begin with a sweep", "/findings": "Nothing has been found", "/keys": "qleaks keys import", "/repositories": "No repository is known",
		"/runs": "No sweep has run", "/schedules": "Nothing is scheduled", "/jobs": "No worker runs", "/audit": "Nothing was done yet",
	} {
		if got := w.get(path, http.StatusOK); !strings.Contains(got, words) {
			t.Errorf("%s does not say %q", path, words)
		}
	}
	for _, path := range []string{"/findings/1", "/findings/x", "/findings/-1", "/keys/9", "/repositories/9", "/runs/9", "/repositories?name=x"} {
		checkPage(t, path, w.get(path, http.StatusNotFound))
	}
}

func TestEveryPageShowsWhatThereIs(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	for _, role := range access.Roles() {
		w.role = role
		for _, path := range w.paths() {
			checkPage(t, path, w.get(path, http.StatusOK))
		}
	}
	for path, words := range map[string][]string{
		"/":                                      {"leaked keys still work", "not read to the end", "old-course", "Open findings after each run", "90 days"},
		"/findings":                              {"notebooks/run_on_aria.ipynb", "works", "github:acme/vqe-benchmarks"},
		"/findings/" + decimal(w.finding):        {"qleaks revoke nightly-calibration", "cell 3", "Ada Lovelace", "Grace Hopper", "ended", "the object is not in the repository"},
		"/keys/" + decimal(w.key):                {"unused for more than 90 days", "Days without use", "Timeline", "committed to", "qleaks rotate nightly-calibration"},
		"/keys":                                  {"not told", "never; made", "on no list"},
		"/keys?gone=1":                           {"retired", "gone"},
		"/keys?view=places":                      {"open"},
		"/repositories/" + decimal(w.repository): {"18,234", "80.2 MiB", "refs/heads/main", "an absent LFS object", "Archived"},
		"/runs/" + decimal(w.run):                {"partial", "could not be read", "not complete", "Took"},
		"/runs":                                  {"Start a sweep", "1 of 4 repositories"},
		"/schedules":                             {"Europe/Berlin", "up to 10 minutes later", "verify, keys"},
		"/policies":                              {"Plans only", "ibm/*-prod", "leaked-active"},
		"/audit":                                 {"verify", "keys: 4"},
		"/plans/" + w.plan:                       {"revoke only", "cannot be undone", "Show that the key is refused", "job-7 is to be cancelled", "Approve this plan"},
		"/plans?state=rejected":                  {"tim"},
		"/users":                                 {"(you)", "by https://id.example.org", "locked"},
		"/account":                               {"nightly-report"},
		"/jobs?state=available":                  {"discover", "target: github:acme/vqe-benchmarks"},
	} {
		got := w.get(path, http.StatusOK)
		text := textOf(t, got)
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s does not say %q", path, word)
			}
		}
	}
}

// checkPage holds what is true of every page: it is well-formed, has nothing inline
// that the policy forbids, nothing from elsewhere, and no material.
func checkPage(t *testing.T, path, page string) {
	t.Helper()
	if strings.Contains(page, marker) {
		t.Errorf("%s shows what no page may take", path)
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Errorf("%s has a value where none can be", path)
	}
	ids := map[string]bool{}
	titles, mains := 0, 0
	walk(parse(t, page), func(n *html.Node) {
		switch n.Data {
		case "title":
			if n.Namespace == "" {
				titles++
			}
		case "main":
			mains++
		case "style", "base", "iframe", "object", "embed":
			t.Errorf("%s has an element %s", path, n.Data)
		case "script":
			if n.FirstChild != nil {
				t.Errorf("%s has a script inline", path)
			}
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"):
				t.Errorf("%s: an element %s has an attribute %s", path, n.Data, a.Key)
			case a.Key == "id":
				if ids[a.Val] {
					t.Errorf("%s: two elements have the id %s", path, a.Val)
				}
				ids[a.Val] = true
			case a.Key == "src" && !strings.HasPrefix(a.Val, "/assets/"):
				t.Errorf("%s asks for %s", path, a.Val)
			case (a.Key == "href" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "https://") && a.Val != "#content":
				t.Errorf("%s leads to %q", path, a.Val)
			}
		}
	})
	if titles != 1 || mains != 1 {
		t.Errorf("%s has %d titles and %d main parts", path, titles, mains)
	}
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func walk(n *html.Node, do func(n *html.Node)) {
	if n.Type == html.ElementNode {
		do(n)
	}
	for c := range n.ChildNodes() {
		walk(c, do)
	}
}

// textOf is what a page says, with its attributes for those who hear it.
func textOf(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	for n := range parse(t, page).Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}
