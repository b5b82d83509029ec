package inventory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Formats of files.
const (
	listFormat     = "qleaks list of keys"
	registerFormat = "qleaks register of keys"
	formatVersion  = 1
)

// sealed is the form of a file: what it is, and a checksum of the rest.
type sealed struct {
	Format  string          `json:"format"`
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"`
	Content json.RawMessage `json:"content"`
}

var (
	errBroken  = errors.New("it is broken")
	errForeign = errors.New("it is something else")
	errNewer   = errors.New("it was written by a newer qleaks")
)

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

func seal(format string, content any) ([]byte, error) {
	inside, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealed{Format: format, Version: formatVersion, SHA256: sum(inside), Content: inside})
}

func unseal(data []byte, format string, content any) error {
	var outside sealed
	if err := strictly(data, &outside); err != nil {
		return errBroken
	}
	switch {
	case outside.Format != format:
		return errForeign
	case outside.Version > formatVersion:
		return errNewer
	case outside.Version < 1 || outside.SHA256 != sum(outside.Content):
		return errBroken
	}
	if err := strictly(outside.Content, content); err != nil {
		return errBroken
	}
	return nil
}

// strictly decodes one document without members that nobody knows.
func strictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errBroken
	}
	return nil
}

// readPlain reads a regular file of bounded size.
func readPlain(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is no regular file of less than %d MiB", name, maxFile>>20)
	}
	return os.ReadFile(name)
}

// writeWhole replaces a file in one step; it is for its owner alone.
func writeWhole(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".writing-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
