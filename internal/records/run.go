package records

import (
	"context"
	"encoding/json"
	"time"
)

// Run is one sweep.
type Run struct {
	Seq int64 `json:"seq"`
	// Kind is what ran: "sweep". Target is what was swept. Cause is why: "schedule
	// NAME", "person NAME", "webhook".
	Kind   string   `json:"kind"`
	Target string   `json:"target"`
	Cause  string   `json:"cause"`
	State  RunState `json:"state"`
	Span
	// Expected is how many repositories are to be covered, once that is known, and
	// Covered how many are.
	Expected int64  `json:"expected"`
	Covered  int64  `json:"covered"`
	Error    string `json:"error,omitempty"`
	// Totals are numbers of the end: findings by life, repositories by outcome.
	Totals json.RawMessage `json:"totals,omitempty"`
}

// Span is when something began and ended; Ended is zero while it goes on.
type Span struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
}

// RunState is how far a run is.
type RunState string

// The states of a run.
const (
	Discovering RunState = "discovering"
	Sweeping    RunState = "sweeping"
	Concluding  RunState = "concluding"
	// Done: every repository is covered. Partial: some could not be, or not to
	// their end.
	Done      RunState = "done"
	Partial   RunState = "partial"
	Broken    RunState = "failed"
	Cancelled RunState = "cancelled"
)

// Over reports whether a run has ended.
func (s RunState) Over() bool {
	return s == Done || s == Partial || s == Broken || s == Cancelled
}

const runColumns = "seq, kind, target, cause, state, started, ended, expected, covered, error, totals"

func scanRun(scan func(to ...any) error, r *Run) error {
	var started, ended int64
	var totals string
	err := scan(&r.Seq, &r.Kind, &r.Target, &r.Cause, (*string)(&r.State), &started, &ended, &r.Expected, &r.Covered, &r.Error, &totals)
	r.Started, r.Ended, r.Totals = moment(started), moment(ended), json.RawMessage(totals)
	return err
}

// StartRun begins a run.
func (tx *Tx) StartRun(ctx context.Context, kind, target, cause string) (Run, error) {
	r, err := one(ctx, tx, "INSERT INTO runs (kind, target, cause, state, started) VALUES ($1, $2, $3, $4, "+tx.words().now+") RETURNING "+runColumns,
		scanRun, kind, target, cause, string(Discovering))
	return r, doing("start a run", err)
}

// MoveRun moves a run on, if it is in the state that the caller thinks; it returns
// whether it was. Moving to an end notes the time.
func (tx *Tx) MoveRun(ctx context.Context, run int64, from, to RunState) (bool, error) {
	ended := "ended"
	if to.Over() {
		ended = tx.words().now
	}
	n, err := tx.exec(ctx, "UPDATE runs SET state = $1, ended = "+ended+" WHERE seq = $2 AND state = $3", string(to), run, string(from))
	return n == 1, doing("move a run", err)
}

// IsGoing reports whether a run is there and has not ended.
func (tx *Tx) IsGoing(ctx context.Context, run int64) (bool, error) {
	n, err := number(ctx, tx, "SELECT COUNT(*) FROM runs WHERE seq = $1 AND ended = 0", run)
	return n > 0, doing("read a run", err)
}

// CancelRun ends a run that goes on, with its numbers so far and what is told of
// it; it returns false if the run has ended.
func (tx *Tx) CancelRun(ctx context.Context, run int64, totals json.RawMessage, why string) (bool, error) {
	n, err := tx.exec(ctx, "UPDATE runs SET state = $1, ended = "+tx.words().now+", totals = $2, error = $3 WHERE seq = $4 AND ended = 0",
		string(Cancelled), object(totals), why, run)
	return n == 1, doing("cancel a run", err)
}

// Swept moves a run whose repositories are all covered on to its conclusion; it
// returns true to one caller only. Who covers repositories at the same time waits
// for the other's transaction.
func (tx *Tx) Swept(ctx context.Context, run int64) (bool, error) {
	n, err := tx.exec(ctx, "UPDATE runs SET state = $1 WHERE seq = $2 AND state = $3 AND covered >= expected", string(Concluding), run, string(Sweeping))
	return n == 1, doing("move a run", err)
}

