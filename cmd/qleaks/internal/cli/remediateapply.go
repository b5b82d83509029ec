package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/journal"
)

// applyOptions are the flags of remediate apply.
type applyOptions struct {
	remedyOptions

	Plan      string
	Approvals []string
}

const applyExits = `
Exit codes:
  0  every key is done, and that is proved
  2  wrong command line or configuration
  3  nothing could be done
  5  some of it is done, or waits: qleaks remediate status tells, resume goes on
  130  interrupted; resume goes on`

func newRemediateApplyCommand(env Env) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Carry out a plan, after you said yes to it",
		Long: `The plan is shown, and you are asked. With --yes nobody is asked; that is for
mode = "auto" only. A plan whose facts have changed since is refused.
` + applyExits,
		Example: `  qleaks remediate apply plan.json
  qleaks remediate apply plan.json --approval approval.txt   signed by a second person
  qleaks remediate apply plan.json --yes                     by policy, without a person`,
		Args: oneArgument("the file of a plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Plan = args[0]
			return runRemediateApply(cmd.Context(), env, o)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringArrayVar(&o.Approvals, "approval", nil, "the `FILE` that a second person signed, with FILE.sig beside it; may be repeated")
	addRemedyFlags(cmd, &o.remedyOptions)
	return cmd
}

func runRemediateApply(ctx context.Context, env Env, o applyOptions) error {
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return err
	}
	plan, err := readPlan(o.Plan)
	if err != nil {
		return err
	}
	if len(o.Scan) > 0 {
		if _, err := r.look(ctx, &audit{env: r.env, options: auditOptions{Scan: o.Scan, Talking: o.Talking}, say: r.say}, planOptions{}); err != nil {
			return err
		}
	}
	approvals, err := readApprovals(o.Approvals)
	if err != nil {
		return err
	}
	return r.apply(ctx, plan, approvals)
}

func readPlan(name string) (remediate.Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return remediate.Plan{}, couldNot("cannot read the plan", rootCause(err))
	}
	defer f.Close()
	text, err := readLimited(f, remediate.MaxPlan)
	if err != nil {
		return remediate.Plan{}, couldNot("cannot read the plan", rootCause(err))
	}
	plan, err := remediate.Read(text)
	if err != nil {
		return plan, &problem{code: exitUsage, message: name, err: err, hints: []string{"make one with: qleaks remediate plan -o " + name}}
	}
	return plan, nil
}

func readApprovals(names []string) ([]remediate.Approval, error) {
	var all []remediate.Approval
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, couldNot("cannot read the approval", rootCause(err))
		}
		signature, err := os.ReadFile(name + ".sig")
		if err != nil {
			return nil, couldNot("cannot read the signature of the approval", rootCause(err), "sign it with: ssh-keygen -Y sign -n "+remediate.ApprovalNamespace+" -f KEY "+name)
		}
		all = append(all, remediate.Approval{Text: text, Signature: signature})
	}
	return all, nil
}

// mayChange says whether this run may change anything, and with whom.
func (r *remedy) mayChange() (remediate.Person, error) {
	terminal := r.env.isTerminal(r.env.Stdin)
	switch {
	case r.policy.Mode == remediate.ModePlan:
		return nil, wrongUsage("the policy allows plans only", `in your own configuration: [remediate], mode = "guided", or "auto"`)
	case r.options.Yes && r.options.Answers:
		return nil, wrongUsage("--yes and --answers contradict each other")
	case r.options.Yes && r.policy.Mode != remediate.ModeAuto:
		return nil, wrongUsage(`--yes is for mode = "auto"`, "without it you are asked")
	case r.options.Yes:
		return nil, nil
	case !terminal && !r.options.Answers:
		return nil, wrongUsage("nobody can be asked: standard input is no terminal", `--yes asks nobody, with mode = "auto"; --answers takes answers from standard input`)
	}
	return newTerminalPerson(r.env), nil
}

