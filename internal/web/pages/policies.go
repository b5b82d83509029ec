package pages

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/remediate"
)

// policiesView says what the operator allows, and what keys are judged by.
type policiesView struct {
	// Problem is why nobody knows what the operator allows.
	Problem string
	Known   bool
	Mode    fact
	Rules   []fact
	Freezes []string
	Groups  []policyGroup
}

type policyGroup struct {
	Severity hygiene.Severity
	Class    string
	Policies []hygiene.Policy
}

// policies shows them.
func (p *Pages) policies(w http.ResponseWriter, r *http.Request) error {
	var v policiesView
	if p.Policy != nil {
		policy, err := p.Policy()
		if err != nil {
			p.Log.Warn("the operator's policy cannot be read", "error", err)
			v.Problem = "The [remediate] section of this server's configuration cannot be read, so that nothing is carried out. “qleaks config show” on the server says what is wrong."
		} else {
			v.Known = true
			v.allow(policy, p.Now())
		}
	}
	classes := map[hygiene.Severity]string{hygiene.Critical: "critical", hygiene.High: "warn", hygiene.Medium: "note", hygiene.Low: "hollow"}
	for _, s := range hygiene.Severities() {
		g := policyGroup{Severity: s, Class: classes[s]}
		for _, policy := range hygiene.Policies() {
			if policy.Severity == s {
				g.Policies = append(g.Policies, policy)
			}
		}
		v.Groups = append(v.Groups, g)
	}
	return p.show(w, r, "policies", frame{Title: "Policies", Section: "/policies", View: v})
}

// allow puts what the operator allows into words.
func (v *policiesView) allow(p remediate.Policy, now time.Time) {
	switch p.Mode {
	case remediate.ModePlan:
		v.Mode = fact{"Plans only", "Sweeps make plans, and nothing is carried out before a person starts it."}
	case remediate.ModeGuided:
		v.Mode = fact{"Guided", "A person starts each plan and watches its steps."}
	case remediate.ModeAuto:
		v.Mode = fact{"By itself", "Sweeps carry plans out without anybody, inside the caps below."}
	}
	add := func(name, form string, args ...any) {
		v.Rules = append(v.Rules, fact{name, fmt.Sprintf(form, args...)})
	}
	add("A run may end", "%s with somebody there, %s with nobody", plural(int64(p.Caps.Interactive), "key"), plural(int64(p.Caps.Unattended), "key"))
	add("A day may end", "%s in all, %s of them for good, and never more than %.0f %% of an account's keys, but always one", plural(int64(p.Caps.Daily), "key"), grouped(int64(p.Caps.Deletions)), 100*p.Caps.Share)
	add("A key counts as unused", "after %s, and as too old after %s", span(p.Times.Unused), span(p.Times.Age))
	add("Before a key is suspended", "nobody has used it for %s where all its stores confirmed the new one, for %s where not all are known", span(p.Times.QuietKnown), span(p.Times.QuietUnknown))
	add("Before it is revoked for good", "it stays suspended for %s, an unused one for %s", span(p.Times.Soak), span(p.Times.Grace))
	add("While work runs on it", "%s; a leaked key never waits for that", map[remediate.Draining]string{
		remediate.DrainWait: "qleaks waits until nothing runs", remediate.DrainHold: "qleaks stops and leaves it to a person", remediate.DrainIgnore: "qleaks goes on",
	}[p.Drain])
	add("Jobs", "%s", map[bool]string{true: "may be cancelled where a plan names them", false: "are never cancelled"}[p.CancelJobs])
	add("Unused keys", "%s", map[bool]string{true: "are replaced", false: "are revoked, not replaced"}[p.ReplaceUnused])
	for _, globs := range []struct {
		name string
		list []string
	}{{"Never touched", p.Protected}, {"Must not be missed for a minute", p.Production}, {"Want a second person", p.Approve}} {
		if len(globs.list) > 0 {
			add(globs.name, "%s", strings.Join(globs.list, ", "))
		} else {
			add(globs.name, "no key is named")
		}
	}
	add("Whose signatures count", "%s", signers(p.Signers))
	for _, f := range p.Freeze {
		text := stamp(f.From) + " to " + stamp(f.To)
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		if !now.Before(f.From) && now.Before(f.To) {
			text += " (now)"
		}
		if now.Before(f.To) {
			v.Freezes = append(v.Freezes, text)
		}
	}
}

func signers(all remediate.Signers) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Principals...)
	}
	if len(names) == 0 {
		return "nobody's: no file of approvers is configured"
	}
	return strings.Join(names, ", ")
}
