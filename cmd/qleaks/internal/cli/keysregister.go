package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/report"
)

// keysRegisterOptions say which key a value is.
type keysRegisterOptions struct {
	Provider string
	Account  string
	// From is where the value is; "" is standard input.
	From string
	// ID and Name are the key's, as the operator says; without them the
	// provider is asked.
	ID, Name string
	Place    string
	Network  networkOptions
}

func newKeysRegisterCommand(env Env) *cobra.Command {
	var o keysRegisterOptions
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Remember the fingerprint of a key of yours, so that hits are joined to it",
		Long: `The key is read from standard input, or from where --from says; it is never an
argument. Its own provider is asked which key it is, unless --id or --name says so.
What is kept is the fingerprint, and the id and name; not the key.`,
		Example: `  qleaks keys register --provider ionq --from env:IONQ_API_KEY --place "CI of bell-lab"
  pass show qbraid/hackathon | qleaks keys register --provider qbraid --name hackathon`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runKeysRegister(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Provider, "provider", "", "whose key it is: `NAME` is "+strings.Join(providerNames(), ", "))
	f.StringVar(&o.Account, "account", "", "which account's: the `NAME` of [accounts.NAME]")
	f.StringVar(&o.From, "from", "", "where the key is: a `REFERENCE` such as env:NAME or keychain:NAME")
	f.StringVar(&o.ID, "id", "", "which key it is, by its `ID`; nobody is asked")
	f.StringVar(&o.Name, "name", "", "which key it is, by its `NAME`; nobody is asked")
	f.StringVar(&o.Place, "place", "", "where the key is used, in your `WORDS`")
	addReachFlags(cmd, &o.Network)
	completeWords(cmd, "provider", providerNames()...)
	return cmd
}

func runKeysRegister(ctx context.Context, env Env, o keysRegisterOptions) error {
	say := messages{w: env.Stderr}
	if o.Provider == "" {
		return wrongUsage("whose key is it? --provider says", "the providers are: "+strings.Join(providerNames(), ", "))
	}
	if err := (&chooseOptions{Providers: []string{o.Provider}}).validate(); err != nil {
		return err
	}
	if o.Account != "" {
		if err := inventory.CheckName(o.Account); err != nil {
			return wrongUsage("--account: " + err.Error())
		}
	}
	for _, text := range []string{o.ID, o.Name, o.Place} {
		if len(inventory.Material(text)) > 0 {
			return wrongUsage("a flag holds what looks like a key, and it is in the history of your shell now", "give the key on standard input, or by --from; replace it if others can read that history")
		}
	}
	store, err := openInventory(env, say)
	if err != nil {
		return err
	}
	fingerprints, err := fingerprinter(env)
	if err != nil {
		return err
	}
	v, err := o.value(ctx, env)
	if err != nil {
		return err
	}
	r := inventory.Registration{
		Fingerprint: fingerprints.Of(v), Salt: fingerprints.Salt(), Since: env.Now().UTC(), How: inventory.Claimed, Account: o.Account, Place: o.Place,
		Key: key.Key{Provider: o.Provider, ID: o.ID, Name: o.Name},
	}
	if o.ID == "" && o.Name == "" {
		if r.Key, err = o.ask(ctx, env, say, v); err != nil {
			return err
		}
		r.How = inventory.Told
	}
	if err := store.Register(r); err != nil {
		return couldNot("cannot keep the fingerprint", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "registered: %s is %s of %s (%s)\n", r.Fingerprint, report.Clean(keyName(r.Key)), o.Provider, r.How)
	return err
}

// value reads the key.
func (o *keysRegisterOptions) value(ctx context.Context, env Env) (secret.Value, error) {
	if o.From != "" {
		at, err := credential.Parse(o.From)
		if err != nil {
			return secret.Value{}, wrongUsage("--from holds a reference to a key, never the key: "+err.Error(), "the forms are "+credential.Forms)
		}
		v, err := fetch(ctx, env, at, "")
		if err != nil {
			return v, &problem{code: exitFailed, message: "cannot get the key", err: err, hints: credentialHints(err)}
		}
		return v, nil
	}
	if env.isTerminal(env.Stdin) {
		return secret.Value{}, wrongUsage("the key would show on the terminal", "give it by a pipe, or by --from env:NAME")
	}
	const most = 1 << 20
	data, err := readLimited(env.Stdin, most)
	if err != nil {
		return secret.Value{}, couldNot("cannot read the key", err)
	}
	defer clear(data)
	line := bytes.TrimSpace(data)
	if len(line) == 0 || bytes.ContainsAny(line, " \t\r\n\x00") {
		return secret.Value{}, wrongUsage("standard input must hold one key, alone")
	}
	return secret.New(line), nil
}

// ask asks the key's own provider which key it is.
func (o *keysRegisterOptions) ask(ctx context.Context, env Env, say messages, v secret.Value) (key.Key, error) {
	var none key.Key
	a, err := o.Network.access()
	if err != nil {
		return none, err
	}
	accounts, err := loadAccounts(env, "", say)
	if err != nil {
		return none, err
	}
	if o.Account != "" && slices.ContainsFunc(accounts, func(one account) bool { return one.name == o.Account }) {
		a.options.Accounts = []string{o.Account}
	}
	if a, err = a.withAccounts(accounts); err != nil {
		return none, err
	}
	clients, err := a.clients(ctx, env, []string{o.Provider}, say, nil)
	if err != nil {
		return none, err
	}
	var told key.Description
	for _, one := range clients[o.Provider] {
		describer, ok := one.Client.(provider.Describer)
		if !ok {
			return none, wrongUsage(title(o.Provider)+" does not tell which key a value is", "say so: --id or --name")
		}
		// Where a credential is asked for the key, another one may know it.
		if told, err = describer.Describe(ctx, v); err == nil || !tellsByRecord(o.Provider) {
			break
		}
	}
	if err != nil {
		return none, couldNot(title(o.Provider)+" did not tell which key it is", err, "say so yourself: --id or --name")
	}
	k, _ := inventory.Stripped(told.Key)
	if cmp.Or(k.ID, k.Name) == "" {
		return none, couldNot(title(o.Provider)+" told neither id nor name of the key", nil, "say so yourself: --id or --name")
	}
	return key.Key{Provider: o.Provider, ID: k.ID, Name: k.Name, Account: k.Account, Project: k.Project, Owner: k.Owner}, nil
}
