package hygiene

import (
	"errors"
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/internal/inventory"
)

// AttestFile is where attestations are kept, in the directory of the lists.
const AttestFile = "attestations.json"

const attestFormat = "qleaks attestations/1"

// Attest adds attestations to those of a directory. All of them are kept: who
// looked when is worth knowing later.
func Attest(dir string, seen ...Attestation) error {
	for _, a := range seen {
		if err := a.validate(); err != nil {
			return fmt.Errorf("attest: %w", err)
		}
	}
	err := change(dir, AttestFile, attestFormat, func(before []Attestation) []Attestation { return append(before, seen...) })
	if err != nil {
		return fmt.Errorf("attest: %w", err)
	}
	return nil
}

// Attested reads the attestations of a directory, oldest first; none if there
// is no file.
func Attested(dir string) ([]Attestation, error) {
	seen, err := load[Attestation](dir, AttestFile, attestFormat)
	slices.SortStableFunc(seen, func(a, b Attestation) int { return a.At.Compare(b.At) })
	return seen, err
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
