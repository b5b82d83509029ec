package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/report"
)

func newKeysShowCommand(env Env) *cobra.Command {
	var choose chooseOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show KEY",
		Short: "Show all that the lists say of one key, and how it changed",
		Long: `KEY is an id or the beginning of one, a name, or the fingerprint of a registered
value. Nobody is asked; qleaks keys list asks.`,
		Example: `  qleaks keys show ci-runner
  qleaks keys show ApiKey-0a1b2c3d --account lab
  qleaks keys show ci-runner --json`,
		Args: oneArgument("an id or a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			if err := choose.validate(); err != nil {
				return err
			}
			return runKeysShow(env, args[0], choose, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&choose.Providers, "provider", nil, "only of this provider: `NAME` is "+strings.Join(providerNames(), ", "))
	f.StringSliceVar(&choose.Accounts, "account", nil, "only of this account: the `NAME` of [accounts.NAME]")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func runKeysShow(env Env, wanted string, choose chooseOptions, asJSON bool) error {
	if len(inventory.Material(wanted)) > 0 {
		return wrongUsage("that looks like a key itself, and it is in the history of your shell now", "give its id or its name; replace the key if others can read that history")
	}
	say := messages{w: env.Stderr}
	store, err := openInventory(env, say)
	if err != nil {
		return err
	}
	all, err := store.Load()
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	inv := all.Only(choose.means)
	found := inv.Named(wanted)
	if len(found) != 1 {
		return notOne(inv, wanted, found)
	}
	if asJSON {
		return writeIndented(env.Stdout, found[0].Record())
	}
	past, err := history(store, found[0])
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	return writeKey(env.Stdout, found[0], past)
}

// notOne says that a word means no key, or several.
func notOne(inv inventory.Inventory, wanted string, found []*inventory.Entry) error {
	if len(found) == 0 {
		var names []string
		for _, e := range inv.Entries {
			names = append(names, e.Key.Name, e.Key.ID)
		}
		hints := didYouMean(wanted, names)
		if len(hints) == 0 {
			hints = []string{"what there is: qleaks keys list --stored"}
		}
		return wrongUsage(fmt.Sprintf("no list has a key %q", wanted), hints...)
	}
	var hints []string
	for _, e := range found[:min(len(found), 8)] {
		hints = append(hints, fmt.Sprintf("%s of %s", keyName(e.Key), strings.Join(e.Accounts, ", ")))
	}
	return wrongUsage(fmt.Sprintf("%q means %s", wanted, plural(len(found), "key")), hints...)
}

// writeKey writes all that is told of a key, a line each.
func writeKey(w io.Writer, e *inventory.Entry, past []string) error {
	k := e.Key
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, told string) {
		if told != "" {
			fmt.Fprintf(table, "%s\t%s\n", what, report.Clean(told))
		}
	}
	line("name", k.Name)
	line("id", k.ID)
	line("description", k.Description)
	line("provider", k.Provider)
	line("on the lists of", strings.Join(e.Accounts, ", "))
	line("kind", k.Kind)
	for _, p := range []struct {
		what string
		who  key.Party
	}{{"owner", k.Owner}, {"account", k.Account}, {"project", k.Project}} {
		line(p.what, strings.Join(slices.DeleteFunc([]string{p.who.Name, p.who.Email, p.who.ID}, func(s string) bool { return s == "" }), ", "))
	}
	line("created", exactly(k.Dates.Created))
	line("modified", exactly(k.Dates.Modified))
	line("expires", expiryOf(k))
	used := lastUsedExactly(k.Use)
	if n := count(k.Use); n != "" {
		used += ", " + n
	}
	line("last used", used)
	for _, t := range []struct {
		what string
		says key.Trait
	}{{"disabled", k.State.Disabled}, {"locked", k.State.Locked}, {"retrievable", k.State.Retrievable}} {
		line(t.what, string(t.says))
	}
	line("when leaked", k.State.OnLeak)
	line("permissions", strings.Join(k.Roles, ", "))
	for _, r := range e.Registered {
		told := fmt.Sprintf("%s (%s, since %s)", r.Fingerprint, r.How, dayOf(r.Since))
		if r.Place != "" {
			told += ", used at " + r.Place
		}
		line("fingerprint", told)
	}
	line("as of", exactly(e.AsOf)+", by "+string(e.Origin.Way))
	for i, what := range past {
		label := ""
		if i == 0 {
			label = "history"
		}
		fmt.Fprintf(table, "%s\t%s\n", label, report.Clean(what))
	}
	return table.Flush()
}

func exactly(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return minute(t)
}

// longestHistory is how many changes are told.
const longestHistory = 20

// history tells what the lists of its accounts said of a key, oldest first.
func history(store *inventory.Store, e *inventory.Entry) ([]string, error) {
	var all []string
	for _, account := range e.Accounts {
		lists, err := store.Snapshots(account)
		if err != nil {
			return nil, err
		}
		var before *key.Key
		for _, list := range slices.Backward(lists) {
			i := slices.IndexFunc(list.Keys, func(k key.Key) bool { return sameKey(k, e.Key) })
			if i < 0 {
				continue
			}
			now := list.Keys[i]
			when := minute(list.AsOf) + ", " + account + ": "
			if before == nil {
				all = append(all, when+"first listed")
			} else if what := differences(inventory.Changed{Before: *before, After: now}); len(what) > 0 {
				all = append(all, when+strings.Join(what, ", "))
			}
			before = &now
		}
	}
	return all[max(0, len(all)-longestHistory):], nil
}

func sameKey(a, b key.Key) bool {
	if a.ID != "" || b.ID != "" {
		return a.ID == b.ID
	}
	return a.Name == b.Name && a.Project == b.Project
}