// apply carries out a plan, account after account.
func (r *remedy) apply(ctx context.Context, plan remediate.Plan, approvals []remediate.Approval) error {
	person, err := r.mayChange()
	if err != nil {
		return err
	}
	if len(plan.Rows) == 0 {
		r.say.note("nothing is to be done")
		return nil
	}
	if person != nil {
		if err := plan.Text(r.env.Stdout, remediate.TextOptions{}); err != nil {
			return err
		}
		yes, err := person.Yes(ctx, remediate.Guide{Title: "Carry out the plan " + plan.Hash()[:12], Question: "Is it to be carried out as it stands above?"})
		if err != nil {
			return couldNot("no answer", err)
		}
		if !yes {
			return couldNot("nothing was done", errors.New("you said no"))
		}
	}
	return r.each(ctx, person, r.rowAccounts(plan), func(m *remediate.Machine, a string) (remediate.Result, error) {
		return m.Apply(ctx, plan, remediate.Consent{Hash: plan.Hash(), Approvals: approvals, Account: a})
	})
}

// clientWith opens the way to an account's provider with another credential.
func (r *remedy) clientWith(a account, v secret.Value) (provider.Client, error) {
	kit, err := kitNamed("account", a.Provider)
	if err != nil {
		return nil, err
	}
	return kit.New(provider.Config{Credential: v, Account: a.Account, Origins: r.access.origins[a.Provider], Proxy: r.access.options.Proxy, Log: r.log})
}

// namedAccount is an account as rows and journals name it.
type namedAccount struct{ provider, name string }

