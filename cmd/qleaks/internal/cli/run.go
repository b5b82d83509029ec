package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/handover"
	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/remediate/store"
)

// runOptions say which key a program gets, and how.
type runOptions struct {
	lendOptions

	// From is a reference to a key, Store a declared store that has one.
	From, Store string
	// As is the variable in which the program finds it.
	As    string
	Mask  bool
	Words []string
}

func newRunCommand(env Env) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [FLAGS] -- PROGRAM [ARGUMENT]...",
		Short: "Run one program with a key in its environment, and nowhere else",
		Long: `The key comes from where it is kept (--store, --from), or is made for this one run
(--provider alone): it is revoked as soon as the program has ended, for whatever
reason, and that is proved. If this machine dies, the key of IBM's ends by itself after
--for, and qleaks lend --end or qleaks remediate resume revokes it.

The program gets the key in one variable: IONQ_API_KEY, QISKIT_IBM_TOKEN or
QBRAID_API_KEY, or what --as says. It does not get the variables in which your own
accounts have their credentials. Signals go to the program, and its exit code is that
of this command.

With --mask its output has stars where it would show the key, as it is or in base64,
in hexadecimal or for URLs; it is a pipe then, and no terminal.`,
		Example: `  qleaks run --store laptop -- python job.py
  qleaks run --from keychain:ionq --as IONQ_API_KEY -- jupyter lab
  qleaks run --provider ibm --for 2h -- python job.py
  qleaks run --provider ibm --service-id ServiceId-… --mask -- make nightly`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			if o.Words = args; cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return wrongUsage("which program? it stands behind --", "qleaks run --store laptop -- python job.py")
			}
			return runRun(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Store, "store", "", "the key of the store `NAME` that you declared")
	f.StringVar(&o.From, "from", "", "the key that is where `REFERENCE` says: "+credential.Forms)
	f.StringVar(&o.As, "as", "", "the `VARIABLE` in which the program finds the key")
	f.BoolVar(&o.Mask, "mask", false, "put stars where the program would write the key")
	addLoanFlags(cmd, &o.lendOptions, 12*time.Hour)
	addLenderFlags(cmd, &o.remedyOptions)
	return cmd
}

func runRun(ctx context.Context, env Env, o runOptions) error {
	if o.Store != "" && o.From != "" {
		return wrongUsage("--store and --from both say where the key is: choose one")
	}
	if o.Store != "" || o.From != "" {
		return runStored(ctx, env, o)
	}
	if o.Provider == "" {
		return wrongUsage("which key? --store or --from says where it is, --provider makes one for this run")
	}
	if o.As == "" {
		o.As = usualVariable(o.Provider)
	}
	if o.Name == "" {
		o.Name = "run"
	}
	// What was begun comes to its end also after Ctrl-C, which is for the program.
	return runLent(context.WithoutCancel(ctx), env, o)
}

// usualVariable is where the clients of a provider look for a key; of IBM's, those
// of Qiskit.
func usualVariable(provider string) string {
	return rewrite.VariableFor(provider, "", []byte("qiskit"))
}

// runStored runs a program with a key that is kept somewhere.
func runStored(ctx context.Context, env Env, o runOptions) error {
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	v, variable, err := o.stored(ctx, env, say)
	if err != nil {
		return err
	}
	if o.As == "" {
		o.As = variable
	}
	if o.As == "" && o.Provider != "" {
		o.As = usualVariable(o.Provider)
	}
	if o.As == "" {
		return wrongUsage("in which variable does the program look for the key? --as says", "for instance: --as IONQ_API_KEY")
	}
	accounts, err := loadAccounts(env, o.Config, say)
	if err != nil {
		return err
	}
	a, err := o.Network.access()
	if err != nil {
		return err
	}
	running, err := o.start(env, v, a.addAccounts(accounts))
	if err != nil {
		return err
	}
	return ended(running)
}

