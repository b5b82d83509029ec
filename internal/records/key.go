package records

import (
	"context"
	"encoding/json"
	"time"

	"github.com/qleaks/qleaks/internal/key"
)

// Key is a key of an account, as lists tell of it over time.
type Key struct {
	Seq         int64  `json:"seq"`
	Provider    string `json:"provider"`
	Account     string `json:"account"`
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Record is what the last list said.
	Record key.Key `json:"record"`
	// Used is when it was last used, zero if that is not known or never.
	Used  time.Time `json:"used,omitzero"`
	First time.Time `json:"firstSeen"`
	Last  time.Time `json:"lastSeen"`
	// Gone is since when no complete list has it.
	Gone time.Time `json:"gone,omitzero"`
}

// Use is what lists said of a key's last use, from At until Until.
type Use struct {
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	// Known without a time of last use means that it was never used.
	Known bool      `json:"known"`
	Last  time.Time `json:"last,omitzero"`
	Count int64     `json:"count,omitempty"`
}

const keyColumns = "seq, provider, account, id, name, fingerprint, record, used, first_seen, last_seen, gone"

func scanKey(scan func(to ...any) error, k *Key) error {
	var record string
	var used, first, last, gone int64
	if err := scan(&k.Seq, &k.Provider, &k.Account, &k.ID, &k.Name, &k.Fingerprint, &record, &used, &first, &last, &gone); err != nil {
		return err
	}
	k.Used, k.First, k.Last, k.Gone = moment(used), moment(first), moment(last), moment(gone)
	return json.Unmarshal([]byte(record), &k.Record)
}

// Listed notes one key of a list: what it says, and when the key was last used.
// The fingerprint is "" where it is not known. At is when the list was made.
func (tx *Tx) Listed(ctx context.Context, k key.Key, fingerprint string, at time.Time) error {
	record, err := json.Marshal(k)
	if err != nil {
		return doing("note a key", err)
	}
	seq, err := number(ctx, tx, `INSERT INTO keys (provider, account, id, name, fingerprint, record, used, first_seen, last_seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
		ON CONFLICT (provider, account, id) DO UPDATE SET name = excluded.name, record = excluded.record, used = excluded.used,
			fingerprint = CASE WHEN excluded.fingerprint = '' THEN keys.fingerprint ELSE excluded.fingerprint END,
			last_seen = excluded.last_seen, gone = 0
		RETURNING seq`, k.Provider, k.Account.ID, k.ID, k.Name, fingerprint, string(record), micros(k.Use.Last), micros(at))
	if err != nil {
		return doing("note a key", err)
	}
	// As long as lists say the same of its use, there is one row.
	n, err := tx.exec(ctx, `UPDATE key_uses SET until = $1 WHERE seq = (SELECT MAX(seq) FROM key_uses WHERE key = $2) AND known = $3 AND used = $4 AND count = $5`,
		micros(at), seq, k.Use.Known, micros(k.Use.Last), k.Use.Count)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, "INSERT INTO key_uses (key, at, until, known, used, count) VALUES ($1, $2, $2, $3, $4, $5)",
			seq, micros(at), k.Use.Known, micros(k.Use.Last), k.Use.Count)
	}
	return doing("note a key's use", err)
}

// Unlisted notes that a key is gone: a list of that time, which would have it, has
// it no more.
func (tx *Tx) Unlisted(ctx context.Context, seq int64, since time.Time) error {
	_, err := tx.exec(ctx, "UPDATE keys SET gone = $1 WHERE seq = $2 AND gone = 0 AND last_seen < $1", micros(since), seq)
	return doing("note that a key is gone", err)
}

// KeyFilter chooses keys. A zero field chooses all.
type KeyFilter struct {
	Provider    string
	Account     string
	Fingerprint string
	// Present chooses those that are not gone.
	Present bool
}

// Keys returns a page of keys.
func (s *Store) Keys(ctx context.Context, f KeyFilter, p Page) ([]Key, error) {
	w := &where{}
	for _, c := range []struct{ column, value string }{{"provider", f.Provider}, {"account", f.Account}, {"fingerprint", f.Fingerprint}} {
		if c.value != "" {
			w.and(c.column+" = ?", c.value)
		}
	}
	if f.Present {
		w.parts = append(w.parts, "gone = 0")
	}
	rest, args := w.page("seq", p)
	keys, err := list(ctx, s.engine, "SELECT "+keyColumns+" FROM keys"+rest, scanKey, args...)
	return keys, doing("list keys", err)
}

// Key returns a key by its number; ErrNotFound if there is none.
func (s *Store) Key(ctx context.Context, seq int64) (Key, error) {
	k, err := one(ctx, s.engine, "SELECT "+keyColumns+" FROM keys WHERE seq = $1", scanKey, seq)
	return k, doing("read a key", err)
}

// Uses returns the history of a key's use, oldest first, at most 1,000 rows.
func (s *Store) Uses(ctx context.Context, k int64) ([]Use, error) {
	uses, err := list(ctx, s.engine, "SELECT seq, at, until, known, used, count FROM key_uses WHERE key = $1 ORDER BY seq LIMIT 1000",
		func(scan func(to ...any) error, u *Use) error {
			var at, until, used int64
			err := scan(&u.Seq, &at, &until, &u.Known, &used, &u.Count)
			u.At, u.Until, u.Last = moment(at), moment(until), moment(used)
			return err
		}, k)
	return uses, doing("read a key's use", err)
}

// DeleteKey deletes everything about a key that was found: its findings in all
// repositories with their history, decisions and actions about it, and what lists
// tell of it. It returns how many findings there were; ErrNotFound if nothing is
// known of the key. A sweep that finds it again writes it again.
func (tx *Tx) DeleteKey(ctx context.Context, fingerprint string) (findings int64, err error) {
	var all int64
	for _, statement := range []string{
		"DELETE FROM changes WHERE finding IN (SELECT seq FROM findings WHERE fingerprint = $1)",
		"DELETE FROM decisions WHERE fingerprint = $1 OR finding IN (SELECT id FROM findings WHERE fingerprint = $1)",
		"DELETE FROM actions WHERE subject = $1",
		"DELETE FROM key_uses WHERE key IN (SELECT seq FROM keys WHERE fingerprint = $1)",
		"DELETE FROM keys WHERE fingerprint = $1",
	} {
		n, err := tx.exec(ctx, statement, fingerprint)
		if err != nil {
			return 0, doing("delete a key", err)
		}
		all += n
	}
	if findings, err = tx.deleteFindings(ctx, "fingerprint = $1", fingerprint); err != nil {
		return 0, doing("delete a key", err)
	}
	if fingerprint == "" || all+findings == 0 {
		return 0, doing("delete a key", ErrNotFound)
	}
	return findings, nil
}
