package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/remediate/head"
)

// Account is whose keys a journal is about. An account has one journal, and one
// run at a time works on it.
type Account struct {
	// Provider is the provider's short name, such as "ibm".
	Provider string `json:"provider"`
	// ID is the provider's own name of the account, organisation or project:
	// something that does not change when somebody renames it.
	ID string `json:"id"`
}

// String returns both names.
func (a Account) String() string { return a.Provider + "/" + a.ID }

// Validate says what is wrong with an account.
func (a Account) Validate() error {
	switch {
	case a.Provider == "" || strings.Trim(a.Provider, "abcdefghijklmnopqrstuvwxyz0123456789") != "":
		return errors.New("an account of a journal needs the short name of its provider")
	case a.ID == "":
		return errors.New("an account of a journal needs an ID")
	case len(a.ID) > 512 || !utf8.ValidString(a.ID) || strings.ContainsFunc(a.ID, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("the ID of an account is one line of text of at most 512 bytes")
	}
	return nil
}

func (a Account) digest() head.Digest {
	return sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s", len(a.Provider), a.Provider, len(a.ID), a.ID))
}

// folder is the name of the account's directory: what can be read of its name,
// and a digest that tells it from every other.
func (a Account) folder() string {
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, a.ID)
	d := a.digest()
	return a.Provider + "-" + strings.Trim(readable[:min(24, len(readable))], "-") + "-" + hex.EncodeToString(d[:6])
}
