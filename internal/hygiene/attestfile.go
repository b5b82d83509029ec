package hygiene

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/qleaks/qleaks/internal/inventory"
)

// AttestFile is where attestations are kept, in the directory of the lists.
const AttestFile = "attestations.json"

const (
	attestFormat = "qleaks attestations/1"
	maxAttest    = 16 << 20
)

// attestations is the content of the file.
type attestations struct {
	Format string        `json:"format"`
	Seen   []Attestation `json:"seen"`
}

// Attest adds attestations to those of a directory. All of them are kept: who
// looked when is worth knowing later.
func Attest(dir string, seen ...Attestation) error {
	for _, a := range seen {
		if err := a.validate(); err != nil {
			return fmt.Errorf("attest: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("attest: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, ".attestations.lock")).Lock()
	if err != nil {
		return fmt.Errorf("attest: %w", err)
	}
	defer unlock()
	before, err := Attested(dir)
	if err != nil {
		return err
	}
	content := attestations{Format: attestFormat, Seen: append(before, seen...)}
	data, err := json.MarshalIndent(content, "", "  ")
	if err == nil {
		err = replace(filepath.Join(dir, AttestFile), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("attest: %w", err)
	}
	return nil
}

// Attested reads the attestations of a directory, oldest first; none if there
// is no file.
func Attested(dir string) ([]Attestation, error) {
	name := filepath.Join(dir, AttestFile)
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxAttest) {
		err = errors.New("it is no regular file of less than 16 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", AttestFile, err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", AttestFile, err)
	}
	var content attestations
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil || content.Format != attestFormat {
		return nil, fmt.Errorf("read %s: it is broken, or of a newer qleaks; repair it or move it away", AttestFile)
	}
	slices.SortStableFunc(content.Seen, func(a, b Attestation) int { return a.At.Compare(b.At) })
	return content.Seen, nil
}

// validate keeps out what says nothing, and what may be a key.
func (a Attestation) validate() error {
	if !slices.ContainsFunc(Duties(), func(d Duty) bool { return d.ID == a.Duty }) {
		return fmt.Errorf("%q is nothing to attest", a.Duty)
	}
	if err := inventory.CheckName(a.Account); err != nil {
		return err
	}
	if a.By == "" || a.At.IsZero() {
		return errors.New("it must say who looked, and when")
	}
	for _, text := range append([]string{a.By, a.Note}, a.Gone...) {
		if len(inventory.Material(text)) > 0 {
			return inventory.ErrMaterial
		}
	}
	return nil
}

// replace writes a file in one step, for its owner alone.
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
