package records

import (
	"context"
	"encoding/json"
	"time"
)

// Finding is one key in one path of one repository under one rule, over time.
type Finding struct {
	// Seq counts findings; pages begin behind one.
	Seq  int64  `json:"seq"`
	ID   string `json:"id"`
	Life Life   `json:"life"`
	Kind
	Where
	// Standing is whether the key works: active, inactive or unknown; Asked is when
	// its provider said so, and Verdict what it said, as a report has it.
	Standing string          `json:"standing"`
	Asked    time.Time       `json:"asked,omitzero"`
	Verdict  json.RawMessage `json:"verdict,omitempty"`
	Expires  time.Time       `json:"expires,omitzero"`
	Seen
	// Places are the places, as a report has them; only Finding and Export fill
	// them in.
	Places json.RawMessage `json:"places,omitempty"`
}

// Kind says which key it is, and what tells.
type Kind struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Provider    string `json:"provider"`
	Confidence  string `json:"confidence"`
}

// Where says where a finding stands.
type Where struct {
	Repository int64 `json:"repository"`
	// Name is that of the repository.
	Name string `json:"name"`
	Path string `json:"path"`
	// Stored: a key store that is not a leak.
	Stored bool `json:"stored"`
	// Present: the last complete run saw it. Referenced: a ref or a file has it.
	Present    bool `json:"present"`
	Referenced bool `json:"referenced"`
}

// Seen is when a finding was seen, and by which runs.
type Seen struct {
	First    time.Time `json:"firstSeen"`
	Last     time.Time `json:"lastSeen"`
	FirstRun int64     `json:"firstRun"`
	LastRun  int64     `json:"lastRun"`
	// FixedAt is when it was seen to be gone, zero while it is not.
	FixedAt time.Time `json:"fixedAt,omitzero"`
}

// Change is one step in the life of a finding.
type Change struct {
	Seq     int64     `json:"seq"`
	Finding int64     `json:"finding"`
	At      time.Time `json:"at"`
	// Run is 0 where no run but a person changed it.
	Run int64  `json:"run"`
	Was Life   `json:"was"`
	Now Life   `json:"now"`
	Who string `json:"who"`
	Why string `json:"why"`
}

const findingColumns = `f.seq, f.id, f.life, f.fingerprint, f.rule, f.provider, f.confidence, f.repository, r.name, f.path, f.stored,
	f.present, f.referenced, f.standing, f.asked, f.verdict, f.expires, f.first_seen, f.last_seen, f.first_run, f.last_run, f.fixed`

const findingTables = " FROM findings f JOIN repositories r ON r.seq = f.repository"

func scanFinding(scan func(to ...any) error, f *Finding) error { return scanFindingAnd(scan, f) }

func scanFindingAnd(scan func(to ...any) error, f *Finding, more ...any) error {
	var asked, expires, first, last, fixed int64
	var verdict string
	to := append([]any{
		&f.Seq, &f.ID, (*string)(&f.Life), &f.Fingerprint, &f.Rule, &f.Provider, &f.Confidence, &f.Repository, &f.Name, &f.Path, &f.Stored,
		&f.Present, &f.Referenced, &f.Standing, &asked, &verdict, &expires, &first, &last, &f.FirstRun, &f.LastRun, &fixed,
	}, more...)
	if err := scan(to...); err != nil {
		return err
	}
	f.Asked, f.Expires, f.First, f.Last, f.FixedAt = moment(asked), moment(expires), moment(first), moment(last), moment(fixed)
	if verdict != "{}" {
		f.Verdict = json.RawMessage(verdict)
	}
	return nil
}

func scanFindingWithPlaces(scan func(to ...any) error, f *Finding) error {
	var places string
	err := scanFindingAnd(scan, f, &places)
	f.Places = json.RawMessage(places)
	return err
}

// Finding returns a finding with its places, by its number; ErrNotFound if there
// is none.
func (s *Store) Finding(ctx context.Context, seq int64) (Finding, error) {
	f, err := one(ctx, s.engine, "SELECT "+findingColumns+", f.places"+findingTables+" WHERE f.seq = $1", scanFindingWithPlaces, seq)
	return f, doing("read a finding", err)
}

// FindingsWithID returns the findings that have the ID of a report, with their
// places. There are several where clones of one repository were read.
func (s *Store) FindingsWithID(ctx context.Context, id string) ([]Finding, error) {
	found, err := list(ctx, s.engine, "SELECT "+findingColumns+", f.places"+findingTables+" WHERE f.id = $1 ORDER BY f.seq LIMIT 1000", scanFindingWithPlaces, id)
	return found, doing("read findings", err)
}

// Changes returns the life of a finding, oldest step first, at most 1,000.
func (s *Store) Changes(ctx context.Context, finding int64) ([]Change, error) {
	changes, err := list(ctx, s.engine, "SELECT "+changeColumns+" FROM changes WHERE finding = $1 ORDER BY seq LIMIT 1000", scanChange, finding)
	return changes, doing("read changes", err)
}

// ChangesOf returns what a run changed, in pages: those behind a change's number.
func (s *Store) ChangesOf(ctx context.Context, run int64, after int64, most int) ([]Change, error) {
	changes, err := list(ctx, s.engine, "SELECT "+changeColumns+" FROM changes WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3", scanChange, run, after, limited(most))
	return changes, doing("read changes", err)
}

const changeColumns = "seq, finding, at, run, was, now, who, why"

func scanChange(scan func(to ...any) error, c *Change) error {
	var at int64
	err := scan(&c.Seq, &c.Finding, &at, &c.Run, (*string)(&c.Was), (*string)(&c.Now), &c.Who, &c.Why)
	c.At = moment(at)
	return err
}
