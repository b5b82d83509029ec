package hygiene_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// world is an organisation in which nothing lapses until something is changed.
type world struct {
	list    inventory.Snapshot
	known   []inventory.Registration
	found   []finding.Finding
	attest  []hygiene.Attestation
	secrets []hygiene.Secret
	alerts  []finding.Alert
	limits  hygiene.Limits
	silent  bool // nothing was searched
}

func newWorld(provider string) *world {
	w := &world{list: inventory.Snapshot{
		Account: inventory.Account{Name: "lab", Provider: provider, ID: "a1"}, AsOf: noon.Add(-time.Hour), Taken: noon,
		Origin: inventory.Origin{Way: inventory.ByAPI}, Extent: inventory.Extent{Everybody: key.Yes, Services: key.Yes}, Whole: true,
	}}
	w.add("bell-laptop")
	for _, d := range hygiene.Duties() {
		w.attest = append(w.attest, hygiene.Attestation{Duty: d.ID, Account: "lab", Yes: true, By: "Grace", At: noon.Add(-day)})
	}
	return w
}

// add lists a key, and registers a value of it whose fingerprint is its name.
func (w *world) add(name string) *key.Key {
	provider := w.list.Account.Provider
	w.list.Keys = append(w.list.Keys, key.Key{
		Provider: provider, ID: "id-" + name, Name: name, Kind: "serviceid",
		Owner: key.Party{ID: "u-" + name, Name: "Ada", Email: "ada@lab.example"}, Project: key.Party{Name: "bell"},
		Dates: key.Dates{Created: noon.Add(-30 * day)},
		Use:   key.Use{Known: true, Last: noon.Add(-2 * day)},
		State: key.State{Disabled: key.No, Locked: key.Yes, Retrievable: key.No, Expiring: key.Yes, OnLeak: "disable"},
	})
	w.known = append(w.known, inventory.Registration{
		Fingerprint: secret.Fingerprint(name), Salt: "public", Key: key.Key{Provider: provider, ID: "id-" + name, Name: name}, Since: noon, How: inventory.Claimed,
	})
	return &w.list.Keys[len(w.list.Keys)-1]
}

func (w *world) key() *key.Key { return &w.list.Keys[0] }

// find puts a value into a file that a commit of the day before yesterday brought.
func (w *world) find(fingerprint, path string, status key.Status) *finding.Finding {
	f := finding.Finding{
		ID: "ql-" + path, Rule: &rules.Rule{ID: "r", Provider: w.list.Account.Provider, Title: "API key"}, Fingerprint: secret.Fingerprint(fingerprint),
		Standing: finding.Standing{Status: status}, Path: path, Repository: "lab/one",
		Occurrences: []finding.Occurrence{{
			Place: source.Blob, Location: finding.Location{Path: path, Line: 3},
			Git: &finding.Git{Commit: "c0ffee", Author: "Ada", Email: "ada@lab.example", Date: noon.Add(-2*day - time.Hour)},
		}},
	}
	if status != "" {
		f.Check = &finding.Check{Provider: f.Rule.Provider, Verdict: key.Verdict{Status: status, Reason: "it said so", Evidence: key.Evidence{Asked: noon.Add(-time.Hour)}}}
	}
	w.found = append(w.found, f)
	return &w.found[len(w.found)-1]
}

func (w *world) judge() []hygiene.Lapse {
	inv := inventory.Merge([]inventory.Snapshot{w.list}, w.known)
	return hygiene.Judge(hygiene.Known{
		Now: noon, Lists: inv.Lists, Cases: hygiene.Cases(inv, w.found, "public"), Searched: !w.silent,
		Attested: w.attest, Secrets: w.secrets, Alerts: w.alerts, Limits: w.limits,
	})
}

func ids(lapses []hygiene.Lapse) []string {
	var all []string
	for _, l := range lapses {
		all = append(all, l.Policy)
	}
	return all
}

