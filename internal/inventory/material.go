package inventory

import (
	"errors"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// ErrMaterial says that a record holds what may be a key's value.
var ErrMaterial = errors.New("it holds what looks like a key itself, which no list may hold")

// runOf is text in which a key could be: whatever keys are made of, unbroken.
var runOf = expression.Lazy(`[A-Za-z0-9_.-]{20,}`)

// Lengths of keys whose values have no prefix.
const (
	ionqLength    = 32
	ibmLength     = 44
	retiredLength = 128
)

// Material returns what in a text looks like a value of some provider's key.
// Ids of keys, accounts, people and services do not: they are in one case, or
// of other lengths.
func Material(text string) []secret.Value {
	var found []secret.Value
	for _, run := range runOf().FindAllString(text, -1) {
		if prefix, tail, ok := prefixed(run); ok {
			found = append(found, secret.New([]byte(prefix+tail)))
			continue
		}
		for part := range strings.SplitSeq(run, ".") {
			if len(part) == ibmLength && mixed(part) {
				found = append(found, secret.New([]byte(part)))
				continue
			}
			for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }) {
				if len(piece) == ionqLength && mixed(piece) || len(piece) == retiredLength && strings.Trim(piece, "0123456789abcdef") == "" {
					found = append(found, secret.New([]byte(piece)))
				}
			}
		}
	}
	return found
}

// prefixed finds a key of qBraid in a run.
func prefixed(run string) (prefix, tail string, ok bool) {
	for _, prefix := range []string{"qbr_", "qbr-at_"} {
		if _, tail, ok := strings.Cut(run, prefix); ok && len(tail) >= 16 && strings.ContainsAny(tail, "0123456789") {
			return prefix, tail, true
		}
	}
	return "", "", false
}

// mixed tells random characters from a name: capitals, small letters and
// digits, or, since one key in hundreds has no digit, so many capitals and small
// letters as no name of that length has.
func mixed(s string) bool {
	upper, lower, digits := 0, 0, 0
	for _, c := range s {
		switch {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		case c >= '0' && c <= '9':
			digits++
		}
	}
	letters := upper + lower
	return upper > 0 && lower > 0 && (digits > 0 || upper*4 >= letters && lower*4 >= letters)
}

// HoldsMaterial reports whether a record holds what looks like a key's value.
func HoldsMaterial(k key.Key) bool {
	for _, text := range append(texts(k), k.Roles...) {
		if len(Material(text)) > 0 {
			return true
		}
	}
	return false
}

// Stripped returns a record without what looks like a key's value, and whether
// there was any: people write keys into descriptions.
func Stripped(k key.Key) (key.Key, bool) {
	stripped := false
	strip := func(texts ...*string) {
		for _, text := range texts {
			if len(Material(*text)) > 0 {
				*text, stripped = secret.Redacted, true
			}
		}
	}
	strip(&k.ID, &k.Name, &k.Description, &k.Kind, &k.State.OnLeak, &k.State.Tag)
	for _, p := range []*key.Party{&k.Owner, &k.Account, &k.Project} {
		strip(&p.ID, &p.Name, &p.Email)
	}
	roles := append([]string(nil), k.Roles...)
	for i := range roles {
		strip(&roles[i])
	}
	k.Roles = roles
	return k, stripped
}

// texts are all texts of a record but its roles.
func texts(k key.Key) []string {
	return []string{
		k.ID, k.Name, k.Description, k.Kind, k.State.OnLeak, k.State.Tag, k.Owner.ID, k.Owner.Name, k.Owner.Email,
		k.Account.ID, k.Account.Name, k.Account.Email, k.Project.ID, k.Project.Name, k.Project.Email, k.Provider,
	}
}
