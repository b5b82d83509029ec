package auditreport

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/source"
)

// auditSchema names the form of the json format.
const auditSchema = "qleaks.audit/1"

//go:embed schema/audit.schema.json
var schema []byte

// Schema is the JSON Schema of the json format.
func Schema() []byte { return schema }

// document is the whole of the json format; see schema/audit.schema.json for
// what the fields mean.
type document struct {
	Schema   string         `json:"schema"`
	AsOf     string         `json:"asOf"`
	Lists    []listRecord   `json:"lists"`
	Searched []string       `json:"searched"`
	Keys     []keyRecord    `json:"keys"`
	Alerts   []alertRecord  `json:"alerts"`
	Lapses   []lapseRecord  `json:"lapses"`
	Gaps     []string       `json:"gaps"`
	Summary  map[string]int `json:"summary"`
}

type listRecord struct {
	Provider string   `json:"provider"`
	Account  string   `json:"account"`
	AsOf     string   `json:"asOf"`
	Way      string   `json:"way"`
	Whole    bool     `json:"whole"`
	Gaps     []string `json:"gaps"`
}

type keyRecord struct {
	refRecord

	Kind         string         `json:"kind,omitempty"`
	Project      string         `json:"project,omitempty"`
	Made         string         `json:"made,omitempty"`
	Expires      string         `json:"expires,omitempty"`
	Used         string         `json:"used"`
	Disabled     string         `json:"disabled,omitempty"`
	Standing     standingRecord `json:"standing"`
	Status       statusRecord   `json:"status"`
	Fingerprints []string       `json:"fingerprints"`
	Places       []placeRecord  `json:"places"`
	Lapses       []string       `json:"lapses"`
}

// refRecord names a key.
type refRecord struct {
	Provider string `json:"provider"`
	Account  string `json:"account,omitempty"`
	Handle   string `json:"handle"`
	Name     string `json:"name,omitempty"`
	Owner    string `json:"owner,omitempty"`
}

type standingRecord struct {
	Listed  string `json:"listed"`
	Basis   string `json:"basis,omitempty"`
	Why     string `json:"why,omitempty"`
	Perhaps string `json:"perhaps,omitempty"`
}

