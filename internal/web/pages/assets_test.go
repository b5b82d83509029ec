package pages_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/web/access"
)

// htmx is what npm has, and nothing else.
func TestHtmxIsAsItWasReleased(t *testing.T) {
	text, err := os.ReadFile("assets/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	const released = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
	if got := hex.EncodeToString(sum[:]); got != released {
		t.Errorf("it has the digest %s", got)
	}
}

// What pages ask for is there for everybody, and kept by browsers.
func TestFilesOfPages(t *testing.T) {
	w := newWorld(t)
	page := w.get("/about", http.StatusOK)
	w.role = access.Nobody
	addresses := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(addresses) != 4 {
		t.Fatalf("the page asks for %v", addresses)
	}
	for _, a := range addresses {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, a[1], nil))
		if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") || rec.Body.Len() == 0 || strings.Contains(rec.Header().Get("Content-Type"), "html") {
			t.Errorf("%s: %d %v", a[1], rec.Code, rec.Header())
		}
	}
	for _, other := range []string{"/assets/style.css", "/assets/htmx.LICENSE", "/assets/..%2fpages.go", "/assets/style-0000000000000000.css"} {
		w.get(other, http.StatusNotFound)
	}
}
