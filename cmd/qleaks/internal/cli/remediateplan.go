package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/incident"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
)

// planOptions are the flags of remediate plan.
type planOptions struct {
	remedyOptions

	Reports []string
	GitHub  []string
	// Keys limit the plan, by id, name or finding.
	Keys []string
	// BreakFirst and MakeFirst demand an order; Public and Private say who can see
	// what was found.
	BreakFirst, MakeFirst bool
	Public, Private       bool
	CancelJobs            []string
	Output                outputOptions

	// wanted and order are those of revoke and rotate.
	wanted bool
	order  remediate.Order
}

func newRemediatePlanCommand(env Env) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [KEY]...",
		Short: "Say what is to be done about leaked, idle and old keys; change nothing",
		Long: `A plan is made of the lists that qleaks keys keeps, of what is found below the
places of --scan (or the current directory), and of what providers said to qleaks
scan --verify. The accounts' providers are asked what runs. Nothing is changed.

With KEY, an id, a name or the id of a finding, the plan is about those keys only.
Without -o it is shown; with -o it is written, for remediate apply.

Exit codes:
  0  nothing is to be done
  1  something is
  2  wrong command line or configuration
  3  could not plan`,
		Example: `  qleaks remediate plan
  qleaks remediate plan --scan . -o plan.json
  qleaks remediate plan ada-laptop --cancel-jobs JOB3 -o plan.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Keys = args
			return runRemediatePlan(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.Scan, "scan", nil, "search this `PATH` for keys; may be repeated")
	f.StringArrayVar(&o.Reports, "report", nil, "use the findings and verdicts of this `FILE`, written by qleaks scan --json; may be repeated")
	addPlanFlags(cmd, &o)
	f.StringVarP(&o.Output.File, "output", "o", "", "write the plan to `FILE`, for remediate apply")
	f.BoolVar(&o.Output.JSON, "json", false, "show the plan as JSON")
	f.StringVar(&o.Config, "config", "", "the `FILE` with accounts, stores and [remediate], instead of your own")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

// addPlanFlags adds what revoke and rotate have as well.
func addPlanFlags(cmd *cobra.Command, o *planOptions) {
	f := cmd.Flags()
	f.StringArrayVar(&o.GitHub, "github", nil, "learn from this `FILE` whether a repository is public: gh api repos/OWNER/NAME; may be repeated")
	f.BoolVar(&o.Public, "public", false, "everybody can see what was found")
	f.BoolVar(&o.Private, "private", false, "few can see what was found")
	f.BoolVar(&o.BreakFirst, "break-first", false, "end the old key before the new one comes")
	f.BoolVar(&o.MakeFirst, "make-first", false, "bring the new key before the old one ends")
	f.StringSliceVar(&o.CancelJobs, "cancel-jobs", nil, "cancel the jobs of these `IDS`; no other job is touched")
}

func (o *planOptions) validate() error {
	switch {
	case o.BreakFirst && o.MakeFirst:
		return wrongUsage("--break-first and --make-first contradict each other")
	case o.Public && o.Private:
		return wrongUsage("--public and --private contradict each other")
	}
	if o.BreakFirst {
		o.order = remediate.BreakFirst
	}
	if o.MakeFirst {
		o.order = remediate.MakeFirst
	}
	if o.Output.File == "-" {
		o.Output.File = ""
	}
	return nil
}

// searched are the places to search: the current directory, if nothing is named.
func (o planOptions) searched() []string {
	if len(o.Scan) == 0 && len(o.Reports) == 0 {
		return []string{"."}
	}
	return o.Scan
}

func runRemediatePlan(ctx context.Context, env Env, o planOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return err
	}
	plan, err := r.plan(ctx, o)
	if err != nil {
		return err
	}
	o.Output.Color, o.Output.Format = colorNever, "text"
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	if o.Output.File != "" || o.Output.JSON {
		var text []byte
		if text, err = plan.JSON(); err == nil {
			_, err = out.Write(text)
		}
	} else {
		err = plan.Text(out, remediate.TextOptions{})
	}
	if err != nil {
		return err
	}
	if err := out.finish(); err != nil {
		return err
	}
	if o.Output.File != "" {
		if err := plan.Text(env.Stdout, remediate.TextOptions{}); err != nil {
			return err
		}
		words := []string{"qleaks remediate apply", shellWord(o.Output.File)}
		for _, place := range o.searched() {
			words = append(words, "--scan", shellWord(place))
		}
		if o.Config != "" {
			words = append(words, "--config", shellWord(o.Config))
		}
		r.say.hint("to carry it out: %s", strings.Join(words, " "))
	}
	if len(plan.Rows) > 0 {
		return exitStatusError(exitFindings)
	}
	return nil
}

// plan gathers what is known, and drafts.
func (r *remedy) plan(ctx context.Context, o planOptions) (remediate.Plan, error) {
	o.Scan = o.searched()
	i := &inquiry{audit: audit{env: r.env, options: auditOptions{Scan: o.Scan, Reports: o.Reports, Talking: o.Talking}, say: r.say}, access: r.access, log: r.log}
	store, err := openInventory(r.env, r.say)
	if err != nil {
		return remediate.Plan{}, err
	}
	inv, err := readInventory(store)
	if err != nil {
		return remediate.Plan{}, couldNot("cannot read the lists of keys", err)
	}
	exposures, err := r.look(ctx, &i.audit, o)
	if err != nil {
		return remediate.Plan{}, err
	}
	cases := hygiene.Cases(inv, i.found, r.prints.Salt())
	chosen := cases
	if len(o.Keys) > 0 {
		chosen = nil
		for _, id := range o.Keys {
			c, err := named(cases, id)
			if err != nil {
				return remediate.Plan{}, err
			}
			chosen = append(chosen, c)
		}
	}
	return r.draft(ctx, i, inv, chosen, func(c *hygiene.Case) (remediate.Exposure, error) {
		return i.reachOf(ctx, c, exposures, o)
	}, o)
}

// reachOf is how far the value of a key came: as a reader told, or as earlier
// reports do.
func (i *inquiry) reachOf(ctx context.Context, c *hygiene.Case, told map[secret.Fingerprint]remediate.Exposure, o planOptions) (remediate.Exposure, error) {
	if len(c.Leaks()) == 0 {
		return remediate.Exposure{Reach: remediate.Nowhere}, nil
	}
	for _, f := range c.Fingerprints {
		if x, ok := told[f]; ok && x.Reach != remediate.Nowhere {
			return x, nil
		}
	}
	e, err := i.exposure(ctx, c, o.GitHub, time.Time{})
	return exposureOf(c, e, o), err
}

// draft drafts a plan for the chosen keys.
func (r *remedy) draft(ctx context.Context, i *inquiry, inv inventory.Inventory, chosen []*hygiene.Case, exposure func(*hygiene.Case) (remediate.Exposure, error), o planOptions) (remediate.Plan, error) {
	g := remediate.Gathered{Now: r.env.Now(), Requester: r.actor(), Entries: inv.Entries}
	sites := r.sites(ctx, chosen, &g)
	for _, c := range chosen {
		x, err := exposure(c)
		if err != nil {
			return remediate.Plan{}, err
		}
		made, err := r.candidate(ctx, i, c, o, sites, x)
		if err != nil {
			return remediate.Plan{}, err
		}
		g.Cases = append(g.Cases, made)
	}
	if missing := notRunning(o.CancelJobs, g.Cases); len(missing) > 0 {
		return remediate.Plan{}, &problem{code: exitFailed, message: "--cancel-jobs: no such job waits or runs: " + strings.Join(missing, ", "), hints: []string{"qleaks incident KEY lists them, with their ids"}}
	}
	g.Gaps = append(g.Gaps, i.gaps...)
	return remediate.Draft(g, r.policy, r.means(sites)), nil
}

// plannedSite is an account as far as a plan needs it.
type plannedSite struct {
	account account
	client  provider.Client
	own     key.Key
	running remediate.Running
}

// sites opens the accounts of the chosen keys, and asks what runs.
func (r *remedy) sites(ctx context.Context, chosen []*hygiene.Case, g *remediate.Gathered) map[string]*plannedSite {
	sites := map[string]*plannedSite{}
	for _, c := range chosen {
		if c.Entry == nil {
			continue
		}
		a, ok := r.account(remediate.Target{Provider: c.Provider, Account: c.Entry.Accounts[0]})
		if !ok || sites[c.Provider+"/"+c.Entry.Accounts[0]] != nil {
			continue
		}
		s := &plannedSite{account: a}
		sites[c.Provider+"/"+c.Entry.Accounts[0]] = s
		client, own, err := r.client(ctx, a)
		if err != nil {
			g.Gaps = append(g.Gaps, fmt.Sprintf("what runs at %s: %v", a.name, err))
			continue
		}
		s.client = client
		acting := r.acting(ctx, a.Provider, client, own)
		g.Acting = append(g.Acting, acting)
		if verdict, err := client.Verify(ctx, own); err == nil {
			s.own = verdict.Key
		}
		s.running = r.running(ctx, client)
	}
	return sites
}

// mostPlannedJobs is how many jobs a plan names.
const mostPlannedJobs = 50

func (r *remedy) running(ctx context.Context, c provider.Client) remediate.Running {
	lister, ok := c.(provider.JobLister)
	if !ok {
		return remediate.Running{}
	}
	running := remediate.Running{Asked: true}
	for j, err := range lister.Jobs(ctx, provider.Window{Pending: true}) {
		if err != nil {
			return remediate.Running{}
		}
		if running.Jobs = append(running.Jobs, j); len(running.Jobs) == mostPlannedJobs {
			break
		}
	}
	return running
}

// candidate is one key with what the plan needs of it.
func (r *remedy) candidate(ctx context.Context, i *inquiry, c *hygiene.Case, o planOptions, sites map[string]*plannedSite, x remediate.Exposure) (remediate.Candidate, error) {
	out := remediate.Candidate{Case: c, Salt: r.prints.Salt(), Wanted: o.wanted, Order: o.order, Exposure: x, Alerts: openAlerts(i.alerts, i.found, c)}
	if c.Entry == nil {
		return out, nil
	}
	if s := sites[c.Provider+"/"+c.Entry.Accounts[0]]; s != nil && s.client != nil {
		if err := r.sees(ctx, i, c, s, &out); err != nil {
			return out, err
		}
		for _, j := range out.Running.Jobs {
			if slices.Contains(o.CancelJobs, j.ID) {
				out.Running.Cancel = append(out.Running.Cancel, j.ID)
			}
		}
	}
	return out, nil
}

// sees finds out what runs where a key works: with the operator's credential, or,
// if that is of another project, with the leaked key itself, which a provider was
// asked about before.
func (r *remedy) sees(ctx context.Context, i *inquiry, c *hygiene.Case, s *plannedSite, out *remediate.Candidate) error {
	own, project := s.own.Project.ID, projectOf(c)
	if own == project || own == "" || project == "" {
		out.Running, out.Others = s.running, true
		return nil
	}
	v, ok := i.leaked(c)
	if status, _ := c.Status(); !ok || status != key.Active {
		i.gaps = append(i.gaps, fmt.Sprintf("what runs with %s: your credential for %s is of another project, %s", c.Called(), s.account.name, own))
		return nil
	}
	client, err := r.clientWith(s.account, v)
	if err != nil {
		return err
	}
	r.say.note("your credential for %s is of another project than %s: what runs there is asked with the leaked key itself", s.account.name, c.Called())
	out.Running = r.running(ctx, client)
	return nil
}

// notRunning are the jobs to be cancelled that no key of the plan can see.
func notRunning(wanted []string, cases []remediate.Candidate) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(id string) bool {
		return slices.ContainsFunc(cases, func(c remediate.Candidate) bool { return slices.Contains(c.Running.Cancel, id) })
	})
}

// exposureOf is how far a value came, as far as that is known.
func exposureOf(c *hygiene.Case, e incident.Exposure, o planOptions) remediate.Exposure {
	x := remediate.Exposure{Reach: remediate.Unclear, Since: e.Since()}
	inHistory := slices.ContainsFunc(c.Leaks(), func(p hygiene.Place) bool { return p.Repository != "" || p.Commit != "" })
	switch {
	case o.Public || !e.Public.IsZero() && !o.Private:
		x.Reach = remediate.Public
	case o.Private || e.Private:
		x.Reach = remediate.Private
	case !inHistory, e.Pushed.IsZero():
		x.Reach = remediate.Local
	}
	for n, p := range c.Leaks() {
		if n == remediate.MaxPlaces {
			x.MorePlaces = len(c.Leaks()) - n
			break
		}
		x.Places = append(x.Places, standsIn(p))
	}
	return x
}

// standsIn is a place for people. A repository without a remote is known by its
// first commit.
func standsIn(p hygiene.Place) string {
	place := p.Path
	if p.Line > 0 {
		place += fmt.Sprintf(":%d", p.Line)
	}
	if root, ok := strings.CutPrefix(p.Repository, "root:"); ok {
		return place + ", in the repository whose first commit is " + root[:min(len(root), 7)]
	}
	return strings.TrimPrefix(p.Repository+":"+place, ":")
}

// means are who carries out what, and the stores.
func (r *remedy) means(sites map[string]*plannedSite) remediate.Means {
	return remediate.Means{
		Hands: func(t remediate.Target, d remediate.Deed) remediate.Hands {
			s := sites[t.Provider+"/"+t.Account]
			if s == nil || s.client == nil {
				return ""
			}
			return r.hands(s.client, s.own, s.account)(t, d)
		},
		Stores: r.storesOf,
	}
}
