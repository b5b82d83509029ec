package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// runView is a run with what is known of its progress.
type runView struct {
	records.Run

	Progress records.Progress
	// Elapsed is how long it took, or takes so far.
	Elapsed time.Duration
	// Rate is in repositories a minute, and Left how long it will take; zero where
	// nobody can say.
	Rate float64
	Left time.Duration
	// Steps are those that failed.
	FailedSteps []string
}

// Speed is the rate in words.
func (v runView) Speed() string {
	switch {
	case v.Rate >= 1:
		return fmt.Sprintf("%.0f a minute", v.Rate)
	case v.Rate > 0:
		return fmt.Sprintf("%.0f an hour", v.Rate*60)
	}
	return ""
}

// Going reports whether it has not ended.
func (v runView) Going() bool { return !v.State.Over() }

// Outcomes are what became of repositories, with their words, in a fixed order.
func (v runView) Outcomes() (all []outcome) {
	for _, o := range []records.Outcome{records.Read, records.Unchanged, records.Failed, records.Deleted} {
		if n := v.Progress.Repositories[o]; n > 0 {
			all = append(all, outcome{map[records.Outcome]string{records.Read: "read", records.Unchanged: "unchanged", records.Failed: "could not be read", records.Deleted: "gone"}[o], n})
		}
	}
	return all
}

// Changes are the lives that it gave to findings, in a fixed order.
func (v runView) Changes() (all []outcome) {
	for _, l := range records.Lives() {
		if n := v.Progress.Changed[l]; n > 0 {
			all = append(all, outcome{string(l), n})
		}
	}
	return all
}

type outcome struct {
	Text  string
	Count int64
}

// progressOf counts what a run has done.
func (p *Pages) progressOf(ctx context.Context, run records.Run) (runView, error) {
	v := runView{Run: run, Elapsed: run.Ended.Sub(run.Started)}
	if t, ok := totals(run); ok && run.State.Over() {
		v.Progress, v.FailedSteps = t.Progress, t.Failed
		return v, nil
	}
	var err error
	if v.Progress, err = p.Store.Progress(ctx, run.Seq); err != nil || run.State.Over() {
		return v, err
	}
	v.Elapsed = max(p.Now().Sub(run.Started), 0)
	// What was known to be unchanged took no time, and says nothing of what is left.
	if since := p.Now().Sub(v.Progress.Begun); run.State == records.Sweeping && v.Progress.Worked > 0 && since > 0 {
		each := since / time.Duration(v.Progress.Worked)
		v.Rate = float64(time.Minute) / float64(max(each, 1))
		v.Left = each * time.Duration(max(run.Expected-run.Covered, 0))
	}
	return v, nil
}

// runsView is the list of runs.
type runsView struct {
	Going []runView
	Runs  []records.Run
	Pager pager
	// Targets are what was swept before: what a triager may sweep again.
	Targets []string
	Steps   []string
	Given   string
	Problem string
}

// runs lists the runs, with those that go on first.
func (p *Pages) runs(w http.ResponseWriter, r *http.Request) error {
	return p.showRuns(w, r, http.StatusOK, "", "")
}

func (p *Pages) showRuns(w http.ResponseWriter, r *http.Request, status int, given, problem string) error {
	ctx := r.Context()
	v := runsView{Given: given, Problem: problem, Steps: stepNames()}
	found, err := p.Store.Runs(ctx, records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	v.Runs = found[:min(len(found), rows)]
	if v.Pager = newPager(r, false, 0); len(found) > rows {
		v.Pager = newPager(r, true, v.Runs[rows-1].Seq)
	}
	for _, run := range v.Runs {
		if run.State.Over() {
			continue
		}
		going, err := p.progressOf(ctx, run)
		if err != nil {
			return err
		}
		v.Going = append(v.Going, going)
	}
	if v.Targets, err = p.targets(ctx); err != nil {
		return err
	}
	return p.showAs(w, r, status, "runs", frame{Title: "Runs", Section: "/runs", View: v})
}

// targets are what was swept lately, or is scheduled.
func (p *Pages) targets(ctx context.Context) ([]string, error) {
	var all []string
	runs, err := p.Store.Runs(ctx, records.Page{Most: 200})
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		all = append(all, run.Target)
	}
	schedules, err := p.Store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range schedules {
		var request sweep.Request
		if json.Unmarshal(s.Request, &request) == nil {
			all = append(all, request.Target)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(target string) bool { return strings.TrimSpace(target) == "" }), nil
}

// stepNames are what a sweep can do after reading, in order.
func stepNames() []string { return []string{"verify", "keys", "judge", "remediate"} }

// oneRunView is the page of a run.
type oneRunView struct {
	runView

	Covered []coverageRow
	Changed []changeRow
	Actions []records.Action
	Pager   pager
}

// Live is the part that renews itself.
func (v oneRunView) Live() runView { return v.runView }

// coverageRow is what a run did with one repository.
type coverageRow struct {
	records.Coverage

	Name string
	Tag  tag
}

// changeRow is a change with the finding that it is of.
type changeRow struct {
	records.Change

	Path, Name string
}

// run shows one run, and the part of it that renews itself.
func (p *Pages) run(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	run, err := p.Store.Run(ctx, seq)
	if err != nil {
		return err
	}
	var v oneRunView
	if v.runView, err = p.progressOf(ctx, run); err != nil {
		return err
	}
	if r.Header.Get("Hx-Request") == "true" {
		return p.showPart(w, "run", "live-run", v.Live())
	}
	if err := p.fillRun(r, &v); err != nil {
		return err
	}
	return p.show(w, r, "run", frame{Title: "Run " + grouped(seq), Section: "/runs", View: v})
}

func (p *Pages) fillRun(r *http.Request, v *oneRunView) error {
	ctx := r.Context()
	covered, err := p.Store.Covered(ctx, v.Seq, records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	if v.Pager = newPager(r, false, 0); len(covered) > rows {
		covered = covered[:rows]
		v.Pager = newPager(r, true, covered[rows-1].Repository)
	}
	for _, c := range covered {
		row := coverageRow{Coverage: c, Name: "a repository that was deleted", Tag: outcomeTag(c.Outcome, c.Complete)}
		if known, err := p.Store.Repository(ctx, c.Repository); err == nil {
			row.Name = known.Name
		}
		v.Covered = append(v.Covered, row)
	}
	changes, err := p.Store.ChangesOf(ctx, v.Seq, 0, rows)
	if err != nil {
		return err
	}
	for _, c := range changes {
		row := changeRow{Change: c, Path: "a finding that was deleted"}
		if f, err := p.Store.Finding(ctx, c.Finding); err == nil {
			row.Path, row.Name = f.Path, f.Name
		}
		v.Changed = append(v.Changed, row)
	}
	actions, err := p.Store.Actions(ctx, records.ActionFilter{Subject: v.Target}, records.Page{Most: 200})
	if err != nil {
		return err
	}
	v.Actions = slices.DeleteFunc(actions, func(a records.Action) bool { return a.Run != v.Seq })
	slices.Reverse(v.Actions)
	return nil
}
