package cli

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/journal"
	"github.com/qleaks/qleaks/remediate/store"
)

func newRemediateCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remediate",
		Short: "Revoke and replace keys, by a plan that you read first",
		Long: `A plan says which keys are to go, why, in which order, who does each step, which
stores receive the new value, and what cannot be undone. It changes nothing. To
apply it, [remediate] of your own configuration must say so: mode = "guided" or
"auto". Each step is written down before it is done; whatever cuts a run short,
resume goes on.

IBM's keys are changed by API. IonQ and qBraid have no call for it: qleaks works
their web consoles where you are signed in ([remediate.console]), or a program of
yours does it ([remediate.external]), or you do, guided. Either way the result is
proved by the provider. See docs/remediation.md.`,
		Example: `  qleaks remediate plan --scan . -o plan.json   what is to be done, and why
  qleaks remediate apply plan.json              do it, step by step
  qleaks remediate status                       where everything stands
  qleaks remediate resume                       go on`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(
		newRemediatePlanCommand(env), newRemediateApplyCommand(env), newRemediateResumeCommand(env), newRemediateRollbackCommand(env),
		newRemediateStatusCommand(env), newRemediateApproveCommand(env), newRemediateCheckCommand(env), newRemediateSetAsideCommand(env),
	)
	return cmd
}

// remedyOptions are what all commands that change keys have in common.
type remedyOptions struct {
	Config  string
	Network networkOptions
	Talking talkOptions
	// Yes lets nobody be asked; Answers takes answers from standard input, even if
	// it is no terminal.
	Yes, Answers bool
	// Wait is how long a run waits for what takes time.
	Wait time.Duration
	// Scan are places where the values of keys that are to end can be found.
	Scan []string

	// undoes says that this is a rollback: to have undone everything is success.
	undoes bool
}

func addRemedyFlags(cmd *cobra.Command, o *remedyOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.Yes, "yes", false, `ask nobody: only with mode = "auto"`)
	f.BoolVar(&o.Answers, "answers", false, "take answers from standard input, even where it is no terminal")
	f.DurationVar(&o.Wait, "wait", 5*time.Minute, "wait `SO LONG` for what takes time; beyond that, resume goes on later")
	f.StringArrayVar(&o.Scan, "scan", nil, "find the values of leaked keys below `PATH`, so that their end can be proved; may be repeated")
	f.StringVar(&o.Config, "config", "", "the `FILE` with accounts, stores and [remediate], instead of your own")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
}

// remedy is one run of a command that plans or changes.
type remedy struct {
	env      Env
	options  remedyOptions
	say      messages
	log      *slog.Logger
	access   access
	accounts []account
	section  remediateSection
	policy   remediate.Policy
	stores   []declaredStore
	prints   secret.Fingerprinter
	// values are those that a scan found, by fingerprint.
	values map[secret.Fingerprint]secret.Value
	// results are what runs came to, account by account.
	results []remediate.Result
}

func newRemedy(env Env, o remedyOptions) (*remedy, error) {
	keepToItself()
	env = env.acting()
	r := &remedy{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}, log: debugLog(env, o.Talking), values: map[secret.Fingerprint]secret.Value{}}
	var err error
	if r.access, err = o.Network.access(); err != nil {
		return nil, err
	}
	if r.section, r.policy, err = loadPolicy(env, o.Config); err != nil {
		return nil, err
	}
	if r.stores, err = loadStores(env, o.Config, r.say); err != nil {
		return nil, err
	}
	if r.prints, err = fingerprinter(env); err != nil {
		return nil, err
	}
	list, err := ownAccounts(env, o.Config)
	r.accounts = r.access.addAccounts(list)
	return r, err
}

// actor is who runs the program.
func (r *remedy) actor() string {
	if r.section.Requester != "" {
		return r.section.Requester
	}
	if name := cmp.Or(r.env.Getenv("USER"), r.env.Getenv("USERNAME")); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}

// account is the operator's account for a key: the one of its list, else the
// only one of its provider.
func (r *remedy) account(t remediate.Target) (account, bool) {
	var of []account
	for _, a := range r.accounts {
		if a.Provider == t.Provider {
			of = append(of, a)
		}
	}
	if i := slices.IndexFunc(of, func(a account) bool { return a.name == t.Account }); i >= 0 {
		return of[i], true
	}
	if len(of) == 1 {
		return of[0], true
	}
	return account{}, false
}

// client opens the way to a provider as the operator of an account.
func (r *remedy) client(ctx context.Context, a account) (provider.Client, secret.Value, error) {
	v, err := credentialOf(ctx, r.env, a)
	if err != nil {
		return nil, v, err
	}
	c, err := r.access.accountClient(ctx, r.env, a, provider.Config{Log: r.log}, r.say)
	return c, v, err
}

