package sweepreport

import (
	"fmt"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

const (
	// rotation and detection are the days of CIS IBM Cloud Foundations 1.3 and 1.2.
	rotation  = 90
	detection = 180
	// oldList is from when on a list of keys no longer tells.
	oldList = 7 * 24 * time.Hour
	// mostRows is how many rows a control names.
	mostRows = 50
)

// Checked returns what the records show of the controls that apply.
//
// The titles of CIS IBM Cloud Foundations are those of its version 1.0.0. The texts
// of AICPA's and ISO's are not repeated: they are theirs.
func (r Report) Checked() []Control {
	return []Control{r.unusedKeys(), r.rotatedKeys(), r.logicalAccess(), r.authentication()}
}

// verdict collects what was looked at.
type verdict struct {
	bad, unsure []string
}

func (v *verdict) row(list *[]string, file string, seq int64) {
	*list = append(*list, file+" "+strconv.FormatInt(seq, 10))
}

// result is the worst of what was seen; nothing seen is not known.
func (v verdict) result(seen int) Result {
	switch {
	case len(v.bad) > 0:
		return NotMet
	case len(v.unsure) > 0 || seen == 0:
		return Unknown
	}
	return Met
}

func (v verdict) rows() []string {
	all := append(append([]string{}, v.bad...), v.unsure...)
	return all[:min(len(all), mostRows)]
}

// ibmKeys calls a function for the listed keys of IBM Cloud.
func (r Report) ibmKeys(each func(Key)) (seen int) {
	for _, k := range r.Keys {
		if k.Provider == "ibm" && k.Gone.IsZero() {
			seen++
			each(k)
		}
	}
	return seen
}

// old says whether a list is too old to tell of now.
func (r Report) old(k Key) bool { return r.Made.Sub(k.Last) > oldList }

func (r Report) unusedKeys() Control {
	var v verdict
	seen := r.ibmKeys(func(k Key) {
		switch {
		case k.Disabled:
		case k.Unused >= detection:
			v.row(&v.bad, "keys.csv", k.Seq)
		case k.Unused < 0 || r.old(k):
			v.row(&v.unsure, "keys.csv", k.Seq)
		}
	})
	return Control{
		ID: "1.2", Standard: "CIS IBM Cloud Foundations", Title: "Ensure API keys unused for 180 days are detected and optionally disabled",
		Checked: "for each listed IBM Cloud API key that is not disabled: whether it was used in the last 180 days, by a list that is at most 7 days old",
		Result:  v.result(seen), Said: said(seen, "IBM Cloud API key", len(v.bad), "unused for 180 days or more, and not disabled", len(v.unsure), "of which it is not known when they were used, or whose list is old"),
		Rows: v.rows(), NotShown: []string{
			"keys of accounts that are not listed by this installation",
			"uses that IBM's list does not count, such as those of before it counted",
		},
	}
}

func (r Report) rotatedKeys() Control {
	var v verdict
	seen := r.ibmKeys(func(k Key) {
		switch age := r.Made.Sub(k.Created); {
		case k.Disabled:
		case !k.Created.IsZero() && age > rotation*24*time.Hour:
			v.row(&v.bad, "keys.csv", k.Seq)
		case k.Created.IsZero() || r.old(k):
			v.row(&v.unsure, "keys.csv", k.Seq)
		}
	})
	return Control{
		ID: "1.3", Standard: "CIS IBM Cloud Foundations", Title: "Ensure API keys are rotated every 90 days",
		Checked: "for each listed IBM Cloud API key that is not disabled: whether it was made in the last 90 days, by a list that is at most 7 days old",
		Result:  v.result(seen), Said: said(seen, "IBM Cloud API key", len(v.bad), "older than 90 days", len(v.unsure), "whose age is not known, or whose list is old"),
		Rows: v.rows(), NotShown: []string{
			"keys of accounts that are not listed by this installation",
			"whether a new key replaced an old one everywhere, or both are in use",
		},
	}
}

func said(seen int, what string, bad int, badWords string, unsure int, unsureWords string) string {
	if seen == 0 {
		return "No " + what + " is listed, so that nothing is known."
	}
	return fmt.Sprintf("Of %d listed (%s): %d %s; %d %s.", seen, what, bad, badWords, unsure, unsureWords)
}

// logicalAccess is about keys that give access and lie in the open.
func (r Report) logicalAccess() Control {
	var v verdict
	for _, f := range r.Findings {
		if !f.Life.Open() || f.Stored {
			continue
		}
		if f.Standing == records.Active {
			v.row(&v.bad, "findings.csv", f.Seq)
		} else {
			v.row(&v.unsure, "findings.csv", f.Seq)
		}
	}
	found, open := len(v.bad), len(v.unsure)
	unread := 0
	for _, c := range r.Coverage {
		if c.Gone.IsZero() && !c.Complete {
			unread++
			v.unsure = append(v.unsure, "coverage.csv "+c.Repository)
		}
	}
	return Control{
		ID: "CC6.1", Standard: "SOC 2 (Trust Services Criteria)", Title: "Logical access security: keys to quantum-cloud accounts in source code",
		Checked: "whether keys stand in the repositories, in all their history, whether their providers accept them, and whether each repository was read to its end",
		Result:  v.result(len(r.Coverage)), Said: fmt.Sprintf("%d open findings have a key that works, %d more are open; %d of %d repositories were not read to their end.", found, open, unread, r.Numbers.Repositories),
		Rows: v.rows(), NotShown: []string{
			"other credentials than those of IonQ, IBM Quantum and IBM Cloud, and qBraid",
			"repositories outside of the targets that were swept, forks of others, and copies that people have",
			"who used a key in the meantime, and every other part of logical access: identities, networks, encryption",
		},
	}
}

// authentication is about what is done with leaked and listed keys.
func (r Report) authentication() Control {
	var v verdict
	for _, f := range r.Findings {
		if f.Life.Open() && !f.Stored && r.Made.Sub(f.First) > 30*24*time.Hour {
			v.row(&v.bad, "findings.csv", f.Seq)
		}
	}
	late := len(v.bad)
	listed, nobody := 0, 0
	for _, k := range r.Keys {
		if !k.Gone.IsZero() {
			continue
		}
		if listed++; k.Owner == "" {
			nobody++
			v.row(&v.unsure, "keys.csv", k.Seq)
		}
	}
	text := fmt.Sprintf("%d findings have been open for more than 30 days and undecided; %d of %d listed keys name no owner; %d decisions, each with who and why.", late, nobody, listed, len(r.Decisions))
	// Both halves must be known: without a list nobody knows owners, without a sweep
	// nobody knows leaks.
	seen := min(len(r.Coverage), listed)
	if d := r.Numbers.Revoke; d.Keys > 0 {
		text += fmt.Sprintf(" %d keys were revoked, the middle one after %s, the last after %s.", d.Keys, span(d.Median), span(d.Longest))
	}
	return Control{
		ID: "A.5.17", Standard: "ISO/IEC 27001:2022", Title: "Authentication information: leaked keys are dealt with, and keys have owners",
		Checked: "how long leaked keys stay open, who decided about them and why, how long keys took to be revoked, and whether listed keys name an owner",
		Result:  v.result(seen), Said: text, Rows: v.rows(), NotShown: []string{
			"how people are given keys, and whether they are told how to handle them",
			"passwords, tokens of other services, and keys of providers that have no list",
		},
	}
}
