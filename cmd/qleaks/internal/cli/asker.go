package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/verify"
)

// verifyOptions say what providers are asked about.
type verifyOptions struct {
	Verify   bool
	Identify bool
	// Also lists what is asked about besides; see alsoWords.
	Also []string
	// Wait is how long a provider that asks to wait is waited for.
	Wait    time.Duration
	Explain bool
	Network networkOptions

	also   verify.Also
	access access
	// away says that GitHub is asked with the flags of the network, whatever
	// providers are asked.
	away bool
}

const (
	alsoLow     = "low"
	alsoIgnored = "ignored"
	alsoStored  = "stored"
)

func alsoWords() []string { return []string{alsoLow, alsoIgnored, alsoStored} }

func addVerifyFlags(cmd *cobra.Command, o *verifyOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.Identify, "identify", false, "find out, too, what keys that work can get at: instances, credits, usage; more requests")
	f.StringSliceVar(&o.Also, "verify-also", nil, "ask about more keys, too: `WHAT` is low (of low confidence), ignored (or in a baseline), stored (only in key stores)")
	f.DurationVar(&o.Wait, "verify-wait", verify.DefaultPatience, "wait `SO LONG` in all where a provider asks to")
	f.BoolVar(&o.Explain, "explain-network", false, "list the requests that would be made, and what they carry, and send nothing")
	addNetworkFlags(cmd, &o.Network)
	addAccountFlag(cmd, &o.Network)
	completeWords(cmd, "verify-also", alsoWords()...)
}

// validate checks the options; unless verifying, none of them may be given.
func (o *verifyOptions) validate(origins map[string]origin) error {
	if !o.Verify {
		if o.away {
			return nil
		}
		for _, name := range []string{"identify", "verify-also", "verify-wait", "explain-network", "credential", "endpoint", "proxy", "login-check", "account"} {
			if origins[name] == fromFlag {
				return wrongUsage("--"+name+" is for --verify", "without --verify nothing is sent to anybody")
			}
		}
		return nil
	}
	for _, word := range o.Also {
		switch word {
		case alsoLow:
			o.also.Low = true
		case alsoIgnored:
			o.also.Suppressed = true
		case alsoStored:
			o.also.Stored = true
		default:
			return wrongUsage(fmt.Sprintf("--verify-also %q is not one of %s", clipped(word), strings.Join(alsoWords(), ", ")))
		}
	}
	if o.Wait < 0 {
		return wrongUsage(fmt.Sprintf("--verify-wait %s: it must be 0 or more", o.Wait))
	}
	var err error
	o.access, err = o.Network.access()
	return err
}

// asker asks providers for a command.
type asker struct {
	env     Env
	say     messages
	log     *slog.Logger
	options verifyOptions
	// accounts are those that stand in files; own says that they were read already.
	accounts []account
	own      bool
	// anew lists the keys of accounts even where a list is fresh: what is done
	// about a key rests on it.
	anew bool
}

// withAccounts reads the accounts: as whom to ask, and whose lists to keep.
func (a asker) withAccounts() (asker, error) {
	var err error
	if !a.own {
		if a.accounts, err = loadAccounts(a.env, "", a.say); err != nil {
			return a, err
		}
	}
	if a.options.access, err = a.options.access.withAccounts(a.accounts); err != nil {
		return a, err
	}
	if chosen := a.options.Network.Accounts; len(chosen) > 0 {
		a.accounts = slices.DeleteFunc(a.accounts, func(one account) bool { return !slices.Contains(chosen, one.name) })
	}
	return a, nil
}

func (a asker) plan(claims []verify.Claim) verify.Plan {
	return verify.NewPlan(all.Kits(), claims, a.options.also)
}

// ask asks, and says whom. The checks are there even when the context ended.
func (a asker) ask(ctx context.Context, plan verify.Plan) (verify.Outcome, error) {
	names := plan.Providers()
	if len(names) == 0 {
		return verify.Outcome{Checks: plan.Withheld}, nil
	}
	a, err := a.withAccounts()
	if err != nil {
		return verify.Outcome{}, err
	}
	clients, err := a.options.access.clients(ctx, a.env, names, a.say, a.log)
	if err != nil {
		return verify.Outcome{}, err
	}
	for _, name := range names {
		a.say.note("asking %s about %s%s", title(name), plural(plan.Count(name), "key"), asWhom(clients[name]))
	}
	keeper, err := a.newKeeper(names)
	if err != nil {
		return verify.Outcome{}, err
	}
	v := verify.Verifier{Snapshot: keeper, Clients: clients, Describe: a.options.Identify, Patience: max(a.options.Wait, 1)}
	out, err := v.Ask(ctx, plan)
	rememberVerdicts(a.env, a.log, out.Checks)
	for _, name := range slices.Sorted(maps.Keys(out.Unkept)) {
		a.say.warning("the list of keys at %s could not be kept beforehand: %v", title(name), out.Unkept[name])
	}
	for _, name := range slices.Sorted(maps.Keys(out.Unasked)) {
		a.say.warning("%s was not asked as %s: that credential is not accepted, or was not answered", title(name), strings.Join(out.Unasked[name], ", "))
	}
	if ctx.Err() != nil {
		err = nil // the exit code says it
	}
	return out, err
}

// asWhom says as which accounts a provider is asked.
func asWhom(clients []verify.Account) string {
	var names []string
	for _, one := range clients {
		if one.Name != "" {
			names = append(names, one.Name)
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return ", as the account " + names[0]
	}
	return ", as the accounts " + strings.Join(names, ", ")
}

// advise says what to do about keys of which nothing is known.
func (a asker) advise(found []finding.Finding) {
	for _, f := range found {
		if f.Unanswered() && f.Check.Provider == "ibm" && f.Check.Verdict.Reason == provider.ErrNoCredential.Error() {
			a.say.hint("IBM tells of a key to a credential of yours, so that the found key need not log in: --credential ibm=env:NAME, or an account (qleaks keys --help); or let it log in: --login-check")
			return
		}
	}
}

func title(name string) string {
	if kit, ok := all.Named(name); ok {
		return kit.Title
	}
	return name
}
