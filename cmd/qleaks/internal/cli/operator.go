package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
)

// fetch fetches a credential; paths that are not absolute count from dir, or
// from the current directory.
func fetch(ctx context.Context, env Env, at credential.Reference, dir string) (secret.Value, error) {
	keepToItself()
	if !filepath.IsAbs(dir) {
		cwd, err := env.Getwd()
		if err != nil {
			return secret.Value{}, err
		}
		dir = filepath.Join(cwd, dir)
	}
	home := cmp.Or(env.Getenv("HOME"), env.Getenv("USERPROFILE"))
	return credential.Resolver{Getenv: env.Getenv, Dir: dir, Home: home}.Resolve(ctx, at)
}

// credentialOf fetches the credential of an account.
func credentialOf(ctx context.Context, env Env, a account) (secret.Value, error) {
	if a.reference.IsZero() {
		return secret.Value{}, &problem{
			code: exitUsage, message: "the account " + a.name + " has no credential",
			hints: []string{"in " + a.file + ", below [accounts." + a.name + "]: credential = \"env:NAME\"; the forms are " + credential.Forms},
		}
	}
	v, err := fetch(ctx, env, a.reference, filepath.Dir(a.file))
	if err != nil {
		return v, &problem{code: exitFailed, message: "cannot get the credential of the account " + a.name, err: err, hints: credentialHints(err)}
	}
	return v, nil
}

// credentialHints says what to do where a credential could not be had.
func credentialHints(err error) []string {
	for _, c := range []struct {
		kind error
		hint string
	}{
		{credential.ErrUnset, "set the variable for this command only, or use the keychain: keychain:NAME"},
		{credential.ErrReadable, "chmod 600 that file; who has read it by now nobody knows, so replace the key if others use this computer"},
		{credential.ErrNoProgram, "install it, or put its directory into PATH"},
		{credential.ErrFailed, "run it by hand to see why: what it says is not shown here, for it may hold the key"},
		{credential.ErrTimeout, "if it waits for you to unlock something, do that first"},
		{credential.ErrNotFound, "what is looked for and how to put it there: docs/inventory.md, Credentials"},
		{credential.ErrNoValue, "the place must hold the key alone, in one line"},
	} {
		if errors.Is(err, c.kind) {
			return []string{c.hint}
		}
	}
	return nil
}

// accountClient opens the way to the provider of an account, as its operator,
// and says where that is not the usual one.
func (a access) accountClient(ctx context.Context, env Env, account account, c provider.Config, say messages) (provider.Client, error) {
	kit, ok := all.Named(account.Provider)
	if !ok {
		return nil, wrongUsage(fmt.Sprintf("the account %s is of no provider that is known", account.name))
	}
	c.Account, c.Origins, c.Proxy = account.Account, a.origins[kit.Name], a.options.Proxy
	var err error
	if c.Credential, err = credentialOf(ctx, env, account); err != nil {
		return nil, err
	}
	client, err := kit.New(c)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "the account " + account.name, err: err}
	}
	a.tell(kit, say)
	return client, nil
}

// tell says where a provider is asked, if that is not the usual place: once.
func (a access) tell(kit provider.Kit, say messages) {
	once := func(text string) {
		if a.told == nil {
			say.warning("%s", text)
		} else if _, said := a.told.LoadOrStore(text, true); !said {
			say.warning("%s", text)
		}
	}
	text, others := "", 0
	for _, s := range kit.Services {
		switch elsewhere := a.origins[kit.Name][s.Name]; {
		case elsewhere == "":
		case text == "":
			text = fmt.Sprintf("%s is asked at %s, not at %s", kit.Title, elsewhere, s.Origin)
		default:
			others++
		}
	}
	if others > 0 {
		text += fmt.Sprintf(", and %d more of its services elsewhere, too", others)
	}
	if text != "" {
		once(text)
	}
	if a.options.Proxy != "" {
		once(kit.Title + " is asked through the proxy that --proxy names")
	}
}
