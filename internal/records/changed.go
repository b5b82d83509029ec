package records

import (
	"context"
	"time"
)

// Reopened returns the findings that a run saw to be open again, newest change
// first, at most so many.
func (s *Store) Reopened(ctx context.Context, run int64, most int) ([]Finding, error) {
	found, err := list(ctx, s.engine, "SELECT "+findingColumns+findingTables+" JOIN changes c ON c.finding = f.seq WHERE c.run = $1 AND c.now = $2 ORDER BY c.seq DESC LIMIT $3",
		scanFinding, run, string(Reopened), limited(most))
	return found, doing("list findings", err)
}

// Touched returns the repositories, by number, in which a run changed the life of a
// finding, or somebody else did since some time, newest first, at most so many. That
// it was seen again does not count.
func (s *Store) Touched(ctx context.Context, run int64, since time.Time, most int) ([]int64, error) {
	found, err := list(ctx, s.engine, `SELECT DISTINCT f.repository FROM changes c JOIN findings f ON f.seq = c.finding
		WHERE (c.run = $1 OR c.run = 0 AND c.at > $2) AND NOT (c.now = 'known' AND c.was IN ('new', 'reopened')) ORDER BY f.repository DESC LIMIT $3`,
		func(scan func(to ...any) error, n *int64) error { return scan(n) }, run, micros(since), limited(most))
	return found, doing("list repositories", err)
}

// Unread returns a page of the coverage of those repositories that a run did not
// read to their end.
func (s *Store) Unread(ctx context.Context, run int64, p Page) ([]Coverage, error) {
	w := &where{}
	w.and("run = ?", run)
	w.and("complete = ?", false)
	rest, args := w.page("repository", p)
	found, err := list(ctx, s.engine, "SELECT "+coverageColumns+" FROM coverage"+rest, scanCoverage, args...)
	return found, doing("list coverage", err)
}

// Undone returns what a run tried to do and could not, newest first, at most so
// many.
func (s *Store) Undone(ctx context.Context, run int64, most int) ([]Action, error) {
	found, err := list(ctx, s.engine, "SELECT "+actionColumns+" FROM actions WHERE run = $1 AND state = 'failed' ORDER BY seq DESC LIMIT $2", scanAction, run, limited(most))
	return found, doing("list actions", err)
}
