package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/handover"
	"github.com/qleaks/qleaks/remediate/journal"
)

// lendOptions are the flags of lend, and those of run that lend.
type lendOptions struct {
	remedyOptions

	Provider  string
	Account   string
	Name      string
	ServiceID string
	For       time.Duration
	// Leave lets the program end at once, and the key be revoked later.
	Leave bool
	// List and End are about keys that are lent already.
	List bool
	End  string
	JSON bool
}

func newLendCommand(env Env) *cobra.Command {
	var o lendOptions
	cmd := &cobra.Command{
		Use:   "lend",
		Short: "Make a key that lives for a while, for a machine not to be trusted",
		Long: `A new key is made, shown once on standard output, and revoked when its time is
over. Run this where you trust the machine, and carry the key to where you do not.
No key that is there changes. IBM's keys also end by themselves (expires_at), whatever
becomes of this machine; those of IonQ and qBraid are made and revoked at the console
([remediate.console]), by your program, or by you, guided.

This waits until the time is over, and then revokes the key. Ctrl-C leaves that for
later: the key stays in qleaks lend --list until qleaks lend --end or qleaks remediate
resume has revoked it, and that is proved. Everything is written down first, so that
nothing is forgotten when this machine dies.

Exit codes:
  0    the key was lent, and revoked when its time was over
  2    wrong command line or configuration
  3    no key was made
  5    it is lent, or could not be revoked yet: qleaks lend --list`,
		Example: `  qleaks lend --provider ibm --for 1h --name cluster
  qleaks lend --provider ibm --service-id ServiceId-… --for 30m | ssh cluster 'umask 077; cat > key'
  qleaks lend --provider ionq --for 8h --name workshop --leave
  qleaks lend --list
  qleaks lend --end workshop`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			switch {
			case o.List:
				return runLendList(env, o)
			case o.JSON:
				return wrongUsage("--json is for --list")
			case o.End != "":
				return runLendEnd(cmd.Context(), env, o)
			}
			return runLend(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addLoanFlags(cmd, &o, time.Hour)
	f.BoolVar(&o.Leave, "leave", false, "do not wait for the end: lend --end, or remediate resume, revokes the key")
	f.BoolVar(&o.List, "list", false, "list the keys that are lent")
	f.StringVar(&o.End, "end", "", "revoke a lent key now: its `NAME`, or the id that --list shows")
	f.BoolVar(&o.JSON, "json", false, "write the list as JSON")
	addLenderFlags(cmd, &o.remedyOptions)
	return cmd
}

func addLoanFlags(cmd *cobra.Command, o *lendOptions, lasts time.Duration) {
	f := cmd.Flags()
	f.StringVar(&o.Provider, "provider", "", "whose key it is: `NAME` is "+strings.Join(providerNames(), ", "))
	f.StringVar(&o.Account, "account", "", "which account's: the `NAME` of [accounts.NAME]")
	f.DurationVar(&o.For, "for", lasts, "how long the key lives: from 1m to 720h")
	f.StringVar(&o.Name, "name", "", "what it is for, in a `WORD`: part of the key's name")
	f.StringVar(&o.ServiceID, "service-id", "", "make it a key of this service ID of IBM's (`ID`), which can do less than you")
	completeWords(cmd, "provider", providerNames()...)
}

func addLenderFlags(cmd *cobra.Command, o *remedyOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.Answers, "answers", false, "take answers from standard input, even where it is no terminal")
	f.StringVar(&o.Config, "config", "", "the `FILE` with accounts and [remediate], instead of your own")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
}

func runLend(ctx context.Context, env Env, o lendOptions) error {
	if env.inCI() && !env.isTerminal(env.Stdout) {
		return wrongUsage("the key would stand in a log of CI", "give it to one program only: qleaks run --provider "+o.Provider+" -- PROGRAM")
	}
	l, err := newLender(ctx, env, o)
	if err != nil {
		return err
	}
	shown := false
	result, err := l.begin(ctx, func(_ context.Context, _ remediate.Row, v secret.Value, until time.Time) (bool, error) {
		if err := handover.Show(env.Stdout, v); err != nil {
			return false, fmt.Errorf("show the key: %w", err)
		}
		shown = true
		l.say.note("the key is shown once; it is revoked on %s", until.UTC().Format(shownTime))
		return false, nil
	})
	if err != nil && shown {
		return &problem{code: exitPartly, message: "the key is lent, and this could not be written down", err: err, hints: []string{"revoke it: qleaks lend --end " + l.row.ID}}
	}
	if !shown {
		return l.failed(result, err)
	}
	if env.isTerminal(env.Stdout) {
		l.say.hint("clear the screen when you have copied it")
	}
	if o.Leave {
		l.say.hint("to revoke it: qleaks lend --end %s; qleaks remediate resume does so when its time is over", l.row.ID)
		return nil
	}
	l.say.hint("Ctrl-C leaves it lent; to revoke it at once: qleaks lend --end %s", l.row.ID)
	select {
	case <-ctx.Done():
		l.say.hint("it is still lent: qleaks lend --end %s", l.row.ID)
		return exitStatusError(exitPartly)
	case <-time.After(time.Until(l.ends(result))):
	}
	return l.takeBack(ctx, l.row.ID)
}

// lender lends keys of one account.
type lender struct {
	*remedy

	account account
	person  remediate.Person
	place   journal.Place
	row     remediate.Row
}

func newLender(ctx context.Context, env Env, o lendOptions) (*lender, error) {
	if o.Provider == "" {
		return nil, wrongUsage("a key of whom? --provider says", "the providers are: "+strings.Join(providerNames(), ", "))
	}
	if err := (&chooseOptions{Providers: []string{o.Provider}}).validate(); err != nil {
		return nil, err
	}
	name := o.Name
	if name == "" {
		name = "lent"
	}
	if err := inventory.CheckName(name); err != nil {
		return nil, wrongUsage("--name: " + err.Error())
	}
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return nil, err
	}
	l := &lender{remedy: r}
	if env.isTerminal(env.Stdin) || o.Answers {
		l.person = newTerminalPerson(env)
	}
	var ok bool
	if l.account, ok = r.account(remediate.Target{Provider: o.Provider, Account: o.Account}); !ok || o.Account != "" && l.account.name != o.Account {
		return nil, wrongUsage(fmt.Sprintf("there is no account of %s that is meant for sure", title(o.Provider)), "write one into your configuration, [accounts.NAME], and name it: --account NAME; or --credential "+o.Provider+"=env:NAME")
	}
	client, own, err := r.client(ctx, l.account)
	if err != nil {
		return nil, err
	}
	verdict, err := client.Verify(ctx, own)
	if err != nil || verdict.Status != key.Active {
		return nil, couldNot("your own credential for "+title(o.Provider)+" is not accepted", err)
	}
	loan := remediate.Loan{Provider: o.Provider, Account: l.account.name, AccountID: verdict.Key.Account.ID, Name: name, Owner: verdict.Key.Owner, Kind: verdict.Key.Kind, Project: verdict.Key.Project, For: o.For}
	if o.ServiceID != "" {
		if o.Provider != "ibm" {
			return nil, wrongUsage("--service-id is for IBM")
		}
		loan.Kind, loan.Owner = "service", key.Party{ID: "iam-" + strings.TrimPrefix(o.ServiceID, "iam-")}
	}
	l.row, err = loan.Row(env.Now(), r.hands(client, verdict.Key, l.account))
	if err != nil {
		return nil, wrongUsage(err.Error())
	}
	l.place, err = r.openPlace(ctx)
	return l, err
}

