package pages

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
)

// place is where a finding stands, as reports have it. Fields are taken by name, and
// of these none that can hold key material.
type place struct {
	Place    string `json:"place"`
	Location struct {
		Path     string `json:"path"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Notebook *struct {
			Cell int    `json:"cell"`
			Part string `json:"part"`
			Line int    `json:"line"`
		} `json:"notebook"`
		Archive *struct {
			Member string `json:"member"`
		} `json:"archive"`
		Decoded []string `json:"decoded"`
	} `json:"location"`
	Git *commit `json:"git"`
	URL string  `json:"url"`
}

type commit struct {
	Commit   string    `json:"commit"`
	Author   string    `json:"author"`
	Email    string    `json:"email"`
	Date     time.Time `json:"date"`
	Refs     []string  `json:"refs"`
	MoreRefs int       `json:"moreRefs"`
	Reach    string    `json:"reach"`
}

// Spot says where exactly: a line, a cell, a member of an archive.
func (p place) Spot() string {
	text := p.Location.Path
	if a := p.Location.Archive; a != nil && a.Member != "" {
		text += " ! " + a.Member
	}
	if n := p.Location.Notebook; n != nil {
		if n.Cell > 0 {
			text += ", cell " + strconv.Itoa(n.Cell)
		}
		return text + " " + n.Part + " line " + strconv.Itoa(n.Line)
	}
	return text + ":" + strconv.Itoa(p.Location.Line)
}

// Reached says what still leads there.
func (c commit) Reached() string {
	switch c.Reach {
	case "ref":
		more := ""
		if c.MoreRefs > 0 {
			more = " and " + strconv.Itoa(c.MoreRefs) + " more"
		}
		return strings.Join(c.Refs, ", ") + more
	case "stash":
		return "a stash only"
	case "index":
		return "staged, not committed"
	case "reflog":
		return "no ref any more, only the reflog"
	case "dangling":
		return "nothing any more: gc will drop it"
	}
	return ""
}

// verdict is what a provider said, as reports have it.
type verdict struct {
	Provider string       `json:"provider"`
	Account  string       `json:"account"`
	Withheld bool         `json:"withheld"`
	Reason   string       `json:"reason"`
	Evidence key.Evidence `json:"evidence"`
	Key      key.Key      `json:"key"`
	Reach    key.Reach    `json:"reach"`
}

// decisionForm is what was typed into the form of a decision.
type decisionForm struct{ Why, Until string }

// findingView is the page of one finding.
type findingView struct {
	records.Finding

	Spots   []place
	Answer  *verdict
	History []records.Change
	// Decisions are those about it, or about its key; Standing counts those that hold.
	Decisions []records.Decision
	Held      bool
	// Others are where else the same key stands, and More says that there are more.
	Others []records.Finding
	More   bool
	Keys   []records.Key
	Fixes  []advice
	// Given is what was typed into the form, and Problem what was wrong with it.
	Given   decisionForm
	Problem string
}

// finding shows one finding.
func (p *Pages) finding(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err != nil {
		return err
	}
	return p.showFinding(w, r, http.StatusOK, seq, decisionForm{}, "")
}

func (p *Pages) showFinding(w http.ResponseWriter, r *http.Request, status int, seq int64, given decisionForm, problem string) error {
	ctx := r.Context()
	f, err := p.Store.Finding(ctx, seq)
	if err != nil {
		return err
	}
	v := findingView{Finding: f, Given: given, Problem: problem}
	// What another version wrote, and cannot be read, is left out.
	_ = json.Unmarshal(f.Places, &v.Spots)
	if len(f.Verdict) > 0 {
		var said verdict
		if json.Unmarshal(f.Verdict, &said) == nil {
			v.Answer = &said
		}
	}
	if v.History, err = p.Store.Changes(ctx, seq); err != nil {
		return err
	}
	slices.Reverse(v.History)
	if v.Decisions, err = p.Store.Decisions(ctx, records.DecisionFilter{Finding: f.ID, Fingerprint: f.Fingerprint}, records.Page{Most: rows}); err != nil {
		return err
	}
	v.Held = slices.ContainsFunc(v.Decisions, func(d records.Decision) bool { return d.Ended.IsZero() })
	others, err := p.Store.Findings(ctx, records.Filter{Fingerprint: f.Fingerprint}, records.Page{Most: 12})
	if err != nil {
		return err
	}
	v.More = len(others) == 12
	v.Others = slices.DeleteFunc(others, func(o records.Finding) bool { return o.Seq == seq })
	if v.Keys, err = p.Store.Keys(ctx, records.KeyFilter{Fingerprint: f.Fingerprint}, records.Page{Most: 10}); err != nil {
		return err
	}
	v.Fixes = fixes(v)
	return p.showAs(w, r, status, "finding", frame{Title: f.Path, Section: "/findings", View: v})
}

// advice is one thing to do, with the command that does it.
type advice struct{ Text, Command string }

// fixes says how a leak is mended, the most urgent first.
func fixes(v findingView) (all []advice) {
	name := v.ID
	if len(v.Keys) > 0 {
		name = called(v.Keys[0].Name, v.Keys[0].ID)
	}
	switch {
	case v.Life == records.Fixed || v.Life == records.Revoked || v.Life == records.Expired:
		return nil
	case v.Stored:
		return []advice{{"It is kept in a key store on purpose, which is no leak. Look whether others can read the file.", "qleaks audit"}}
	case v.Standing == records.Inactive:
		all = append(all, advice{"Its provider refuses the key: nobody can use it. Take it out of the files, so that nobody wonders.", "qleaks fix --write"})
	case v.Standing == records.Active:
		all = append(all,
			advice{"Revoke the key first: from the moment it was pushed, others may have it. The plan says what would break, and nothing happens before you agree.", "qleaks revoke " + quoted(name)},
			advice{"Or replace it without a break, where jobs depend on it.", "qleaks rotate " + quoted(name)},
			advice{"See what ran with it since it leaked.", "qleaks incident " + quoted(name)},
			advice{"Then, in a clone of the repository, read the key from the environment instead.", "qleaks fix --write"})
	default:
		all = append(all,
			advice{"Ask its provider whether the key works.", "qleaks scan --verify"},
			advice{"Treat it as one that works until the provider says otherwise: revoke it.", "qleaks revoke " + quoted(name)},
			advice{"Then, in a clone of the repository, read the key from the environment instead.", "qleaks fix --write"})
	}
	inHistory := slices.ContainsFunc(v.Spots, func(s place) bool { return s.Git != nil && s.Git.Commit != "" })
	if inHistory {
		all = append(all, advice{"A revoked key in the history harms nobody. To take it out anyway, see how first.", "qleaks fix --history"})
	}
	return all
}

// quoted makes an argument of a name for a shell. What a shell, or a person who
// copies, could misread is not given as a command.
func quoted(name string) string {
	plain := strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.:/@-", r))
	}) < 0
	if name == "" || !plain || name[0] == '-' {
		return "KEY"
	}
	return name
}
