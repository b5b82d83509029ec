package decode

import (
	"errors"
	"fmt"
	"io"

	"github.com/qleaks/qleaks/scanner/decode/sevenzip"
	"github.com/qleaks/qleaks/scanner/source"
)

// sevenZip yields the members of a 7z.
func (w *walk) sevenZip(n *node) bool {
	archive, err := openSevenZip(n.text)
	if err != nil {
		return w.folderFailure(n.member, err)
	}
	members := 0
	for i := range archive.Folders {
		if members += len(archive.Folders[i].Files); members > w.o.Members {
			return w.note(n.member, source.Unread, fmt.Sprintf("it has more than %d members", w.o.Members), nil)
		}
		if !w.inTime() || !w.folder(n, &archive.Folders[i]) {
			return false
		}
		if w.full {
			break
		}
	}
	return true
}

func openSevenZip(text []byte) (archive *sevenzip.Archive, err error) {
	defer recovered(&err)
	return sevenzip.Open(text)
}

func openFolder(f *sevenzip.Folder) (in io.Reader, err error) {
	defer recovered(&err)
	return f.Open()
}

// folder yields the members that stand behind each other in one stream.
func (w *walk) folder(n *node, f *sevenzip.Folder) bool {
	if len(f.Files) == 0 {
		return true
	}
	in, err := openFolder(f)
	if err != nil {
		return w.folderFailure(n.join(f.Files[0].Name), err)
	}
	if c, ok := in.(interface{ Close() }); ok {
		defer c.Close()
	}
	stream := w.guard(in)
	for _, file := range f.Files {
		member := io.LimitedReader{R: stream, N: file.Size}
		data, cause := w.read(&member)
		child := w.member(n, file.Name, data)
		if len(data) > 0 && !w.content(child) {
			return false
		}
		if cause == nil && int64(len(data)) < file.Size {
			cause = io.ErrUnexpectedEOF
		}
		if cause == nil {
			continue
		}
		if !w.folderFailure(child.member, cause) {
			return false
		}
		if w.full || !errors.Is(cause, errBudget) {
			return !w.stopped
		}
		if err := w.passOver(&member); err != nil {
			return w.folderFailure(n.member, err)
		}
	}
	return true
}

// passOver reads the rest of a member that was too long, to get to the next one.
func (w *walk) passOver(member *io.LimitedReader) error {
	before := member.N
	_, err := io.Copy(io.Discard, io.LimitReader(member, w.left))
	if w.left -= before - member.N; err == nil && w.left <= 0 {
		err = errBudget
	}
	return err
}

func (w *walk) folderFailure(member string, err error) bool {
	switch {
	case errors.Is(err, sevenzip.ErrEncrypted):
		return w.note(member, source.Excluded, "encrypted", nil)
	case errors.Is(err, sevenzip.ErrMethod):
		return w.note(member, source.Unread, sevenzip.ErrMethod.Error(), nil)
	}
	return w.unread(member, kindSevenZip, err)
}
