package program

import (
	"context"
	"errors"

	"github.com/danieljoos/wincred"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// keychain is a generic credential of the Credential Manager, with the target
// SERVICE:NAME.
type keychain struct{ service, name string }

// Read implements store.Entry.
func (k keychain) Read(context.Context) (store.Held, error) {
	found, err := wincred.GetGenericCredential(k.service + ":" + k.name)
	if errors.Is(err, wincred.ErrElementNotFound) {
		return store.Held{}, nil
	}
	if err != nil {
		return store.Held{}, store.ErrUnavailable
	}
	defer clear(found.CredentialBlob)
	return store.Held{Value: secret.New(found.CredentialBlob)}, nil
}

// Write implements store.Entry.
func (k keychain) Write(_ context.Context, v secret.Value, _ store.Held) error {
	c := wincred.NewGenericCredential(k.service + ":" + k.name)
	c.UserName, c.CredentialBlob, c.Persist = k.name, []byte(v.Reveal()), wincred.PersistLocalMachine
	if c.Write() != nil {
		return store.ErrUnavailable
	}
	return nil
}
