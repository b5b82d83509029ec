package records

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Outcome is what became of a repository in a run.
type Outcome string

// What becomes of repositories.
const (
	// Read: it was read, to its end or not.
	Read Outcome = "read"
	// Unchanged: it has the state in which it was read to its end before.
	Unchanged Outcome = "unchanged"
	// Failed: nothing of it could be read.
	Failed Outcome = "failed"
	// Deleted: it is not there any more.
	Deleted Outcome = "deleted"
)

// Coverage is how far one run read one repository. A run has one of each.
type Coverage struct {
	Seq        int64     `json:"seq"`
	Run        int64     `json:"run"`
	Repository int64     `json:"repository"`
	At         time.Time `json:"at"`
	Outcome    Outcome   `json:"outcome"`
	// Complete: everything was read.
	Complete bool   `json:"complete"`
	State    string `json:"state,omitempty"`
	Extent
}

// Extent is how much a run read of a repository.
type Extent struct {
	// Tips are the refs and where they lead, as an object of names.
	Tips json.RawMessage `json:"tips,omitempty"`
	// Counts are the numbers of a report's coverage; Skipped what was not read, and
	// why, as a list of path, outcome and reason.
	Counts   json.RawMessage `json:"counts,omitempty"`
	Skipped  json.RawMessage `json:"skipped,omitempty"`
	Findings int64           `json:"findings"`
	Millis   int64           `json:"millis"`
}

// Sighting is a finding as one run saw it.
type Sighting struct {
	ID string
	Kind
	Path       string
	Stored     bool
	Referenced bool
	Expires    time.Time
	Places     json.RawMessage
}

// Report is what a run found out about one repository.
type Report struct {
	Coverage

	Sightings []Sighting
	// Holder is the worker that read it and must still hold it; the repository is
	// released with the report. "" holds nothing.
	Holder string
}

// Cover writes what a run found out about a repository, all of it or nothing: the
// coverage, the findings and their lives. It returns ErrCovered if the run has
// told of the repository before, and ErrLost if another worker holds it.
func (tx *Tx) Cover(ctx context.Context, r Report) error {
	if r.Holder != "" {
		n, err := tx.exec(ctx, "UPDATE repositories SET holder = '', held_until = 0 WHERE seq = $1 AND holder = $2", r.Repository, r.Holder)
		if err != nil {
			return doing("release a repository", err)
		}
		if n == 0 {
			return ErrLost
		}
	}
	now, err := clock(ctx, tx)
	if err != nil {
		return doing("read the clock", err)
	}
	if r.Outcome == Unchanged {
		if r.Findings, err = number(ctx, tx, "SELECT COUNT(*) FROM findings WHERE repository = $1 AND present", r.Repository); err != nil {
			return doing("count findings", err)
		}
	}
	n, err := tx.exec(ctx, `INSERT INTO coverage (run, repository, at, outcome, complete, state, tips, counts, skipped, findings, millis)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (run, repository) DO NOTHING`,
		r.Run, r.Repository, micros(now), string(r.Outcome), r.Complete, r.State, object(r.Tips), object(r.Counts), array(r.Skipped), r.Findings, r.Millis)
	if err != nil {
		return doing("write coverage", err)
	}
	if n == 0 {
		return ErrCovered
	}
	if err := tx.noteReading(ctx, r, now); err != nil {
		return err
	}
	if err := tx.see(ctx, r, now); err != nil {
		return err
	}
	// Last, since others who cover repositories of the run wait for it.
	_, err = tx.exec(ctx, "UPDATE runs SET covered = covered + 1 WHERE seq = $1", r.Run)
	return doing("count coverage", err)
}

// noteReading keeps with the repository how far it was read.
func (tx *Tx) noteReading(ctx context.Context, r Report, now time.Time) error {
	statement := "UPDATE repositories SET covered = $2, complete = $3 WHERE seq = $1"
	args := []any{r.Repository, micros(now), r.Complete}
	if r.Outcome == Read {
		// What was not read to its end is read again next time.
		state := r.State
		if !r.Complete {
			state = ""
		}
		statement = "UPDATE repositories SET covered = $2, complete = $3, state = $4, state_run = $5 WHERE seq = $1"
		args = append(args, state, r.Run)
	}
	n, err := tx.exec(ctx, statement, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("repository %d: %w", r.Repository, ErrNotFound)
	}
	return doing("note coverage", err)
}