// trial is an organisation where a policy lapses, and one that is so close to it
// that the policy must be silent for the right reason.
type trial struct {
	provider    string
	lapse, fine func(w *world)
}

func trials() map[string]trial {
	return map[string]trial{
		"leaked-active": {"ionq", func(w *world) { w.find("bell-laptop", "a.py", key.Active) }, func(w *world) { w.find("bell-laptop", "a.py", key.Unknown) }},
		"leaked-and-used-since": {"ibm", func(w *world) { w.find("bell-laptop", "a.py", key.Unknown) }, func(w *world) {
			w.key().Use.Last = noon.Add(-3 * day)
			w.find("bell-laptop", "a.py", key.Unknown)
		}},
		"leaked-unverified": {"qbraid", func(w *world) { w.find("stranger", "a.py", "") }, func(w *world) { w.find("stranger", "a.py", key.Inactive) }},
		"leaked-unused": {"ionq", func(w *world) {
			w.key().Use.Last = noon.Add(-100 * day)
			w.find("bell-laptop", "a.py", key.Active)
		}, func(w *world) {
			w.key().Use = key.Use{} // not knowing is not "unused"
			w.find("bell-laptop", "a.py", key.Active)
		}},
		"leaked-refused": {"ionq", func(w *world) { w.find("bell-laptop", "a.py", key.Inactive) }, func(w *world) { goneFrom(w, "a.py") }},
		"leaked-dead": {"ionq", func(w *world) { goneFrom(w, "a.py") }, func(w *world) {
			goneFrom(w, "a.py")
			w.list.AsOf = noon.Add(-8 * day) // an old list does not say that a key is gone
		}},
		"not-on-list": {"ibm", func(w *world) {
			w.find("stranger", "a.py", key.Active).Check.Verdict.Key = key.Key{ID: "id-other", Account: key.Party{ID: "a1"}}
		}, func(w *world) {
			w.find("stranger", "a.py", key.Active).Check.Verdict.Key = key.Key{ID: "id-other", Account: key.Party{ID: "elsewhere"}}
		}},
		"unaccounted": {"ionq", func(w *world) { w.known = nil }, func(w *world) { w.known, w.silent = nil, true }},
		"used-unexpectedly": {"ionq", func(w *world) {
			w.limits.Ended = map[string]time.Time{"bell-laptop": noon.Add(-5 * day)}
		}, func(w *world) { w.limits.Ended = map[string]time.Time{"bell-laptop": noon.Add(-day)} }},
		"shared-key": {"ionq", func(w *world) {
			w.find("bell-laptop", "a.py", key.Active)
			w.find("bell-laptop", "b.py", key.Active).Repository = "lab/two"
		}, func(w *world) {
			w.find("bell-laptop", "a.py", key.Active)
			w.find("bell-laptop", "b.py", key.Active)
		}},
		"unused-90d": {"ibm", func(w *world) { w.key().Use.Last = w.list.AsOf.Add(-90 * day) }, func(w *world) {
			// Idle for 90 days by now, but not when the list was made.
			w.list.AsOf = noon.Add(-6 * day)
			w.key().Use.Last = noon.Add(-91 * day)
		}},
		"use-unknown": {"qbraid", func(w *world) { w.key().Use = key.Use{} }, func(w *world) { w.key().Use = key.Use{Known: true} }},
		"age-90d":     {"qbraid", func(w *world) { w.key().Dates.Created = noon.Add(-90 * day) }, func(w *world) { w.key().Dates.Created = noon.Add(-90*day + time.Hour) }},
		"age-unknown": {"qbraid", func(w *world) { w.key().Dates.Created = time.Time{} }, func(w *world) {
			w.key().Dates.Created = time.Time{}
			w.key().State.Disabled = key.Yes
		}},
		"never-expires":      {"ibm", func(w *world) { w.key().State.Expiring = key.No }, func(w *world) { w.key().State.Expiring = key.Untold }},
		"scope-too-broad":    {"qbraid", func(w *world) { w.key().Roles = []string{"jobs:read", "org:Admin"} }, func(w *world) { w.key().Roles = []string{"jobs:read", "administration-manual:read"} }},
		"stored-retrievable": {"ibm", func(w *world) { w.key().State.Retrievable = key.Yes }, func(w *world) { w.key().State.Retrievable = key.Untold }},
		"leaked-action-none": {"ibm", func(w *world) { w.key().State.OnLeak = "none" }, func(w *world) { w.key().State.OnLeak = "" }},
		"user-key-where-service-id-fits": {"ibm", func(w *world) {
			w.key().Kind = "user"
			w.find("bell-laptop", ".github/workflows/nightly.yml", key.Active)
		}, func(w *world) {
			w.key().Kind = "user"
			w.find("bell-laptop", "nightly.yml", key.Active)
		}},
		"unlocked-production": {"ibm", func(w *world) {
			k := w.add("Prod-nightly")
			k.State.Locked = key.No
		}, func(w *world) {
			k := w.add("Prod-nightly")
			k.State.Locked = key.Untold
		}},
		"no-project": {"ionq", func(w *world) { w.add("other").Project = key.Party{} }, func(w *world) { w.key().Project = key.Party{} }},
		"duplicate-name": {"ibm", func(w *world) {
			w.add("second").Name = "bell-laptop"
		}, func(w *world) {
			k := w.add("second")
			k.Name, k.State.Disabled = "bell-laptop", key.Yes
		}},
		"unnamed": {"ibm", func(w *world) { w.key().Name = "API key (2)" }, func(w *world) { w.key().Name = "api key of the lab's gateway" }},
		"owner-gone": {"ionq", func(w *world) { w.attest[5].Gone = []string{"ADA@lab.example"} }, func(w *world) {
			w.attest[5].Gone = []string{"ada@lab.example"}
			w.attest[5].Account = "elsewhere"
		}},
		"limit-near": {"ibm", func(w *world) { w.crowd(19) }, func(w *world) { w.crowd(18) }},
		"account-inactive-soon": {"ionq", func(w *world) {
			w.key().Dates.Created, w.key().Use.Last = noon.Add(-400*day), noon.Add(-166*day)
		}, func(w *world) {
			w.key().Dates.Created, w.key().Use.Last = noon.Add(-400*day), noon.Add(-166*day)
			w.add("other").Use = key.Use{} // may have been used yesterday
		}},
		"account-attestation-due": {"qbraid", func(w *world) { w.attest[0].At = noon.Add(-90 * day) }, func(w *world) { w.attest[0].At = noon.Add(-89 * day) }},
		"list-too-old":            {"ionq", func(w *world) { w.list.AsOf = noon.Add(-8 * day) }, func(w *world) { w.list.AsOf = noon.Add(-7 * day) }},
		"world-readable-file": {"ibm", func(w *world) { w.keep(source.Access{Mode: 0o644, Readers: source.Everybody}) }, func(w *world) {
			w.keep(source.Access{Mode: 0o600, Readers: source.OnlyOwner})
		}},
		"system-wide-variable": {"ionq", func(w *world) { w.keep(source.Access{}).Occurrences[0].Place = source.SystemEnvironment }, func(w *world) {
			w.keep(source.Access{}).Occurrences[0].Place = source.UserEnvironment
		}},
		"secret-older-than-key": {"ibm", func(w *world) { w.store(31 * day) }, func(w *world) {
			w.store(31 * day)
			w.add("older").Dates.Created = noon.Add(-32 * day)
		}},
		"secret-for-all": {"ibm", func(w *world) {
			w.store(day)
			w.secrets[len(w.secrets)-1].ForAll = true
		}, func(w *world) { w.store(day) }},
		"alert-open": {"ibm", func(w *world) { w.alert("bell-laptop", key.Unknown, true) }, func(w *world) { w.alert("bell-laptop", key.Active, false) }},
		"alert-closed-active": {"ibm", func(w *world) { w.alert("bell-laptop", key.Active, false) }, func(w *world) {
			w.alert("bell-laptop", key.Unknown, false)
			w.alert("stranger", key.Active, true)
		}},
		"secret-stale": {"ibm", func(w *world) { w.store(90 * day) }, func(w *world) { w.store(89 * day) }},
	}
}

