package records

import (
	"context"
	"encoding/json"
	"time"
)

// Repository is a repository of the organisation.
type Repository struct {
	Seq int64 `json:"seq"`
	// Name is how people know it, and tells it from all others.
	Name string `json:"name"`
	// Origin is the target that it was found in; Location is where it is fetched
	// from or read, a path or a URL without credentials; URL is what a person opens.
	Origin   string `json:"origin"`
	Location string `json:"location"`
	URL      string `json:"url,omitempty"`
	// About is what else its host tells: archived, fork, visibility.
	About  json.RawMessage `json:"about,omitempty"`
	Pushed time.Time       `json:"pushed,omitzero"`
	// Gone is since when its host does not list it any more.
	Gone time.Time `json:"gone,omitzero"`
	Reading
}

// Reading is how far a repository was read.
type Reading struct {
	// State names what was read: while a repository has it, it need not be read
	// again. It is empty if it was never read to its end. StateRun is the run.
	State    string `json:"state,omitempty"`
	StateRun int64  `json:"stateRun,omitempty"`
	// Covered is when a run last told of it, Complete whether everything was read
	// then.
	Covered  time.Time `json:"covered,omitzero"`
	Complete bool      `json:"complete"`
}

const repositoryColumns = "seq, name, origin, location, url, about, pushed, gone, state, state_run, covered, complete"

func scanRepository(scan func(to ...any) error, r *Repository) error {
	var about string
	var pushed, gone, covered int64
	if err := scan(&r.Seq, &r.Name, &r.Origin, &r.Location, &r.URL, &about, &pushed, &gone, &r.State, &r.StateRun, &covered, &r.Complete); err != nil {
		return err
	}
	if about != "{}" {
		r.About = json.RawMessage(about)
	}
	r.Pushed, r.Gone, r.Covered = moment(pushed), moment(gone), moment(covered)
	return nil
}

// PutRepository notes that a repository is there, and returns what is known of it.
// What was known of its reading stays.
func (tx *Tx) PutRepository(ctx context.Context, r Repository) (Repository, error) {
	about := string(r.About)
	if about == "" {
		about = "{}"
	}
	const put = `INSERT INTO repositories (name, origin, location, url, about, pushed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (name) DO UPDATE SET origin = excluded.origin, location = excluded.location, url = excluded.url,
			about = excluded.about, pushed = excluded.pushed, gone = 0
		RETURNING ` + repositoryColumns
	known, err := one(ctx, tx, put, scanRepository, r.Name, r.Origin, r.Location, r.URL, about, micros(r.Pushed))
	return known, doing("note a repository", err)
}

// Gone notes that a repository is not listed any more.
func (tx *Tx) Gone(ctx context.Context, repository int64) error {
	_, err := tx.exec(ctx, "UPDATE repositories SET gone = "+tx.words().now+" WHERE seq = $1 AND gone = 0", repository)
	return doing("note that a repository is gone", err)
}

// Repository returns a repository by its number; ErrNotFound if there is none.
func (s *Store) Repository(ctx context.Context, seq int64) (Repository, error) {
	r, err := one(ctx, s.engine, "SELECT "+repositoryColumns+" FROM repositories WHERE seq = $1", scanRepository, seq)
	return r, doing("read a repository", err)
}

// RepositoryNamed returns a repository by its name; ErrNotFound if there is none.
func (s *Store) RepositoryNamed(ctx context.Context, name string) (Repository, error) {
	r, err := one(ctx, s.engine, "SELECT "+repositoryColumns+" FROM repositories WHERE name = $1", scanRepository, name)
	return r, doing("read a repository", err)
}

// RepositoryFilter chooses repositories. A zero field chooses all.
type RepositoryFilter struct {
	Origin string
	// Incomplete chooses those that were not read to their end.
	Incomplete bool
}

// Repositories returns a page of repositories.
func (s *Store) Repositories(ctx context.Context, f RepositoryFilter, p Page) ([]Repository, error) {
	w := &where{}
	if f.Origin != "" {
		w.and("origin = ?", f.Origin)
	}
	if f.Incomplete {
		w.and("complete = ?", false)
	}
	rest, args := w.page("seq", p)
	found, err := list(ctx, s.engine, "SELECT "+repositoryColumns+" FROM repositories"+rest, scanRepository, args...)
	return found, doing("list repositories", err)
}

// Hold takes a repository for a worker until some time from now, by the clock of
// the database. It returns false if another worker has it. Who has it already has
// it longer.
func (s *Store) Hold(ctx context.Context, repository int64, holder string, howLong time.Duration) (bool, error) {
	now := s.engine.words().now
	n, err := s.engine.exec(ctx, "UPDATE repositories SET holder = $1, held_until = "+now+" + $2 WHERE seq = $3 AND (holder = '' OR holder = $1 OR held_until < "+now+")",
		holder, howLong.Microseconds(), repository)
	return n == 1, doing("hold a repository", err)
}

// Release lets go of a repository that a worker has; of another's nothing changes.
func (s *Store) Release(ctx context.Context, repository int64, holder string) error {
	_, err := s.engine.exec(ctx, "UPDATE repositories SET holder = '', held_until = 0 WHERE seq = $1 AND holder = $2", repository, holder)
	return doing("release a repository", err)
}

// ReleaseAll lets go of everything that a worker has, when that is known to have
// ended.
func (tx *Tx) ReleaseAll(ctx context.Context, holder string) error {
	_, err := tx.exec(ctx, "UPDATE repositories SET holder = '', held_until = 0 WHERE holder = $1", holder)
	return doing("release repositories", err)
}
