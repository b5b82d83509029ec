package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
)

func newKeysCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List the keys that your accounts at providers hold",
		Long: `Each list is kept with the time when it was true. IBM is asked. IonQ and qBraid
have no call for it: copy the console's page of keys into a file and import it,
or name a program that tells the list.

Accounts stand in the file config.toml of your configuration directory (for
most people ~/.config/qleaks), or in the .qleaks.toml of a directory that you
trust; they say where a credential is, and never hold one:
  [accounts.lab]
  provider = "ibm"
  credential = "keychain:ibm-lab"
Lists are kept in the directory inventory beside config.toml, or in the one that
` + inventoryVariable + ` names. No key is in them.`,
		Example: `  qleaks keys list                                     all accounts
  qleaks keys list --account lab --everybody           also the keys of others
  qleaks keys import keys.txt --provider ionq --whole  the console's page, copied
  qleaks keys show ci-runner                           all that is known of one`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newKeysListCommand(env), newKeysImportCommand(env), newKeysShowCommand(env), newKeysRegisterCommand(env))
	return cmd
}

// inventoryVariable names the directory of the lists.
const inventoryVariable = "QLEAKS_INVENTORY"

// openInventory says where lists of keys are kept.
func openInventory(env Env, say messages) (*inventory.Store, error) {
	dir := env.Getenv(inventoryVariable)
	if dir == "" {
		base, err := env.ConfigDir()
		if err != nil {
			return nil, couldNot("cannot find where lists of keys are kept", err, "set HOME, or "+inventoryVariable)
		}
		dir = filepath.Join(base, "qleaks", "inventory")
	}
	if !filepath.IsAbs(dir) {
		cwd, err := env.Getwd()
		if err != nil {
			return nil, couldNot("the current directory is not known", err)
		}
		dir = filepath.Join(cwd, dir)
	}
	return &inventory.Store{Dir: dir, Remark: func(text string) { say.warning("%s", text) }}, nil
}

// chooseOptions say which accounts are meant.
type chooseOptions struct {
	Providers []string
	Accounts  []string
	// Config is the file with the accounts; "" is the user's and the tree's.
	Config string
}

func addChooseFlags(cmd *cobra.Command, o *chooseOptions) {
	f := cmd.Flags()
	f.StringSliceVar(&o.Providers, "provider", nil, "only of this provider: `NAME` is "+strings.Join(providerNames(), ", "))
	f.StringSliceVar(&o.Accounts, "account", nil, "only this account: the `NAME` of [accounts.NAME]")
	f.StringVar(&o.Config, "config", "", "the `FILE` with the accounts, instead of your own and the directory's")
	completeWords(cmd, "provider", providerNames()...)
}

func (o *chooseOptions) validate() error {
	for _, name := range o.Providers {
		if !slices.Contains(providerNames(), name) {
			return wrongUsage(fmt.Sprintf("--provider %q is not one of %s", name, strings.Join(providerNames(), ", ")), didYouMean(name, providerNames())...)
		}
	}
	for _, name := range o.Accounts {
		if err := inventory.CheckName(name); err != nil {
			return wrongUsage("--account: " + err.Error())
		}
	}
	return nil
}

// means reports whether an account is chosen.
func (o *chooseOptions) means(a inventory.Account) bool {
	return (len(o.Providers) == 0 || slices.Contains(o.Providers, a.Provider)) && (len(o.Accounts) == 0 || slices.Contains(o.Accounts, a.Name))
}
