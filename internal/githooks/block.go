package githooks

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The lines around what is written into a file of somebody else.
const (
	blockBegin = "# qleaks begin: qleaks hook uninstall takes this away"
	blockEnd   = "# qleaks end"
)

// withBlock puts a block into a text, before the line that begins at a byte.
func withBlock(text []byte, at int, indent string, lines ...string) []byte {
	newline := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		newline = "\r\n"
	}
	var block strings.Builder
	// What has no line end at its end gets one, inside of the block, which goes
	// with it.
	if at > 0 && text[at-1] != '\n' {
		block.WriteString(newline)
	}
	block.WriteString(indent + blockBegin + newline)
	for _, line := range lines {
		block.WriteString(indent + line + newline)
	}
	block.WriteString(indent + blockEnd + newline)
	return bytes.Join([][]byte{text[:at], []byte(block.String()), text[at:]}, nil)
}

// withoutBlock takes all blocks out of a text.
func withoutBlock(text []byte) (rest []byte, found bool) {
	for {
		begin := bytes.Index(text, []byte(blockBegin))
		if begin < 0 {
			return text, found
		}
		end := bytes.Index(text[begin:], []byte(blockEnd))
		if end < 0 {
			return text, found
		}
		after := begin + end + len(blockEnd)
		if next := bytes.IndexByte(text[after:], '\n'); next >= 0 {
			after += next + 1
		} else {
			after = len(text)
		}
		for begin > 0 && (text[begin-1] == ' ' || text[begin-1] == '\t') {
			begin--
		}
		if after == len(text) && begin > 0 && unended(text, begin) {
			begin = unendedAt(text, begin)
		}
		text, found = bytes.Join([][]byte{text[:begin], text[after:]}, nil), true
	}
}

// unended reports whether the line end before a block is the block's own: it was
// put behind a text that had none.
func unended(text []byte, begin int) bool {
	_, rest, _ := bytes.Cut(text[begin:], []byte("\n"))
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t"), []byte(unendedNote))
}

// unendedNote is a line of a block at the end of a text without a line end.
const unendedNote = "# (the line before had no end)"

func unendedAt(text []byte, begin int) int {
	begin-- // the \n
	if begin > 0 && text[begin-1] == '\r' {
		begin--
	}
	return begin
}

// appended puts a block at the end of a text.
func appended(text []byte, lines ...string) []byte {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		lines = append([]string{unendedNote}, lines...)
	}
	return withBlock(text, len(text), "", lines...)
}

// readIfThere reads a file; one that is not there is empty.
func readIfThere(name string) (text []byte, mode fs.FileMode, err error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	text, err = os.ReadFile(name)
	return text, info.Mode().Perm(), err
}

// replace puts a text in the place of a file, in one step; where the file is a
// link, of what it leads to. An empty text that nobody had before removes it.
func replace(name string, text []byte, mode fs.FileMode) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // as Git makes it
		return err
	}
	written, err := writeBeside(name, text)
	if err == nil {
		err = os.Chmod(written, mode)
	}
	if err != nil {
		return err
	}
	return os.Rename(written, name)
}

// takeBlockOut removes the blocks from a file; a file that has nothing else goes.
func takeBlockOut(name string) (bool, error) {
	text, mode, err := readIfThere(name)
	if err != nil {
		return false, err
	}
	rest, found := withoutBlock(text)
	if !found {
		return false, nil
	}
	if len(rest) == 0 {
		return true, os.Remove(name)
	}
	return true, replace(name, rest, mode)
}
