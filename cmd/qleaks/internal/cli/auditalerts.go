package cli

import (
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/githubsource"
)

// joinedAlerts are GitHub's alerts, each once, with the finding at its place,
// whichever search found it. What GitHub was asked now counts more than what a
// report tells, and a later report more than an earlier one.
func (a *audit) joinedAlerts() []finding.Alert {
	newest := map[string]int{}
	var all []finding.Alert
	take := func(alerts []finding.Alert) {
		for _, one := range alerts {
			name := fmt.Sprintf("%s#%d", one.Repository, one.Number)
			i, ok := newest[name]
			if !ok {
				newest[name] = len(all)
				all = append(all, one)
				continue
			}
			if one.Finding == "" {
				one.Finding = all[i].Finding
			}
			all[i] = one
		}
	}
	take(a.alerts)
	take(a.asked)
	finding.JoinAlerts(all, a.found)
	return slices.Clip(all)
}

// tellHidden says where GitHub tells of no alerts, which is no gap: it says the
// same where it has no secret scanning.
func (a *audit) tellHidden(result finding.Result) {
	n := 0
	for _, s := range result.Coverage.Skipped {
		if s.Reason == githubsource.NoAlerts {
			n++
		}
	}
	if n > 0 {
		a.say.note("%s: %s", plural(n, "repository"), githubsource.NoAlerts)
	}
}
