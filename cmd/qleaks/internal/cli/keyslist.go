package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
)

// keysListOptions say which keys are listed, and how.
type keysListOptions struct {
	Choose chooseOptions
	// Stored shows what is kept and asks nobody.
	Stored bool
	// Changes shows what differs from the list before.
	Changes bool
	// Everybody, Services and Use are those of an account; they count for all
	// accounts where Origins has them.
	Everybody bool
	Services  bool
	Use       string
	// Patience is how long a provider that asks to wait is waited for.
	Patience time.Duration
	Network  networkOptions
	Output   outputOptions
	Talking  talkOptions
	Origins  map[string]origin
}

func newKeysListCommand(env Env) *cobra.Command {
	var o keysListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Ask for the keys of your accounts, keep the lists, and show them",
		Long: `Accounts that cannot be asked are shown as they were at the last import. A list
that was cut short is kept as one that is not whole.

When a key was last used, IBM tells of each key by itself (--use key), or in a
report of the whole account, which takes a while and says less (--use report).

Exit codes: 0 all lists are whole and there · 2 wrong command line or
configuration · 3 nothing could be listed · 4 some list is missing, or not
whole · 130 interrupted`,
		Example: `  qleaks keys list
  qleaks keys list --provider ibm --everybody --services
  qleaks keys list --stored --changes                what differs from the list before
  qleaks keys list --json > keys.json                its form: qleaks schema keys
  qleaks keys list --format csv -o keys.csv`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Origins, err = bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			if err := o.validate(); err != nil {
				return err
			}
			return runKeysList(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addChooseFlags(cmd, &o.Choose)
	f.BoolVar(&o.Everybody, "everybody", false, "the keys of the whole account, not only one's own; needs the right for it")
	f.BoolVar(&o.Services, "services", false, "with --everybody: the keys of service IDs, too")
	f.StringVar(&o.Use, "use", "key", "how to find out when keys were last used: `HOW` is "+strings.Join(usesOf(), ", "))
	f.DurationVar(&o.Patience, "patience", defaultPatience, "how long to wait, at most, for a provider that is busy")
	f.BoolVar(&o.Stored, "stored", false, "show the lists that are kept, and ask nobody")
	f.BoolVar(&o.Changes, "changes", false, "show what differs from the list before")
	addReachFlags(cmd, &o.Network)
	addKeysOutputFlags(cmd, &o.Output)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "use", usesOf()...)
	return cmd
}

// keysFormats are the formats of a list of keys.
func keysFormats() []string { return []string{"text", "json", "csv"} }

func addKeysOutputFlags(cmd *cobra.Command, o *outputOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Format, "format", defaultFormat, "`NAME`: "+strings.Join(keysFormats(), ", "))
	f.BoolVar(&o.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.File, "output", "o", "", "write to `FILE`, in one step")
	completeWords(cmd, "format", keysFormats()...)
}

func (o *keysListOptions) validate() error {
	if err := o.Choose.validate(); err != nil {
		return err
	}
	if !slices.Contains(usesOf(), o.Use) {
		return wrongUsage(fmt.Sprintf("--use %q is not one of %s", o.Use, strings.Join(usesOf(), ", ")), didYouMean(o.Use, usesOf())...)
	}
	if o.Patience <= 0 {
		return wrongUsage(fmt.Sprintf("--patience %s: it must be more than nothing", o.Patience))
	}
	if err := o.Output.chooseFormat(keysFormats(), o.Origins); err != nil {
		return err
	}
	if o.Changes && o.Output.Format != defaultFormat {
		return wrongUsage("--changes is text only", "to compare by yourself: qleaks keys list --json, twice")
	}
	return nil
}

// chooseFormat settles --json and --format for commands without the formats of
// a scan.
func (o *outputOptions) chooseFormat(formats []string, origins map[string]origin) error {
	if o.JSON {
		if origins["format"] == origins["json"] && o.Format != "json" {
			return wrongUsage(fmt.Sprintf("--json and --format %s contradict each other", o.Format))
		}
		if origins["json"].rank() >= origins["format"].rank() {
			o.Format = "json"
		}
	}
	if !slices.Contains(formats, o.Format) {
		return wrongUsage(fmt.Sprintf("--format %q is not one of %s", o.Format, strings.Join(formats, ", ")), didYouMean(o.Format, formats)...)
	}
	if o.File == "-" {
		o.File = ""
	}
	return nil
}

