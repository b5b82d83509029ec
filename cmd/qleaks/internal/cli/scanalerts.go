package cli

import (
	"context"
	"slices"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/githubsource"
)

// alertOptions say how GitHub's own alerts are asked for, if they are: by a client
// that remembers no answers.
func (r *scanRun) alertOptions(ctx context.Context, a access, places []githubsource.Place) (githubsource.AlertOptions, error) {
	if !r.options.GitHub.Alerts {
		return githubsource.AlertOptions{}, nil
	}
	client, err := r.gitHubClient(ctx, a, places)
	return githubsource.AlertOptions{Client: client, Words: alertWords()}, err
}

// alertWords are in the kinds of alerts that are for keys which rules know. Those
// of clouds in general are left to others.
func alertWords() []string {
	words := []string{"qleaks"}
	if set, err := rules.Builtin(); err == nil {
		for _, r := range set.Rules() {
			if !slices.Contains(words, r.Provider) && r.Provider != "" && r.Provider != "aws" && r.Provider != "azure" {
				words = append(words, r.Provider)
			}
		}
	}
	return words
}

// alerts joins GitHub's alerts with what was found, and tells how many there are.
func (r *scanRun) alerts(result *finding.Result) {
	others, asked := r.joinAlerts(result)
	if !asked {
		return
	}
	missed, bypassed := 0, 0
	for _, a := range result.Alerts {
		if a.Finding == "" && a.Open {
			missed++
		}
		if !a.Bypassed.IsZero() {
			bypassed++
		}
	}
	r.say.note("GitHub has %s for such keys, and %d for other secrets; %d open ones are not found here, %d were pushed in spite of push protection", plural(len(result.Alerts), "alert"), others, missed, bypassed)
}

// joinAlerts joins GitHub's alerts with what was found, if it was asked for them;
// others counts those for other secrets.
func (r *scanRun) joinAlerts(result *finding.Result) (others int, asked bool) {
	i := slices.IndexFunc(r.targets, func(t target) bool { return t.remote != nil })
	if i < 0 || !r.options.GitHub.Alerts {
		return 0, false
	}
	told, others := r.targets[i].remote.sweep.Alerts()
	known := slices.Clone(result.Findings)
	for _, s := range result.Suppressed {
		known = append(known, s.Finding)
	}
	finding.JoinAlerts(told, known)
	result.Alerts = told
	return others, true
}
