package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/all"
	"github.com/qleaks/qleaks/remediate/store/file"
)

func newStoresCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stores",
		Short: "Put keys away where they are used, without showing them",
		Long: `Stores are declared in your own configuration, or in the file of --config, as
[stores.NAME] with a kind and the keys that each holds; see docs/stores.md. What is
scanned never names a store. Write those first that matter least: a new key goes to
them first.`,
		Example: `  qleaks stores list                    what is declared
  qleaks stores check                   what can be reached and written
  qleaks stores put laptop              put a key away: it is asked for, and not shown`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newStoresListCommand(env), newStoresCheckCommand(env), newStoresPutCommand(env), newStoresShareCommand(env))
	return cmd
}

// declaredStore is a store that counts, and who says so.
type declaredStore struct {
	store.Declaration

	// file is where it is written; paths count from its directory.
	file string
}

// declareStores reads [stores.NAME] of a configuration. It quotes no value:
// somebody may have written a key.
func (c *fileConfig) declareStores(data []byte, meta toml.MetaData) error {
	for _, name := range storeOrder(meta) {
		said := c.Stores[name]
		shown := name
		if len(inventory.Material(name)) > 0 {
			shown = "NAME"
		}
		wrong := func(field, what string, hints ...string) error {
			line := lineOfKey(string(data), toml.Key{"stores", name, field})
			if line == 0 {
				line = lineOfKey(string(data), toml.Key{"stores", name})
			}
			return &configError{line: line, what: "stores." + shown + ": " + what, hints: hints}
		}
		if err := inventory.CheckName(name); err != nil {
			return wrong("", err.Error())
		}
		for field, value := range said {
			if len(inventory.Material(field+" "+fmt.Sprint(value))) > 0 {
				return wrong(field, "something here looks like a key", "take it out, and replace it: files like this one are copied and committed", "where a credential is needed, write where it is: "+credential.Forms)
			}
		}
		d, err := store.Declare(name, said, all.Kinds())
		if bad, ok := errors.AsType[*store.FieldError](err); ok {
			hints := didYouMean(bad.Field, bad.Known)
			if value, ok := said[bad.Field].(string); ok && len(hints) == 0 {
				hints = didYouMean(value, bad.Known)
			}
			return wrong(bad.Field, bad.What, hints...)
		}
		c.stores = append(c.stores, d)
	}
	return nil
}

// storeOrder are the names of stores in the order in which they are written.
func storeOrder(meta toml.MetaData) []string {
	var names []string
	for _, key := range meta.Keys() {
		if len(key) > 1 && key[0] == "stores" && !slices.Contains(names, key[1]) {
			names = append(names, key[1])
		}
	}
	return names
}

// loadStores reads the stores that count: those of the configuration that the
// operator named, or else those of the user's own file.
func loadStores(env Env, given string, say messages) ([]declaredStore, error) {
	name := given
	if name == "" {
		own, err := userConfig(env)
		if err != nil {
			return nil, couldNot("cannot find your configuration", err, "set HOME, or name the file: --config FILE")
		}
		if !env.Self.acts {
			tellOfTreeStores(env, own, say)
		}
		if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		// The checks of who may write to it are the same.
		if _, err := userAccounts(env); err != nil {
			return nil, err
		}
		name = own
	}
	c, err := readConfig(name)
	if err != nil {
		return nil, err
	}
	var list []declaredStore
	for _, d := range c.stores {
		list = append(list, declaredStore{d, name})
	}
	return list, nil
}

// tellOfTreeStores says that stores of the current tree do not count, trusted or
// not: what is scanned never says where keys go.
func tellOfTreeStores(env Env, own string, say messages) {
	root, err := rootToTrust(env, ".")
	if err != nil {
		return
	}
	data, err := contentOf(root, configName, maxConfig)
	if err != nil || data == nil {
		return
	}
	if c, err := parseConfig(data); err == nil && len(c.stores) > 0 {
		say.note("the stores of %s do not count: what is scanned never says where keys go", filepath.Join(root, configName))
		say.hint("move them to %s, or name the file: --config %s", own, filepath.Join(root, configName))
	}
}

// someStores are the stores that were named, or all.
func someStores(env Env, given string, names []string, say messages) ([]declaredStore, error) {
	list, err := loadStores(env, given, say)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		own, err := userConfig(env)
		if err != nil {
			own = "your own configuration"
		}
		return nil, wrongUsage("no store is declared", "declare one in "+own+": [stores.laptop], kind = \"env-file\", path, variable; see docs/stores.md")
	}
	if len(names) == 0 {
		return list, nil
	}
	var chosen []declaredStore
	var known []string
	for _, s := range list {
		known = append(known, s.Name)
	}
	for _, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return nil, wrongUsage(fmt.Sprintf("there is no store %q", name), append(didYouMean(name, known), "the stores are: "+strings.Join(known, ", "))...)
		}
		chosen = append(chosen, list[at])
	}
	return chosen, nil
}

// open opens a store for a use of which only the rotation and the old value are
// known.
func (s declaredStore) open(env Env, u store.Use, log *slog.Logger) (store.Store, error) {
	var err error
	if u.Fingerprints, err = fingerprinter(env); err != nil {
		return nil, err
	}
	dir := filepath.Dir(s.file)
	if u.Dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	cache, err := env.CacheDir()
	if err != nil {
		cache = "" // another directory serves as well
	}
	u.Home, u.Locks, u.Excludes, u.Log = cmp.Or(env.Getenv("HOME"), env.Getenv("USERPROFILE")), file.Locks(cache), globalIgnore(env), log
	u.Credential = func(ctx context.Context, at credential.Reference) (secret.Value, error) {
		return fetch(ctx, env, at, dir)
	}
	return s.Open(u)
}

// storeHints says what to do about an error of a store.
func storeHints(err error) []string {
	for _, c := range []struct {
		kind error
		hint string
	}{
		{store.ErrChanged, "look at what is there now, and try again"},
		{store.ErrLost, "try again: writing the same value twice does no harm"},
		{store.ErrRefused, "its credential may have ended: see the settings of the store"},
		{store.ErrForbidden, "give the credential the right to write this one secret; docs/stores.md says which"},
		{store.ErrUnavailable, "look at its address and at your network, and try again"},
		{store.ErrSystem, "declare a store of another kind for this computer; docs/stores.md lists them"},
		{store.ErrValue, "a key is one line of letters, digits and a few signs: copy it again"},
		{file.ErrCommitted, "name the file in .gitignore first; if Git tracks it: git rm --cached FILE"},
		{file.ErrIndirect, "put the key where that line takes it from"},
		{file.ErrSeveral, "name the one that is meant by the setting account"},
	} {
		if errors.Is(err, c.kind) {
			return []string{c.hint}
		}
	}
	return credentialHints(err)
}
