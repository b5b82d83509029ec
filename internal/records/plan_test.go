package records

import (
	"path/filepath"
	"strings"
	"testing"
)

// A page must not read more of a list than the page: no sorting, no walk over the
// whole table.
func TestAPageReadsOnlyItself(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "r.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, f := range map[string]Filter{
		"all": {}, "life": {Life: New}, "open": {Open: true}, "standing": {Standing: Active}, "provider": {Provider: "ionq"},
		"rule": {Rule: "r"}, "repository": {Repository: 1}, "fingerprint": {Fingerprint: "f"},
	} {
		rest, args := f.where().page("f.seq", Page{Before: 9, Most: 10})
		var plan []string
		err := s.engine.query(t.Context(), "EXPLAIN QUERY PLAN SELECT "+findingColumns+findingTables+rest, func(scan func(to ...any) error) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		}, args...)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "; ")
		if !strings.Contains(text, "SEARCH f USING ") || strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
