package pages

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/scanner/report"
)

// auditView is a page of what was done.
type auditView struct {
	Kind, Subject string
	Kinds         []string
	Actions       []records.Action
	Pager         pager
}

// audit lists what was done, by whom.
func (p *Pages) audit(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := auditView{Kind: strings.TrimSpace(q.Get("kind")), Subject: strings.TrimSpace(q.Get("subject"))}
	found, err := p.Store.Actions(r.Context(), records.ActionFilter{Kind: v.Kind, Subject: v.Subject}, records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	v.Actions = found[:min(len(found), rows)]
	if v.Pager = newPager(r, false, 0); len(found) > rows {
		v.Pager = newPager(r, true, v.Actions[rows-1].Seq)
	}
	for _, a := range v.Actions {
		v.Kinds = append(v.Kinds, a.Kind)
	}
	slices.Sort(v.Kinds)
	v.Kinds = slices.Compact(v.Kinds)
	return p.show(w, r, "audit", frame{Title: "Audit log", Section: "/audit", View: v})
}

// maxPlain is how much of a detail a line shows, in characters.
const maxPlain = 300

// plainJSON shows an object as names and values, on one line.
func plainJSON(text json.RawMessage) string {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "{}" || string(text) == "null" {
		return ""
	}
	out := report.Clean(strings.Join(plainMembers("", text, deepest), ", "))
	if letters := []rune(out); len(letters) > maxPlain {
		out = string(letters[:maxPlain]) + "…"
	}
	return out
}

// deepest is how far objects in objects are taken apart.
const deepest = 3

// plainMembers writes the members of an object, and of those in it, one by one.
func plainMembers(name string, text json.RawMessage, depth int) (parts []string) {
	var members map[string]json.RawMessage
	if depth == 0 || json.Unmarshal(text, &members) != nil {
		if word := ""; json.Unmarshal(text, &word) == nil {
			text = json.RawMessage(word)
		}
		return []string{strings.TrimPrefix(name+": "+string(text), ": ")}
	}
	for name, value := range members {
		parts = append(parts, plainMembers(name, value, depth-1)...)
	}
	slices.Sort(parts)
	return parts
}
