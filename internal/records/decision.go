package records

import (
	"context"
	"strings"
	"time"
)

// Decision is what a person decided: that a finding, or a key wherever it is
// found, is ignored, why, and until when.
type Decision struct {
	Seq int64 `json:"seq"`
	// Finding is the ID of a report; or Fingerprint is a key's. One of them is
	// empty.
	Finding     string    `json:"finding,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	Who         string    `json:"who"`
	Why         string    `json:"why"`
	At          time.Time `json:"at"`
	// Until is when it ends, zero for never.
	Until   time.Time `json:"until,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	EndedBy string    `json:"endedBy,omitempty"`
}

// Ignore notes a decision, and ignores what it is about.
func (tx *Tx) Ignore(ctx context.Context, d Decision) (int64, error) {
	if (d.Finding == "") == (d.Fingerprint == "") || d.Who == "" || d.Why == "" {
		return 0, doing("note a decision", errIncomplete)
	}
	now, err := clock(ctx, tx)
	if err != nil {
		return 0, doing("note a decision", err)
	}
	seq, err := number(ctx, tx, "INSERT INTO decisions (finding, fingerprint, who, why, at, until) VALUES ($1, $2, $3, $4, $5, $6) RETURNING seq",
		d.Finding, d.Fingerprint, d.Who, d.Why, micros(now), micros(d.Until))
	if err != nil {
		return 0, doing("note a decision", err)
	}
	return seq, tx.settleAll(ctx, d, author{who: d.Who, now: now}, d.Why)
}

// EndDecision takes a decision back. What it was about gets the life that it has
// without it. ErrNotFound if there is no such decision, or it has ended.
func (tx *Tx) EndDecision(ctx context.Context, seq int64, who, why string) error {
	now, err := clock(ctx, tx)
	if err != nil {
		return doing("end a decision", err)
	}
	d, err := one(ctx, tx, "UPDATE decisions SET ended = $1, ended_by = $2 WHERE seq = $3 AND ended = 0 RETURNING "+decisionColumns, scanDecision, micros(now), who, seq)
	if err != nil {
		return doing("end a decision", err)
	}
	return tx.settleAll(ctx, d, author{who: who, now: now}, why)
}

// Pass ends what is over by the clock: decisions whose day has come, and findings
// of keys that expired. It is called now and then.
func (tx *Tx) Pass(ctx context.Context) error {
	now, err := clock(ctx, tx)
	if err != nil {
		return doing("read the clock", err)
	}
	by := author{who: "clock", now: now}
	over, err := list(ctx, tx, "UPDATE decisions SET ended = $1, ended_by = 'clock' WHERE ended = 0 AND until > 0 AND until <= $1 RETURNING "+decisionColumns, scanDecision, micros(now))
	if err != nil {
		return doing("end decisions", err)
	}
	for _, d := range over {
		if err := tx.settleAll(ctx, d, by, "the decision to ignore it has ended"); err != nil {
			return err
		}
	}
	rows, err := list(ctx, tx, "SELECT "+rowColumns+" FROM findings f WHERE f.expires > 0 AND f.expires < $1 AND f.life IN ('new', 'known', 'reopened') AND f.standing <> 'active' ORDER BY f.seq"+tx.words().lock, scanRow, micros(now))
	if err != nil {
		return doing("read findings", err)
	}
	for _, k := range rows {
		if err := tx.settle(ctx, k, by, "the key's own end is over"); err != nil {
			return err
		}
	}
	return nil
}

// settleAll settles what a decision is about.
func (tx *Tx) settleAll(ctx context.Context, d Decision, by author, why string) error {
	condition, value := "f.id = $1", d.Finding
	if d.Fingerprint != "" {
		condition, value = "f.fingerprint = $1", d.Fingerprint
	}
	rows, err := list(ctx, tx, "SELECT "+rowColumns+" FROM findings f WHERE "+condition+" ORDER BY f.seq"+tx.words().lock, scanRow, value)
	if err != nil {
		return doing("read findings", err)
	}
	for _, k := range rows {
		k.again = true
		if err := tx.settle(ctx, k, by, why); err != nil {
			return err
		}
	}
	return nil
}

// decided reports whether somebody decided to ignore a finding, or its key.
func (tx *Tx) decided(ctx context.Context, id, fingerprint string, now time.Time) (bool, error) {
	n, err := number(ctx, tx, "SELECT COUNT(*) FROM decisions WHERE (finding = $1 OR fingerprint = $2) AND ended = 0 AND (until = 0 OR until > $3)", id, fingerprint, micros(now))
	return n > 0, doing("read decisions", err)
}

const decisionColumns = "seq, finding, fingerprint, who, why, at, until, ended, ended_by"

func scanDecision(scan func(to ...any) error, d *Decision) error {
	var at, until, ended int64
	err := scan(&d.Seq, &d.Finding, &d.Fingerprint, &d.Who, &d.Why, &at, &until, &ended, &d.EndedBy)
	d.At, d.Until, d.Ended = moment(at), moment(until), moment(ended)
	return err
}

// DecisionFilter chooses decisions. A zero field chooses all.
type DecisionFilter struct {
	Finding     string
	Fingerprint string
	// Standing chooses those that have not ended.
	Standing bool
}

// Decisions returns a page of decisions.
func (s *Store) Decisions(ctx context.Context, f DecisionFilter, p Page) ([]Decision, error) {
	w := &where{}
	switch {
	case f.Finding != "" && f.Fingerprint != "":
		w.args = append(w.args, f.Finding, f.Fingerprint)
		w.parts = append(w.parts, "(finding = $1 OR fingerprint = $2)")
	case f.Finding != "":
		w.and("finding = ?", f.Finding)
	case f.Fingerprint != "":
		w.and("fingerprint = ?", f.Fingerprint)
	}
	if f.Standing {
		w.parts = append(w.parts, "ended = 0")
	}
	rest, args := w.page("seq", p)
	found, err := list(ctx, s.engine, "SELECT "+decisionColumns+" FROM decisions"+rest, scanDecision, args...)
	return found, doing("list decisions", err)
}

// Answer is what a provider said of a key.
type Answer struct {
	Fingerprint string
	// Standing is active, inactive or unknown. Unknown does not undo what is known.
	Standing string
	Verdict  []byte
	// Run is the run that asked, 0 for none.
	Run int64
}

// Answered notes what a provider said of a key, for all its findings. An answer
// that says nothing leaves what is known.
func (tx *Tx) Answered(ctx context.Context, a Answer) error {
	if a.Standing != Active && a.Standing != Inactive {
		return nil
	}
	now, err := clock(ctx, tx)
	if err != nil {
		return doing("note an answer", err)
	}
	verdict := strings.TrimSpace(string(a.Verdict))
	if verdict == "" {
		verdict = "{}"
	}
	rows, err := list(ctx, tx, "SELECT "+rowColumns+" FROM findings f WHERE f.fingerprint = $1 ORDER BY f.seq"+tx.words().lock, scanRow, a.Fingerprint)
	if err != nil {
		return doing("note an answer", err)
	}
	for _, k := range rows {
		if _, err := tx.exec(ctx, "UPDATE findings SET standing = $1, asked = $2, verdict = $3 WHERE seq = $4", a.Standing, micros(now), verdict, k.seq); err != nil {
			return doing("note an answer", err)
		}
		tx.count(kind{k.was, k.standing}, -1)
		tx.count(kind{k.was, a.Standing}, 1)
		k.standing = a.Standing
		if err := tx.settle(ctx, k, author{run: a.Run, who: "provider", now: now}, "its provider says that the key is "+a.Standing); err != nil {
			return err
		}
	}
	return nil
}
