package gitsource

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// maxAlternates bounds how many object directories are followed.
const maxAlternates = 64

// objectDirectories decides which directories are read: the repository's own,
// then the alternates that each names, one by one, so that each was looked at.
// In an untrusted repository nothing may lead out of it, and alternates are
// refused.
func (r *Repository) objectDirectories() ([]pack.Directory, []*source.ItemError, error) {
	queue := append([]string{r.options.ObjectDirectory}, r.options.AlternateObjectDirectories...)
	if queue[0] == "" {
		queue[0] = filepath.Join(r.places.commonDir, "objects")
	}
	given := len(queue)
	var out []pack.Directory
	var notes []*source.ItemError
	note := func(reason string) { notes = append(notes, unread("objects", reason, nil)) }
	seen := map[string]bool{}
	for at := 0; at < len(queue) && at < maxAlternates; at++ {
		real, err := filepath.EvalSymlinks(queue[at])
		if err != nil || !isDirectory(real) {
			if at == 0 {
				return nil, nil, fmt.Errorf("object directory: %w", errors.Join(err, fs.ErrNotExist))
			}
			note("an alternate object directory is not there")
			continue
		}
		if seen[real] {
			continue
		}
		seen[real] = true
		directory := pack.Directory{Path: real, Name: "objects"}
		if at > 0 {
			directory.Name = fmt.Sprintf("alternate %d", at)
		}
		if r.options.Untrusted {
			if at == 0 && r.options.ObjectDirectory == "" && !within(r.places.boundary, real) {
				return nil, nil, &RefusedError{What: "object directory"}
			}
			if at == 0 && r.options.ObjectDirectory == "" {
				directory.Within = r.places.boundary
			}
		}
		out = append(out, directory)
		more, err := r.alternatesOf(real)
		switch {
		case err != nil:
			note("info/alternates cannot be read and is not followed")
		case r.options.Untrusted && len(more) > 0:
			note("alternate object directories of an untrusted repository are refused")
		default:
			queue = append(queue, more...)
		}
	}
	if len(queue) > maxAlternates && given <= maxAlternates {
		note("too many alternate object directories")
	}
	return out, notes, nil
}

// alternatesOf reads which other directories an object directory names.
func (r *Repository) alternatesOf(dir string) ([]string, error) {
	data, err := r.readFile(dir, "info/alternates")
	if err != nil {
		if !exists(filepath.Join(dir, "info", "alternates")) {
			return nil, nil
		}
		return nil, err
	}
	var out []string
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		out = append(out, absolute(dir, text))
	}
	return out, nil
}