// goneFrom puts a value into a file that the provider refuses and knows by an id
// that no list has.
func goneFrom(w *world, path string) {
	w.find("gone", path, key.Inactive).Check.Verdict.Key = key.Key{ID: "id-gone", Account: key.Party{ID: "a1"}}
}

// crowd gives one person so many keys.
func (w *world) crowd(n int) {
	w.key().Owner.ID = "u"
	for i := range n - 1 {
		w.add("key-of-" + string(rune('a'+i))).Owner.ID = "u"
	}
}

func (w *world) keep(a source.Access) *finding.Finding {
	f := w.find("bell-laptop", "~/.qiskit/qiskit-ibm.json", key.Active)
	f.Stored = true
	f.Occurrences[0].Place, f.Occurrences[0].Git, f.Occurrences[0].Access = source.File, nil, a
	return f
}

func (w *world) store(age time.Duration) {
	w.secrets = append(w.secrets, hygiene.Secret{Where: "lab/one", Name: "QISKIT_IBM_TOKEN", Provider: "ibm", Updated: noon.Add(-age)})
}

// alert has GitHub tell of a value that is found, too.
func (w *world) alert(fingerprint string, status key.Status, open bool) {
	f := w.find(fingerprint, fingerprint+".py", status)
	w.alerts = append(w.alerts, finding.Alert{Repository: "lab/one", Number: int64(len(w.alerts) + 1), Title: "IBM Cloud IAM Key", Open: open, Finding: f.ID})
}

