// Package access knows who asks the server of qleaks, and what they may do: roles,
// users, sessions, tokens, and sign-in by an identity provider. A route says which
// role it needs; who has it stands in the context of the request.
package access

import (
	"encoding"
	"fmt"
	"slices"
	"strings"
)

// Role is what somebody may do. Each role may do what those below it may.
type Role int

// The roles. Nobody is who has not signed in.
const (
	Nobody Role = iota
	// Viewer looks at everything but users and tokens of others.
	Viewer
	// Triager decides about findings, and starts sweeps of what is swept already.
	Triager
	// Approver approves plans.
	Approver
	// Admin changes users, schedules and what is swept.
	Admin
)

var (
	_ encoding.TextMarshaler   = Role(0)
	_ encoding.TextUnmarshaler = (*Role)(nil)
)

// Roles lists the roles that a user can have, the least first.
func Roles() []Role { return []Role{Viewer, Triager, Approver, Admin} }

// String is the word for a role.
func (r Role) String() string {
	words := []string{"nobody", "viewer", "triager", "approver", "admin"}
	if r < 0 || int(r) >= len(words) {
		return words[0]
	}
	return words[r]
}

// May reports whether a role is enough where another is needed.
func (r Role) May(needed Role) bool { return r >= needed && r <= Admin }

// MarshalText implements encoding.TextMarshaler.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}

// ParseRole reads the word for a role that a user can have.
func ParseRole(word string) (Role, error) {
	roles := Roles()
	i := slices.IndexFunc(roles, func(r Role) bool { return r.String() == word })
	if i < 0 {
		var words []string
		for _, r := range roles {
			words = append(words, r.String())
		}
		return Nobody, fmt.Errorf("there is no role %.40q: the roles are %s", word, strings.Join(words, ", "))
	}
	return roles[i], nil
}
