package githooks

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoManager says that a repository does not use the manager of hooks.
var ErrNoManager = errors.New("the repository does not use it")

// HasHusky reports whether husky manages the hooks of a place.
func HasHusky(p Place) bool {
	return p.Root != "" && (isDirectory(filepath.Join(p.Root, ".husky")) || strings.HasSuffix(filepath.ToSlash(p.Dir), "/.husky/_"))
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// InstallHusky writes a block into husky's file for an event, and returns its
// name. The block is at the begin: what stands in such files often ends them.
// The file is for everybody who has the repository, so that the program is the
// one in PATH.
func InstallHusky(p Place, event string) (string, error) {
	if !HasHusky(p) {
		return "", ErrNoManager
	}
	name := filepath.Join(p.Root, ".husky", event)
	text, mode, err := readIfThere(name)
	if err != nil {
		return "", err
	}
	text, _ = withoutBlock(text)
	if mode == 0 {
		mode = 0o755
	}
	lines := []string{
		`command -v qleaks >/dev/null || { echo "qleaks: error: nobody looked for keys: there is no qleaks in PATH" >&2; exit 1; }`,
		"qleaks hook " + event + ` "$@" || exit`,
	}
	if readsRefs(event) {
		lines = []string{
			lines[0],
			"qleaks_refs=$(cat)",
			`printf '%s\n' "$qleaks_refs" | qleaks hook ` + event + ` "$@" || exit`,
			"exec <<QLEAKS_REFS",
			"$qleaks_refs",
			"QLEAKS_REFS",
		}
	}
	return name, replace(name, withBlock(text, afterHead(text), "", lines...), mode)
}

// afterHead is where a shell script's own lines begin: behind #! and behind the
// line by which husky up to 8 begins.
func afterHead(text []byte) int {
	at := 0
	for line := range bytes.Lines(text) {
		head := at == 0 && bytes.HasPrefix(line, []byte("#!")) || bytes.Contains(line, []byte("/husky.sh")) ||
			at > 0 && len(bytes.TrimSpace(line)) == 0 && bytes.Contains(text[at:], []byte("/husky.sh"))
		if !head || line[len(line)-1] != '\n' {
			break
		}
		at += len(line)
	}
	return at
}

// UninstallHusky takes the block out of husky's file.
func UninstallHusky(p Place, event string) (bool, error) {
	if p.Root == "" {
		return false, nil
	}
	return takeBlockOut(filepath.Join(p.Root, ".husky", event))
}
