package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/head"
)

// Seal puts the value of a new key away, before anything else happens to it.
// When it returns without an error, the value survives a crash of anything but
// the disk, and it was opened again to be sure.
func (j *Journal) Seal(id ID, keyName string, v secret.Value) (SealedFile, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	sealed, err := j.seal(id, keyName, v)
	if err != nil {
		return SealedFile{}, doing(fmt.Sprintf("seal the value of %q", keyName), err)
	}
	return sealed, nil
}

func (j *Journal) seal(id ID, keyName string, v secret.Value) (SealedFile, error) {
	if j.stopped != nil {
		return SealedFile{}, fmt.Errorf("%w: %w", ErrStopped, j.stopped)
	}
	if j.place.Sealer == nil {
		return SealedFile{}, ErrNoSealer
	}
	rotation, err := j.book.rotation(id, Sealed)
	if err != nil {
		return SealedFile{}, err
	}
	j.remember(v)
	s := SealedFile{Rotation: id, KeyName: keyName, Fingerprint: j.place.Fingerprints.Of(v)}
	switch {
	case v.In(keyName):
		return SealedFile{}, ErrMaterial
	case !utf8.ValidString(keyName) || len(keyName) > longestName:
		return SealedFile{}, fmt.Errorf("%w: the name of a key is text of at most %d bytes", ErrOrder, longestName)
	}
	if s.Number, err = j.free(rotation); err != nil {
		return SealedFile{}, err
	}
	data, err := j.place.Sealer.seal(j.binding(s), v)
	if err != nil {
		return SealedFile{}, err
	}
	s.Digest = sha256.Sum256(data)
	if err := j.alone(); err != nil {
		return SealedFile{}, j.stop(err)
	}
	if err := durable.WriteWhole(j.place.Disk, j.sealedName(s), data); err != nil {
		return SealedFile{}, j.stop(err)
	}
	if again, err := j.unseal(s); err != nil {
		return SealedFile{}, j.stop(err)
	} else if !again.Equal(v) {
		return SealedFile{}, j.stop(ErrDamagedValue)
	}
	r, err := j.append(Record{Kind: Sealed, Rotation: id, Sealed: &s})
	if err != nil {
		return SealedFile{}, err
	}
	return *r.Sealed, nil
}

// longestName is the longest name of a key, in bytes.
const longestName = 1 << 10

// free returns a number that no value of a rotation has, and no file: nothing
// that lies there is ever written over.
func (j *Journal) free(rotation *Rotation) (int, error) {
	names, err := j.place.Disk.List(j.place.sealed(j.account))
	if err != nil {
		return 0, j.stop(err)
	}
	number := 1
	for _, v := range rotation.Values {
		number = max(number, v.Number+1)
	}
	for slices.Contains(names, SealedFile{Rotation: rotation.ID, Number: number}.fileName()) {
		number++
	}
	return number, nil
}

func (j *Journal) binding(s SealedFile) Binding {
	return Binding{Format: sealedFormat, Account: j.account, Rotation: s.Rotation, Number: s.Number, KeyName: s.KeyName}
}

func (j *Journal) sealedName(s SealedFile) string {
	return filepath.Join(j.place.sealed(j.account), s.fileName())
}

// Unseal opens a sealed value.
func (j *Journal) Unseal(s SealedFile) (secret.Value, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	v, err := j.unseal(s)
	if err != nil {
		return secret.Value{}, fmt.Errorf("open the sealed value of %q: %w", s.KeyName, err)
	}
	j.remember(v)
	return v, nil
}

// unseal opens the very file that was sealed, and holds it to its record.
func (j *Journal) unseal(s SealedFile) (secret.Value, error) {
	if j.place.Sealer == nil {
		return secret.Value{}, ErrNoSealer
	}
	data, err := durable.ReadWhole(j.place.Disk, j.sealedName(s), maxSealed)
	if err != nil {
		return secret.Value{}, err
	}
	if sha256.Sum256(data) != s.Digest {
		return secret.Value{}, ErrDamagedValue
	}
	b, v, err := j.place.Sealer.open(data)
	if err != nil {
		return secret.Value{}, err
	}
	if b != j.binding(s) || j.place.Fingerprints.Of(v) != s.Fingerprint {
		return secret.Value{}, ErrForged
	}
	return v, nil
}

// Release says that a value is needed no more, because every store confirmed it
// or its key is dead. The file is erased after so long; at once if that is zero.
func (j *Journal) Release(s SealedFile, keep time.Duration) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	s.Until = time.Time{}
	if keep > 0 {
		s.Until = j.place.Now().UTC().Add(keep)
	}
	_, err := j.append(Record{Kind: Released, Rotation: s.Rotation, Sealed: &s})
	if err == nil && keep <= 0 {
		err = j.erase(s)
	}
	if err != nil {
		return fmt.Errorf("release the sealed value of %q: %w", s.KeyName, err)
	}
	return nil
}

// erase writes first that a file goes, so that a file that is gone without a
// record is a loss.
func (j *Journal) erase(s SealedFile) error {
	if _, err := j.append(Record{Kind: Erased, Rotation: s.Rotation, Sealed: &s}); err != nil {
		return err
	}
	if err := durable.Erase(j.place.Disk, j.sealedName(s)); err != nil {
		return j.stop(err)
	}
	return nil
}

// tidy finishes what a process that was cut short left in the directory of
// sealed files: it adopts values that were sealed and not yet written down,
// erases what was to be erased, and what was kept long enough. What it does not
// understand it leaves alone.
func (j *Journal) tidy() error {
	dir := j.place.sealed(j.account)
	if err := durable.Sweep(j.place.Disk, dir); err != nil {
		return err
	}
	names, err := j.place.Disk.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := j.adopt(name); err != nil {
			return err
		}
	}
	for _, r := range j.book.rotations(func(*Rotation) bool { return true }) {
		for _, s := range r.Values {
			if !r.Erased[s.Number] || !slices.Contains(names, s.fileName()) {
				continue
			}
			if err := durable.Erase(j.place.Disk, j.sealedName(s)); err != nil {
				return err
			}
		}
	}
	for _, s := range j.book.due(j.place.Now()) {
		if err := j.erase(s); err != nil {
			return err
		}
	}
	return nil
}

// adopt writes down a value that was sealed by this operator for an open
// rotation of this account when its process was cut short.
func (j *Journal) adopt(name string) error {
	id, _, ok := strings.Cut(strings.TrimSuffix(name, sealedEnd), "-")
	rotation := j.book.byID[ID(id)]
	if !ok || rotation == nil || !rotation.Open() || j.place.Sealer == nil {
		return nil
	}
	for _, v := range rotation.Values {
		if v.fileName() == name {
			return nil
		}
	}
	data, err := durable.ReadWhole(j.place.Disk, filepath.Join(j.place.sealed(j.account), name), maxSealed)
	if err != nil {
		return err
	}
	// Without a binding, the file is not ours.
	b, v, _ := j.place.Sealer.open(data)
	s := SealedFile{Rotation: b.Rotation, Number: b.Number, KeyName: b.KeyName, Digest: head.Digest(sha256.Sum256(data))}
	if v.IsZero() || s.fileName() != name || b != j.binding(s) {
		return nil
	}
	s.Fingerprint = j.place.Fingerprints.Of(v)
	j.remember(v)
	_, err = j.append(Record{Kind: Sealed, Rotation: s.Rotation, Sealed: &s})
	if errors.Is(err, ErrOrder) {
		return nil
	}
	return err
}
