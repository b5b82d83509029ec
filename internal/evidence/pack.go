// Package evidence makes and checks packs for auditors: documents, a manifest with
// the SHA-256 of each, and a signature of the manifest as ssh-keygen makes them, so
// that it can be checked without this program.
package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Schema names the form of the manifest.
const Schema = "qleaks.evidence/1"

// Namespace is what `ssh-keygen -Y sign -n` is given.
const Namespace = "qleaks-evidence"

// Names of files that are no documents.
const (
	ManifestName  = "manifest.json"
	SignatureName = "manifest.json.sig"
)

// Manifest lists the documents of a pack.
type Manifest struct {
	Schema  string    `json:"schema"`
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	// AuditLog is the head of the log of remediation, as it was verified, or why
	// there is none.
	AuditLog string     `json:"auditLog"`
	Files    []Document `json:"files"`
}

// Document is a file of a pack.
type Document struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Seal lists documents in a manifest, and returns its text, which is what is signed.
func Seal(m Manifest, documents map[string][]byte) ([]byte, error) {
	m.Schema, m.Files = Schema, []Document{}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		m.Files = append(m.Files, Document{name, len(documents[name]), digest(documents[name])})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// ErrExists says that a pack would be written over.
var ErrExists = errors.New("it is there already: a pack is never written over")

// Write writes the files of a pack to a new directory, or to a new file whose name
// ends in .zip.
func Write(name string, files map[string][]byte, made time.Time) error {
	if strings.HasSuffix(name, ".zip") {
		return writeZip(name, files, made)
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return ErrExists
		}
		return err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := root.WriteFile(file, files[file], 0o600); err != nil {
			return err
		}
	}
	return nil
}

func writeZip(name string, files map[string][]byte, made time.Time) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	archive := zip.NewWriter(f)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Deflate, Modified: made.UTC().Truncate(2 * time.Second)})
		if err != nil {
			return err
		}
		if _, err := w.Write(files[file]); err != nil {
			return err
		}
	}
	return archive.Close()
}

const (
	// largest is how large one file of a pack may be, and mostFiles how many there
	// are: a pack that somebody hands in may be anything.
	largest   = 1 << 30
	mostFiles = 1000
)

// errPack says that something is no pack.
var errPack = errors.New("it is no evidence pack")

// read hands the files of a pack to a function, in order of their names.
func read(name string, each func(file string, r io.Reader) error) error {
	if !strings.HasSuffix(name, ".zip") {
		return readDir(name, each)
	}
	archive, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	if len(archive.File) > mostFiles {
		return fmt.Errorf("%w: it has %d files", errPack, len(archive.File))
	}
	seen := map[string]bool{}
	for _, f := range archive.File {
		if seen[f.Name] {
			return fmt.Errorf("%w: it has two files of one name", errPack)
		}
		seen[f.Name] = true
		r, err := f.Open()
		if err != nil {
			return err
		}
		if err := errors.Join(each(f.Name, r), r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func readDir(name string, each func(file string, r io.Reader) error) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	if len(entries) > mostFiles {
		return fmt.Errorf("%w: it has %d files", errPack, len(entries))
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return fmt.Errorf("%w: %s is no regular file", errPack, filepath.Base(e.Name()))
		}
		f, err := root.Open(e.Name())
		if err != nil {
			return err
		}
		if err := errors.Join(each(e.Name(), f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Checked is what checking a pack came to.
type Checked struct {
	Manifest Manifest
	// Changed, Missing and Added name files that are not as the manifest says.
	Changed, Missing, Added []string
	// Text is that of the manifest and Signature what signs it, nil if nothing does.
	Text, Signature []byte
}

// Whole reports whether every document is as the manifest says.
func (c Checked) Whole() bool { return len(c.Changed)+len(c.Missing)+len(c.Added) == 0 }

// Check holds the documents of a pack to its manifest. Who signed the manifest is
// left to the caller.
func Check(name string) (Checked, error) {
	var c Checked
	found := map[string]string{}
	sizes := map[string]int64{}
	err := read(name, func(file string, r io.Reader) error {
		limited := &io.LimitedReader{R: r, N: largest + 1}
		sum := sha256.New()
		var kept bytes.Buffer
		to := io.Writer(sum)
		if file == ManifestName || file == SignatureName {
			limited.N = 16 << 20
			to = io.MultiWriter(sum, &kept)
		}
		n, err := io.Copy(to, limited)
		if err != nil {
			return err
		}
		if limited.N <= 0 {
			return fmt.Errorf("%w: a file is too large", errPack)
		}
		switch file {
		case ManifestName:
			c.Text = kept.Bytes()
		case SignatureName:
			c.Signature = kept.Bytes()
		default:
			found[file], sizes[file] = hex.EncodeToString(sum.Sum(nil)), n
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(c.Text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.Manifest); err != nil || c.Manifest.Schema != Schema {
		return c, fmt.Errorf("%w: it has no manifest that can be read", errPack)
	}
	c.compare(found, sizes)
	return c, nil
}

func (c *Checked) compare(found map[string]string, sizes map[string]int64) {
	for _, f := range c.Manifest.Files {
		got, ok := found[f.Name]
		switch {
		case !ok:
			c.Missing = append(c.Missing, f.Name)
		case got != f.SHA256 || sizes[f.Name] != int64(f.Bytes):
			c.Changed = append(c.Changed, f.Name)
		}
		delete(found, f.Name)
	}
	c.Added = slices.Sorted(maps.Keys(found))
}
