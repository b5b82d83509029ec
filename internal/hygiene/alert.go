package hygiene

import (
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/finding"
)

// alerts are the policies about alerts of GitHub's own secret scanning.
func alerts() []Policy {
	return []Policy{
		{
			ID: "alert-open", Title: "GitHub has an open alert for it", Severity: High,
			Reason: "GitHub found the key by itself: so everybody who may read the repository can. In a public one GitHub may have told the provider, too.",
			Page:   githubAlerts,
			Advice: "Revoke the key, then close the alert as revoked: a remediation does both with [remediate] close-alerts = true. If it is no key, close it as a false positive.",
			find:   alertOpen,
		},
		{
			ID: "alert-closed-active", Title: "GitHub's alert is closed, and the key is still accepted", Severity: Critical,
			Reason: "Who closed the alert took the key for dead or for none, and nobody looks at it any more.",
			Page:   githubAlerts,
			Advice: "Revoke the key; then look who closed the alert, and why.",
			find:   alertClosed,
		},
	}
}

// alertOpen is critical where somebody knows that the key works.
func alertOpen(k *Known) []Lapse {
	var lapses []Lapse
	for _, a := range k.Alerts {
		if !a.Open {
			continue
		}
		l := alertLapse(k, a)
		if a.Validity == string(key.Active) {
			l.Severity = Critical
		}
		lapses = append(lapses, l)
	}
	return lapses
}

func alertClosed(k *Known) []Lapse {
	var lapses []Lapse
	for _, a := range k.Alerts {
		l := alertLapse(k, a)
		if l.Case == nil || a.Open {
			continue
		}
		if status, _ := l.Case.Status(); status == key.Active {
			lapses = append(lapses, l)
		}
	}
	return lapses
}

// alertLapse tells an alert, of the key that was found at its place if one was.
func alertLapse(k *Known, a finding.Alert) Lapse {
	l := Lapse{Said: alertWords(a), Subject: Subject{Kind: "alert", Name: alertName(a)}}
	if a.Finding != "" {
		i := slices.IndexFunc(k.Cases, func(c *Case) bool {
			return slices.ContainsFunc(c.Places, func(p Place) bool { return p.Finding == a.Finding })
		})
		if i >= 0 {
			l.Case = k.Cases[i]
			return l
		}
	}
	if len(a.Places) > 0 && a.Places[0].Path != "" {
		p := a.Places[0]
		l.Place = &Place{Repository: a.Repository, Path: p.Path, Line: p.Line, Commit: p.Commit}
	}
	return l
}

// alertName is HOST/OWNER/NAME#NUMBER.
func alertName(a finding.Alert) string { return fmt.Sprintf("%s#%d", a.Repository, a.Number) }

func alertWords(a finding.Alert) string {
	text := alertName(a) + ", " + a.Title
	switch {
	case !a.Open:
		text += ", closed"
		if a.Resolution != "" {
			text += " as " + a.Resolution
		}
	case a.Created.IsZero():
		text += ", open"
	default:
		text += ", open since " + date(a.Created)
	}
	if len(a.Places) > 0 {
		switch p := a.Places[0]; {
		case p.Path != "":
			text += fmt.Sprintf(", at %s:%d", p.Path, p.Line)
		case p.Page != "":
			text += ", at " + p.Page
		}
	}
	if a.Validity != "" {
		text += "; GitHub says of the key: " + a.Validity
	}
	if !a.Bypassed.IsZero() {
		text += "; pushed on " + a.Bypassed.UTC().Format(time.DateOnly) + " in spite of push protection"
	}
	if a.URL != "" {
		text += "; " + a.URL
	}
	return text
}
