package remediate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
)

// Gathered is what a plan is drafted from.
type Gathered struct {
	Now       time.Time
	Requester string
	Cases     []Candidate
	// Entries are all keys of the lists, by which an account's are counted.
	Entries []*inventory.Entry
	// Acting are the credentials that the operator acts with.
	Acting []Acting
	Gaps   []string
}

// Candidate is a key of which something may have to be done.
type Candidate struct {
	Case     *hygiene.Case
	Exposure Exposure
	Running  Running
	// Others says that a credential other than the key sees its jobs.
	Others bool
	// Alerts are the open ones of GitHub for the key: HOST/OWNER/NAME#NUMBER.
	Alerts []string
	// Salt names the salt of the case's fingerprints.
	Salt string
	// Wanted says that a person asked for this key, whatever its state; Order is
	// what they demanded, "" if nothing.
	Wanted bool
	Order  Order
}

// Means are what plans are carried out with.
type Means struct {
	// Hands says who carries out a deed at an account; "" is nobody.
	Hands func(t Target, d Deed) Hands
	// Stores are the names of those that hold a key, least critical first.
	Stores func(t Target) []string
}

// keysPerIdentity is how many keys IBM lets an identity have.
const keysPerIdentity = 20

// Draft makes a plan. It asks nobody and changes nothing.
func Draft(g Gathered, p Policy, m Means) Plan {
	plan := Plan{Schema: planSchema, Made: g.Now.UTC().Truncate(time.Second), Requester: g.Requester, Rows: []Row{}, Gaps: slices.Clone(g.Gaps)}
	d := drafter{gathered: g, policy: p, means: m, made: plan.Made}
	for _, c := range g.Cases {
		row, left := d.row(c)
		switch {
		case left != "":
			plan.Left = append(plan.Left, Left{Provider: c.Case.Provider, Key: cmp.Or(c.Case.Key().Name, c.Case.Handle()), Why: left})
		case row.ID != "":
			plan.Rows = append(plan.Rows, row)
		}
	}
	slices.SortStableFunc(plan.Rows, urgent)
	plan.cap(p)
	slices.SortStableFunc(plan.Left, func(a, b Left) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Key, b.Key), strings.Compare(a.Why, b.Why))
	})
	slices.Sort(plan.Gaps)
	plan.Gaps = slices.Compact(plan.Gaps)
	return plan
}

// urgent puts first what cannot wait.
func urgent(a, b Row) int {
	reasons := []Reason{Leaked, Asked, Unused, TooOld}
	reaches := []Reach{Public, Unclear, Private, Local, Nowhere}
	return cmp.Or(
		cmp.Compare(slices.Index(reasons, a.Reason), slices.Index(reasons, b.Reason)),
		cmp.Compare(slices.Index(reaches, a.Exposure.Reach), slices.Index(reaches, b.Exposure.Reach)),
		strings.Compare(a.Key.Provider, b.Key.Provider), strings.Compare(a.Key.Account, b.Key.Account),
		strings.Compare(a.Key.Name, b.Key.Name), strings.Compare(a.Key.ID, b.Key.ID), strings.Compare(string(a.Key.Fingerprint), string(b.Key.Fingerprint)))
}

// cap takes out the rows that are too much of one account, the least urgent
// first; never a proved public leak.
func (p *Plan) cap(policy Policy) {
	taken := map[string]int{}
	kept := []Row{}
	for _, r := range p.Rows {
		of := r.Key.Provider + "\x00" + r.Key.Account
		most := max(1, int(math.Floor(policy.Caps.Share*float64(r.Key.Facts.Keys))))
		if taken[of] >= most && !r.emergency() {
			p.Left = append(p.Left, Left{Provider: r.Key.Provider, Key: cmp.Or(r.Key.Name, r.Key.ID), Why: fmt.Sprintf("%d of the %d keys of %s are in this plan already, and more are not touched at once", taken[of], r.Key.Facts.Keys, r.Key.Account)})
			continue
		}
		taken[of]++
		kept = append(kept, r)
	}
	p.Rows = kept
}

// emergency reports whether a row is the containment of a proved public leak,
// which no cap and no freeze refuses.
func (r Row) emergency() bool {
	return r.Reason == Leaked && r.Exposure.Reach == Public && r.Key.Facts.Status == key.Active && r.Key.Fingerprint != "" && (r.Order == BreakFirst || r.Order == RevokeOnly)
}

