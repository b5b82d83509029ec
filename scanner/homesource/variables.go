package homesource

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/scanner/source"
)

// userDirs is where desktops on Linux note what the folder for downloads is
// called in the person's language.
const (
	userDirs    = "user-dirs.dirs"
	maxUserDirs = 64 << 10
)

// variables returns the look-up of a variable: the environment's value, else
// the desktop's note, else the ordinary value with the real home.
func (h Home) variables(real string) func(name string) string {
	var noted map[string]string
	value := func(name string) string {
		v := h.Getenv(name)
		if v == "" {
			v = noted[name]
		}
		if v == "" {
			v = ordinary()[name]
		}
		if rest, ok := strings.CutPrefix(v, "~"); ok {
			return filepath.Join(real, filepath.FromSlash(rest))
		}
		if !filepath.IsAbs(v) {
			return ""
		}
		// A home that is reached through a link is known by its real path.
		if rel, ok := inside(h.Dir, v); ok {
			return filepath.Join(real, filepath.FromSlash(rel))
		}
		return filepath.Clean(v)
	}
	noted = readUserDirs(value("XDG_CONFIG_HOME"))
	return value
}

// readUserDirs reads lines such as XDG_DOWNLOAD_DIR="$HOME/Downloads".
func readUserDirs(dir string) map[string]string {
	f, err := source.OpenBelow(dir, userDirs)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxUserDirs))
	if err != nil {
		return nil
	}
	noted := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"`)
		if rest, below := strings.CutPrefix(value, "$HOME/"); below {
			value = "~/" + rest
		}
		if ok && strings.HasPrefix(name, "XDG_") {
			noted[name] = value
		}
	}
	return noted
}
