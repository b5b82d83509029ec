package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/finding"
)

// verificationRecord is what asking a provider came to, in JSON.
type verificationRecord struct {
	Provider string        `json:"provider,omitempty"`
	Account  string        `json:"account,omitempty"`
	Withheld bool          `json:"withheld"`
	Reason   string        `json:"reason"`
	Evidence *key.Evidence `json:"evidence,omitempty"`
	// RetryAfter is in seconds.
	RetryAfter int64      `json:"retryAfter,omitempty"`
	Key        *key.Key   `json:"key,omitempty"`
	Reach      *key.Reach `json:"reach,omitempty"`
}

func newVerificationRecord(c *finding.Check) *verificationRecord {
	if c == nil {
		return nil
	}
	record := &verificationRecord{
		Provider: c.Provider, Account: c.Account, Withheld: c.Withheld, Reason: c.Verdict.Reason, RetryAfter: int64((c.Verdict.RetryAfter + time.Second - 1) / time.Second),
	}
	if e := c.Verdict.Evidence; e != (key.Evidence{}) {
		record.Evidence = &e
	}
	if k := c.Key(); k.Provider != "" {
		record.Key = &k
	}
	if c.Known != nil {
		reach := c.Known.Reach
		record.Reach = &reach
	}
	return record
}

// mapCheck puts every text of a check through change: what a provider tells of
// a key is what somebody once typed there.
func mapCheck(c *finding.Check, change func(string) string) *finding.Check {
	if c == nil {
		return nil
	}
	mapped := *c
	mapped.Provider, mapped.Account = change(c.Provider), change(c.Account)
	mapped.Verdict.Reason = change(c.Verdict.Reason)
	mapped.Verdict.Evidence.Request, mapped.Verdict.Evidence.Code = change(c.Verdict.Evidence.Request), change(c.Verdict.Evidence.Code)
	mapped.Verdict.Key = mapKey(c.Verdict.Key, change)
	if c.Known != nil {
		mapped.Known = &key.Description{Key: mapKey(c.Known.Key, change), Reach: mapReach(c.Known.Reach, change)}
	}
	return &mapped
}

func mapKey(k key.Key, change func(string) string) key.Key {
	for _, text := range []*string{&k.Provider, &k.ID, &k.Name, &k.Description, &k.Kind, &k.State.OnLeak, &k.State.Tag} {
		*text = change(*text)
	}
	k.Owner, k.Account, k.Project = mapParty(k.Owner, change), mapParty(k.Account, change), mapParty(k.Project, change)
	k.Roles = mapAll(k.Roles, change)
	return k
}

func mapParty(p key.Party, change func(string) string) key.Party {
	return key.Party{ID: change(p.ID), Name: change(p.Name), Email: change(p.Email)}
}

func mapReach(r key.Reach, change func(string) string) key.Reach {
	r.Organisation = mapParty(r.Organisation, change)
	r.Balances, r.Spent = mapAmounts(r.Balances, change), mapAmounts(r.Spent, change)
	r.Instances = slices.Clone(r.Instances)
	for i := range r.Instances {
		x := &r.Instances[i]
		x.ID, x.Name, x.Region, x.Plan = change(x.ID), change(x.Name), change(x.Region), change(x.Plan)
		x.Backends = mapAll(x.Backends, change)
		if x.Remaining != nil {
			x.Remaining = &key.Amount{Value: x.Remaining.Value, Unit: change(x.Remaining.Unit)}
		}
	}
	r.Untold = mapAll(r.Untold, change)
	return r
}

func mapAmounts(amounts []key.Amount, change func(string) string) []key.Amount {
	amounts = slices.Clone(amounts)
	for i := range amounts {
		amounts[i].Unit = change(amounts[i].Unit)
	}
	return amounts
}

// standingWords say whether a key works.
func standingWords(s finding.Standing) string {
	switch {
	case s.Status == key.Active:
		return " · still accepted by the provider"
	case s.Status == key.Inactive:
		return " · refused by the provider"
	case s.Check == nil:
		return " · not verified"
	case s.Check.Withheld:
		return " · sent to nobody"
	}
	return " · unknown whether it works"
}

// askedWords are standingWords where somebody was asked.
func askedWords(s finding.Standing) string {
	if s.Check == nil || s.Check.Withheld {
		return ""
	}
	return standingWords(s)
}

func standingSpan(s finding.Standing) span {
	if s.Status == key.Active {
		return span{red, standingWords(s)}
	}
	return span{plain, standingWords(s)}
}

