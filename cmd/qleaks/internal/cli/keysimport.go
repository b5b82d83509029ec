package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/inventory/page"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/report"
)

// keysImportOptions say what is imported, and what it is.
type keysImportOptions struct {
	File     string
	Provider string
	Account  string
	Config   string
	AsOf     string
	Days     string
	// Whole and Everybody are what the operator says of the list.
	Whole     bool
	Everybody bool
	Quiet     bool
}

func newKeysImportCommand(env Env) *cobra.Command {
	var o keysImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Keep a list of keys that you exported or copied from a console",
		Long: `FILE is CSV, JSON, or the text of the console's page: select the table of keys with
its heading, copy it, and paste it into a file. IonQ: cloud.ionq.com, Settings,
API keys. qBraid: account, API Keys. Columns are known by their names; a line that
is not understood is refused with its number.

A list is true at some time: --as-of says when, or it is now. It is whole if the
page says so ("1-3 of 3") or you do, with --whole. Only a whole list can show that
a key is missing from it.

A whole key in a list is reduced to its fingerprint, so that hits can be joined
to it; nothing of it is kept.`,
		Example: `  qleaks keys import keys.txt --provider ionq
  qleaks keys import keys.csv --account lab --as-of 2026-03-01 --whole
  pbpaste | qleaks keys import - --provider qbraid --everybody
  ibmcloud iam api-keys --output json | qleaks keys import - --provider ibm`,
		Args: oneArgument("a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.File = args[0]
			return runKeysImport(env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Provider, "provider", "", "whose keys they are: `NAME` is "+strings.Join(providerNames(), ", "))
	f.StringVar(&o.Account, "account", "", "which account's: the `NAME` of [accounts.NAME], or a new one (default: the provider's)")
	f.StringVar(&o.AsOf, "as-of", "", "when the list was true: a `TIME` such as 2026-03-01, or 2026-03-01T15:00Z (default: now)")
	f.BoolVar(&o.Whole, "whole", false, "no key is missing")
	f.BoolVar(&o.Everybody, "everybody", false, "the keys are those of the whole account, not only one's own")
	f.StringVar(&o.Days, "dates", "", "what 01/02/2026 means: `ORDER` is dmy or mdy")
	f.StringVar(&o.Config, "config", "", "the `FILE` with the accounts, instead of your own and the directory's")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no notes and hints on stderr")
	completeWords(cmd, "provider", providerNames()...)
	completeWords(cmd, "dates", string(page.DayFirst), string(page.MonthFirst))
	return cmd
}

// maxPage is the largest list that is read, in bytes.
const maxPage = 32 << 20

func runKeysImport(env Env, o keysImportOptions) error {
	say := messages{w: env.Stderr, quiet: o.Quiet}
	asOf, err := o.asOf(env.Now())
	if err != nil {
		return err
	}
	if !slices.Contains([]page.Order{page.NoOrder, page.DayFirst, page.MonthFirst}, page.Order(o.Days)) {
		return wrongUsage(fmt.Sprintf("--dates %q is not one of dmy, mdy", o.Days))
	}
	store, err := openInventory(env, say)
	if err != nil {
		return err
	}
	account, err := o.account(env, store, say)
	if err != nil {
		return err
	}
	fingerprints, err := fingerprinter(env)
	if err != nil {
		return err
	}
	name, data, err := o.read(env)
	if err != nil {
		return err
	}
	read, err := page.Read(data, page.Options{Provider: account.Provider, AsOf: asOf, Days: page.Order(o.Days), Fingerprints: fingerprints})
	clear(data)
	if err != nil {
		return notImported(name, err)
	}
	list, err := o.snapshot(account, read, name, asOf, env.Now())
	if err != nil {
		return err
	}
	if err := store.Keep(list); err != nil {
		return couldNot("cannot keep the list of keys", err)
	}
	if err := registerValues(store, list, read, fingerprints.Salt(), env.Now()); err != nil {
		return err
	}
	tellImported(say, name, read)
	if !list.Whole && read.Total == 0 {
		say.hint("if it holds every key, import it once more with --whole: only a whole list shows that a key is missing from it")
	}
	_, err = fmt.Fprintf(env.Stdout, "%s\n", report.Clean(fmt.Sprintf("%s: %s imported from %s, as of %s%s", account.Name, plural(len(list.Keys), "key"), name, minute(asOf), wholeness(list))))
	return err
}

func wholeness(list inventory.Snapshot) string {
	if list.Whole {
		return "; the list is whole"
	}
	return "; not whole: " + strings.Join(list.Gaps, ", ")
}

// asOf is when the list was true.
func (o *keysImportOptions) asOf(now time.Time) (time.Time, error) {
	if o.AsOf == "" {
		return now.UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		at, err := time.Parse(layout, o.AsOf)
		if err != nil {
			continue
		}
		if at.After(now) {
			return at, wrongUsage("--as-of " + o.AsOf + " is not here yet")
		}
		return at.UTC(), nil
	}
	return now, wrongUsage(fmt.Sprintf("--as-of %q is no time such as 2026-03-01 or 2026-03-01T15:00Z", o.AsOf))
}

// account is whose keys are imported: one that is configured or known by its
// lists, or a new one.
func (o *keysImportOptions) account(env Env, store *inventory.Store, say messages) (inventory.Account, error) {
	var none inventory.Account
	if o.Provider != "" {
		if err := (&chooseOptions{Providers: []string{o.Provider}}).validate(); err != nil {
			return none, err
		}
	}
	accounts, err := loadAccounts(env, o.Config, say)
	if err != nil {
		return none, err
	}
	if o.Account == "" {
		if o.Provider == "" {
			return none, wrongUsage("whose keys are they? --provider says", "the providers are: "+strings.Join(providerNames(), ", "))
		}
		theirs := slices.DeleteFunc(accounts, func(a account) bool { return a.Provider != o.Provider })
		switch len(theirs) {
		case 0:
			o.Account = o.Provider
		case 1:
			return theirs[0].model(), nil
		default:
			return none, wrongUsage("there are several accounts of "+o.Provider, "say which one: --account "+theirs[0].name)
		}
	}
	if err := inventory.CheckName(o.Account); err != nil {
		return none, wrongUsage("--account: " + err.Error())
	}
	known := inventory.Account{Name: o.Account, Provider: o.Provider}
	if i := slices.IndexFunc(accounts, func(a account) bool { return a.name == o.Account }); i >= 0 {
		known = accounts[i].model()
	} else if lists, err := store.Latest(o.Account, 1); err != nil {
		return none, couldNot("cannot read the lists of keys", err)
	} else if len(lists) > 0 {
		known = lists[0].Account
	}
	switch {
	case known.Provider == "":
		return none, wrongUsage("the account "+o.Account+" is new: --provider says whose it is", "the providers are: "+strings.Join(providerNames(), ", "))
	case o.Provider != "" && known.Provider != o.Provider:
		return none, wrongUsage(fmt.Sprintf("the account %s is of %s, not of %s", o.Account, known.Provider, o.Provider))
	}
	return known, nil
}

// read reads the file, and returns how people know it.
func (o *keysImportOptions) read(env Env) (string, []byte, error) {
	if o.File == "-" {
		data, err := readLimited(env.Stdin, maxPage)
		if err != nil {
			return "", nil, couldNot("cannot read standard input", err)
		}
		return "standard input", data, nil
	}
	f, err := os.Open(o.File)
	if err != nil {
		return "", nil, couldNot("cannot read the list", err)
	}
	defer f.Close()
	data, err := readLimited(f, maxPage)
	if err != nil {
		return "", nil, couldNot("cannot read the list", err)
	}
	name := filepath.Base(o.File)
	if len(inventory.Material(name)) > 0 {
		name = "a file"
	}
	return name, data, nil
}

func notImported(name string, err error) error {
	p := &problem{code: exitFailed, message: "nothing was imported: " + name, err: err}
	if strings.Contains(err.Error(), "whole key") {
		p.hints = []string{"take the key out of the file, and replace it at the provider if anybody else could read the file"}
	}
	return p
}

// snapshot makes the list, which is whole if the page or the operator says so.
func (o *keysImportOptions) snapshot(account inventory.Account, read page.Page, name string, asOf, now time.Time) (inventory.Snapshot, error) {
	list := inventory.Snapshot{
		Account: account, AsOf: asOf, Taken: now.UTC(), Origin: inventory.Origin{Way: inventory.ByImport, Name: name}, Keys: read.Keys,
		Whole: o.Whole,
	}
	if list.Keys == nil {
		list.Keys = []key.Key{}
	}
	if o.Everybody {
		list.Extent.Everybody = key.Yes
	}
	there := len(read.Keys) + read.Ended
	switch {
	case read.Total > there && o.Whole:
		return list, wrongUsage(fmt.Sprintf("--whole: the page itself says that there are %d keys, and %d are in it", read.Total, there), "show all of them, or copy every page into the file")
	case read.Total > there:
		list.Gaps = []string{fmt.Sprintf("the page says that there are %d keys", read.Total)}
	case read.Total == there && there > 0:
		list.Whole = true
	case !o.Whole:
		list.Gaps = []string{"nobody said that no key is missing"}
	}
	return list, nil
}

// registerValues remembers the fingerprints of whole keys that stood in the
// list.
func registerValues(store *inventory.Store, list inventory.Snapshot, read page.Page, salt string, now time.Time) error {
	var known []inventory.Registration
	for _, v := range read.Values {
		if v.Key < 0 {
			continue
		}
		k := list.Keys[v.Key]
		known = append(known, inventory.Registration{
			Fingerprint: v.Fingerprint, Salt: salt, Since: now.UTC(), How: inventory.Claimed, Account: list.Account.Name,
			Key: key.Key{Provider: k.Provider, ID: k.ID, Name: k.Name, Account: k.Account, Project: k.Project},
		})
	}
	if len(known) == 0 {
		return nil
	}
	if err := store.Register(known...); err != nil {
		return couldNot("cannot keep fingerprints", err)
	}
	return nil
}

// tellImported says what a person should know about a list.
func tellImported(say messages, name string, read page.Page) {
	for _, v := range read.Values {
		what := "only its fingerprint was kept"
		if v.Key < 0 {
			what = "nothing of it was kept"
		}
		say.warning("line %d of %s holds a whole key; %s", v.Line, name, what)
	}
	if len(read.Values) > 0 {
		say.line("hint", name+" still holds it: delete it, and replace the key at the provider if anybody else could read that")
	}
	if len(read.LeftOut) > 0 {
		say.note("left out, for nobody knows what they are: %s", strings.Join(read.LeftOut, ", "))
	}
	if read.Ended > 0 {
		say.note("left out, for the list calls them revoked: %s", plural(read.Ended, "key"))
	}
	if read.Approximate {
		say.note("dates such as \"3 days ago\" were counted from the day of the list")
	}
	if len(read.Keys) == 0 {
		say.note("the list has no keys")
	}
}
