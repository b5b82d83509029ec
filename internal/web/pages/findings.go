package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
)

// choice is what a list of findings is limited to, as the address has it.
type choice struct {
	// State is "open", "all" or a life.
	State, Standing, Provider, Rule, Repository, Key string
}

const (
	openState = "open"
	allStates = "all"
)

func chosen(q url.Values) choice {
	c := choice{
		State: q.Get("state"), Standing: q.Get("standing"), Provider: q.Get("provider"), Rule: q.Get("rule"),
		Repository: strings.TrimSpace(q.Get("repository")), Key: strings.TrimSpace(q.Get("key")),
	}
	if c.State == "" {
		c.State = openState
	}
	return c
}

// states are the choices of State.
func states() []string {
	all := []string{openState, allStates}
	for _, l := range records.Lives() {
		all = append(all, string(l))
	}
	return all
}

// filter makes a filter of a choice. A repository is named, or numbered: "#12".
func (p *Pages) filter(r *http.Request, c choice) (records.Filter, error) {
	f := records.Filter{Standing: c.Standing, Provider: c.Provider, Rule: c.Rule, Fingerprint: c.Key}
	switch c.State {
	case openState:
		f.Open = true
	case allStates:
	default:
		f.Life = records.Life(c.State)
	}
	if c.Repository == "" {
		return f, nil
	}
	if text, ok := strings.CutPrefix(c.Repository, "#"); ok {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			f.Repository = n
			return f, nil
		}
	}
	known, err := p.Store.RepositoryNamed(r.Context(), c.Repository)
	f.Repository = known.Seq
	return f, err
}

// findingsView is a page of findings.
type findingsView struct {
	Choice    choice
	States    []string
	Standings []string
	Findings  []records.Finding
	Pager     pager
	// Total is how many of the state there are, -1 if the choice is narrower.
	Total int64
	// Unknown says that there is no repository of the name.
	Unknown bool
	// Any says that there is a finding at all.
	Any bool
}

// Filtered reports whether the list is narrower than it would be by itself.
func (v findingsView) Filtered() bool { return v.Choice != choice{State: openState} }

// findings lists findings.
func (p *Pages) findings(w http.ResponseWriter, r *http.Request) error {
	v := findingsView{Choice: chosen(r.URL.Query()), States: states(), Standings: standings(), Total: -1}
	f, err := p.filter(r, v.Choice)
	switch {
	case errors.Is(err, records.ErrNotFound):
		v.Unknown = true
	case err != nil:
		return err
	default:
		// One more than is shown tells whether there are others.
		found, err := p.Store.Findings(r.Context(), f, records.Page{Before: before(r), Most: rows + 1})
		if err != nil {
			return err
		}
		full := len(found) > rows
		v.Findings = found[:min(len(found), rows)]
		if full {
			v.Pager = newPager(r, full, v.Findings[rows-1].Seq)
		} else {
			v.Pager = newPager(r, false, 0)
		}
	}
	counts, err := p.Store.Counts(r.Context())
	if err != nil {
		return err
	}
	v.Any = len(counts) > 0
	if narrower := v.Choice; narrower.Standing+narrower.Provider+narrower.Rule+narrower.Repository+narrower.Key == "" {
		v.Total = tally(counts, v.Choice.State)
	}
	return p.show(w, r, "findings", frame{Title: "Findings", Section: "/findings", View: v})
}

// tally counts the findings of a state.
func tally(counts []records.Count, state string) (n int64) {
	for _, c := range counts {
		if state == allStates || state == openState && c.Life.Open() || state == string(c.Life) {
			n += c.Count
		}
	}
	return n
}