// stored fetches the key, and tells the variable that its place has for it.
func (o *runOptions) stored(ctx context.Context, env Env, say messages) (secret.Value, string, error) {
	if o.From != "" {
		at, err := credential.Parse(o.From)
		if err != nil {
			return secret.Value{}, "", wrongUsage("--from holds a reference to a key, never the key: "+err.Error(), "the forms are "+credential.Forms)
		}
		v, err := fetch(ctx, env, at, "")
		if err != nil {
			return v, "", &problem{code: exitFailed, message: "cannot get the key", err: err, hints: credentialHints(err)}
		}
		return v, "", nil
	}
	list, err := someStores(env, o.Config, []string{o.Store}, say)
	if err != nil {
		return secret.Value{}, "", err
	}
	s := list[0]
	if s.Kind.Name == "keychain" {
		o.From = "keychain:" + s.Or("service", "qleaks") + "/" + s.Text("name")
		return o.stored(ctx, env, say)
	}
	opened, err := s.open(env, store.Use{}, debugLog(env, o.Talking))
	if err != nil {
		return secret.Value{}, "", storeProblem("cannot open the store "+s.Name, err)
	}
	lender, ok := opened.(store.Lender)
	if !ok {
		return secret.Value{}, "", wrongUsage(s.Name+" gives out no key: it is "+s.Kind.Title, "say where else the key is: --from "+credential.Forms)
	}
	v, err := lender.Value(ctx)
	if err != nil {
		return v, "", storeProblem("the key of "+s.Name+" could not be read", err)
	}
	return v, s.Text("variable"), nil
}

// start starts the program. It does not get the variables in which accounts have
// their credentials.
func (o *runOptions) start(env Env, v secret.Value, accounts []account) (*handover.Running, error) {
	var without []string
	for _, a := range accounts {
		if name, ok := strings.CutPrefix(a.reference.String(), "env:"); ok {
			without = append(without, name)
		}
	}
	if name, ok := strings.CutPrefix(o.From, "env:"); ok {
		without = append(without, name) // it has another name now
	}
	words := o.Words
	running, err := handover.Program{
		Words: words, Variable: o.As, Value: v, Without: without, Stdin: env.Stdin, Stdout: env.Stdout, Stderr: env.Stderr,
		Mask: o.Mask, Terminal: env.isTerminal(env.Stdin),
	}.Start()
	switch {
	case errors.Is(err, handover.ErrVariable):
		return nil, wrongUsage("--as wants the name of a variable")
	case err != nil:
		return nil, couldNot("cannot run "+filepath.Base(words[0]), err)
	}
	return running, nil
}

// ended waits for the end of a program, and hands its exit code on.
func ended(r *handover.Running) error {
	code, err := r.Wait()
	switch {
	case err != nil:
		return couldNot("the program", err)
	case code != 0:
		return exitStatusError(code)
	}
	return nil
}

// runLent runs a program with a key that is made for it.
func runLent(ctx context.Context, env Env, o runOptions) error {
	l, err := newLender(ctx, env, o.lendOptions)
	if err != nil {
		return err
	}
	var running *handover.Running
	result, err := l.begin(ctx, func(_ context.Context, _ remediate.Row, v secret.Value, _ time.Time) (bool, error) {
		var err error
		running, err = o.start(env, v, l.accounts)
		if err != nil {
			l.say.note("the program did not begin: %v", err)
			return true, nil // the key has done its work
		}
		return false, nil
	})
	if running == nil {
		if err == nil && result.Done() {
			return couldNot("the program did not begin", errors.New("the key that was made for it is revoked"))
		}
		return l.failed(result, err)
	}
	code := ended(running)
	if err != nil {
		l.say.error(fmt.Errorf("the key of the run: %w", err))
	}
	if err := l.takeBack(ctx, l.row.ID); err != nil {
		l.say.error(err)
		if code == nil {
			return exitStatusError(exitPartly)
		}
	}
	return code
}
