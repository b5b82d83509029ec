package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/courier"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/verify"
)

// remedyScanOptions are the flags of scan --remediate.
type remedyScanOptions struct {
	On bool
	// Public and Private say who can see what is scanned.
	Public, Private bool
	// Wait is how long the run waits for what takes time.
	Wait time.Duration
	// HandOver is to whom the process that reads hands over; "" in the one that was
	// started by a person.
	HandOver string

	outcome *courier.Outcome
}

func addRemedyScanFlags(cmd *cobra.Command, o *remedyScanOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.On, "remediate", false, "with --verify: plan for the keys that work and are yours, and with mode = \"auto\" of your own configuration carry the plan out; see docs/remediation.md")
	f.BoolVar(&o.Public, "public", false, "with --remediate: everybody can see what is scanned")
	f.BoolVar(&o.Private, "private", false, "with --remediate: few can see what is scanned")
	f.DurationVar(&o.Wait, "remediate-wait", 5*time.Minute, "with --remediate: wait `SO LONG` for what takes time; beyond that, qleaks remediate resume goes on")
	f.StringVar(&o.HandOver, "hand-over", "", "")
	_ = f.MarkHidden("hand-over") // the flag exists
}

// validate says which flags do not go together.
func (o remedyScanOptions) validate(env Env, scan *scanOptions) error {
	if !o.On {
		for _, name := range []string{"public", "private", "remediate-wait", "hand-over"} {
			if scan.Origins[name] == fromFlag {
				return wrongUsage("--" + name + " is for --remediate")
			}
		}
		return nil
	}
	switch {
	case !scan.Verifying.Verify:
		return wrongUsage("--remediate is for --verify", "nothing is done about a key of which nobody knows whether it works: qleaks scan --verify --remediate")
	case scan.Verifying.Explain:
		return wrongUsage("--explain-network sends nothing, and --remediate changes keys", "qleaks remediate plan says what would be done")
	case scan.Output.ShowSecrets:
		return wrongUsage("--show-secrets is not for --remediate")
	case scan.Home:
		return wrongUsage("--home is not for --remediate: what lies on your own computer is for you to look at", "qleaks remediate plan --scan FILE")
	case slices.Contains(scan.Paths, "-"):
		return wrongUsage("standard input is not for --remediate: a key in it has no place that could be told")
	case o.Public && o.Private:
		return wrongUsage("--public and --private contradict each other")
	case o.Wait < 0:
		return wrongUsage("--remediate-wait must be 0 or more")
	case o.HandOver != "" && (courier.CheckRecipient(o.HandOver) != nil || env.isTerminal(env.Stdout)):
		return wrongUsage("--hand-over is what qleaks tells a process of its own")
	}
	return nil
}

// scanRemedy is scan --remediate in the process that holds credentials. It reads
// nothing of what is scanned: a reader does, and writes the report.
type scanRemedy struct {
	*remedy

	scan   scanOptions
	reader *reader
}

func runScanRemedy(ctx context.Context, env Env, o scanOptions) error {
	if err := outsideOf(env, o.Judging.Config, o.Paths); err != nil {
		return err
	}
	r, err := newRemedy(env, remedyOptions{Config: o.Judging.Config, Network: o.Verifying.Network, Talking: o.Talking, Wait: o.Remedy.Wait})
	if err != nil {
		return err
	}
	r.options.Yes = r.policy.Mode == remediate.ModeAuto
	s := &scanRemedy{remedy: r, scan: o}
	var args []string
	if o.Output.File == "" && o.Output.colors(env) {
		args = []string{"--color=" + colorAlways} // the reader sees no terminal
	}
	if s.reader, err = startReader(ctx, env, env.Args[0], append(args, env.Args[1:]...), r.credentialVariables()); err != nil {
		return err
	}
	return s.run(ctx)
}

