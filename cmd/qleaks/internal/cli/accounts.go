package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// accountSection is [accounts.NAME]: one account or organisation at a provider.
type accountSection struct {
	Provider string `toml:"provider"`
	// Credential is a reference to the operator's own key, never the key.
	Credential string `toml:"credential"`
	// Account is the provider's id of the account.
	Account string `toml:"account"`
	// Everybody and Services widen the list of keys; nil is no.
	Everybody *bool `toml:"everybody"`
	Services  *bool `toml:"services"`
	// Use is how to find out when keys were last used: key, report or none.
	Use string `toml:"use"`
	// ListCommand is a program that tells the list of keys.
	ListCommand []string `toml:"list-command"`
}

// usesOf are the words of accounts.NAME.use.
func usesOf() []string { return []string{"key", "report", "none"} }

// account is an account that counts, and who says so.
type account struct {
	accountSection

	name string
	// file is where it is written; paths count from its directory.
	file string
	// reference is the credential's; zero without one.
	reference credential.Reference
}

func (a account) model() inventory.Account {
	return inventory.Account{Name: a.name, Provider: a.Provider, ID: a.Account}
}

// validateAccounts checks all accounts of a configuration. It quotes no value:
// somebody may have written a key.
func (c *fileConfig) validateAccounts(data []byte) error {
	for _, name := range slices.Sorted(maps.Keys(c.Accounts)) {
		field, what, hints := c.Accounts[name].check(name)
		if what == "" {
			continue
		}
		line := lineOfKey(string(data), toml.Key{"accounts", name, field})
		if line == 0 {
			line = lineOfKey(string(data), toml.Key{"accounts", name})
		}
		if len(inventory.Material(name)) > 0 {
			name = "NAME"
		}
		return &configError{line: line, what: fmt.Sprintf("accounts.%s: %s", name, what), hints: hints}
	}
	return nil
}

// check says which field is wrong, and how.
func (a accountSection) check(name string) (field, what string, hints []string) {
	if err := inventory.CheckName(name); err != nil {
		return "", err.Error(), nil
	}
	if _, ok := all.Named(a.Provider); !ok {
		return "provider", "provider is not one of " + strings.Join(providerNames(), ", "), nil
	}
	if a.Credential != "" {
		if _, err := credential.Parse(a.Credential); err != nil {
			return "credential", "credential: " + err.Error(), []string{
				"write where the key is, not the key: " + credential.Forms,
				"if a key was written there: take it out, and replace it, for files like this one are copied and committed",
			}
		}
	}
	if a.Use != "" && !slices.Contains(usesOf(), a.Use) {
		return "use", "use is not one of " + strings.Join(usesOf(), ", "), nil
	}
	if a.ListCommand != nil && (len(a.ListCommand) == 0 || a.ListCommand[0] == "") {
		return "list-command", "list-command wants a program, then its arguments", nil
	}
	for _, text := range append([]string{a.Account}, a.ListCommand...) {
		if len(inventory.Material(text)) > 0 {
			return "account", "a value looks like a key", []string{"no key belongs here; credential takes a reference to one: " + credential.Forms}
		}
	}
	return "", "", nil
}

func providerNames() []string {
	var names []string
	for _, k := range all.Kits() {
		names = append(names, k.Name)
	}
	return names
}

// runsPrograms reports whether an account names a program to start.
func (a accountSection) runsPrograms() bool {
	r, err := credential.Parse(a.Credential)
	return len(a.ListCommand) > 0 || err == nil && r.RunsProgram()
}

// userConfig is the user's own configuration, outside of all trees.
func userConfig(env Env) (string, error) {
	dir, err := env.ConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the directory for configuration: %w", err)
	}
	return filepath.Join(dir, "qleaks", "config.toml"), nil
}

// loadAccounts reads the accounts that count: those of the configuration that
// the operator named, or else those of the user's own file and of the current
// directory's, if that is trusted. A tree that is scanned names none.
func loadAccounts(env Env, given string, say messages) ([]account, error) {
	if given != "" {
		c, err := readConfig(given)
		if err != nil {
			return nil, err
		}
		return c.accounts(given), nil
	}
	own, err := userAccounts(env)
	if err != nil {
		return nil, err
	}
	here, err := treeAccounts(env, say)
	if err != nil {
		return nil, err
	}
	for _, a := range here {
		if i := slices.IndexFunc(own, func(b account) bool { return a.name == b.name }); i >= 0 {
			return nil, wrongUsage(fmt.Sprintf("the account %s is in two files: %s and %s", a.name, own[i].file, a.file), "take it out of one, or name the file: --config FILE")
		}
	}
	return append(own, here...), nil
}

