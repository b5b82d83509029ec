package records

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/peertest"
)

// rowsVariable is how many findings TestAPageReadsOnlyItself writes; with a million
// it tells how long pages take, for docs/operations.md.
const rowsVariable = "QLEAKS_ROWS"

// filters are those with one condition, or none.
func filters() map[string]Filter {
	return map[string]Filter{
		"all": {}, "life": {Life: Known}, "rare life": {Life: Expired}, "open": {Open: true}, "standing": {Standing: Active}, "provider": {Provider: "p1"},
		"rule": {Rule: "rule7"}, "repository": {Repository: 11}, "fingerprint": {Fingerprint: "print7"}, "nothing": {Rule: "none"},
	}
}

// A page must not read more of a list than the page: no sorting, no walk over the
// whole table, on a file and on a server.
func TestAPageReadsOnlyItself(t *testing.T) {
	rows := 20_000
	if text := os.Getenv(rowsVariable); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		pagesReadOnlyThemselves(t, filepath.Join(t.TempDir(), "r.db"), rows, "EXPLAIN QUERY PLAN ", func(plan string) bool {
			return strings.Contains(plan, "SEARCH f USING ") && !strings.Contains(plan, "TEMP B-TREE") && !strings.Contains(plan, "SCAN")
		})
	})
	t.Run("postgres", func(t *testing.T) {
		pagesReadOnlyThemselves(t, peertest.Postgres(t).Address, rows, "EXPLAIN ", func(plan string) bool {
			if strings.Contains(plan, "Bitmap Index Scan on findings_fingerprint") {
				return true // the server found that a key has so few findings that sorting these is less
			}
			return strings.Contains(plan, "Index Scan") && !strings.Contains(plan, "Sort") && !strings.Contains(plan, "Seq Scan on findings") && !strings.Contains(plan, "Bitmap")
		})
	})
}

func pagesReadOnlyThemselves(t *testing.T, database string, rows int, explain string, good func(plan string) bool) {
	s, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill(t, s, rows)
	for name, f := range filters() {
		for _, before := range []int64{0, int64(rows / 2)} {
			rest, args := f.where().page("f.seq", Page{Before: before, Most: 50})
			plan := ""
			err := s.engine.query(t.Context(), explain+"SELECT "+findingColumns+findingTables+rest, func(scan func(to ...any) error) error {
				var line string
				var unused [3]int
				to := []any{&line}
				if s.SQL() != nil {
					to = []any{&unused[0], &unused[1], &unused[2], &line}
				}
				err := scan(to...)
				plan += line + "\n"
				return err
			}, args...)
			if err != nil {
				t.Fatal(err)
			}
			if before > 0 && !good(plan) {
				t.Errorf("%s: %s", name, plan)
			}
			if os.Getenv(rowsVariable) != "" {
				t.Logf("%s before %d: %v", name, before, median(t, s, f, Page{Before: before, Most: 50}))
			}
		}
	}
}

// fill writes findings as sweeps leave them: most of them known, some of each kind.
func fill(t *testing.T, s *Store, rows int) {
	t.Helper()
	numbers := "generate_series(1, CAST($1 AS BIGINT)) AS g(n)"
	with := ""
	if s.SQL() != nil {
		with, numbers = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < $1) ", "g"
	}
	text := func(head, number string) string { return "'" + head + "' || CAST(" + number + " AS TEXT)" }
	for _, statement := range []string{
		"INSERT INTO repositories (name, origin, location) " + with + "SELECT " + text("r", "n") + ", 'o', 'l' FROM " + numbers + " WHERE n <= 2000",
		`INSERT INTO findings (id, repository, path, fingerprint, rule, provider, confidence, life, open, standing, present, referenced, stored, first_seen, last_seen, first_run, last_run, places) ` + with +
			"SELECT " + text("id", "n") + ", CASE WHEN n % 3 = 0 THEN 11 ELSE n % 2000 + 1 END, " + text("src/a", "n") + ", " + text("print", "n % 9973") + ", " + text("rule", "n % 41") + ", " + text("p", "n % 3") + `, 'high',
			CASE WHEN n % 5000 = 7 THEN 'expired' WHEN n % 20 = 3 THEN 'fixed' ELSE 'known' END, n % 5000 <> 7 AND n % 20 <> 3,
			CASE WHEN n % 50 = 1 THEN 'active' WHEN n % 7 = 0 THEN 'inactive' ELSE 'unknown' END, TRUE, TRUE, FALSE, n, n, 1, 1, '[]' FROM ` + numbers,
	} {
		if err := s.Update(t.Context(), func(tx *Tx) error { _, err := tx.exec(t.Context(), statement, rows); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if s.Pool() != nil {
		if _, err := s.engine.exec(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

// median is how long a page takes, of some.
func median(t *testing.T, s *Store, f Filter, p Page) string {
	t.Helper()
	var times []time.Duration
	n := 0
	for range 31 {
		began := time.Now()
		found, err := s.Findings(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		n = len(found)
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return fmt.Sprintf("%v for %d rows", times[len(times)/2].Round(time.Microsecond), n)
}
