package paper_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/paper"
	"github.com/qleaks/qleaks/remediate/console"
)

func TestAPageIsPrintedAndAsksNobody(t *testing.T) {
	if console.Program() == "" {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "chromium") {
			t.Fatal("QLEAKS_REQUIRE names chromium, and there is none")
		}
		t.Skip("no Chromium here; QLEAKS_REQUIRE=chromium demands one")
	}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.URL) }))
	defer server.Close()
	page := `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>t</title><img src="` + server.URL + `/x.png"><p>` + strings.Repeat("words ", 5000)
	pdf, err := paper.Print(t.Context(), "", []byte(page))
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 5000 {
		t.Fatalf("%d bytes, %v", len(pdf), err)
	}
}

func TestWithoutABrowserThereIsNoPDF(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if console.Program() == "" {
		if _, err := paper.Print(t.Context(), "", nil); !errors.Is(err, paper.ErrNoBrowser) {
			t.Error(err)
		}
	}
	if _, err := paper.Print(t.Context(), filepath.Join(t.TempDir(), "absent"), nil); err == nil {
		t.Error("an absent browser prints")
	}
}
