package records

import (
	"context"
	"strings"
	"time"
)

// ChangesSince returns what changed since some time, in pages: those behind a
// change's number, oldest first.
func (s *Store) ChangesSince(ctx context.Context, since time.Time, after int64, most int) ([]Change, error) {
	changes, err := list(ctx, s.engine, "SELECT "+changeColumns+" FROM changes WHERE at >= $1 AND seq > $2 ORDER BY seq LIMIT $3", scanChange, micros(since), after, limited(most))
	return changes, doing("read changes", err)
}

// LastReading is a repository with the last coverage that tells what was read of
// it; a zero one where none is kept.
type LastReading struct {
	Repository Repository
	Coverage   Coverage
}

// LastReadings returns a page of repositories with what was last read of them.
func (s *Store) LastReadings(ctx context.Context, p Page) ([]LastReading, error) {
	w := &where{}
	rest, args := w.page("r.seq", p)
	columns := "r." + strings.ReplaceAll(repositoryColumns, ", ", ", r.") + ", COALESCE(c.seq, 0), COALESCE(c.run, 0), COALESCE(c.at, 0), COALESCE(c.outcome, ''), COALESCE(c.complete, FALSE), COALESCE(c.tips, '{}'), COALESCE(c.counts, '{}'), COALESCE(c.skipped, '[]'), COALESCE(c.findings, 0), COALESCE(c.millis, 0)"
	found, err := list(ctx, s.engine, "SELECT "+columns+" FROM repositories r LEFT JOIN coverage c ON c.repository = r.seq AND c.run = r.state_run"+rest,
		func(scan func(to ...any) error, l *LastReading) error {
			c := &l.Coverage
			var at int64
			var tips, counts, skipped string
			err := scanRepository(func(to ...any) error {
				return scan(append(to, &c.Seq, &c.Run, &at, (*string)(&c.Outcome), &c.Complete, &tips, &counts, &skipped, &c.Findings, &c.Millis)...)
			}, &l.Repository)
			c.At, c.Tips, c.Counts, c.Skipped, c.Repository = moment(at), []byte(tips), []byte(counts), []byte(skipped), l.Repository.Seq
			return err
		}, args...)
	return found, doing("list repositories", err)
}
