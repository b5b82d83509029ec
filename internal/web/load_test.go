package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/web"
	"github.com/qleaks/qleaks/internal/web/access"
)

// loadLine is what load.lua tells at its end.
var loadLine = expression.Lazy(`requests .* ms`)

// TestAMillionFindings fills a database with so many findings as QLEAKS_LOAD says,
// tells how long pages at the beginning, in the middle and at the end take, and has
// wrk ask for the API and the dashboard two hundred times a second.
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
	w.load("the API", "Authorization: Bearer "+w.token[access.Viewer],
		"/api/v1/findings?limit=100", "/api/v1/findings?open=true", "/api/v1/findings?life=fixed&provider=ibm&limit=100",
		"/api/v1/findings?limit=50&before="+strconv.Itoa(many/2), "/api/v1/findings/"+strconv.Itoa(many/3), "/api/v1/keys",
		"/api/v1/repositories", "/api/v1/runs", "/api/v1/counts")
	w.load("the dashboard", "Cookie: "+w.cookie[access.Viewer].String(),
		"/", "/findings", "/findings?open=true", "/findings?life=fixed&provider=ibm", "/findings?before="+strconv.Itoa(many/2),
		"/findings/"+strconv.Itoa(many/3), "/keys", "/keys/1", "/repositories", "/repositories/7", "/runs", "/jobs", "/plans", "/audit")
}

// load asks two hundred times a second, for half a minute.
func (w *world) load(what, head string, paths ...string) {
	w.t.Helper()
	for _, path := range paths {
		begun := time.Now()
		got, text := w.send(ask{method: http.MethodGet, path: path, as: access.Viewer, token: strings.HasPrefix(path, "/api/")})
		if got.StatusCode != http.StatusOK {
			w.t.Fatal(path, got.StatusCode)
		}
		w.t.Logf("%-45s %8.1f ms %6d bytes", path, float64(time.Since(begun).Microseconds())/1e3, len(text))
	}
	cmd := exec.CommandContext(w.t.Context(), "wrk", "-t1", "-c200", "-d30s", "-s", "testdata/load.lua", w.URL)
	cmd.Env = append(os.Environ(), "HEAD="+head, "PATHS="+strings.Join(paths, " "))
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("wrk: %v\n%s", err, out)
	}
	told := loadLine().FindString(string(out))
	w.t.Logf("%s: %s", what, told)
	if !strings.Contains(told, " errors 0 ") {
		w.t.Errorf("%s", out)
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
	for _, fill := range []struct {
		statement string
		many      int
	}{{repositoriesOfSweeps, 2000}, {keysOfSweeps, 1000}, {findingsOfSweeps, many}} {
		statements = append(statements, strings.ReplaceAll(fill.statement, "?", strconv.Itoa(fill.many)))
	}
	for _, statement := range append(append(statements, again...),
		"INSERT INTO changes (finding, at, run, was, now, who, why) SELECT seq, first_seen, 1, '', life, 'sweep', 'first seen' FROM findings WHERE id LIKE 'load%' AND open",
		"DELETE FROM finding_counts", "INSERT INTO finding_counts SELECT life, standing, COUNT(*) FROM findings GROUP BY life, standing", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			w.t.Fatal(statement, err)
		}
	}
}

const (
	repositoriesOfSweeps = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO repositories (name, origin, location, covered, complete) SELECT printf('/srv/load%05d', i), origin, location, covered, complete FROM n, repositories WHERE seq = 1`
	keysOfSweeps = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO keys (provider, account, id, name, fingerprint, record, used, first_seen, last_seen)
SELECT provider, account, 'load' || i, 'job-' || i, 'print' || i, record, used - i, first_seen, last_seen FROM n, keys WHERE seq = 1`
)

// findingsOfSweeps writes findings as sweeps leave them: one in fifty is open, one in a
// thousand has a key that works.
const findingsOfSweeps = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO findings (id, repository, path, fingerprint, rule, provider, confidence, life, open, standing, present, referenced, stored, first_seen, last_seen, first_run, last_run, places)
SELECT printf('load%09d', i), 1 + i % 2000, 'src/circuit' || i || '.py', 'print' || (i % 5000), CASE i % 3 WHEN 0 THEN 'ionq-api-key' WHEN 1 THEN 'ibm-api-key' ELSE 'qbraid-api-key' END,
	CASE i % 3 WHEN 0 THEN 'ionq' WHEN 1 THEN 'ibm' ELSE 'qbraid' END, 'high', CASE WHEN i % 50 = 0 THEN 'known' ELSE 'fixed' END, i % 50 = 0,
	CASE WHEN i % 1000 = 0 THEN 'active' WHEN i % 2 = 0 THEN 'inactive' ELSE 'unknown' END, i % 50 = 0, i % 50 = 0, 0, 1700000000000000 + i, 1700000000000000 + i, 1, 1, '[]' FROM n`
