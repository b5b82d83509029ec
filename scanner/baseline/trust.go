package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Trust is what the operator trusts: roots of repositories or directories,
// each with the content of its files at the time. It is remembered in
// a file outside of them.
type Trust struct {
	Entries []Trusted
}

// Trusted is one root whose say counts.
type Trusted struct {
	// Root is absolute, without symbolic links.
	Root string `json:"root"`
	// Configuration is ConfigurationHash of what was trusted.
	Configuration string    `json:"configuration"`
	Since         time.Time `json:"since"`
}

// trustFile is the form of the file. An unknown version is refused: a newer
// qleaks may have trusted less than we would read.
type trustFile struct {
	Version int       `json:"version"`
	Trusted []Trusted `json:"trusted"`
}

const trustVersion = 1

// NoConfiguration is the hash of a root that has no configuration: only marks
// are trusted then.
const NoConfiguration = "none"

// File is one of the files by which a root takes findings away.
type File struct {
	Name string
	// Content is nil where there is no such file.
	Content []byte
}

// ConfigurationHash identifies the content of the files of a root.
func ConfigurationHash(files ...File) string {
	present := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Content == nil })
	if len(present) == 0 {
		return NoConfiguration
	}
	slices.SortFunc(present, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	sum := sha256.New()
	for _, f := range present {
		_, _ = fmt.Fprintf(sum, "%d:%s%d:", len(f.Name), f.Name, len(f.Content)) // a hash never fails
		_, _ = sum.Write(f.Content)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// LoadTrust reads the file. A file that does not exist trusts nothing.
func LoadTrust(file string) (Trust, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Trust{}, nil
	}
	if err != nil {
		return Trust{}, fmt.Errorf("read what is trusted: %w", err)
	}
	var form trustFile
	if err := json.Unmarshal(data, &form); err != nil {
		return Trust{}, fmt.Errorf("read what is trusted: %s: %w", file, err)
	}
	if form.Version != trustVersion {
		return Trust{}, fmt.Errorf("read what is trusted: %s has version %d, this qleaks knows %d", file, form.Version, trustVersion)
	}
	return Trust{Entries: form.Trusted}, nil
}

// Save writes the file, readable for its owner only, in one step.
func (t Trust) Save(file string) error {
	data, err := json.MarshalIndent(trustFile{Version: trustVersion, Trusted: t.Entries}, "", "  ")
	if err != nil {
		return fmt.Errorf("remember what is trusted: %w", err)
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("remember what is trusted: %w", err)
	}
	temporary, err := os.CreateTemp(dir, "trust-*")
	if err != nil {
		return fmt.Errorf("remember what is trusted: %w", err)
	}
	_, err = temporary.Write(append(data, '\n'))
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("remember what is trusted: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

// Decision says whether a root's say counts.
type Decision int

// The decisions.
const (
	// NotTrusted roots were never trusted, Changed ones had another
	// configuration when they were.
	NotTrusted Decision = iota
	Changed
	IsTrusted
)

// Decide says whether a root with this configuration is trusted.
func (t Trust) Decide(root, configuration string) Decision {
	i := t.index(root)
	switch {
	case i < 0:
		return NotTrusted
	case t.Entries[i].Configuration != configuration:
		return Changed
	}
	return IsTrusted
}

// Add trusts a root with its configuration from now on.
func (t *Trust) Add(e Trusted) {
	t.Remove(e.Root)
	t.Entries = append(t.Entries, e)
	slices.SortFunc(t.Entries, func(a, b Trusted) int { return strings.Compare(a.Root, b.Root) })
}

// Remove forgets a root and reports whether it was there.
func (t *Trust) Remove(root string) bool {
	i := t.index(root)
	if i < 0 {
		return false
	}
	t.Entries = slices.Delete(t.Entries, i, i+1)
	return true
}

func (t Trust) index(root string) int {
	return slices.IndexFunc(t.Entries, func(e Trusted) bool { return e.Root == root })
}