type statusRecord struct {
	Said   string `json:"said"`
	Asked  string `json:"asked,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type placeRecord struct {
	Finding    string `json:"finding,omitempty"`
	Repository string `json:"repository,omitempty"`
	Directory  string `json:"directory,omitempty"`
	Path       string `json:"path"`
	Line       int    `json:"line,omitempty"`
	Kind       string `json:"kind"`
	Mode       string `json:"mode,omitempty"`
	Readers    string `json:"readers,omitempty"`
	Since      string `json:"since,omitempty"`
	By         string `json:"by,omitempty"`
	Commit     string `json:"commit,omitempty"`
}

type lapseRecord struct {
	Policy   string           `json:"policy"`
	Title    string           `json:"title"`
	Severity string           `json:"severity"`
	Said     string           `json:"said"`
	Reason   string           `json:"reason"`
	Page     string           `json:"page"`
	Advice   string           `json:"advice"`
	Key      *refRecord       `json:"key,omitempty"`
	Place    *placeRecord     `json:"place,omitempty"`
	Subject  *hygiene.Subject `json:"subject,omitempty"`
}

func writeJSON(w io.Writer, r Report, _ Options) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(newDocument(r))
}

func newDocument(r Report) document {
	d := document{
		Schema: auditSchema, AsOf: instant(r.Known.Now), Lists: []listRecord{}, Searched: append([]string{}, r.Searched...),
		Keys: []keyRecord{}, Alerts: newAlertRecords(r), Lapses: []lapseRecord{}, Gaps: append([]string{}, r.Gaps...), Summary: map[string]int{"lapses": len(r.Lapses)},
	}
	counts := r.Count()
	for _, s := range hygiene.Severities() {
		d.Summary[string(s)] = counts[s]
	}
	for _, l := range r.Known.Lists {
		d.Lists = append(d.Lists, listRecord{l.Account.Provider, l.Account.Name, instant(l.AsOf), string(l.Origin.Way), l.Whole, append([]string{}, l.Gaps...)})
	}
	for _, c := range r.Known.Cases {
		d.Keys = append(d.Keys, newKeyRecord(r, c))
	}
	for _, l := range r.Lapses {
		d.Lapses = append(d.Lapses, newLapseRecord(r.index.policies[l.Policy], l))
	}
	return d
}

func newKeyRecord(r Report, c *hygiene.Case) keyRecord {
	k := c.Key()
	record := keyRecord{
		refRecord: *refOf(c), Kind: k.Kind, Project: strings.TrimSpace(k.Project.Name + " " + k.Project.ID), Made: instant(k.Dates.Created), Expires: instant(k.Dates.Expires),
		Used: usedRecord(c), Disabled: string(k.State.Disabled), Fingerprints: []string{}, Places: []placeRecord{}, Lapses: append([]string{}, r.index.lapsed[c]...),
		Standing: standingRecord{Listed: string(c.Standing), Basis: string(c.Basis), Why: c.Why},
	}
	if c.Entry != nil {
		record.Standing.Listed = string(inventory.Listed)
	}
	if c.Perhaps != nil {
		record.Standing.Perhaps = c.Perhaps.Handle()
	}
	said, asked := c.Status()
	record.Status = statusRecord{Said: string(said), Asked: instant(asked)}
	if c.Check != nil {
		record.Status.Reason = c.Check.Verdict.Reason
	}
	for _, f := range c.Fingerprints {
		record.Fingerprints = append(record.Fingerprints, string(f))
	}
	for _, p := range c.Places {
		record.Places = append(record.Places, newPlaceRecord(p))
	}
	return record
}

// usedRecord is a time, "never", "unknown", or "after" and a time.
func usedRecord(c *hygiene.Case) string {
	switch u := c.Key().Use; {
	case !u.Known:
		return unknown
	case !u.Last.IsZero():
		return instant(u.Last)
	case !u.After.IsZero():
		return "after " + instant(u.After)
	}
	return "never"
}

func refOf(c *hygiene.Case) *refRecord {
	ref := &refRecord{Provider: c.Provider, Handle: c.Handle(), Name: c.Key().Name, Owner: c.Owner()}
	if c.Entry != nil {
		ref.Account = c.Entry.Accounts[0]
	}
	return ref
}

func newPlaceRecord(p hygiene.Place) placeRecord {
	record := placeRecord{
		Finding: p.Finding, Repository: p.Repository, Directory: p.Directory, Path: p.Path, Line: p.Line, Kind: placeKind(p),
		Since: instant(p.Since), By: p.By, Commit: p.Commit,
	}
	if p.Access.Readers != source.NotTold {
		record.Mode, record.Readers = fmt.Sprintf("%04o", p.Access.Mode), string(p.Access.Readers)
	}
	return record
}

// placeKind is one word for a place.
func placeKind(p hygiene.Place) string {
	switch {
	case p.Kind == source.SystemEnvironment, p.Kind == source.UserEnvironment:
		return string(p.Kind)
	case p.Leaked():
		return "leak"
	}
	return "store"
}

func newLapseRecord(p hygiene.Policy, l hygiene.Lapse) lapseRecord {
	record := lapseRecord{
		Policy: p.ID, Title: p.Title, Severity: string(l.Severity), Said: l.Said, Reason: p.Reason, Page: p.Page, Advice: p.Advice,
	}
	if l.Case != nil {
		record.Key = refOf(l.Case)
	} else {
		record.Subject = &l.Subject
	}
	if l.Place != nil {
		place := newPlaceRecord(*l.Place)
		record.Place = &place
	}
	return record
}