// Expect notes how many repositories a run has to cover.
func (tx *Tx) Expect(ctx context.Context, run, repositories int64) error {
	_, err := tx.exec(ctx, "UPDATE runs SET expected = $1 WHERE seq = $2", repositories, run)
	return doing("note what a run expects", err)
}

// Total notes the numbers of a run's end, and what went wrong.
func (tx *Tx) Total(ctx context.Context, run int64, totals json.RawMessage, problem string) error {
	_, err := tx.exec(ctx, "UPDATE runs SET totals = $1, error = $2 WHERE seq = $3", object(totals), problem, run)
	return doing("note the numbers of a run", err)
}

// Run returns a run; ErrNotFound if there is none.
func (s *Store) Run(ctx context.Context, seq int64) (Run, error) {
	r, err := one(ctx, s.engine, "SELECT "+runColumns+" FROM runs WHERE seq = $1", scanRun, seq)
	return r, doing("read a run", err)
}

// Runs returns a page of runs.
func (s *Store) Runs(ctx context.Context, p Page) ([]Run, error) {
	w := &where{}
	rest, args := w.page("seq", p)
	runs, err := list(ctx, s.engine, "SELECT "+runColumns+" FROM runs"+rest, scanRun, args...)
	return runs, doing("list runs", err)
}

// Progress is how far a run is.
type Progress struct {
	// Repositories are how many are covered, by outcome.
	Repositories map[Outcome]int64 `json:"repositories"`
	// Incomplete of them were not read to their end.
	Incomplete int64 `json:"incomplete"`
	Findings   int64 `json:"findings"`
	// Changed counts the findings that the run gave a life.
	Changed map[Life]int64 `json:"changed"`
	// Worked is how many repositories a worker looked at, and Begun when the first of
	// these was begun; the others were known to be unchanged when they were listed.
	Worked int64     `json:"-"`
	Begun  time.Time `json:"-"`
}

// Covered is how many repositories have their coverage.
func (p Progress) Covered() int64 {
	var n int64
	for _, c := range p.Repositories {
		n += c
	}
	return n
}

// Progress counts what a run has done so far.
func (s *Store) Progress(ctx context.Context, run int64) (Progress, error) {
	return progress(ctx, s.engine, run)
}

// Progress counts what a run has done so far.
func (tx *Tx) Progress(ctx context.Context, run int64) (Progress, error) {
	return progress(ctx, tx, run)
}

func progress(ctx context.Context, c conn, run int64) (Progress, error) {
	p := Progress{Repositories: map[Outcome]int64{}, Changed: map[Life]int64{}}
	err := c.query(ctx, `SELECT outcome, complete, COUNT(*), SUM(findings), COUNT(CASE WHEN millis > 0 THEN 1 END), COALESCE(MIN(CASE WHEN millis > 0 THEN at - 1000 * millis END), 0)
		FROM coverage WHERE run = $1 GROUP BY outcome, complete`,
		func(scan func(to ...any) error) error {
			var outcome Outcome
			var complete bool
			var count, findings, worked, begun int64
			if err := scan((*string)(&outcome), &complete, &count, &findings, &worked, &begun); err != nil {
				return err
			}
			p.Repositories[outcome] += count
			p.Findings += findings
			p.Worked += worked
			if begun > 0 && (p.Begun.IsZero() || moment(begun).Before(p.Begun)) {
				p.Begun = moment(begun)
			}
			if !complete {
				p.Incomplete += count
			}
			return nil
		}, run)
	if err != nil {
		return p, doing("count coverage", err)
	}
	err = c.query(ctx, "SELECT now, COUNT(*) FROM changes WHERE run = $1 GROUP BY now", func(scan func(to ...any) error) error {
		var life Life
		var count int64
		err := scan((*string)(&life), &count)
		p.Changed[life] = count
		return err
	}, run)
	return p, doing("count changes", err)
}
