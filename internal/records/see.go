package records

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// row is what the life of a stored finding follows from.
type row struct {
	seq         int64
	id          string
	fingerprint string
	firstRun    int64
	facts
}

const rowColumns = "f.seq, f.id, f.fingerprint, f.first_run, f.life, f.present, f.referenced, f.standing, f.expires"

func scanRow(scan func(to ...any) error, r *row) error {
	var expires int64
	err := scan(&r.seq, &r.id, &r.fingerprint, &r.firstRun, (*string)(&r.was), &r.present, &r.referenced, &r.standing, &expires)
	r.expires = moment(expires)
	return err
}

// see writes the findings of a report.
func (tx *Tx) see(ctx context.Context, r Report, now time.Time) error {
	switch r.Outcome {
	case Read, Unchanged, Deleted:
	case Failed:
		return nil
	}
	rows, err := list(ctx, tx, "SELECT "+rowColumns+" FROM findings f WHERE f.repository = $1 ORDER BY f.seq"+tx.words().lock, scanRow, r.Repository)
	if err != nil {
		return doing("read findings", err)
	}
	by := author{run: r.Run, who: "sweep", now: now}
	if r.Outcome == Unchanged {
		return tx.seeAgain(ctx, r, rows, by)
	}
	known := map[string]row{}
	for _, k := range rows {
		known[k.id] = k
	}
	for _, s := range r.Sightings {
		k, ok := known[s.ID]
		delete(known, s.ID)
		if !ok {
			err = tx.seeNew(ctx, r, s, by)
		} else {
			err = tx.seeKnown(ctx, r, s, k, by)
		}
		if err != nil {
			return fmt.Errorf("records: write finding %s: %w", s.ID, err)
		}
	}
	if !r.Complete && r.Outcome != Deleted {
		return nil // what was not seen may be in what was not read
	}
	why := "a complete reading did not find it"
	if r.Outcome == Deleted {
		why = "its repository was deleted"
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if k := known[id]; k.present {
			k.present, k.again = false, true
			if err := tx.settle(ctx, k, by, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// seeAgain writes that everything is as it was.
func (tx *Tx) seeAgain(ctx context.Context, r Report, rows []row, by author) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.exec(ctx, "UPDATE findings SET last_seen = $1, last_run = $2 WHERE repository = $3 AND present", micros(by.now), r.Run, r.Repository); err != nil {
		return doing("note findings", err)
	}
	for _, k := range rows {
		k.again = true
		if err := tx.settle(ctx, k, by, "seen again"); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) seeNew(ctx context.Context, r Report, s Sighting, by author) error {
	standing, asked, verdict, err := tx.standing(ctx, s.Fingerprint)
	if err != nil {
		return err
	}
	f := facts{present: true, referenced: s.Referenced, standing: standing, expires: s.Expires, now: by.now}
	if f.ignored, err = tx.decided(ctx, s.ID, s.Fingerprint, by.now); err != nil {
		return err
	}
	life := f.life()
	seq, err := number(ctx, tx, `INSERT INTO findings (id, repository, path, fingerprint, rule, provider, confidence, life, open, standing, asked, verdict,
			present, referenced, stored, expires, first_seen, last_seen, first_run, last_run, places)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $18, $9, $10, $11, TRUE, $12, $13, $14, $15, $15, $16, $16, $17) RETURNING seq`,
		s.ID, r.Repository, s.Path, s.Fingerprint, s.Rule, s.Provider, s.Confidence, string(life), standing, asked, verdict,
		s.Referenced, s.Stored, micros(s.Expires), micros(by.now), r.Run, array(s.Places), life.Open())
	if err != nil {
		return err
	}
	tx.count(kind{life, standing}, 1)
	return tx.change(ctx, seq, "", life, by, "first seen")
}

func (tx *Tx) seeKnown(ctx context.Context, r Report, s Sighting, k row, by author) error {
	k.lost = k.present && k.referenced && !s.Referenced
	k.present, k.referenced, k.expires, k.again = true, s.Referenced, s.Expires, k.firstRun != r.Run
	_, err := tx.exec(ctx, `UPDATE findings SET path = $1, confidence = $2, referenced = $3, stored = $4, expires = $5, last_seen = $6, last_run = $7, places = $8
		WHERE seq = $9`,
		s.Path, s.Confidence, s.Referenced, s.Stored, micros(s.Expires), micros(by.now), r.Run, array(s.Places), k.seq)
	if err != nil {
		return err
	}
	why := "seen again"
	if k.lost {
		why = "no ref leads to it any more"
	}
	return tx.settle(ctx, k, by, why)
}

// author says who changes lives, and when.
type author struct {
	run int64
	who string
	now time.Time
}

// settle gives a finding the life that follows from what is known of it.
func (tx *Tx) settle(ctx context.Context, k row, by author, why string) error {
	k.now = by.now
	var err error
	if k.ignored, err = tx.decided(ctx, k.id, k.fingerprint, by.now); err != nil {
		return err
	}
	life := k.life()
	fixed := int64(0)
	if !k.present || life == Fixed {
		fixed = micros(by.now)
	}
	_, err = tx.exec(ctx, "UPDATE findings SET life = $1, open = $5, present = $2, fixed = CASE WHEN CAST($3 AS BIGINT) > 0 AND fixed > 0 THEN fixed ELSE CAST($3 AS BIGINT) END WHERE seq = $4",
		string(life), k.present, fixed, k.seq, life.Open())
	if err != nil {
		return doing("change a finding", err)
	}
	if life == k.was {
		return nil
	}
	tx.count(kind{k.was, k.standing}, -1)
	tx.count(kind{life, k.standing}, 1)
	return tx.change(ctx, k.seq, k.was, life, by, why)
}

func (tx *Tx) change(ctx context.Context, seq int64, was, now Life, by author, why string) error {
	_, err := tx.exec(ctx, "INSERT INTO changes (finding, at, run, was, now, who, why) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		seq, micros(by.now), by.run, string(was), string(now), by.who, why)
	return doing("note a change", err)
}

// standing returns the latest answer about a key.
func (tx *Tx) standing(ctx context.Context, fingerprint string) (standing string, asked int64, verdict string, err error) {
	standing, verdict = Unknown, "{}"
	err = tx.query(ctx, "SELECT standing, asked, verdict FROM findings WHERE fingerprint = $1 AND asked > 0 ORDER BY asked DESC, seq LIMIT 1",
		func(scan func(to ...any) error) error { return scan(&standing, &asked, &verdict) }, fingerprint)
	return standing, asked, verdict, err
}
