package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// htmx is version 2.0.11 as npm has it (htmx.org, dist/htmx.min.js), under the
// Zero-Clause BSD licence beside it; a test holds its digest.
//
//go:embed assets
var assetFiles embed.FS

// asset is a file that pages ask for. Its address has a digest of what is in it,
// so that browsers keep it for good and still have the one of this version.
type asset struct {
	address, kind string
	text          []byte
}

const assetPrefix = "/assets/"

// loadAssets returns the files by their names.
func loadAssets() (map[string]asset, error) {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	all := map[string]asset{}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("read the dashboard's files: %w", err)
	}
	for _, e := range entries {
		ending := path.Ext(e.Name())
		if kinds[ending] == "" {
			continue
		}
		text, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the dashboard's files: %w", err)
		}
		sum := sha256.Sum256(text)
		address := assetPrefix + strings.TrimSuffix(e.Name(), ending) + "-" + hex.EncodeToString(sum[:8]) + ending
		all[e.Name()] = asset{address: address, kind: kinds[ending], text: text}
	}
	return all, nil
}

// serveAsset answers with a file.
func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	for _, a := range p.assets {
		if a.address == r.URL.Path {
			w.Header().Set("Content-Type", a.kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			_, _ = w.Write(a.text) // who went away does not want it
			return
		}
	}
	http.NotFound(w, r)
}