// CoverUnchanged writes that repositories have the state in which they were read to
// their end before; those that the run has told of already stay as they are. It
// costs a few statements for all of them.
func (tx *Tx) CoverUnchanged(ctx context.Context, run int64, repositories []int64) error {
	if len(repositories) == 0 {
		return nil
	}
	now, err := clock(ctx, tx)
	if err != nil {
		return doing("read the clock", err)
	}
	these, args := among(repositories, run, micros(now))
	covered, err := list(ctx, tx, `INSERT INTO coverage (run, repository, at, outcome, complete, state, tips, counts, skipped, findings, millis)
		SELECT CAST($1 AS BIGINT), r.seq, CAST($2 AS BIGINT), '`+string(Unchanged)+`', TRUE, r.state, '{}', '{}', '[]',
			(SELECT COUNT(*) FROM findings f WHERE f.repository = r.seq AND f.present), 0
		FROM repositories r WHERE r.seq`+these+` ON CONFLICT (run, repository) DO NOTHING RETURNING repository`,
		func(scan func(to ...any) error, repository *int64) error { return scan(repository) }, args...)
	if err != nil || len(covered) == 0 {
		return doing("write coverage", err)
	}
	these, args = among(covered, run, micros(now))
	for _, statement := range []string{
		"UPDATE repositories SET covered = CAST($2 AS BIGINT), complete = TRUE WHERE CAST($1 AS BIGINT) > 0 AND seq" + these,
		"UPDATE findings SET last_seen = CAST($2 AS BIGINT), last_run = CAST($1 AS BIGINT) WHERE present AND repository" + these,
	} {
		if _, err := tx.exec(ctx, statement, args...); err != nil {
			return doing("note coverage", err)
		}
	}
	rows, err := list(ctx, tx, "SELECT "+rowColumns+" FROM findings f WHERE CAST($1 AS BIGINT) > 0 AND CAST($2 AS BIGINT) > 0 AND f.life IN ('new', 'reopened') AND f.repository"+these+" ORDER BY f.seq"+tx.words().lock, scanRow, args...)
	if err != nil {
		return doing("read findings", err)
	}
	for _, k := range rows {
		k.again = true
		if err := tx.settle(ctx, k, author{run: run, who: "sweep", now: now}, "seen again"); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, "UPDATE runs SET covered = covered + $1 WHERE seq = $2", int64(len(covered)), run)
	return doing("count coverage", err)
}

// among is a condition on a value that is one of some, and its arguments behind those
// that are given.
func among[T any](values []T, args ...any) (condition string, all []any) {
	marks := make([]string, 0, len(values))
	for _, v := range values {
		args = append(args, v)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	return " IN (" + strings.Join(marks, ", ") + ")", args
}

func object(text json.RawMessage) string {
	if len(text) == 0 {
		return "{}"
	}
	return string(text)
}

func array(text json.RawMessage) string {
	if len(text) == 0 {
		return "[]"
	}
	return string(text)
}

const coverageColumns = "seq, run, repository, at, outcome, complete, state, tips, counts, skipped, findings, millis"

func scanCoverage(scan func(to ...any) error, c *Coverage) error {
	var at int64
	var tips, counts, skipped string
	err := scan(&c.Seq, &c.Run, &c.Repository, &at, (*string)(&c.Outcome), &c.Complete, &c.State, &tips, &counts, &skipped, &c.Findings, &c.Millis)
	c.At, c.Tips, c.Counts, c.Skipped = moment(at), json.RawMessage(tips), json.RawMessage(counts), json.RawMessage(skipped)
	return err
}

// Coverage returns a page of what runs read of one repository.
func (s *Store) Coverage(ctx context.Context, repository int64, p Page) ([]Coverage, error) {
	w := &where{}
	w.and("repository = ?", repository)
	rest, args := w.page("seq", p)
	found, err := list(ctx, s.engine, "SELECT "+coverageColumns+" FROM coverage"+rest, scanCoverage, args...)
	return found, doing("list coverage", err)
}

// Covered returns a page of what one run read: the coverage of its repositories.
func (s *Store) Covered(ctx context.Context, run int64, p Page) ([]Coverage, error) {
	w := &where{}
	w.and("run = ?", run)
	rest, args := w.page("repository", p)
	found, err := list(ctx, s.engine, "SELECT "+coverageColumns+" FROM coverage"+rest, scanCoverage, args...)
	return found, doing("list coverage", err)
}

// Awaits reports whether a run goes on and has no coverage of a repository yet.
func (s *Store) Awaits(ctx context.Context, run, repository int64) (bool, error) {
	n, err := number(ctx, s.engine, "SELECT COUNT(*) FROM runs WHERE seq = $1 AND ended = 0 AND NOT EXISTS (SELECT 1 FROM coverage WHERE run = $1 AND repository = $2)", run, repository)
	return n > 0, doing("read coverage", err)
}
