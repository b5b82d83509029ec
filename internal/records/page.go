package records

import (
	"context"
	"fmt"
	"strings"
)

// MaxPage is the most rows that a page has.
const MaxPage = 1000

func limited(most int) int {
	if most <= 0 || most > MaxPage {
		return MaxPage
	}
	return most
}

// Filter chooses findings. A zero field chooses all.
type Filter struct {
	Life Life
	// Open chooses new, known and reopened ones.
	Open        bool
	Standing    string
	Provider    string
	Rule        string
	Repository  int64
	Fingerprint string
}

// Page is where a list begins, and how much of it is wanted.
type Page struct {
	// Before is the number of the last row of the page before; 0 for the first
	// page. Lists have the newest row first.
	Before int64
	// Most is how many rows, at most MaxPage; 0 means MaxPage.
	Most int
}

// where builds a condition.
type where struct {
	parts []string
	args  []any
}

func (w *where) and(condition string, arg any) {
	w.args = append(w.args, arg)
	w.parts = append(w.parts, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(w.args))))
}

func (w *where) text() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// page ends a statement with the order and the bounds of a page of rows that a
// column counts.
func (w *where) page(column string, p Page) (string, []any) {
	if p.Before > 0 {
		w.and(column+" < ?", p.Before)
	}
	condition := w.text()
	w.args = append(w.args, limited(p.Most))
	return fmt.Sprintf("%s ORDER BY %s DESC LIMIT $%d", condition, column, len(w.args)), w.args
}

func (f Filter) where() *where {
	w := &where{}
	if f.Open {
		w.and("f.open = ?", true)
	}
	for _, c := range []struct{ column, value string }{
		{"f.life", string(f.Life)}, {"f.standing", f.Standing}, {"f.provider", f.Provider}, {"f.rule", f.Rule}, {"f.fingerprint", f.Fingerprint},
	} {
		if c.value != "" {
			w.and(c.column+" = ?", c.value)
		}
	}
	if f.Repository > 0 {
		w.and("f.repository = ?", f.Repository)
	}
	return w
}

// Findings returns a page of findings, without their places. With one condition, or
// none, a page costs the same however many findings there are; with several, the
// rows that meet one of them are read until the page is full.
func (s *Store) Findings(ctx context.Context, f Filter, p Page) ([]Finding, error) {
	rest, args := f.where().page("f.seq", p)
	found, err := list(ctx, s.engine, "SELECT "+findingColumns+findingTables+rest, scanFinding, args...)
	return found, doing("list findings", err)
}