// reasonWords say why a verdict is what it is, in a sentence's worth.
func reasonWords(c *finding.Check) string {
	words := c.Verdict.Reason
	if wait := c.Verdict.RetryAfter; wait > 0 {
		words += ", and asks to be left alone for " + duration(wait)
	}
	return words
}

// evidenceWords say what a verdict rests on.
func evidenceWords(e key.Evidence) string {
	if e.Request == "" {
		return ""
	}
	words := e.Request
	if e.HTTPStatus != 0 {
		words += " answered " + strconv.Itoa(e.HTTPStatus)
	}
	return oneLine(", ", oneLine(" ", words, e.Code), prefixed("control: ", string(e.Control)))
}

// verification writes what verifying a key came to.
func (t *text) verification(c *finding.Check) {
	if c == nil {
		return
	}
	t.fact("verdict: ", reasonWords(c))
	t.fact("asked: ", evidenceWords(c.Verdict.Evidence))
	t.fact("seen by your account: ", c.Account)
	t.fact("key: ", keyWords(c.Key()))
	t.fact("dates: ", dateWords(c.Key()))
	t.fact("may: ", strings.Join(c.Key().Roles, ", "))
	if c.Known == nil {
		return
	}
	for _, fact := range ReachWords(c.Known.Reach) {
		t.fact("reach: ", fact)
	}
	t.fact("not told: ", strings.Join(c.Known.Reach.Untold, "; "))
}

func (t *text) fact(name, words string) {
	if words != "" {
		t.wrapped("  ", span{dim, name + words})
	}
}

func keyWords(k key.Key) string {
	owner := oneLine(" ", prefixed("owner ", partyWords(k.Owner)), angled(k.Owner.Email))
	return oneLine(" · ", named(k.Name, k.ID), k.Kind, owner, prefixed("project ", partyWords(k.Project)), prefixed("account ", partyWords(k.Account)), stateWords(k.State))
}

// named is a name with the id behind it, or what there is of both.
func named(name, id string) string {
	name, id = clip(name, longestName), clip(id, longestName)
	switch {
	case name == "":
		return id
	case id == "" || id == name:
		return name
	}
	return name + " (" + id + ")"
}

func partyWords(p key.Party) string { return named(p.Name, p.ID) }

func stateWords(s key.State) string {
	traits := []string{}
	for _, trait := range []struct {
		told  key.Trait
		words string
	}{{s.Disabled, "disabled"}, {s.Locked, "locked"}, {s.Retrievable, "its value is given out again"}} {
		if trait.told == key.Yes {
			traits = append(traits, trait.words)
		}
	}
	return strings.Join(traits, ", ")
}

func dateWords(k key.Key) string {
	used := prefixed("last used ", day(k.Use.Last))
	switch {
	case k.Use.Known && k.Use.Last.IsZero() && k.Use.After.IsZero():
		used = "never used"
	case used == "":
		used = prefixed("used since ", day(k.Use.After))
	}
	ends := prefixed("expires ", day(k.Dates.Expires))
	if k.State.Expiring == key.No {
		ends = "never expires"
	}
	return oneLine(" · ", prefixed("created ", day(k.Dates.Created)), used, ends)
}

// shownInstances is how many instances text names.
const shownInstances = 5

// ReachWords says what a key can get at, in clauses for people.
func ReachWords(r key.Reach) []string {
	money := []string{prefixed("organisation ", partyWords(r.Organisation))}
	for _, b := range r.Balances {
		money = append(money, amountWords(b)+" left")
	}
	for _, s := range r.Spent {
		if s.Value == 0 && len(r.Spent) > 1 {
			continue
		}
		money = append(money, amountWords(s)+" spent")
	}
	if r.Jobs > 0 {
		money = append(money, count(r.Jobs, "job", "jobs"))
	}
	if since := day(r.Since); since != "" {
		money = append(money, "since "+since)
	}
	facts := []string{oneLine(" · ", money...)}
	for i, x := range r.Instances {
		if i == shownInstances {
			return append(facts, fmt.Sprintf("and %d more instances", len(r.Instances)-i))
		}
		left := ""
		if x.Remaining != nil {
			left = amountWords(*x.Remaining) + " left"
		}
		facts = append(facts, oneLine(" · ", "instance "+named(x.Name, ""), x.Region, x.Plan, strings.Join(x.Backends, ", "), left))
	}
	return facts
}

func amountWords(a key.Amount) string {
	return strconv.FormatFloat(a.Value, 'f', -1, 64) + " " + a.Unit
}