func TestEachPolicyLapsesAndIsSilentForTheRightReason(t *testing.T) {
	all := trials()
	for _, p := range hygiene.Policies() {
		c, ok := all[p.ID]
		if !ok {
			t.Errorf("%s is tried by nothing", p.ID)
			continue
		}
		for _, provider := range []string{c.provider} {
			if got := newWorld(provider).judge(); len(got) > 0 {
				t.Fatalf("the quiet world of %s lapses: %q", provider, ids(got))
			}
		}
		bad, good := newWorld(c.provider), newWorld(c.provider)
		c.lapse(bad)
		c.fine(good)
		got := bad.judge()
		i := slices.IndexFunc(got, func(l hygiene.Lapse) bool { return l.Policy == p.ID })
		if i < 0 {
			t.Errorf("%s does not lapse; others: %q", p.ID, ids(got))
			continue
		}
		if l := got[i]; l.Said == "" || l.Severity == "" || l.Case == nil && l.Subject == (hygiene.Subject{}) {
			t.Errorf("%s says too little: %+v", p.ID, l)
		}
		if got := ids(good.judge()); slices.Contains(got, p.ID) {
			t.Errorf("%s lapses where all is well", p.ID)
		}
	}
}

func TestPoliciesSayWhyAndWhatToDo(t *testing.T) {
	for _, p := range hygiene.Policies() {
		if p.Title == "" || p.Reason == "" || p.Advice == "" || !slices.Contains(hygiene.Severities(), p.Severity) || !strings.HasPrefix(p.Page, "https://") {
			t.Errorf("%+v", p)
		}
		if got, ok := hygiene.Find(p.ID); !ok || got.Title != p.Title {
			t.Errorf("%s is not found, or twice", p.ID)
		}
	}
	if _, ok := hygiene.Find("nothing"); ok {
		t.Error("a policy that is not there was found")
	}
}