// begin makes the key and hands it over. It does not wait for the end, so that
// others can work on the account meanwhile.
func (l *lender) begin(ctx context.Context, hand func(context.Context, remediate.Row, secret.Value, time.Time) (bool, error)) (remediate.Result, error) {
	return l.at(ctx, l.place, l.person, namedAccount{l.account.Provider, l.account.name}, func(m *remediate.Machine, _ string) (remediate.Result, error) {
		m.Patience, m.Site.Hand = 0, hand
		return m.Lend(ctx, l.row)
	})
}

// ends is when a loan ends.
func (l *lender) ends(result remediate.Result) time.Time {
	for _, s := range result.Rotations {
		if s.Row.ID == l.row.ID {
			return s.Row.Ends(s.Opened)
		}
	}
	return time.Time{}
}

// failed says why a key was not lent.
func (l *lender) failed(result remediate.Result, err error) error {
	for _, s := range result.Rotations {
		if s.State == remediate.StateAbandoned {
			continue
		}
		l.say.hint("what was begun is undone by: qleaks lend --end %s", l.row.ID)
		return couldNot("no key was lent", errors.Join(err, errors.New(s.Why)))
	}
	for _, left := range result.Refused {
		err = errors.Join(err, errors.New(left.Why))
	}
	return couldNot("no key was lent", err)
}

// waitingForOthers is how often an account is tried that somebody else works on.
const waitingForOthers = 2 * time.Second

// takeBack revokes a lent key. Where somebody else works on the account, they are
// waited for.
func (l *lender) takeBack(ctx context.Context, id string) error {
	for begun := time.Now(); ; {
		result, err := l.at(ctx, l.place, l.person, namedAccount{l.account.Provider, l.account.name}, func(m *remediate.Machine, _ string) (remediate.Result, error) {
			return m.TakeBack(ctx, id)
		})
		if _, held := errors.AsType[*journal.HeldError](err); held && time.Since(begun) < max(l.options.Wait, time.Minute) {
			select {
			case <-ctx.Done():
			case <-time.After(waitingForOthers):
				continue
			}
		}
		if errors.Is(err, remediate.ErrNoLoan) {
			l.say.note("the lent key was revoked already")
			return nil // somebody else was faster
		}
		return l.tookBack(id, abandonedIsDone(result), err)
	}
}

func (l *lender) tookBack(id string, result remediate.Result, err error) error {
	if err == nil && result.Done() {
		l.say.note("the lent key is revoked, and %s refuses it", title(l.account.Provider))
		return nil
	}
	for _, s := range result.Rotations {
		err = errors.Join(err, errors.New(s.Why))
	}
	return &problem{code: exitPartly, message: "the lent key may still work", err: err, hints: []string{"try again: qleaks lend --end " + id}}
}
