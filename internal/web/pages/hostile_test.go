package pages_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// hostile are texts that a repository could bring, each with a sign that it was
// obeyed.
func hostile() []names {
	same := func(text, url string) names {
		return names{repository: text, path: text, author: text, ref: text, member: text, reason: text, key: text, owner: text, url: url}
	}
	return []names{
		same(`"><script>evil()</script><b evil>`, `javascript:evil()`),
		same(`' evil=1 x='`, `JaVaScRiPt:evil()`),
		same("{{evil}} </title></textarea></svg><img src=x evil>", "data:text/html,<script>evil()</script>"),
		same("\u202egpj.exe\u2066 \x00 \x1b[31m \u200b\ufeff", "https://user:evil@example.org/\u202e"),
		same("../../evil?x#y%00 &amp; &#60;script&#62;", "//evil.example/x"),
	}
}

func TestNamesOfARepositoryAreText(t *testing.T) {
	for _, n := range hostile() {
		w := newWorld(t)
		w.fill(n)
		for _, path := range w.paths() {
			page := w.get(path, http.StatusOK)
			checkPage(t, path, page)
			if strings.ContainsAny(page, "\u202e\u2066\u200b\ufeff\x00\x1b") {
				t.Errorf("%s of %q has characters that nobody sees", path, n.path)
			}
			walk(parse(t, page), func(e *html.Node) {
				for _, a := range e.Attr {
					switch {
					case a.Key == "evil", strings.Contains(a.Key, "<"):
						t.Errorf("%s of %q: a name became an attribute", path, n.path)
					case a.Key == "href" && (strings.Contains(strings.ToLower(a.Val), "javascript:") || strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "data:") || strings.Contains(a.Val, "evil@")):
						t.Errorf("%s of %q leads to %q", path, n.path, a.Val)
					}
				}
			})
		}
	}
}
