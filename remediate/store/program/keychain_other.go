//go:build !darwin && !windows

package program

import (
	"context"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// keychain is an entry of the Secret Service (GNOME Keyring, KWallet), with the
// attributes with which qleaks and most programs look for it.
type keychain struct{ service, name string }

// Read implements store.Entry.
func (k keychain) Read(ctx context.Context) (store.Held, error) {
	out, err := run(ctx, nil, "secret-tool", "lookup", "service", k.service, "username", k.name)
	if e, ok := errors.AsType[*failedError](err); ok {
		if e.code == 1 && e.silent {
			return store.Held{}, nil
		}
		return store.Held{}, fmt.Errorf("%w (is the keyring unlocked?)", store.ErrUnavailable)
	}
	if err != nil {
		return store.Held{}, err
	}
	v, err := line(out)
	return store.Held{Value: v}, err
}

// Write implements store.Entry.
func (k keychain) Write(ctx context.Context, v secret.Value, _ store.Held) error {
	_, err := run(ctx, []byte(v.Reveal()), "secret-tool", "store", "--label="+k.service+"/"+k.name, "service", k.service, "username", k.name)
	return unwritten(err)
}
