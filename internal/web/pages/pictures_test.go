package pages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Every page, as people see it: QLEAKS_PICTURES names the directory for pictures of
// all pages in both colours, on a desk and on a phone, and printed.
func (b *browser) pictures(t *testing.T) {
	dir := os.Getenv("QLEAKS_PICTURES")
	if dir == "" {
		t.Skip("QLEAKS_PICTURES names no directory")
	}
	only, err := regexp.Compile(os.Getenv("QLEAKS_PICTURES_OF"))
	if err != nil {
		t.Fatal(err)
	}
	for _, full := range []bool{true, false} {
		w := newWorld(t)
		prefix := "empty"
		if full {
			prefix = "full"
			w.fill(plainNames())
			w.crowd()
		}
		v := b.window(t, w)
		paths, token := append(w.paths(), noPage, "/sign-in"), "none"
		if full {
			paths = append(paths, "/runs/4", "/findings?done=ignored&n=2")
		} else if token, err = w.gate.OpenSetUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, "/set-up?token="+token)
		for _, path := range paths {
			w.doors = strings.HasPrefix(path, "/sign-in") || strings.HasPrefix(path, "/set-up")
			name := prefix + strings.NewReplacer("/", "_", "?", "~", "=", "-", "&", "~").Replace(strings.ReplaceAll(path, token, "TOKEN"))
			if !only.MatchString(name) {
				continue
			}
			v.look(1280, "light")
			v.open(path)
			for _, width := range []int64{1280, 390} {
				for _, colour := range []string{"light", "dark"} {
					v.look(width, colour)
					write(t, filepath.Join(dir, name+"."+colour+decimal(width)+".png"), do(v, chromedp.FullScreenshot(100)))
				}
			}
			v.look(1280, "light")
			printed, err := chromedp.Call(v.ctx, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: new(false), PaperWidth: 8.27, PaperHeight: 11.69})
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name+".pdf"), printed.Data)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