// drafter drafts rows.
type drafter struct {
	gathered Gathered
	policy   Policy
	means    Means
	made     time.Time
}

// row is what is to be done about one key: a row, or why nothing is; neither
// for a key that is as it should be.
func (d drafter) row(c Candidate) (Row, string) {
	reason, why, left := d.reason(c)
	if left != "" || reason == "" {
		return Row{}, left
	}
	if whose, why := triage(c.Case); whose != Own {
		return Row{}, why
	}
	r := Row{Key: d.target(c), Reason: reason, Why: why, Exposure: c.Exposure, Running: c.Running}
	if r.Exposure.Reach == "" {
		r.Exposure.Reach = Nowhere
	}
	switch {
	case matches(d.policy.Protected, r.Key):
		return Row{}, "it is protected by your policy"
	case slices.ContainsFunc(d.gathered.Acting, func(a Acting) bool { return a.is(r.Key, c.Case.Fingerprints) }):
		return Row{}, "you act with it: use another credential to replace this one"
	}
	r.ID = rotationID(d.made, r.Key)
	r.Order, r.OrderWhy = chooseOrder(r, matches(d.policy.Production, r.Key), c.Order, d.policy.ReplaceUnused)
	if left := d.room(&r); left != "" {
		return Row{}, left
	}
	r.Approval = matches(d.policy.Approve, r.Key)
	if left := d.fill(&r, c); left != "" {
		return Row{}, left
	}
	return r, ""
}

// room settles the order where the owner may not have one more key.
func (d drafter) room(r *Row) string {
	if r.Key.Facts.Slots != 0 || r.Order == RevokeOnly || r.Order == BreakFirst {
		return ""
	}
	if r.Reason == Leaked {
		r.Order, r.OrderWhy = BreakFirst, "its owner may not have one more key before this one is gone"
		return ""
	}
	return fmt.Sprintf("its owner has %d keys, and may not have one more: revoke one that is not used, or say --break-first", keysPerIdentity)
}

// fill gives a row its stores and steps, and says what is not known.
func (d drafter) fill(r *Row, c Candidate) string {
	hands := func(deed Deed) Hands { return d.means.Hands(r.Key, deed) }
	if hands(Revoking) == "" {
		return "nobody here can revoke keys there: see qleaks remediate --help"
	}
	stores := d.means.Stores(r.Key)
	if why := replaceable(hands(Issuing), len(stores)); why != "" && r.Order != RevokeOnly {
		if r.Reason != Leaked {
			return why
		}
		r.Order, r.OrderWhy = RevokeOnly, "it leaked, and "+why
		r.After = after(r.Key, hands(Issuing))
	}
	w := way{
		provider: r.Key.Provider, reason: r.Reason, hands: hands, times: d.policy.Times, drain: d.policy.Drain, others: c.Others, cancel: r.Running.Cancel,
		locked: r.Key.Facts.Locked == key.Yes, suspended: r.Key.Facts.Disabled == key.Yes, full: r.Key.Facts.Slots == 0,
	}
	if r.Order != RevokeOnly {
		w.stores = stores
	}
	r.Stores, r.Steps = w.stores, w.steps(r.Order)
	if d.policy.CloseAlerts && len(c.Alerts) > 0 {
		r.Alerts = slices.Clone(c.Alerts)
		r.Steps = append(r.Steps, own(CloseAlerts, fmt.Sprintf("close %d %s of GitHub, as revoked", len(c.Alerts), plural(len(c.Alerts), "alert", "alerts"))))
	}
	if !r.Running.Asked {
		r.Unknown = append(r.Unknown, "what runs with it: nobody asked the provider")
	}
	if r.Key.Fingerprint == "" {
		r.Unknown = append(r.Unknown, "its value: nobody here has seen it, so that its end is proved by its record or a list only")
	}
	if len(r.Stores) == 0 && r.Order != RevokeOnly {
		r.Unknown = append(r.Unknown, "where it is used: no store of yours is named for it")
	}
	if n := len(c.Case.Fingerprints); n > 1 {
		r.Unknown = append(r.Unknown, fmt.Sprintf("which of %d values that were found is its present one", n))
	}
	return ""
}

// replaceable says why nobody here can make another key and bring it to where the
// old one is used; "" if somebody can. A person who makes a key sees its value; of
// one that is made otherwise nobody does.
func replaceable(by Hands, stores int) string {
	switch {
	case by == "":
		return "nobody here can make another one"
	case stores == 0 && by != ByPerson:
		return "no store of yours is named for it, so that nobody would get the value of another one: declare [stores.NAME]"
	}
	return ""
}

