package inventory

import (
	"errors"
	"regexp"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// ErrMaterial says that a record holds what may be a key's value.
var ErrMaterial = errors.New("it holds what looks like a key itself, which no list may hold")

// runOf is text in which a key could be: whatever keys are made of, unbroken.
var runOf = regexp.MustCompile(`[A-Za-z0-9_.-]{20,}`)

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
	for _, run := range runOf.FindAllString(text, -1) {
		for _, part := range strings.FieldsFunc(run, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
			if len(part) == ionqLength && mixed(part) || len(part) == retiredLength && strings.Trim(part, "0123456789abcdef") == "" {
				found = append(found, secret.New([]byte(part)))
			}
		}
		for part := range strings.SplitSeq(run, ".") {
			if len(part) == ibmLength && mixed(part) {
				found = append(found, secret.New([]byte(part)))
			}
		}
		for _, prefix := range []string{"qbr_", "qbr-at_"} {
			if _, tail, ok := strings.Cut(run, prefix); ok && len(tail) >= 16 && strings.ContainsAny(tail, "0123456789") {
				found = append(found, secret.New([]byte(prefix+tail)))
			}
		}
	}
	return found
}

// mixed tells random characters from a name: capitals, small letters and
// digits.
func mixed(s string) bool {
	return strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && strings.ContainsAny(s, "0123456789")
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
