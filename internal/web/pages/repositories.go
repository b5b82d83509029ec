package pages

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
)

// repositoriesView is the list of repositories.
type repositoriesView struct {
	Origin       string
	Incomplete   bool
	Repositories []records.Repository
	Pager        pager
}

// Filtered reports whether the list is narrower than it would be by itself.
func (v repositoriesView) Filtered() bool { return v.Incomplete || v.Origin != "" }

// repositories lists repositories with how far they were read. One name leads to
// its page at once.
func (p *Pages) repositories(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if name := strings.TrimSpace(q.Get("name")); name != "" {
		known, err := p.Store.RepositoryNamed(r.Context(), name)
		if err != nil {
			return err
		}
		return back(w, r, "/repositories/"+decimal(known.Seq), "", 0)
	}
	v := repositoriesView{Origin: strings.TrimSpace(q.Get("origin")), Incomplete: q.Get("incomplete") != ""}
	found, err := p.Store.Repositories(r.Context(), records.RepositoryFilter{Origin: v.Origin, Incomplete: v.Incomplete}, records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	v.Repositories = found[:min(len(found), rows)]
	if v.Pager = newPager(r, false, 0); len(found) > rows {
		v.Pager = newPager(r, true, v.Repositories[rows-1].Seq)
	}
	return p.show(w, r, "repositories", frame{Title: "Repositories", Section: "/repositories", View: v})
}

// repositoryView is the page of one repository.
type repositoryView struct {
	records.Repository

	// Facts are what its host tells.
	Facts    []fact
	Coverage []readingRow
	Pager    pager
	Findings []records.Finding
	More     bool
	// Latest is the newest reading that read something, nil if there was none.
	Latest *readingRow
}

type fact struct{ Name, Text string }

// readingRow is how far one run read a repository.
type readingRow struct {
	records.Coverage

	Tag     tag
	Numbers numbers
	Tips    []tip
	Refs    int
	Skipped []skipped
	Left    int
}

// numbers are those of a report's coverage.
type numbers struct {
	Files    int64 `json:"files"`
	Objects  int64 `json:"objects"`
	Blobs    int64 `json:"blobs"`
	Bytes    int64 `json:"bytes"`
	Unread   int64 `json:"unread"`
	Excluded int64 `json:"excluded"`
}

// tip is a ref and where it led when it was read.
type tip struct{ Ref, Commit string }

// skipped is something that was not read, and why.
type skipped struct {
	Path    string `json:"path"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// maxListed is how many refs, or things that were not read, a page names.
const maxListed = 100

func newReadingRow(c records.Coverage) readingRow {
	row := readingRow{Coverage: c, Tag: outcomeTag(c.Outcome, c.Complete)}
	// What another version wrote, and cannot be read, is left out.
	_ = json.Unmarshal(c.Counts, &row.Numbers)
	_ = json.Unmarshal(c.Extent.Skipped, &row.Skipped)
	tips := map[string]string{}
	_ = json.Unmarshal(c.Extent.Tips, &tips)
	for ref, commit := range tips {
		row.Tips = append(row.Tips, tip{ref, commit})
	}
	slices.SortFunc(row.Tips, func(a, b tip) int { return strings.Compare(a.Ref, b.Ref) })
	// What should have been read comes before what the operator left out.
	slices.SortStableFunc(row.Skipped, func(a, b skipped) int { return strings.Compare(b.Outcome, a.Outcome) })
	row.Refs, row.Left = len(row.Tips), max(len(row.Skipped)-maxListed, 0)
	row.Tips, row.Skipped = row.Tips[:min(row.Refs, maxListed)], row.Skipped[:min(len(row.Skipped), maxListed)]
	return row
}

// repository shows one repository: its findings, and the proof of how far it was
// read.
func (p *Pages) repository(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	known, err := p.Store.Repository(ctx, seq)
	if err != nil {
		return err
	}
	v := repositoryView{Repository: known, Facts: about(known)}
	coverage, err := p.Store.Coverage(ctx, seq, records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	if v.Pager = newPager(r, false, 0); len(coverage) > rows {
		coverage = coverage[:rows]
		v.Pager = newPager(r, true, coverage[rows-1].Seq)
	}
	for _, c := range coverage {
		v.Coverage = append(v.Coverage, newReadingRow(c))
	}
	if i := slices.IndexFunc(v.Coverage, func(c readingRow) bool { return c.Outcome == records.Read }); i >= 0 {
		v.Latest = &v.Coverage[i]
	}
	if v.Findings, err = p.Store.Findings(ctx, records.Filter{Repository: seq}, records.Page{Most: rows + 1}); err != nil {
		return err
	}
	if v.More = len(v.Findings) > rows; v.More {
		v.Findings = v.Findings[:rows]
	}
	return p.show(w, r, "repository", frame{Title: known.Name, Section: "/repositories", View: v})
}

// about reads what its host tells of a repository.
func about(r records.Repository) (all []fact) {
	var told map[string]any
	if json.Unmarshal(r.About, &told) != nil {
		return nil
	}
	for _, name := range []string{"visibility", "archived", "fork", "branch"} {
		switch value := told[name].(type) {
		case string:
			if value != "" {
				all = append(all, fact{begun(name), value})
			}
		case bool:
			if value {
				all = append(all, fact{begun(name), "yes"})
			}
		}
	}
	return all
}
