package report

import (
	"fmt"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
)

// alertRecord is an alert of GitHub's secret scanning; the schema says what the
// fields mean.
type alertRecord struct {
	Repository string             `json:"repository"`
	Number     int64              `json:"number"`
	URL        string             `json:"url"`
	Title      string             `json:"title"`
	State      string             `json:"state"`
	Resolution string             `json:"resolution,omitempty"`
	Validity   string             `json:"validity,omitempty"`
	Created    time.Time          `json:"created,omitzero"`
	Bypassed   time.Time          `json:"bypassed,omitzero"`
	Finding    string             `json:"finding,omitempty"`
	Places     []alertPlaceRecord `json:"places"`
}

type alertPlaceRecord struct {
	Path   string `json:"path,omitempty"`
	Line   int    `json:"line,omitempty"`
	Object string `json:"object,omitempty"`
	Commit string `json:"commit,omitempty"`
	Page   string `json:"page,omitempty"`
}

const (
	alertOpen     = "open"
	alertResolved = "resolved"
)

func newAlertRecords(alerts []finding.Alert) []alertRecord {
	var all []alertRecord
	for _, a := range alerts {
		record := alertRecord{
			Repository: a.Repository, Number: a.Number, URL: a.URL, Title: a.Title, State: alertState(a), Resolution: a.Resolution,
			Validity: a.Validity, Created: a.Created, Bypassed: a.Bypassed, Finding: a.Finding, Places: []alertPlaceRecord{},
		}
		for _, p := range a.Places {
			record.Places = append(record.Places, alertPlaceRecord(p))
		}
		all = append(all, record)
	}
	return all
}

func alertState(a finding.Alert) string {
	if a.Open {
		return alertOpen
	}
	return alertResolved
}

func (a alertRecord) alert() finding.Alert {
	out := finding.Alert{
		Repository: a.Repository, Number: a.Number, URL: a.URL, Title: a.Title, Open: a.State == alertOpen, Resolution: a.Resolution,
		Validity: a.Validity, Created: a.Created, Bypassed: a.Bypassed, Finding: a.Finding,
	}
	for _, p := range a.Places {
		out.Places = append(out.Places, finding.AlertPlace(p))
	}
	return out
}

// alerts lists what GitHub found by itself: first what this scan did not find.
func (t *text) alerts(all []finding.Alert) {
	if len(all) == 0 {
		return
	}
	t.gap()
	t.line(span{bold, "Alerts of GitHub's secret scanning: " + thousands(int64(len(all)))})
	shown := 0
	for _, found := range []bool{false, true} {
		for _, a := range all {
			if found != (a.Finding != "") {
				continue
			}
			if shown++; shown > shownPlaces {
				t.line(span{dim, fmt.Sprintf("  and %d more (all in --format json)", len(all)-shownPlaces)})
				return
			}
			t.alert(a)
		}
	}
}

func (t *text) alert(a finding.Alert) {
	words := []string{a.Title, alertState(a), prefixed("as ", a.Resolution), prefixed("GitHub says: ", a.Validity)}
	if !a.Bypassed.IsZero() {
		words = append(words, "pushed on "+a.Bypassed.UTC().Format(time.DateOnly)+" in spite of push protection")
	}
	t.line(span{plain, "  " + oneLine(" ", a.Repository, fmt.Sprintf("#%d", a.Number))}, span{dim, "  " + oneLine(", ", words...)})
	if a.URL != "" {
		t.line(span{dim, "      " + a.URL})
	}
	if a.Finding != "" {
		t.line(span{dim, "      found here, too: " + a.Finding})
		return
	}
	where := "GitHub does not say where"
	if len(a.Places) > 0 {
		p := a.Places[0]
		if where = p.Page; p.Path != "" {
			where = fmt.Sprintf("%s:%d", p.Path, p.Line)
		}
		if where == "" {
			where = "on a page that this scan does not read"
		}
	}
	t.wrapped("      ", span{yellow, "not found here: " + where})
}
