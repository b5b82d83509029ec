package cli

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/journal"
	"github.com/qleaks/qleaks/remediate/store"
	stores "github.com/qleaks/qleaks/remediate/store/all"
)

// identityPrefix begins the setting that puts the operator's identity into the
// keychain: keychain:NAME.
const identityPrefix = "keychain:"

// checkIdentity checks the setting identity of [remediate].
func checkIdentity(text string) error {
	if text == "" {
		return nil
	}
	if _, err := credential.Parse(text); err != nil || !strings.HasPrefix(text, identityPrefix) || strings.Contains(text, "/") {
		return errors.New("identity wants keychain:NAME; without it a file holds the operator's identity")
	}
	return nil
}

// keeper keeps the operator's identity: in a file, or in the keychain if the
// policy says so. What a file held before goes into the keychain.
func (r *remedy) keeper(base string) journal.Keeper {
	file := journal.KeeperFile{Name: filepath.Join(base, "identity", "operator")}
	if r.section.Identity == "" {
		return file
	}
	return keychainKeeper{env: r.env, at: r.section.Identity, before: file, moved: func() {
		r.say.note("the operator's identity is in the keychain now, and was read back from there")
		r.say.hint("delete %s", file.Name)
	}}
}

// keychainKeeper keeps the operator's identity in the keychain of the system.
type keychainKeeper struct {
	env Env
	// at is the reference of the entry.
	at string
	// before is where it was kept before; moved tells that it no longer is.
	before journal.Keeper
	moved  func()
}

var _ journal.Keeper = keychainKeeper{}

// Keep implements journal.Keeper. An entry of the name that is there is not
// written over.
func (k keychainKeeper) Keep(ctx context.Context, identity secret.Value) error {
	d, err := store.Declare("identity", map[string]any{"kind": "keychain", "name": strings.TrimPrefix(k.at, identityPrefix)}, stores.Kinds())
	if err != nil {
		return err
	}
	entry, err := d.Open(store.Use{})
	if err != nil {
		return err
	}
	mark, err := entry.Check(ctx)
	if err != nil {
		return err
	}
	if mark != store.Absent {
		return errors.New(k.at + " is there already: choose another name")
	}
	if _, err := entry.Put(ctx, identity, mark); err != nil {
		return err
	}
	if proved, err := entry.Confirm(ctx, identity); err != nil || !proved {
		return errors.Join(errors.New(k.at+" could not be read back"), err)
	}
	return nil
}

// Fetch implements journal.Keeper.
func (k keychainKeeper) Fetch(ctx context.Context) (secret.Value, error) {
	at, err := credential.Parse(k.at)
	if err != nil {
		return secret.Value{}, err
	}
	v, err := fetch(ctx, k.env, at, "")
	if !errors.Is(err, credential.ErrNotFound) {
		return v, err
	}
	if v, err = k.before.Fetch(ctx); err != nil {
		return v, err
	}
	if err := k.Keep(ctx, v); err != nil {
		return v, err
	}
	k.moved()
	return v, nil
}
