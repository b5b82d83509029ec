package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/web"
	"github.com/qleaks/qleaks/internal/web/access"
)

// TestAMillionFindings fills a database with so many findings as QLEAKS_LOAD says,
// and holds pages at the beginning, in the middle and at the end to the same time.
// With QLEAKS_LOAD_SERVE=ADDRESS it then serves until it is interrupted, for wrk,
// and writes a token to QLEAKS_LOAD_TOKEN.
func TestAMillionFindings(t *testing.T) {
	many, err := strconv.Atoi(os.Getenv("QLEAKS_LOAD"))
	if err != nil {
		t.Skip("needs QLEAKS_LOAD, a number of findings")
	}
	w := newWorld(t, func(o *web.Options) { o.Log = nil })
	begun := time.Now()
	w.fillUp(many)
	t.Logf("%d findings were written in %v", many, time.Since(begun).Round(time.Second))
	for _, filter := range []string{"", "open=true", "life=fixed", "standing=active", "provider=ibm", "rule=ionq-api-key", "repository=1", "fingerprint=print7", "open=true&provider=ibm"} {
		var medians []time.Duration
		for _, before := range []int{many, many / 2, 2000} {
			path := fmt.Sprintf("/api/v1/findings?limit=100&before=%d&%s", before, filter)
			var took []time.Duration
			for range 9 {
				begun := time.Now()
				got, text := w.send(ask{method: http.MethodGet, path: path, as: access.Viewer, token: true})
				took = append(took, time.Since(begun))
				var page struct{ Items []json.RawMessage }
				if err := json.Unmarshal([]byte(text), &page); err != nil || got.StatusCode != http.StatusOK {
					t.Fatal(got.StatusCode, err)
				}
			}
			slices.Sort(took)
			medians = append(medians, took[4])
		}
		t.Logf("%-24s first %v, middle %v, last %v", filter, medians[0].Round(100*time.Microsecond), medians[1].Round(100*time.Microsecond), medians[2].Round(100*time.Microsecond))
	}
	if at := os.Getenv("QLEAKS_LOAD_SERVE"); at != "" {
		w.serve(t, at)
	}
}

// fillUp writes so many findings. Indexes are made afterwards, which is faster.
func (w *world) fillUp(many int) {
	w.t.Helper()
	db, ctx := w.store.SQL(), w.t.Context()
	rows, err := db.QueryContext(ctx, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'findings' AND sql IS NOT NULL")
	if err != nil {
		w.t.Fatal(err)
	}
	statements := []string{"PRAGMA cache_size = -262144"}
	var again []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			w.t.Fatal(err)
		}
		statements, again = append(statements, "DROP INDEX "+name), append(again, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		w.t.Fatal(err)
	}
	statements = append(append(statements, strings.ReplaceAll(findingsOfSweeps, "?", strconv.Itoa(many))), again...)
	for _, statement := range append(statements, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			w.t.Fatal(statement, err)
		}
	}
}

// findingsOfSweeps writes findings as sweeps leave them: one in fifty is open, one in a
// thousand has a key that works.
const findingsOfSweeps = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO findings (id, repository, path, fingerprint, rule, provider, confidence, life, open, standing, present, referenced, stored, first_seen, last_seen, first_run, last_run, places)
SELECT printf('load%09d', i), 1, 'src/circuit' || i || '.py', 'print' || (i % 5000), CASE i % 3 WHEN 0 THEN 'ionq-api-key' WHEN 1 THEN 'ibm-api-key' ELSE 'qbraid-api-key' END,
	CASE i % 3 WHEN 0 THEN 'ionq' WHEN 1 THEN 'ibm' ELSE 'qbraid' END, 'high', CASE WHEN i % 50 = 0 THEN 'known' ELSE 'fixed' END, i % 50 = 0,
	CASE WHEN i % 1000 = 0 THEN 'active' WHEN i % 2 = 0 THEN 'inactive' ELSE 'unknown' END, i % 50 = 0, i % 50 = 0, 0, 1700000000000000 + i, 1700000000000000 + i, 1, 1, '[]' FROM n`

func (w *world) serve(t *testing.T, at string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Clean(os.Getenv("QLEAKS_LOAD_TOKEN")), []byte(w.token[access.Viewer]), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.web.Serve(t.Context(), l, nil); err != nil {
		t.Error(err)
	}
}
