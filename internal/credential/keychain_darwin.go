package credential

import (
	"context"
	"errors"

	"github.com/qleaks/qleaks/internal/secret"
)

// keychain asks the login keychain through the program that comes with the
// system; it asks the person where the keychain is locked.
func (r Resolver) keychain(ctx context.Context, service, name string) (secret.Value, error) {
	v, err := r.ask(ctx, []string{"/usr/bin/security", "find-generic-password", "-s", service, "-a", name, "-w"})
	if errors.Is(err, ErrFailed) {
		return v, ErrNotFound
	}
	return v, err
}
