package finding

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Alert is one of a service that looks for keys itself, as GitHub's secret
// scanning does.
type Alert struct {
	// Repository is that of findings, URL where a person sees the alert.
	Repository string
	Number     int64
	URL        string
	// Title is what the service says that it found.
	Title string
	// Open says that nobody resolved it; Resolution is how somebody did, in the
	// service's words.
	Open       bool
	Resolution string
	// Validity is what the service says of the key: active, inactive or unknown.
	Validity string
	Created  time.Time
	// Bypassed is when somebody pushed it in spite of the service, zero if nobody
	// did.
	Bypassed time.Time
	Places   []AlertPlace
	// Finding is the ID of what was found at one of the places; "" if nothing was.
	Finding string
}

// AlertPlace is where an alert says that a key stands.
type AlertPlace struct {
	// Path and Line are those of the object of Git with the id Object.
	Path   string
	Line   int
	Object string
	Commit string
	// Page is the end of the path of what is no file, or "".
	Page string
}

// JoinAlerts says of each alert which finding stands at one of its places: at the
// line of the same object, or on the same page. It sorts them, by repository and
// number.
func JoinAlerts(alerts []Alert, findings []Finding) {
	slices.SortFunc(alerts, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Number, b.Number))
	})
	for i := range alerts {
		a := &alerts[i]
		for _, f := range findings {
			if strings.TrimSuffix(f.Repository, ".wiki") == a.Repository && slices.ContainsFunc(f.Occurrences, a.isAt) {
				a.Finding = f.ID
				break
			}
		}
	}
}

func (a *Alert) isAt(o Occurrence) bool {
	return slices.ContainsFunc(a.Places, func(p AlertPlace) bool {
		switch {
		case p.Page != "":
			return strings.HasSuffix(o.Location.Path, p.Page) && !digitBefore(o.Location.Path, p.Page)
		case o.Git == nil || p.Object == "" || o.Git.Object != p.Object:
			return false
		}
		return p.Line >= o.Location.Line && p.Line <= max(o.Location.EndLine, o.Location.Line)
	})
}

// digitBefore reports whether the page that a path ends in is the end of another
// word.
func digitBefore(path, page string) bool {
	before := path[:len(path)-len(page)]
	return page[0] != '#' && before != "" && !strings.HasSuffix(before, "/")
}
