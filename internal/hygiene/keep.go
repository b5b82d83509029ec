package hygiene

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// maxKept is the largest file of ours that is read, in bytes.
const maxKept = 64 << 20

// kept is the content of a file beside the lists of keys.
type kept[T any] struct {
	Format  string `json:"format"`
	Entries []T    `json:"entries"`
}

// load reads a file of a directory; none if there is no such file. A broken
// file is an error, never an empty one.
func load[T any](dir, name, format string) ([]T, error) {
	full := filepath.Join(dir, name)
	info, err := os.Lstat(full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxKept) {
		err = errors.New("it is no regular file of less than 64 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	data, err := os.ReadFile(full)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var content kept[T]
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil || content.Format != format {
		return nil, fmt.Errorf("read %s: it is broken, or of a newer qleaks; repair it or move it away", name)
	}
	return content.Entries, nil
}

// change reads a file, changes its entries and writes it, while nobody else
// does. It is for its owner alone.
func change[T any](dir, name, format string, with func([]T) []T) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "."+name+".lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	before, err := load[T](dir, name, format)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(kept[T]{Format: format, Entries: with(before)}, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, name), append(data, '\n'))
}

// replace writes a file in one step.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".writing-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
