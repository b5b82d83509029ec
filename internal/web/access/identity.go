package access

import (
	"context"
	"errors"
	"fmt"
)

// Identity is who asks.
type Identity struct {
	// Name is that of the user, and what is written down beside a change.
	Name string
	Role Role
	// User is the user's number in the records.
	User int64
	// Session is the digest of the session's token, "" for a request with an API
	// token: who has none has no cookie either.
	Session string
}

type identityKey struct{}

// With returns a context in which somebody asks.
func With(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// From returns who asks; the zero Identity, whose role is Nobody, if that is not
// known.
func From(ctx context.Context) Identity {
	i, _ := ctx.Value(identityKey{}).(Identity)
	return i
}

// ErrForbidden says that who asks has not the role for it.
var ErrForbidden = errors.New("your role does not allow that")

// Need returns who asks, or ErrForbidden if that needs a higher role.
func Need(ctx context.Context, needed Role) (Identity, error) {
	i := From(ctx)
	if i.Name == "" || !i.Role.May(needed) {
		return i, fmt.Errorf("%w: it needs the role %s", ErrForbidden, needed)
	}
	return i, nil
}
