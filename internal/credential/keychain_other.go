//go:build !darwin && !windows

package credential

import (
	"context"
	"errors"

	"github.com/qleaks/qleaks/internal/secret"
)

// keychain asks the Secret Service (GNOME Keyring, KWallet) through libsecret's
// program; the attributes are those that most programs use.
func (r Resolver) keychain(ctx context.Context, service, name string) (secret.Value, error) {
	v, err := r.ask(ctx, []string{"secret-tool", "lookup", "service", service, "username", name})
	if errors.Is(err, ErrFailed) || errors.Is(err, ErrEmpty) {
		return v, ErrNotFound
	}
	return v, err
}