// outsideOf makes sure that the file which says what is done to keys is none of
// what is scanned.
func outsideOf(env Env, config string, paths []string) error {
	if config == "" {
		return nil
	}
	at := realPath(env, config)
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		below, err := filepath.Rel(realPath(env, p), at)
		if err == nil && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator)) {
			return wrongUsage("the file of --config lies in what is scanned, which never says what is done to keys", "put it elsewhere")
		}
	}
	return nil
}

// realPath is the place behind links, as far as that can be told.
func realPath(env Env, name string) string {
	if !filepath.IsAbs(name) {
		if cwd, err := env.Getwd(); err == nil {
			name = filepath.Join(cwd, name)
		}
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return filepath.Clean(name)
}

// run goes through the conversation with the reader, and relays its report.
func (s *scanRemedy) run(ctx context.Context) error {
	found, handed, err := s.reader.receive(s.prints, false)
	if errors.Is(err, io.EOF) {
		return exitStatusError(s.reader.wait()) // it has said why
	}
	if err != nil {
		s.reader.kill()
		return couldNot("what the process that reads handed over is refused, and nothing was done", err)
	}
	var failed error
	if handed {
		var checks map[secret.Fingerprint]*finding.Check
		if checks, err = s.ask(ctx, found); err != nil {
			s.reader.kill()
			return err
		}
		if err = courier.WriteChecks(s.reader.in, checksOf(checks)); err == nil {
			var outcome courier.Outcome
			outcome, failed = s.remediate(ctx, found, checks)
			err = courier.WriteOutcome(s.reader.in, outcome)
		}
	}
	if _, copied := io.Copy(s.env.Stdout, s.reader.out); err == nil {
		err = copied
	}
	code := s.reader.wait()
	switch {
	case failed != nil:
		return failed
	case err != nil && code == exitClean:
		return couldNot("the report was not written whole", err)
	case code != exitClean:
		return exitStatusError(code)
	}
	return nil
}

// ask asks providers about the keys, as scan --verify does.
func (s *scanRemedy) ask(ctx context.Context, found courier.Found) (map[secret.Fingerprint]*finding.Check, error) {
	if found.More > 0 {
		s.say.warning("%s too many to be handed over: scan less at once", plural(found.More, "key"))
	}
	plan := verify.Plan{}
	for _, k := range found.Keys {
		if _, ok := all.Named(k.Provider); ok {
			plan.Questions = append(plan.Questions, verify.NewQuestion(k.Provider, k.Rule, k.Fingerprint, k.Value))
		}
	}
	slices.SortStableFunc(plan.Questions, func(a, b verify.Question) int { return cmp.Compare(a.Provider, b.Provider) })
	a := asker{env: s.env, say: s.say, log: s.log, options: s.scan.Verifying, own: true, anew: true}
	for _, one := range s.accounts {
		if one.file != "" {
			a.accounts = append(a.accounts, one)
		}
	}
	a.options.access = s.access // what it has said of unusual places is said once
	out, err := a.ask(ctx, plan)
	return out.Checks, err
}

func checksOf(checks map[secret.Fingerprint]*finding.Check) []courier.Check {
	list := []courier.Check{}
	for f, c := range checks {
		list = append(list, courier.Check{Fingerprint: f, Provider: c.Provider, Account: c.Account, Withheld: c.Withheld, Verdict: c.Verdict, Known: c.Known})
	}
	slices.SortFunc(list, func(a, b courier.Check) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	return list
}

// remediate plans for the keys that work, and carries the plan out if the policy
// says so. The error is the end of the command.
func (s *scanRemedy) remediate(ctx context.Context, found courier.Found, checks map[secret.Fingerprint]*finding.Check) (courier.Outcome, error) {
	out := courier.Outcome{Schema: courier.OutcomeSchema, Mode: string(s.policy.Mode), Result: courier.Nothing, Keys: []courier.Became{}}
	live := slices.DeleteFunc(slices.Clone(found.Keys), func(k courier.Key) bool {
		c := checks[k.Fingerprint]
		return k.Leaked == 0 || c == nil || c.Verdict.Status != key.Active
	})
	if ctx.Err() != nil || len(live) == 0 {
		return out, nil //nolint:nilerr // the exit code says that it was interrupted
	}
	plan, err := s.planFor(ctx, live, checks)
	if err != nil {
		out.Result = courier.Partly
		return out, err
	}
	out.Gaps = plan.Gaps
	for _, l := range plan.Left {
		s.say.warning("%s/%s is not planned for: %s", l.Provider, l.Key, l.Why)
		out.Left = append(out.Left, courier.Left(l))
	}
	if len(plan.Left) > 0 {
		s.say.hint("to plan with a person: qleaks remediate plan --scan PATH")
	}
	if len(plan.Rows) == 0 {
		return out, nil
	}
	out.Plan = plan.Hash()
	if out.File, err = s.keepPlan(plan); err != nil {
		out.Result = courier.Partly
		return out, err
	}
	s.say.note("the plan is in %s", out.File)
	if s.policy.Mode != remediate.ModeAuto {
		s.say.note("the policy is mode = %q: nothing was changed", s.policy.Mode)
		s.hintBy(out.File)
		out.Result, out.Keys = courier.Planned, became(plan, nil)
		return out, nil
	}
	err = s.apply(ctx, plan, nil)
	out.Keys, out.Result = became(plan, s.results), courier.Done
	for _, r := range s.results {
		for _, l := range r.Refused {
			out.Left = append(out.Left, courier.Left(l))
		}
	}
	if err != nil {
		out.Result = courier.Partly
	}
	return out, err
}

// hintBy says how a person goes on with a plan.
func (s *scanRemedy) hintBy(file string) {
	if s.policy.Mode == remediate.ModePlan {
		s.say.hint(`to let a person carry plans out: mode = "guided" in [remediate] of your own configuration; to let this command do it: mode = "auto"`)
	}
	s.say.hint("to carry it out: qleaks remediate apply %s --scan PATH", shellWord(file))
}

// planFor drafts for keys that were handed over. No name of a file is known here,
// only how many places there are.
func (s *scanRemedy) planFor(ctx context.Context, live []courier.Key, checks map[secret.Fingerprint]*finding.Check) (remediate.Plan, error) {
	store, err := openInventory(s.env, s.say)
	if err != nil {
		return remediate.Plan{}, err
	}
	inv, err := readInventory(store)
	if err != nil {
		return remediate.Plan{}, couldNot("cannot read the lists of keys", err)
	}
	exposures := map[secret.Fingerprint]remediate.Exposure{}
	var list []finding.Finding
	for _, k := range live {
		s.values[k.Fingerprint] = k.Value
		exposures[k.Fingerprint] = exposed(k)
		list = append(list, sightings(k, checks[k.Fingerprint])...)
	}
	cases := slices.DeleteFunc(hygiene.Cases(inv, list, s.prints.Salt()), func(c *hygiene.Case) bool { return len(c.Fingerprints) == 0 })
	i := &inquiry{audit: audit{env: s.env, say: s.say, found: list}, access: s.access, log: s.log}
	return s.draft(ctx, i, inv, cases, func(c *hygiene.Case) (remediate.Exposure, error) {
		return exposures[c.Fingerprints[0]], nil
	}, planOptions{})
}

// became is what became of each key of a plan.
func became(plan remediate.Plan, results []remediate.Result) []courier.Became {
	list := []courier.Became{}
	for _, row := range plan.Rows {
		b := courier.Became{
			Provider: row.Key.Provider, Account: row.Key.Account, Key: strings.TrimPrefix(row.Key.Called(), row.Key.Provider+"/"), Fingerprint: row.Key.Fingerprint,
			Rotation: row.ID, Order: string(row.Order), State: courier.Planned, Steps: len(row.Steps),
		}
		for _, r := range results {
			for _, st := range r.Rotations {
				if st.Row.ID == row.ID {
					b.State, b.Why, b.Until, b.Done, b.New = string(st.State), st.Why, st.Until, st.Done, st.Key
				}
			}
		}
		list = append(list, b)
	}
	return list
}
