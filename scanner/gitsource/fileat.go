package gitsource

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// ErrNoCommit says that a commit is not in the repository, or not whole.
var ErrNoCommit = errors.New("the commit is not here")

// FileAt returns the content of a file as a commit has it. The commit is a full
// id, or empty for the one at HEAD. Without the commit the error is
// ErrNoCommit, without the file, or where the path is a link or a directory,
// fs.ErrNotExist.
func (r *Repository) FileAt(ctx context.Context, commit, path string) (content []byte, err error) {
	id := r.head()
	if commit != "" {
		raw, bad := hex.DecodeString(commit)
		if bad != nil || len(raw) != r.width {
			return nil, ErrNoCommit
		}
		id = string(raw)
	}
	if id == "" {
		return nil, ErrNoCommit // nothing was committed yet
	}
	s := newSearch(r, nil, 1, new(source.Tally))
	s.walked.missing = map[string]bool{}
	store, _, err := r.openStore(true)
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	c := &comparison{search: s, store: store, reader: store.NewReader()}
	at, err := c.treeAt(ctx, id)
	if err != nil {
		return nil, err
	}
	if at == "" {
		return nil, ErrNoCommit
	}
	parts := strings.Split(path, "/")
	for n, part := range parts {
		entries, err := c.below(ctx, at)
		if err != nil {
			return nil, err
		}
		e, ok := entries[part]
		if !ok || (e.mode == modeTree) != (n < len(parts)-1) || e.mode != modeTree && e.mode&0o170000 != modeRegular {
			return nil, fs.ErrNotExist
		}
		at = string(e.id)
	}
	data, err := c.read(ctx, at, pack.Blob)
	if err == nil && data == nil {
		err = fmt.Errorf("%w: its file is not", ErrNoCommit)
	}
	return bytes.Clone(data), err
}