func (r *remedy) rowAccounts(plan remediate.Plan) []namedAccount {
	var list []namedAccount
	for _, row := range plan.Rows {
		if a := (namedAccount{row.Key.Provider, row.Key.Account}); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// each runs a machine at each account, and tells what came of it.
func (r *remedy) each(ctx context.Context, person remediate.Person, accounts []namedAccount, do func(m *remediate.Machine, account string) (remediate.Result, error)) error {
	place, err := r.openPlace(ctx)
	if err != nil {
		return err
	}
	var failed error
	whole := true
	for _, a := range accounts {
		result, err := r.at(ctx, place, person, a, do)
		r.results = append(r.results, result)
		whole = whole && err == nil && (result.Done() || r.options.undoes && abandonedIsDone(result).Done())
		r.tell(result)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", a.name, err))
		}
	}
	r.say.note("the audit log is at %s", place.Audit.Head())
	switch {
	case ctx.Err() != nil:
		return exitStatusError(exitInterrupted)
	case failed != nil && errors.Is(failed, remediate.ErrStopped):
		return &problem{code: exitPartly, message: "stopped", err: failed, hints: []string{"when it may go on: qleaks remediate resume"}}
	case failed != nil:
		return &problem{code: exitPartly, message: "not all of it was done", err: failed, hints: []string{"qleaks remediate status tells where everything stands"}}
	case !whole:
		return exitStatusError(exitPartly)
	}
	if r.options.undoes {
		return nil
	}
	r.say.hint("what is left: list the keys anew (qleaks keys), take the old ones out of files (qleaks fix) and of the history (qleaks fix --history)")
	return nil
}

// at runs a machine at one account.
func (r *remedy) at(ctx context.Context, place journal.Place, person remediate.Person, a namedAccount, do func(m *remediate.Machine, account string) (remediate.Result, error)) (remediate.Result, error) {
	known, ok := r.account(remediate.Target{Provider: a.provider, Account: a.name})
	if !ok {
		return remediate.Result{}, wrongUsage(fmt.Sprintf("there is no account %s of %s here", a.name, title(a.provider)), "write it into your configuration: [accounts."+a.name+"]; or --credential "+a.provider+"=env:NAME")
	}
	client, own, err := r.client(ctx, known)
	if err != nil {
		return remediate.Result{}, err
	}
	j, err := journal.Open(place, journal.Account{Provider: a.provider, ID: a.name})
	if err != nil {
		return remediate.Result{}, couldNot("cannot open the journal", err, "docs/journal.md says what to do")
	}
	defer func() { _ = j.Close() }() // every record is safe by now
	if before, ok := j.Interrupted(); ok {
		r.say.note("process %d worked on %s before, and did not come to its end", before.Process, a.name)
	}
	book, err := remediate.NewBook(j)
	if err != nil {
		return remediate.Result{}, err
	}
	return do(r.machine(ctx, book, person, known, client, own, place), a.name)
}

func (r *remedy) machine(ctx context.Context, book *remediate.Book, person remediate.Person, a account, client provider.Client, own secret.Value, place journal.Place) *remediate.Machine {
	hands := r.atAccount(a.Provider, remediate.API(client), person)
	return &remediate.Machine{
		Site: remediate.Site{
			Client: client, Hands: hands, Person: person, Store: r.openStore, Journal: book, Vault: book,
			Acting: []remediate.Acting{r.acting(ctx, a.Provider, client, own)}, Fingerprints: r.prints,
			As: func(v secret.Value) (provider.Client, error) { return r.clientWith(a, v) },
			Value: func(t remediate.Target) (secret.Value, bool) {
				v, ok := r.values[t.Fingerprint]
				return v, ok
			},
			Register: func(k key.Key, v secret.Value) error { return r.register(a, k, v) },
		},
		CloseAlert: r.closeAlert,
		Policy:     r.policy, Actor: r.actor(), Stop: r.stop, Patience: max(r.options.Wait, 0), Told: r.progress,
		Elsewhere: func(since time.Time) (ended, deleted int, err error) { return endedElsewhere(place, a, since) },
	}
}

// endedElsewhere counts what was ended at all accounts but one.
func endedElsewhere(place journal.Place, but account, since time.Time) (ended, deleted int, err error) {
	all, err := journal.Accounts(place)
	if err != nil {
		return 0, 0, err
	}
	for _, a := range all {
		if a.Provider == but.Provider && a.ID == but.name {
			continue
		}
		e, d, err := remediate.EndedAt(place, a, since)
		if err != nil {
			return 0, 0, err
		}
		ended, deleted = ended+e, deleted+d
	}
	return ended, deleted, nil
}

// register remembers which key a new value is.
func (r *remedy) register(a account, k key.Key, v secret.Value) error {
	store, err := openInventory(r.env, r.say)
	if err != nil {
		return err
	}
	k.Provider = a.Provider
	return store.Register(inventory.Registration{
		Fingerprint: r.prints.Of(v), Salt: r.prints.Salt(), Key: k, Since: r.env.Now().UTC(), How: inventory.Issued, Account: a.name,
	})
}

// progress tells of a step.
func (r *remedy) progress(e remediate.Event) {
	switch e.Kind { //nolint:exhaustive // the others are told in the end
	case remediate.Intent:
		if e.Step == 0 {
			r.say.note("%s: %s", e.Key, e.Text) // of an undoing
			return
		}
		r.say.note("%s: %d of %d: %s", e.Key, e.Step, e.Steps, e.Text)
	case remediate.IsDone:
		if e.Do == remediate.Issue {
			r.say.note("%s: the new value is sealed on this computer", e.Key)
		}
	case remediate.NobodyKnows:
		r.say.note("%s: no clear answer (%s): finding out what became of it", e.Key, e.Text)
	case remediate.Waiting:
		r.say.note("%s: waiting: %s", e.Key, e.Text)
	}
}

// tell tells what became of each key.
func (r *remedy) tell(result remediate.Result) {
	for _, s := range result.Rotations {
		r.say.line("note", standingText(s))
	}
	for _, l := range result.Refused {
		r.say.warning("%s: not begun: %s", l.Key, l.Why)
	}
}
