package cli

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/incident"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/gitsource"
)

const (
	// maxJobs is how many jobs of an account are looked at.
	maxJobs = 50_000
	// maxCosts is how many jobs are asked about one by one.
	maxCosts = 500
	// maxGitHub is the largest answer of GitHub's that is read, in bytes.
	maxGitHub = 64 << 20
)

// inquiry is one run of incident.
type inquiry struct {
	audit

	access access
	log    *slog.Logger
	habit  time.Duration
	// withLeaked lets the leaked key itself ask.
	withLeaked bool
}

// facts gathers what an incident is told from.
func (i *inquiry) facts(ctx context.Context, o incidentOptions, since time.Time) (incident.Facts, error) {
	f := incident.Facts{Now: i.env.Now().UTC()}
	fingerprints, err := fingerprinter(i.env)
	if err != nil {
		return f, err
	}
	store, err := openInventory(i.env, i.say)
	if err != nil {
		return f, err
	}
	inv, err := readInventory(store)
	if err != nil {
		return f, couldNot("cannot read the lists of keys", err)
	}
	if err := i.search(ctx, store.Dir, fingerprints.Salt()); err != nil {
		return f, err
	}
	if f.Case, err = named(i.cases(inv, fingerprints.Salt()), o.ID); err != nil {
		return f, err
	}
	f.Others = inv.Entries
	if !slices.ContainsFunc(inv.Lists, func(l inventory.Snapshot) bool { return l.Account.Provider == f.Case.Provider }) {
		i.gaps = append(i.gaps, "keys that were made since: there is no list of the keys at "+title(f.Case.Provider))
	}
	if f.Exposure, err = i.exposure(ctx, f.Case, o.GitHub, since); err != nil {
		return f, err
	}
	if f.Exposure.Since().IsZero() {
		i.gaps = append(i.gaps, "since when others could see the key: no history tells when it came there; --since TIME says it")
	}
	err = i.ask(ctx, &f)
	f.Gaps = i.gaps
	return f, err
}

// exposure puts together what histories, GitHub and the operator tell.
func (i *inquiry) exposure(ctx context.Context, c *hygiene.Case, answers []string, since time.Time) (incident.Exposure, error) {
	e := incident.Exposed(c)
	descents := i.descents(ctx, c)
	for _, d := range descents {
		if gap := e.Published(d.Published(), d.Remotes); gap != "" {
			i.gaps = append(i.gaps, gap)
		}
	}
	holds := func(commit string) (holds, known bool) {
		for _, d := range descents {
			if holds, known = d.Holds(commit); known {
				return holds, true
			}
		}
		return false, false
	}
	for _, name := range answers {
		file, err := os.Open(name)
		if err != nil {
			return e, couldNot("cannot read "+name, rootCause(err))
		}
		data, err := readLimited(file, maxGitHub)
		_ = file.Close() // it was only read
		if err == nil {
			err = e.GitHub(data, holds)
		}
		if err != nil {
			return e, &problem{code: exitUsage, message: name, err: err, hints: []string{"make one with: gh api repos/OWNER/NAME > " + name}}
		}
	}
	if !since.IsZero() {
		e.Public, e.PublicHow = since, "as you say"
	}
	return e, nil
}

// descents are what holds the commits that brought the key, in the repositories
// that were searched.
func (i *inquiry) descents(ctx context.Context, c *hygiene.Case) (all []*gitsource.Descent) {
	var commits []string
	for _, p := range c.Leaks() {
		if p.Commit != "" && !slices.Contains(commits, p.Commit) {
			commits = append(commits, p.Commit)
		}
	}
	if len(commits) == 0 {
		return nil
	}
	for _, r := range i.repositories {
		d, err := r.Descent(ctx, commits)
		if err != nil {
			i.gaps = append(i.gaps, "when it was pushed: "+err.Error())
			continue
		}
		all = append(all, d)
	}
	return all
}

// ask asks the key's provider what ran, with a credential of the operator's.
func (i *inquiry) ask(ctx context.Context, f *incident.Facts) error {
	name := f.Case.Provider
	client, err := i.client(ctx, f.Case)
	if err != nil || client == nil {
		return err
	}
	lister, ok := client.(provider.JobLister)
	if !ok {
		i.gaps = append(i.gaps, "what ran: "+title(name)+" tells no jobs")
		return nil
	}
	i.say.note("asking %s what ran", title(name))
	since := f.Exposure.Since()
	window := provider.Window{}
	if !since.IsZero() {
		window.From = since.Add(-i.habit)
		f.Before = window.From
	}
	for job, err := range lister.Jobs(ctx, window) {
		if err != nil {
			i.gaps = append(i.gaps, "jobs: "+err.Error()+"; the list is not whole")
			break
		}
		if len(f.Jobs) == maxJobs {
			i.gaps = append(i.gaps, fmt.Sprintf("jobs: more than %s; the rest was not looked at", grouped(maxJobs)))
			break
		}
		f.Jobs = append(f.Jobs, job)
	}
	f.Asked = true
	i.scope(f)
	i.costs(ctx, client, f, since)
	i.sessions(ctx, client, f)
	return nil
}

