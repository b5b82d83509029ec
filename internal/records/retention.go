package records

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// DeleteRepository deletes a repository with its findings, their history and its
// coverage, and returns how many findings there were; ErrNotFound if there is no
// such repository.
func (tx *Tx) DeleteRepository(ctx context.Context, seq int64) (findings int64, err error) {
	for _, statement := range []string{
		"DELETE FROM changes WHERE finding IN (SELECT seq FROM findings WHERE repository = $1)",
		"DELETE FROM coverage WHERE repository = $1",
	} {
		if _, err := tx.exec(ctx, statement, seq); err != nil {
			return 0, doing("delete a repository", err)
		}
	}
	if findings, err = tx.deleteFindings(ctx, "repository = $1", seq); err != nil {
		return 0, doing("delete a repository", err)
	}
	n, err := tx.exec(ctx, "DELETE FROM repositories WHERE seq = $1", seq)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return findings, doing("delete a repository", err)
}

// Export writes everything as lines of JSON, each an object with a type and a
// record: repositories, findings with their places, changes, decisions, keys with
// their uses, runs, coverage, actions, plans with what was said of them, users
// without passwords, schedules.
func (s *Store) Export(ctx context.Context, w io.Writer) error {
	e := json.NewEncoder(w)
	for _, export := range []func(context.Context, *json.Encoder) error{
		exporting("repository", s.engine, "repositories", repositoryColumns, scanRepository, func(r Repository) int64 { return r.Seq }),
		exporting("finding", s.engine, "findings", "", scanFindingWithPlaces, func(f Finding) int64 { return f.Seq }),
		exporting("change", s.engine, "changes", changeColumns, scanChange, func(c Change) int64 { return c.Seq }),
		exporting("decision", s.engine, "decisions", decisionColumns, scanDecision, func(d Decision) int64 { return d.Seq }),
		exporting("key", s.engine, "keys", keyColumns, scanKey, func(k Key) int64 { return k.Seq }),
		exporting("use", s.engine, "key_uses", keyUseColumns, scanKeyUse, func(u KeyUse) int64 { return u.Seq }),
		exporting("run", s.engine, "runs", runColumns, scanRun, func(r Run) int64 { return r.Seq }),
		exporting("coverage", s.engine, "coverage", coverageColumns, scanCoverage, func(c Coverage) int64 { return c.Seq }),
		exporting("action", s.engine, "actions", actionColumns, scanAction, func(a Action) int64 { return a.Seq }),
		exporting("plan", s.engine, "plans", planColumns+", plan", scanWholePlan, func(p Plan) int64 { return p.Seq }),
		exporting("vote", s.engine, "votes", voteColumns, scanVote, func(v Vote) int64 { return v.Seq }),
		exporting("user", s.engine, "users u", userColumns, scanUser, func(u User) int64 { return u.Seq }),
	} {
		if err := export(ctx, e); err != nil {
			return err
		}
	}
	schedules, err := s.Schedules(ctx)
	if err != nil {
		return err
	}
	for _, schedule := range schedules {
		if err := e.Encode(line{"schedule", schedule}); err != nil {
			return doing("export", err)
		}
	}
	return nil
}

type line struct {
	Type   string `json:"type"`
	Record any    `json:"record"`
}

// exporting writes a table in pages, so that neither memory nor a transaction
// grows with it.
func exporting[T any](kind string, c conn, table, columns string, scan func(scan func(to ...any) error, row *T) error, seq func(T) int64) func(context.Context, *json.Encoder) error {
	statement := fmt.Sprintf("SELECT %s FROM %s WHERE seq > $1 ORDER BY seq LIMIT %d", columns, table, MaxPage)
	if table == "findings" {
		statement = fmt.Sprintf("SELECT %s, f.places%s WHERE f.seq > $1 ORDER BY f.seq LIMIT %d", findingColumns, findingTables, MaxPage)
	}
	return func(ctx context.Context, e *json.Encoder) error {
		for after := int64(0); ; {
			rows, err := list(ctx, c, statement, scan, after)
			if err != nil {
				return doing("export", err)
			}
			for _, row := range rows {
				if err := e.Encode(line{kind, row}); err != nil {
					return doing("export", err)
				}
				after = seq(row)
			}
			if len(rows) < MaxPage {
				return nil
			}
		}
	}
}

// KeyUse is a Use with the number of its key, as Export writes it.
type KeyUse struct {
	Key int64 `json:"key"`
	Use
}

const keyUseColumns = "key, seq, at, until, known, used, count"

func scanKeyUse(scan func(to ...any) error, u *KeyUse) error {
	var at, until, used int64
	err := scan(&u.Key, &u.Seq, &at, &until, &u.Known, &used, &u.Count)
	u.At, u.Until, u.Last = moment(at), moment(until), moment(used)
	return err
}