// after says what is left to people when a key was revoked that somebody uses.
func after(t Target, by Hands) []string {
	who := party(t.Owner)
	if who == "" {
		who = "its owner"
	}
	texts := []string{"whatever uses the key stops working: " + who + " makes another one, and puts it where it is used"}
	if by != "" {
		texts = append(texts, "with a store declared for the key, qleaks does that: [stores.NAME], keys = [\"...\"]; see docs/stores.md")
	}
	return texts
}

// target binds the key of a case.
func (d drafter) target(c Candidate) Target {
	k := c.Case.Key()
	status, asked := c.Case.Status()
	t := Target{
		Provider: c.Case.Provider, ID: k.ID, Name: k.Name, Kind: k.Kind, Owner: k.Owner, Project: k.Project,
		Facts: Facts{
			AsOf: asked.UTC(), Status: status, Asked: asked.UTC(), AccountID: k.Account.ID, Tag: k.State.Tag,
			Disabled: k.State.Disabled, Locked: k.State.Locked, Use: k.Use, Created: k.Dates.Created, Slots: -1,
		},
	}
	if told := c.Case.Check.Key(); t.ID == "" && (told.Name == "" || told.Name == t.Name) {
		t.ID = told.ID
	}
	// A list that was copied from a console knows a project by its name only.
	if told := c.Case.Check.Key(); t.Project.ID == "" && told.ID != "" && told.ID == t.ID {
		t.Project.ID = told.Project.ID
	}
	if len(c.Case.Fingerprints) > 0 {
		t.Fingerprint, t.Salt = c.Case.Fingerprints[0], c.Salt
	}
	e := c.Case.Entry
	if e == nil {
		return t
	}
	t.Account, t.Facts.AsOf = e.Accounts[0], e.AsOf.UTC()
	owned := 0
	for _, other := range d.gathered.Entries {
		if other.Key.Provider != t.Provider || !slices.Contains(other.Accounts, t.Account) {
			continue
		}
		t.Facts.Keys++
		if other.Key.Owner.ID == t.Owner.ID {
			owned++
		}
	}
	if t.Provider == "ibm" && t.Owner.ID != "" {
		t.Facts.Slots = max(0, keysPerIdentity-owned)
	}
	return t
}

// reason says why something is to be done about a key, in clauses; or why
// nothing is although there might be a reason.
func (d drafter) reason(c Candidate) (Reason, []string, string) {
	status, asked := c.Case.Status()
	places := len(c.Case.Leaks())
	suspended := c.Case.Entry != nil && c.Case.Entry.Key.State.Disabled == key.Yes
	switch {
	case places > 0 && (status == key.Active || suspended):
		said := "the provider accepted it on " + asked.UTC().Format(time.RFC3339)
		if suspended {
			said = "its record says that it is suspended, which can be taken back"
		}
		return Leaked, []string{fmt.Sprintf("leaked in %d %s", places, plural(places, "place", "places")), said}, ""
	case places > 0 && status == key.Inactive && c.Case.Entry == nil:
		return "", nil, "the provider refuses it, and no list holds it: there is nothing to revoke"
	case places > 0 && status == key.Inactive:
		return "", nil, "the provider refuses it, but a list still holds it: list the keys anew"
	case places > 0 && !c.Wanted:
		return "", nil, "nobody knows whether it works, and nothing is revoked on that: qleaks scan --verify asks"
	case c.Case.Entry == nil:
		return "", nil, ""
	}
	return d.stale(c)
}

// stale is the reason for a key of the lists that did not leak.
func (d drafter) stale(c Candidate) (Reason, []string, string) {
	e := c.Case.Entry
	since, idle := unused(e, d.policy.Times.Unused)
	created := e.Key.Dates.Created
	switch {
	case c.Wanted:
		why := []string{d.gathered.Requester + " asked for it"}
		if idle {
			why = append(why, since)
		}
		return Asked, why, ""
	case idle:
		if left := fresh(e, d.made, d.policy.Times.Facts); left != "" {
			return "", nil, "not used for long (" + since + "), but " + left
		}
		return Unused, []string{since}, ""
	case e.Key.State.Disabled != key.Yes && !created.IsZero() && e.AsOf.Sub(created) >= d.policy.Times.Age:
		return TooOld, []string{"made on " + created.UTC().Format(time.DateOnly)}, ""
	}
	return "", nil, ""
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