// client opens the way to the key's provider with a credential of the
// operator's: the one of --credential, else that of the key's account. It is nil
// where there is none, which is noted.
func (i *inquiry) client(ctx context.Context, c *hygiene.Case) (provider.Client, error) {
	name := c.Provider
	if i.withLeaked {
		return i.leakedClient(c)
	}
	known, err := loadAccounts(i.env, "", i.say)
	if err != nil {
		return nil, err
	}
	access, err := i.access.withAccounts(known)
	if err != nil {
		return nil, err
	}
	if !access.references[name].IsZero() {
		clients, err := access.clients(ctx, i.env, []string{name}, i.say, i.log)
		if err != nil {
			return nil, err
		}
		return clients[name][0].Client, nil
	}
	for _, a := range access.accounts[name] {
		if len(access.options.Accounts) > 0 || belongs(c, a.name) {
			i.say.note("asking with the credential of the account %s", a.name)
			return access.accountClient(ctx, i.env, a, provider.Config{Log: i.log}, i.say)
		}
	}
	i.gaps = append(i.gaps, fmt.Sprintf("what ran: nobody asked %s; --credential %s=env:NAME asks, with a key of yours that sees the same jobs", title(name), name))
	return nil, nil
}

// leakedClient opens the way with the leaked key itself, which sees its own jobs.
func (i *inquiry) leakedClient(c *hygiene.Case) (provider.Client, error) {
	v, ok := i.leaked(c)
	if !ok {
		return nil, wrongUsage("--with-leaked-key: the key itself is not at hand", "--scan PATH says where it stands; reports do not hold it")
	}
	kit, err := kitNamed("key", c.Provider)
	if err != nil {
		return nil, err
	}
	i.say.note("asking with the leaked key itself, which counts as a use of it")
	i.access.tell(kit, i.say)
	return kit.New(provider.Config{Credential: v, Origins: i.access.origins[c.Provider], Proxy: i.access.options.Proxy, Log: i.log})
}

// leaked is the value of a case, if a search found it.
func (i *inquiry) leaked(c *hygiene.Case) (secret.Value, bool) {
	for _, f := range i.found {
		if !f.Secret.IsZero() && slices.Contains(c.Fingerprints, f.Fingerprint) {
			return f.Secret, true
		}
	}
	return secret.Value{}, false
}

// belongs reports whether a key may be an account's: the one on whose list it
// is, or the one that was shown its record.
func belongs(c *hygiene.Case, account string) bool {
	if c.Check != nil && c.Check.Account != "" {
		return c.Check.Account == account
	}
	return c.Entry == nil || slices.Contains(c.Entry.Accounts, account)
}

// scope notes where the jobs may be those of another project than the key's: a
// credential of IonQ's sees only its own.
func (i *inquiry) scope(f *incident.Facts) {
	project := projectOf(f.Case)
	if f.Case.Provider != "ionq" || i.withLeaked {
		return
	}
	const advice = "; use a key of that project, or --with-leaked-key if there is none"
	// Of a list without jobs nobody knows whose it is, so that it says nothing.
	f.Asked = len(f.Jobs) > 0
	switch {
	case project == "":
		i.gaps = append(i.gaps, "jobs: IonQ lists those of the credential's own project, and which one the leaked key belongs to is not known")
	case len(f.Jobs) == 0:
		i.gaps = append(i.gaps, "jobs: IonQ lists those of the credential's own project; that it is "+project+", the one of the leaked key, is not known"+advice)
	case f.Jobs[0].Project != project:
		i.gaps = append(i.gaps, "jobs: the credential is of another project than the leaked key, which belongs to "+project+advice)
	}
}

// projectOf is the id of a key's project, "" if nobody told. A list that was copied
// from the console knows a project by its name only.
func projectOf(c *hygiene.Case) string {
	return cmp.Or(c.Key().Project.ID, c.Check.Key().Project.ID)
}

// costs asks for the costs of the jobs since the leak that have none.
func (i *inquiry) costs(ctx context.Context, client provider.Client, f *incident.Facts, since time.Time) {
	teller, ok := client.(provider.Coster)
	if !ok {
		return
	}
	asked, failed := 0, 0
	for n := range f.Jobs {
		job := &f.Jobs[n]
		if job.Cost.Unit != "" || job.Times.Submitted.Before(since) || ctx.Err() != nil {
			continue
		}
		if asked++; asked > maxCosts {
			i.gaps = append(i.gaps, fmt.Sprintf("costs: asked for %d jobs, not for the others", maxCosts))
			break
		}
		cost, err := teller.Cost(ctx, *job)
		if err != nil {
			failed++
			continue
		}
		job.Cost = cost
	}
	if failed > 0 {
		i.gaps = append(i.gaps, "costs: not told for "+plural(failed, "job"))
	}
}

// sessions asks for the sessions that are open.
func (i *inquiry) sessions(ctx context.Context, client provider.Client, f *incident.Facts) {
	lister, ok := client.(provider.SessionLister)
	if !ok {
		return
	}
	for s, err := range lister.Sessions(ctx) {
		if err != nil {
			i.gaps = append(i.gaps, "sessions: "+err.Error())
			return
		}
		f.Sessions = append(f.Sessions, s)
	}
}