// keysListing is one run of `keys list`.
type keysListing struct {
	env      Env
	options  keysListOptions
	say      messages
	store    *inventory.Store
	accounts []account
	failed   []inventory.FailedRecord
	access   access
}

func runKeysList(ctx context.Context, env Env, o keysListOptions) error {
	l := &keysListing{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}
	var err error
	if l.store, err = openInventory(env, l.say); err != nil {
		return err
	}
	if l.accounts, err = loadAccounts(env, o.Choose.Config, l.say); err != nil {
		return err
	}
	if l.access, err = o.Network.access(); err != nil {
		return err
	}
	l.accounts = l.access.addAccounts(l.accounts)
	if err := l.choose(); err != nil {
		return err
	}
	if !o.Stored {
		if err := l.askAll(ctx); err != nil {
			return err
		}
	}
	all, err := l.store.Load()
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	shown := all.Only(o.Choose.means)
	l.checkMissing(shown)
	if len(shown.Lists) == 0 {
		return l.nothing()
	}
	if err := l.write(shown); err != nil {
		return err
	}
	return l.verdict(shown)
}

// choose leaves the accounts that are meant, and complains about names that
// nobody knows.
func (l *keysListing) choose() error {
	stored, err := l.store.Accounts()
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	known := slices.Clone(stored)
	for _, a := range l.accounts {
		known = append(known, a.name)
	}
	for _, name := range l.options.Choose.Accounts {
		if !slices.Contains(known, name) {
			return noSuchAccount(name, known)
		}
	}
	l.accounts = slices.DeleteFunc(l.accounts, func(a account) bool { return !l.options.Choose.means(a.model()) })
	if len(known) == 0 {
		own, err := userConfig(l.env)
		if err != nil {
			own = "config.toml"
		}
		return wrongUsage("there is no account yet, and no list of keys",
			"write into "+own+": [accounts.lab], and below it provider = \"ibm\" and credential = \"env:NAME\"",
			"or import the page of a console: qleaks keys import keys.txt --provider ionq")
	}
	return nil
}

// noListYet is said of an account that tells no keys, and of which nobody brought a
// list.
const noListYet = "there is no list of its keys yet"

// checkMissing notes the accounts of which there is no list at all.
func (l *keysListing) checkMissing(shown inventory.Inventory) {
	for _, a := range l.accounts {
		listed := slices.ContainsFunc(shown.Lists, func(s inventory.Snapshot) bool { return s.Account.Name == a.name })
		if !listed && !l.hasFailed(a.name) {
			l.fail(a.name, noListYet)
			if !l.options.Stored {
				l.say.hint("copy the console's page of keys into a file: qleaks keys import FILE --account %s", a.name)
			}
		}
	}
}

func (l *keysListing) hasFailed(name string) bool {
	return slices.ContainsFunc(l.failed, func(f inventory.FailedRecord) bool { return f.Account == name })
}

// fail tells that an account's keys are not there, or not as they are now.
func (l *keysListing) fail(name, why string) {
	l.say.warning("%s: %s", name, why)
	l.failed = append(l.failed, inventory.FailedRecord{Account: name, Why: why})
}

func (l *keysListing) nothing() error {
	if len(l.failed) > 0 {
		return exitStatusError(exitFailed)
	}
	return couldNot("no list of keys is kept", nil, "leave --stored away to ask for them")
}

// verdict is the exit code.
func (l *keysListing) verdict(shown inventory.Inventory) error {
	newest := map[string]bool{}
	whole := true
	for _, list := range shown.Lists {
		if !newest[list.Account.Name] {
			whole = whole && list.Whole
		}
		newest[list.Account.Name] = true
	}
	if len(l.failed) > 0 || !whole {
		return exitStatusError(exitIncomplete)
	}
	return nil
}
