package incident

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"io"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

const incidentSchema = "qleaks.incident/1"

//go:embed schema/incident.schema.json
var schema []byte

// Schema is the JSON Schema of the json format.
func Schema() []byte { return schema }

// document is the json format; see schema/incident.schema.json.
type document struct {
	Schema   string         `json:"schema"`
	AsOf     string         `json:"asOf"`
	Key      keyRecord      `json:"key"`
	Exposure exposureRecord `json:"exposure"`
	Places   []placeRecord  `json:"places"`
	Reach    []string       `json:"reach"`
	Asked    bool           `json:"asked"`
	Since    string         `json:"since,omitempty"`
	Habit    Habit          `json:"habit"`
	Jobs     []jobRecord    `json:"jobs"`
	nowRecord
	Rest restRecord `json:"summary"`
}

// nowRecord is how things stand.
type nowRecord struct {
	Queued   []string        `json:"queued"`
	Sessions []sessionRecord `json:"sessions"`
	Made     []madeRecord    `json:"made"`
}

// madeRecord is a key that was made since the leak.
type madeRecord struct {
	Handle string `json:"handle"`
	Name   string `json:"name,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Made   string `json:"made"`
}

type keyRecord struct {
	Provider string `json:"provider"`
	Handle   string `json:"handle"`
	Name     string `json:"name,omitempty"`
	Owner    string `json:"owner,omitempty"`
	Status   string `json:"status"`
	Asked    string `json:"asked,omitempty"`
}

type exposureRecord struct {
	Committed string `json:"committed,omitempty"`
	Commit    string `json:"commit,omitempty"`
	By        string `json:"by,omitempty"`
	Pushed    string `json:"pushed,omitempty"`
	PushedHow string `json:"pushedHow,omitempty"`
	// PushedSure says that the push brought the value; else it can have.
	PushedSure bool   `json:"pushedSure,omitempty"`
	Remote     string `json:"remote,omitempty"`
	RemoteHow  string `json:"remoteHow,omitempty"`
	Public     string `json:"public,omitempty"`
	PublicHow  string `json:"publicHow,omitempty"`
	Private    bool   `json:"private"`
}

type placeRecord struct {
	Finding    string `json:"finding"`
	Repository string `json:"repository,omitempty"`
	Path       string `json:"path"`
	Line       int    `json:"line,omitempty"`
	Since      string `json:"since,omitempty"`
}

type jobRecord struct {
	ID        string      `json:"id"`
	Name      string      `json:"name,omitempty"`
	Status    string      `json:"status"`
	Pending   bool        `json:"pending"`
	Submitted string      `json:"submitted,omitempty"`
	Backend   string      `json:"backend,omitempty"`
	Owner     string      `json:"owner,omitempty"`
	Instance  string      `json:"instance,omitempty"`
	Shots     int64       `json:"shots,omitempty"`
	Seconds   float64     `json:"seconds,omitempty"`
	Cost      *key.Amount `json:"cost,omitempty"`
	Unlike    []string    `json:"unlike"`
}

type sessionRecord struct {
	ID      string `json:"id"`
	Backend string `json:"backend,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Begun   string `json:"begun,omitempty"`
}

type restRecord struct {
	Sum

	Seconds float64  `json:"seconds"`
	Verdict string   `json:"verdict"`
	Gaps    []string `json:"gaps"`
	Steps   []string `json:"steps"`
}

func instant(t time.Time) string {
	if t = t.UTC(); t.IsZero() || t.Year() > 9999 || t.Year() < 0 {
		return ""
	}
	return t.Format(time.RFC3339)
}

func writeJSON(w io.Writer, t Told, _ Options) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(newDocument(t))
}

func newDocument(t Told) document {
	status, asked := t.Case.Status()
	e := t.Exposure
	d := document{
		Schema: incidentSchema, AsOf: instant(t.Now), Asked: t.Asked, Since: instant(t.Since), Habit: t.Habit,
		Key:      keyRecord{t.Case.Provider, t.Case.Handle(), t.Case.Key().Name, t.Case.Owner(), string(status), instant(asked)},
		Exposure: exposureRecord{instant(e.Committed), e.Commit, e.By, instant(e.Pushed), e.PushedHow, e.PushedSure, instant(e.Remote), e.RemoteHow, instant(e.Public), e.PublicHow, e.Private},
		Reach:    append([]string{}, t.reach()...),
		Places:   []placeRecord{}, Jobs: []jobRecord{}, nowRecord: nowRecord{Queued: []string{}, Sessions: []sessionRecord{}, Made: []madeRecord{}},
		Rest: restRecord{Sum: t.Sum, Seconds: t.Sum.Ran.Seconds(), Verdict: t.verdict(), Gaps: append([]string{}, t.Gaps...), Steps: t.steps()},
	}
	for _, p := range t.Case.Leaks() {
		d.Places = append(d.Places, placeRecord{p.Finding, p.Repository, p.Path, p.Line, instant(p.Since)})
	}
	for _, j := range t.Window {
		d.Jobs = append(d.Jobs, newJobRecord(j))
	}
	for _, j := range t.Queued {
		d.Queued = append(d.Queued, j.ID)
	}
	for _, e := range t.Made {
		owner := e.Key.Owner
		d.Made = append(d.Made, madeRecord{e.Handle(), e.Key.Name, cmp.Or(owner.Name, owner.Email, owner.ID), instant(e.Key.Dates.Created)})
	}
	for _, s := range t.Sessions {
		d.Sessions = append(d.Sessions, newSessionRecord(s))
	}
	return d
}

func newJobRecord(j Noted) jobRecord {
	record := jobRecord{
		ID: j.ID, Name: j.Name, Status: j.Status, Pending: j.Pending, Submitted: instant(j.Times.Submitted), Backend: j.Backend, Owner: j.Owner,
		Instance: j.Instance, Shots: j.Shots, Seconds: j.Times.Ran.Seconds(), Unlike: append([]string{}, j.Unlike...),
	}
	if j.Cost.Unit != "" {
		record.Cost = &j.Cost
	}
	return record
}

func newSessionRecord(s provider.Session) sessionRecord {
	return sessionRecord{s.ID, s.Backend, s.Owner, instant(s.Begun)}
}