// acting is the credential of an account, as far as the provider tells.
func (r *remedy) acting(ctx context.Context, name string, c provider.Client, own secret.Value) remediate.Acting {
	acting := remediate.Acting{Provider: name, Fingerprint: r.prints.Of(own)}
	if verdict, err := c.Verify(ctx, own); err == nil {
		acting.ID = verdict.Key.ID
	}
	return acting
}

// hands are who carries out deeds at an account, in the order in which they are
// taken; nobody is asked where --yes says so. A key of another user than the
// operator's is made by that user.
func (r *remedy) hands(c provider.Client, own key.Key, a account) func(t remediate.Target, d remediate.Deed) remediate.Hands {
	api := remediate.API(c)
	return func(t remediate.Target, d remediate.Deed) remediate.Hands {
		switch {
		case c != nil && api.Can(d) && (d != remediate.Issuing || t.Kind != "user" || t.Owner.ID == own.Owner.ID):
			return remediate.ByAPI
		case r.worksConsole(a.Provider) && (remediate.Console{}).Can(d):
			return remediate.ByConsole
		case len(r.section.External[a.Provider]) > 0 && (remediate.Command{}).Can(d):
			return remediate.ByCommand
		case !r.options.Yes && remediate.Guided(nil).Can(d):
			return remediate.ByPerson
		}
		return ""
	}
}

// storesOf are the names of the stores that hold a key.
func (r *remedy) storesOf(t remediate.Target) []string {
	var names []string
	for _, s := range r.stores {
		if s.Holds(t.Provider, t.Name, t.ID) {
			names = append(names, s.Name)
		}
	}
	return names
}

func (r *remedy) openStore(name string, row remediate.Row) (remediate.Store, error) {
	for _, s := range r.stores {
		if s.Name != name {
			continue
		}
		use := store.Use{Rotation: row.ID}
		if row.Key.Fingerprint != "" {
			use.Old = []secret.Fingerprint{row.Key.Fingerprint}
		}
		return s.open(r.env, use, r.log)
	}
	return nil, errors.New("it is not declared in [stores." + name + "]")
}

// stop says why nothing may be changed.
func (r *remedy) stop() string {
	if r.env.Getenv("QLEAKS_STOP") != "" {
		return "QLEAKS_STOP is set"
	}
	if r.section.StopFile != "" {
		if _, err := os.Lstat(r.section.StopFile); err == nil {
			return r.section.StopFile + " is there"
		}
	}
	return ""
}

// remediateVariable names the directory of journals, sealed values and the audit
// log.
const remediateVariable = "QLEAKS_REMEDIATE"

// base is where all that is kept.
func (r *remedy) base() (string, error) {
	if dir := r.env.Getenv(remediateVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := r.env.ConfigDir()
	if err != nil {
		return "", couldNot("cannot find where journals are kept", err, "set HOME, or "+remediateVariable)
	}
	return filepath.Join(dir, "qleaks", "remediate"), nil
}

func (r *remedy) place() (journal.Place, auditlog.Place, error) {
	base, err := r.base()
	return journal.Place{Dir: filepath.Join(base, "state"), Heads: filepath.Join(base, "heads"), Actor: r.actor(), Fingerprints: r.prints},
		auditlog.Place{Dir: filepath.Join(base, "audit"), Heads: filepath.Join(base, "heads")}, err
}

// openPlace is place with the audit log and the identities, which are made on
// first use.
func (r *remedy) openPlace(ctx context.Context) (journal.Place, error) {
	p, log, err := r.place()
	if err != nil {
		return p, err
	}
	if p.Audit, err = auditlog.Open(log); err != nil {
		return p, couldNot("cannot open the audit log", err, "docs/journal.md says what to do")
	}
	base := filepath.Dir(p.Dir)
	keeper := r.keeper(base)
	p.Sealer, err = p.LoadSealer(ctx, keeper)
	if errors.Is(err, journal.ErrNoIdentity) {
		p.Sealer, err = r.firstUse(ctx, p, keeper, filepath.Join(base, "identity", "offline"))
	}
	if err != nil {
		return p, couldNot("cannot seal values", err)
	}
	return p, nil
}

// firstUse makes the identities to which new values are sealed.
func (r *remedy) firstUse(ctx context.Context, p journal.Place, keeper journal.Keeper, offline string) (*journal.Sealer, error) {
	made, err := p.NewIdentities()
	if err != nil {
		return nil, err
	}
	if err := (journal.KeeperFile{Name: offline}).Keep(ctx, made.Offline); err != nil {
		return nil, err
	}
	s, err := made.Keep(ctx, keeper)
	if err == nil {
		r.say.note("new values are sealed to two identities, which were made just now")
		r.say.hint("move %s to a medium that you keep offline: with it sealed values can be opened when this computer is lost", offline)
	}
	return s, err
}