func TestLapsesComeWorstFirst(t *testing.T) {
	w := newWorld("ibm")
	w.find("bell-laptop", "a.py", key.Active)
	w.key().State.Expiring, w.key().State.OnLeak = key.No, "none"
	got := w.judge()
	if want := []string{"leaked-active", "leaked-and-used-since", "leaked-action-none", "never-expires"}; !slices.Equal(ids(got), want) {
		t.Errorf("got %q, want %q", ids(got), want)
	}
}

// Whatever is not known of a key, it is never called unused, young or harmless.
func TestNotKnowingIsNeverFine(t *testing.T) {
	w := newWorld("qbraid")
	*w.key() = key.Key{Provider: "qbraid", Name: "old"}
	w.known = nil
	got := ids(w.judge())
	for _, want := range []string{"use-unknown", "age-unknown", "unaccounted"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	for _, l := range w.judge() {
		if l.Policy == "unused-90d" || l.Policy == "age-90d" {
			t.Errorf("%s: %s", l.Policy, l.Said)
		}
	}
}

func TestAListThatIsNotWholeIsTold(t *testing.T) {
	w := newWorld("ionq")
	w.list.Whole, w.list.Gaps = false, []string{"cut short"}
	if got := w.judge(); !slices.Equal(ids(got), []string{"list-too-old"}) || !strings.Contains(got[0].Said, "cut short") {
		t.Errorf("got %+v", got)
	}
}

func TestAnAnswerOfNoIsALapse(t *testing.T) {
	w := newWorld("ionq")
	w.attest[0].Yes = false
	w.attest = append(w.attest[:2], w.attest[3:]...)
	got := w.judge()
	if len(got) != 2 || got[0].Severity != hygiene.High || !strings.Contains(got[0].Said, "mfa") || !strings.Contains(got[1].Said, "never attested: logout") {
		t.Errorf("got %+v", got)
	}
}

func TestALooseModeBehindAClosedDoorIsLow(t *testing.T) {
	w := newWorld("ibm")
	w.keep(source.Access{Mode: 0o644, Readers: source.OnlyOwner})
	if got := w.judge(); len(got) != 1 || got[0].Severity != hygiene.Low || got[0].Place == nil {
		t.Errorf("got %+v", got)
	}
}

func TestAGuessIsNoKeyOfTheList(t *testing.T) {
	w := newWorld("ionq")
	w.known = nil
	w.key().Dates.Created = noon.Add(-30 * day)
	w.find("other-value", "a.py", key.Active)
	inv := inventory.Merge([]inventory.Snapshot{w.list}, w.known)
	cases := hygiene.Cases(inv, w.found, "public")
	if len(cases) != 2 || cases[1].Entry != nil || cases[1].Perhaps == nil || len(cases[0].Places) != 0 {
		t.Errorf("%+v", cases)
	}
	if got := ids(w.judge()); slices.Contains(got, "leaked-and-used-since") {
		t.Errorf("a guess was judged: %q", got)
	}
}

func TestNamesTellTheProvider(t *testing.T) {
	for name, want := range map[string]string{
		"IONQ_API_KEY": "ionq", "QISKIT_IONQ_API_TOKEN": "ionq", "qiskit_ibm_token": "ibm", "IBM_CLOUD_API_KEY": "ibm", "QBRAID_API_KEY": "qbraid",
		"BLUEMIX_API_KEY": "ibm", "IQP_API_TOKEN": "ibm", "IONQ_BACKEND": "", "NPM_TOKEN": "", "": "",
	} {
		if got := hygiene.ProviderOfName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestNoLapseTellsAFingerprintInFullOrAKey(t *testing.T) {
	w := newWorld("ionq")
	w.find("stranger", "a.py", key.Active).Secret = secret.New([]byte("MARKER"))
	for _, l := range w.judge() {
		if strings.Contains(l.Said, "MARKER") {
			t.Errorf("%s tells a key", l.Policy)
		}
	}
}

func TestAKeyIsUsedByItsConsumersOnly(t *testing.T) {
	lapses := func(change func(w *world)) bool {
		w := newWorld("ionq")
		change(w)
		return slices.Contains(ids(w.judge()), "used-unexpectedly")
	}
	kept := func(w *world, path, repository string) {
		f := w.find("bell-laptop", path, key.Active)
		f.Stored, f.Repository = true, repository
	}
	consumers := func(w *world, globs ...string) { w.limits.Consumers = map[string][]string{"bell-laptop": globs} }
	for name, q := range map[string]struct {
		change func(w *world)
		want   bool
	}{
		"nobody said":             {func(w *world) { kept(w, ".env", "lab/one") }, false},
		"by the repository":       {func(w *world) { kept(w, ".env", "lab/one"); consumers(w, "lab/*") }, false},
		"by the path":             {func(w *world) { kept(w, "~/.env", ""); consumers(w, "~/.env") }, false},
		"in another repository":   {func(w *world) { kept(w, ".env", "other/one"); consumers(w, "lab/*") }, true},
		"in another file":         {func(w *world) { kept(w, "~/.zshrc", ""); consumers(w, "~/.env") }, true},
		"nowhere at all":          {func(w *world) { kept(w, ".env", "lab/one"); consumers(w) }, true},
		"registered elsewhere":    {func(w *world) { w.known[0].Place = "CI of curie"; consumers(w, "CI of bell*") }, true},
		"registered there":        {func(w *world) { w.known[0].Place = "CI of bell-lab"; consumers(w, "CI of bell*") }, false},
		"a leak is another thing": {func(w *world) { w.find("bell-laptop", "a.py", key.Active); consumers(w, "lab/two") }, false},
		"said of another key": {func(w *world) {
			kept(w, ".env", "other/one")
			w.limits.Consumers = map[string][]string{"curie": {"lab/*"}}
		}, false},
		"said by the id": {func(w *world) {
			kept(w, ".env", "other/one")
			w.limits.Consumers = map[string][]string{"id-bell-laptop": {"lab/*"}}
		}, true},
	} {
		if got := lapses(q.change); got != q.want {
			t.Errorf("%s: lapses %t, want %t", name, got, q.want)
		}
	}
}

func TestAnAlertIsToldWhereverItIs(t *testing.T) {
	w := newWorld("ibm")
	w.alerts = []finding.Alert{
		{Repository: "github.com/lab/one", Number: 7, Title: "IBM Cloud IAM Key", Open: true, Validity: "active", Created: noon.Add(-3 * day), Bypassed: noon.Add(-3 * day),
			URL: "https://github.com/lab/one/security/secret-scanning/7", Places: []finding.AlertPlace{{Path: "notes.md", Line: 3, Commit: "c0ffee"}}},
		{Repository: "github.com/lab/one", Number: 8, Title: "IBM Cloud IAM Key", Open: true, Validity: "inactive", Places: []finding.AlertPlace{{Page: "issues/4"}}},
		{Repository: "github.com/lab/one", Number: 9, Title: "IBM Cloud IAM Key", Resolution: "revoked"},
	}
	got := w.judge()
	if len(got) != 2 || got[0].Severity != hygiene.Critical || got[1].Severity != hygiene.High {
		t.Fatalf("they lapse as %+v", got)
	}
	for _, part := range []string{"github.com/lab/one#7", "open since 2026-11-17", "at notes.md:3", "GitHub says of the key: active", "in spite of push protection", "/secret-scanning/7"} {
		if !strings.Contains(got[0].Said, part) {
			t.Errorf("%q is not said: %s", part, got[0].Said)
		}
	}
	if p := got[0].Place; p == nil || p.Path != "notes.md" || p.Line != 3 || got[1].Place != nil || !strings.Contains(got[1].Said, "at issues/4") {
		t.Errorf("they are at %+v and %+v", p, got[1])
	}
}
