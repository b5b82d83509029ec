package gitsource

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// maxPointer is the size below which a file can be an LFS pointer.
const maxPointer = 1024

// lfsPointer reads the object that a pointer file stands for.
func lfsPointer(data []byte) (oid string, ok bool) {
	if len(data) >= maxPointer || !bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/v1\n")) {
		return "", false
	}
	for line := range bytes.Lines(data) {
		text, found := bytes.CutPrefix(bytes.TrimSpace(line), []byte("oid sha256:"))
		if _, err := hex.DecodeString(string(text)); found && err == nil && len(text) == 64 {
			return string(text), true
		}
	}
	return "", false
}

// bigFile is the size, in bytes, beyond which one file is held at a time.
const bigFile = 32 << 20

// lfs examines the content that a pointer stands for, which counts as that of
// the pointer's blob. What was not fetched is excluded: it is not in this
// repository.
func (e *examiner) lfs(oid string, h *hit) {
	name := path.Join("lfs/objects", oid[:2], oid[2:4], oid)
	f, err := openIn(e.repo.places.commonDir, name, e.repo.options.Untrusted)
	if errors.Is(err, fs.ErrNotExist) {
		e.notes.add(excluded("objects/"+e.objects.name(h.object), "LFS pointer whose content is not here"))
		return
	}
	if err != nil {
		e.notes.add(unread(".git/"+name, "LFS object cannot be opened", err))
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		e.notes.add(unread(".git/"+name, "LFS object is no regular file", err))
		return
	}
	if info.Size() > bigFile {
		e.walked.big.Lock()
		defer e.walked.big.Unlock()
	}
	if err := e.chunks(f, info.Size(), h); err != nil {
		e.notes.add(unread(".git/"+name, "LFS object cannot be read", err))
	}
}

// chunks examines content that may be larger than what is held at once.
func (e *examiner) chunks(content io.Reader, size int64, h *hit) error {
	var at inspect.Position
	for chunk, err := range source.Chunks(content, size) {
		if err != nil {
			return err
		}
		result := e.inspector.Inspect(chunk.Data, "", at)
		kept := result.Records[:0]
		for _, r := range result.Records {
			if isOf(chunk, r) {
				kept = append(kept, r)
			}
		}
		result.Records = kept
		e.keep(result, h, false)
		at = at.After(chunk.Data[:chunk.Advance])
		e.tally.Bytes.Add(int64(chunk.Advance))
	}
	return nil
}
