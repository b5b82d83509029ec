package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/auditreport"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
)

// audit is one run of audit.
type audit struct {
	env     Env
	options auditOptions
	say     messages
	// found is what scans and reports found, searched where, and gaps what is
	// not known.
	found    []finding.Finding
	searched []string
	gaps     []string
	// alerts are those of GitHub that reports tell, asked those that it told now.
	alerts, asked []finding.Alert
	// repositories are those that were searched.
	repositories []*gitsource.Repository
	// directories are their names, by the identity of the repository.
	directories map[string]string
}

// judge gathers what is known, and judges it.
func (a *audit) judge(ctx context.Context) (auditreport.Report, error) {
	known := hygiene.Known{Now: a.env.Now().UTC()}
	var err error
	if known.Limits, err = a.limits(); err != nil {
		return auditreport.Report{}, err
	}
	fingerprints, err := fingerprinter(a.env)
	if err != nil {
		return auditreport.Report{}, err
	}
	store, err := openInventory(a.env, a.say)
	if err != nil {
		return auditreport.Report{}, err
	}
	inv, err := readInventory(store)
	if err == nil {
		known.Attested, err = hygiene.Attested(store.Dir)
	}
	if err != nil {
		return auditreport.Report{}, couldNot("cannot read the lists of keys", err)
	}
	if known.Secrets, err = a.secrets(ctx); err != nil {
		return auditreport.Report{}, err
	}
	if err := a.search(ctx, store.Dir, fingerprints.Salt()); err != nil {
		return auditreport.Report{}, err
	}
	known.Lists, known.Searched = inv.Lists, len(a.searched) > 0
	known.Cases = a.cases(inv, fingerprints.Salt())
	known.Alerts = a.joinedAlerts()
	a.unlisted(known)
	return auditreport.Report{
		Known: known, Lapses: hygiene.Judge(known), Searched: a.searched, Gaps: a.gaps, Version: thisVersion().Version,
	}, nil
}

// cases joins what was found to the lists. Repositories without a remote are told
// by the directory in which they were searched, too.
func (a *audit) cases(inv inventory.Inventory, salt string) []*hygiene.Case {
	cases := hygiene.Cases(inv, a.found, salt)
	for _, c := range cases {
		for i := range c.Places {
			if p := &c.Places[i]; strings.HasPrefix(p.Repository, "root:") {
				p.Directory = a.directories[p.Repository]
			}
		}
	}
	return cases
}

// readInventory puts the lists of all accounts together.
func readInventory(store *inventory.Store) (inventory.Inventory, error) {
	var lists []inventory.Snapshot
	names, err := store.Accounts()
	if err != nil {
		return inventory.Inventory{}, err
	}
	for _, name := range names {
		of, err := store.Snapshots(name)
		if err != nil {
			return inventory.Inventory{}, err
		}
		lists = append(lists, of...)
	}
	known, err := store.Registered()
	if err != nil {
		return inventory.Inventory{}, err
	}
	return inventory.Merge(lists, known), nil
}

// search scans what is to be scanned, reads reports of earlier scans, and
// recalls what providers said before.
func (a *audit) search(ctx context.Context, dir, salt string) error {
	if len(a.options.Scan) > 0 {
		if err := a.scan(ctx, scanOptions{Paths: a.options.Scan}); err != nil {
			return err
		}
	}
	if a.options.Home {
		if err := a.scan(ctx, scanOptions{Home: true}); err != nil {
			return err
		}
	}
	for _, name := range a.options.Reports {
		if err := a.read(name); err != nil {
			return err
		}
	}
	if err := a.merge(); err != nil {
		return err
	}
	said, err := hygiene.Verdicts(dir)
	if err != nil {
		return couldNot("cannot read what providers said before", err)
	}
	hygiene.Recall(a.found, said, salt)
	return nil
}

// merge joins what several searches found of one key in one file.
func (a *audit) merge() error {
	result, err := finding.Collect(func(yield func(finding.Finding, error) bool) {
		for _, f := range a.found {
			if !yield(f, nil) {
				return
			}
		}
	}, finding.CollectOptions{})
	a.found = result.Findings
	return err
}

// scan looks for keys as qleaks scan does, and verifies none.
func (a *audit) scan(ctx context.Context, o scanOptions) error {
	o.Judging = judgeOptions{Confidence: defaultConfidence, FailOn: defaultFailOn}
	o.Output = outputOptions{Format: defaultFormat, Color: colorNever}
	o.Talking, o.Origins = a.options.Talking, map[string]origin{}
	r := newScanRun(a.env, o)
	if err := r.options.validate(a.env); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	result, err := r.found(ctx, nil)
	if err != nil {
		return err
	}
	excluded := r.content.excluded()
	outcome := r.content.apply(result.Findings, excluded)
	result = r.judged(result, outcome, excluded)
	r.joinAlerts(&result)
	result, mask := report.Masked(result)
	a.asked = append(a.asked, result.Alerts...)
	a.tellHidden(result)
	before := len(a.searched)
	for _, t := range r.targets {
		if t.remote == nil || !t.remote.visit.Listed() {
			a.searched = append(a.searched, mask(t.Label))
		}
		if t.repository != nil {
			a.repositories = append(a.repositories, t.repository)
			if a.directories == nil {
				a.directories = map[string]string{}
			}
			a.directories[t.repository.Identity()] = mask(filepath.Base(t.root))
		}
	}
	a.found = append(a.found, result.Findings...)
	where := strings.Join(a.searched[before:], ", ")
	if o.GitHub.Only {
		where = strings.Join(o.Paths, ", ")
	}
	a.tellCoverage(where, result)
	return nil
}

// tellCoverage notes what a scan did not see.
func (a *audit) tellCoverage(where string, result finding.Result) {
	c := result.Coverage
	switch {
	case c.Interrupted:
		a.gaps = append(a.gaps, where+": the scan was cut short")
	case c.Unread > 0:
		gap := fmt.Sprintf("%s: %s could not be read", where, plural(c.Unread, "thing"))
		if len(c.Reasons) > 0 {
			gap += ", such as " + c.Skipped[0].Path + ": " + c.Reasons[0].Reason
		}
		a.gaps = append(a.gaps, gap)
	}
	if n := len(result.Suppressed); n > 0 {
		a.say.note("%s: %s suppressed there and not judged", where, plural(n, "finding"))
	}
}

// read takes the findings of an earlier scan.
func (a *audit) read(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return couldNot("cannot read the report "+name, rootCause(err))
	}
	result, err := report.Read(data)
	if err != nil {
		return &problem{code: exitUsage, message: name, err: err, hints: []string{"make one with: qleaks scan --json -o " + name}}
	}
	a.found = append(a.found, result.Findings...)
	a.alerts = append(a.alerts, result.Alerts...)
	a.searched = append(a.searched, name)
	a.tellCoverage(name, result)
	return nil
}

// unlisted notes the providers of whose keys there is no list.
func (a *audit) unlisted(known hygiene.Known) {
	if len(known.Lists) == 0 {
		a.gaps = append(a.gaps, "there is no list of keys: make one with qleaks keys list, or qleaks keys import for IonQ and qBraid")
		return
	}
	var missing []string
	for _, c := range known.Cases {
		has := slices.ContainsFunc(known.Lists, func(l inventory.Snapshot) bool { return l.Account.Provider == c.Provider })
		if !has && !slices.Contains(missing, c.Provider) && slices.Contains(providerNames(), c.Provider) {
			missing = append(missing, c.Provider)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		a.gaps = append(a.gaps, "keys of "+name+" were found, and there is no list of its keys")
	}
}
