package auditreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/textpage"
	"github.com/qleaks/qleaks/scanner/finding"
)

// alertRecord is an alert of GitHub's secret scanning.
type alertRecord struct {
	Repository string     `json:"repository"`
	Number     int64      `json:"number"`
	URL        string     `json:"url,omitempty"`
	Title      string     `json:"title"`
	State      string     `json:"state"`
	Resolution string     `json:"resolution,omitempty"`
	Validity   string     `json:"validity,omitempty"`
	Created    string     `json:"created,omitempty"`
	Bypassed   string     `json:"bypassed,omitempty"`
	Finding    string     `json:"finding,omitempty"`
	Key        *refRecord `json:"key,omitempty"`
}

func newAlertRecords(r Report) []alertRecord {
	all := []alertRecord{}
	for _, a := range r.Known.Alerts {
		record := alertRecord{
			Repository: a.Repository, Number: a.Number, URL: a.URL, Title: a.Title, State: alertState(a), Resolution: a.Resolution,
			Validity: a.Validity, Created: instant(a.Created), Bypassed: instant(a.Bypassed), Finding: a.Finding,
		}
		if c := alerted(r, a); c != nil {
			record.Key = refOf(c)
		}
		all = append(all, record)
	}
	return all
}

func alertState(a finding.Alert) string {
	if a.Open {
		return "open"
	}
	return "resolved"
}

// alerted is the key that was found where an alert says that one is, nil if none
// was.
func alerted(r Report, a finding.Alert) *hygiene.Case {
	if a.Finding == "" {
		return nil
	}
	i := slices.IndexFunc(r.Known.Cases, func(c *hygiene.Case) bool {
		return slices.ContainsFunc(c.Places, func(p hygiene.Place) bool { return p.Finding == a.Finding })
	})
	if i < 0 {
		return nil
	}
	return r.Known.Cases[i]
}

// alerts lists what GitHub found by itself.
func (p page) alerts(r Report) {
	if len(r.Known.Alerts) == 0 {
		return
	}
	p.Heading("Alerts of GitHub's secret scanning")
	for _, a := range r.Known.Alerts {
		words := []string{a.Title, alertState(a)}
		if a.Resolution != "" {
			words = append(words, "as "+a.Resolution)
		}
		if c := alerted(r, a); c != nil {
			words = append(words, "for "+titled(c))
		}
		p.Wrapped(textpage.Plain, "    ", fmt.Sprintf("%s #%d: %s", a.Repository, a.Number, strings.Join(words, ", ")))
		if a.URL != "" {
			p.Wrapped(textpage.Dim, "        ", a.URL)
		}
	}
}
