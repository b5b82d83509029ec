package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/scanner/verify"
)

// mostAccounts is how many accounts of one provider are asked about a key.
const mostAccounts = 16

// config is how one provider is asked as whom a reference names, or as nobody.
func (a access) config(ctx context.Context, env Env, name string, log *slog.Logger) (provider.Config, error) {
	c := provider.Config{LoginCheck: a.options.LoginCheck, Origins: a.origins[name], Proxy: a.options.Proxy, Log: log}
	reference, ok := a.references[name]
	if !ok {
		return c, nil
	}
	v, err := fetch(ctx, env, reference, "")
	if err != nil {
		return c, &problem{code: exitUsage, message: "there is no credential for " + name, err: err, hints: credentialHints(err)}
	}
	c.Credential = v
	return c, nil
}

// preview is config without the credential itself, which a preview needs not.
func (a access) preview(kit provider.Kit) provider.Config {
	c := provider.Config{LoginCheck: a.options.LoginCheck, Origins: a.origins[kit.Name]}
	if a.hasCredential(kit.Name) {
		c.Credential = kit.Sample()
	}
	return c
}

// hasCredential reports whether a provider is asked as somebody.
func (a access) hasCredential(name string) bool {
	_, named := a.references[name]
	return named || len(a.accounts[name]) > 0
}

// withAccounts returns the access with the accounts that stand in files and have
// a credential, or with those of them that the operator chose. A credential that
// is named by itself counts more.
func (a access) withAccounts(list []account) (access, error) {
	a.accounts = map[string][]account{}
	for _, name := range a.options.Accounts {
		if !slices.ContainsFunc(list, func(one account) bool { return one.name == name }) {
			var names []string
			for _, one := range list {
				names = append(names, one.name)
			}
			return a, noSuchAccount(name, names)
		}
	}
	for _, one := range list {
		if _, named := a.references[one.Provider]; named {
			continue
		}
		chosen := slices.Contains(a.options.Accounts, one.name)
		if chosen || len(a.options.Accounts) == 0 && !one.reference.IsZero() {
			a.accounts[one.Provider] = append(a.accounts[one.Provider], one)
		}
	}
	return a, nil
}

func noSuchAccount(name string, known []string) error {
	hints := didYouMean(name, known)
	if len(hints) == 0 && len(known) > 0 {
		slices.Sort(known)
		hints = []string{"the accounts are: " + strings.Join(slices.Compact(known), ", ")}
	}
	if len(known) == 0 {
		hints = []string{"there is none yet; how to write one: qleaks keys --help"}
	}
	return wrongUsage(fmt.Sprintf("there is no account %q", clipped(name)), hints...)
}

// clients opens the way to providers, and says where it is not the usual one.
func (a access) clients(ctx context.Context, env Env, names []string, say messages, log *slog.Logger) (map[string][]verify.Account, error) {
	clients := map[string][]verify.Account{}
	for _, name := range names {
		kit, ok := all.Named(name)
		if !ok {
			continue
		}
		var err error
		if len(a.accounts[name]) > 0 {
			clients[name], err = a.accountClients(ctx, env, kit, say, log)
		} else {
			clients[name], err = a.soleClient(ctx, env, kit, log)
		}
		if err != nil {
			return nil, err
		}
		a.tell(kit, say)
	}
	return clients, nil
}

func (a access) soleClient(ctx context.Context, env Env, kit provider.Kit, log *slog.Logger) ([]verify.Account, error) {
	c, err := a.config(ctx, env, kit.Name, log)
	if err != nil {
		return nil, err
	}
	client, err := kit.New(c)
	if err != nil {
		return nil, &problem{code: exitUsage, message: kit.Title + " cannot be asked", err: err}
	}
	return []verify.Account{{Client: client}}, nil
}

// accountClients opens the way as each account of a provider. One whose
// credential cannot be had does not keep the others from being asked, unless the
// operator chose it.
func (a access) accountClients(ctx context.Context, env Env, kit provider.Kit, say messages, log *slog.Logger) ([]verify.Account, error) {
	list := a.accounts[kit.Name]
	if len(list) > mostAccounts {
		say.warning("%s: only the first %d of %d accounts are asked", kit.Title, mostAccounts, len(list))
		say.hint("--account NAME chooses")
		list = list[:mostAccounts]
	}
	var clients []verify.Account
	var failed error
	for i, one := range list {
		c := provider.Config{Origins: a.origins[kit.Name], Proxy: a.options.Proxy, Log: log, Account: one.Account}
		// A key logs in only where none of the accounts knows it.
		c.LoginCheck = a.options.LoginCheck && i == len(list)-1
		var err error
		var client provider.Client
		if c.Credential, err = credentialOf(ctx, env, one); err == nil {
			if client, err = kit.New(c); err != nil {
				err = &problem{code: exitUsage, message: "the account " + one.name, err: err}
			}
		}
		switch {
		case err == nil:
			clients = append(clients, verify.Account{Name: one.name, Client: client})
		case len(list) == 1 || slices.Contains(a.options.Accounts, one.name):
			return nil, err
		default:
			say.warning("%v; the other accounts are asked", err)
			failed = err
		}
	}
	if len(clients) == 0 {
		return nil, failed
	}
	return clients, nil
}

// tellsByRecord reports whether a provider tells of keys to credentials: a key
// by itself would be sent again and again.
func tellsByRecord(name string) bool {
	kit, ok := all.Named(name)
	return ok && slices.ContainsFunc(kit.Calls, func(c provider.Call) bool { return c.Ability == provider.Verify && c.Carries == provider.Both })
}