// ownAccounts reads the accounts of the configuration that the operator named, or
// else of the user's own file: who changes keys reads nothing of a tree, trusted or
// not.
func ownAccounts(env Env, given string) ([]account, error) {
	if given == "" {
		return userAccounts(env)
	}
	c, err := readConfig(given)
	if err != nil {
		return nil, err
	}
	return c.accounts(given), nil
}

// userAccounts reads the user's own file, which says nothing of how to scan.
func userAccounts(env Env) ([]account, error) {
	name, err := userConfig(env)
	if err != nil {
		return nil, couldNot("cannot find your configuration", err, "set HOME, or name the file: --config FILE")
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read your configuration", err: err}
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return nil, wrongUsage(name+" can be written by others, who could have programs of theirs started", "chmod 600 "+name)
	}
	c, err := readConfig(name)
	if err != nil {
		return nil, err
	}
	if !c.onlyAccounts() {
		return nil, wrongUsage(name+" may hold [accounts.NAME], [stores.NAME] and [notify.NAME] only", "how to scan is said in "+configName+" of what is scanned, or in the file of --config")
	}
	return c.accounts(name), nil
}

// treeAccounts reads the accounts of the tree that the current directory is
// in. They count where `qleaks trust` was given, and start no programs.
func treeAccounts(env Env, say messages) ([]account, error) {
	root, err := rootToTrust(env, ".")
	if err != nil {
		return nil, nil //nolint:nilerr // no tree that could be read: it has no accounts
	}
	_, trust, err := openTrust(env)
	if err != nil {
		return nil, err
	}
	files, decision, err := trustedFiles(trust, root)
	if err != nil || files.config == nil {
		return nil, nil //nolint:nilerr // what cannot be read has no say
	}
	c, err := parseConfig(files.config)
	if err != nil {
		if decision == baseline.IsTrusted {
			return nil, badConfig(filepath.Join(root, configName), err)
		}
		return nil, nil
	}
	name := filepath.Join(root, configName)
	switch {
	case len(c.Accounts) == 0:
		return nil, nil
	case decision != baseline.IsTrusted:
		say.note("the accounts of %s do not count: the directory is not trusted, or has changed since", name)
		say.hint("if it is yours: qleaks trust %s", root)
		return nil, nil
	}
	for _, a := range c.accounts(name) {
		if a.runsPrograms() {
			own, err := userConfig(env)
			if err != nil {
				own = "your own configuration"
			}
			return nil, wrongUsage(fmt.Sprintf("%s: accounts.%s names a program: a file that is shared does not start programs", name, a.name), "move that account to "+own+", or name the file: --config "+name)
		}
	}
	return c.accounts(name), nil
}

// addAccounts adds an account for each credential that was named by itself,
// where no account of the provider stands in a file; it is called as the
// provider is.
func (a access) addAccounts(list []account) []account {
	for _, name := range providerNames() {
		at, ok := a.references[name]
		if ok && !slices.ContainsFunc(list, func(b account) bool { return b.Provider == name }) {
			list = append(list, account{accountSection: accountSection{Provider: name}, name: name, reference: at})
		}
	}
	return list
}

// accounts are those of a configuration that was validated, by name.
func (c *fileConfig) accounts(file string) []account {
	var list []account
	for _, name := range slices.Sorted(maps.Keys(c.Accounts)) {
		a := account{accountSection: c.Accounts[name], name: name, file: file}
		if a.Credential != "" {
			// It was parsed when the file was validated.
			a.reference, _ = credential.Parse(a.Credential)
		}
		list = append(list, a)
	}
	return list
}

// onlyAccounts reports whether a configuration says nothing else.
func (c *fileConfig) onlyAccounts() bool {
	s := c.Scan
	return len(s.Exclude) == 0 && s.Confidence == nil && s.FailOn == nil && s.Strict == nil && s.Marks == nil && s.Baseline == "" &&
		len(c.Ignore) == 0 && len(c.Rule) == 0
}
