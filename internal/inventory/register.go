package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Registration says which key a value is, without the value.
type Registration struct {
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	// Salt names the salt of the fingerprint, as Fingerprinter.Salt does.
	Salt string `json:"salt"`
	// Key is its provider, account, id and name, as the provider told them.
	Key   key.Key   `json:"key"`
	Since time.Time `json:"since"`
	How   How       `json:"how"`
	// Account is the operator's name for the account; "" if none was said.
	Account string `json:"account,omitempty"`
	// Place is where the key is used, in the operator's words: "CI of lab-a".
	Place string `json:"place,omitempty"`
}

// How is how it is known which key a value is.
type How string

// The ways to know: qleaks issued it, the provider said so of the value, or the
// operator said so.
const (
	Issued  How = "issued"
	Told    How = "told by the provider"
	Claimed How = "said by the operator"
)

// register is the file's content.
type register struct {
	Keys []Registration `json:"keys"`
}

const registerFile = "register.json"

// Register remembers which keys values are. Who was known before under the same
// fingerprint and salt is replaced.
func (s *Store) Register(list ...Registration) error {
	for _, r := range list {
		switch {
		case r.Fingerprint == "" || r.Salt == "" || r.Since.IsZero():
			return errors.New("register a key: it has no fingerprint, salt or time")
		case r.Key.Provider == "" || r.Key.ID == "" && r.Key.Name == "":
			return errors.New("register a key: it has neither id nor name")
		case HoldsMaterial(r.Key) || len(Material(r.Place)) > 0:
			return fmt.Errorf("register a key: %w", ErrMaterial)
		}
	}
	err := s.locked(func() error {
		known, err := s.readRegister()
		if err != nil {
			return err
		}
		for _, r := range list {
			known = slices.DeleteFunc(known, func(k Registration) bool { return k.Fingerprint == r.Fingerprint && k.Salt == r.Salt })
			known = append(known, r)
		}
		slices.SortFunc(known, func(a, b Registration) int {
			return strings.Compare(string(a.Fingerprint)+a.Salt, string(b.Fingerprint)+b.Salt)
		})
		data, err := seal(registerFormat, register{Keys: known})
		if err != nil {
			return err
		}
		return writeWhole(filepath.Join(s.Dir, registerFile), data)
	})
	if err != nil {
		return fmt.Errorf("register a key: %w", err)
	}
	return nil
}

// Registered returns all registrations, in the order of their fingerprints.
func (s *Store) Registered() ([]Registration, error) {
	if s.Dir == "" {
		return nil, nil
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("read the register of keys: %w", err)
	}
	known, err := s.readRegister()
	if err != nil {
		return nil, fmt.Errorf("read the register of keys: %w", err)
	}
	return known, nil
}

func (s *Store) readRegister() ([]Registration, error) {
	file := filepath.Join(s.Dir, registerFile)
	data, err := readPlain(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var content register
	if err := unseal(data, registerFormat, &content); errors.Is(err, errNewer) {
		return nil, fmt.Errorf("%s: %w", registerFile, err)
	} else if err != nil {
		return nil, s.setAside(file, err)
	}
	return content.Keys, nil
}
