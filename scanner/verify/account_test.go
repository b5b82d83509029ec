package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/verify"
)

// member is somebody whose credential sees their own keys only.
type member struct{ own, live, dead secret.Value }

func (c *cloud) member(name string) member {
	id := c.ibm.Join(ibm.Identity{Name: name, Email: name + "@example.test"}).ID
	var m member
	_, m.own = c.ibm.Create(ibm.Key{Name: name, Owner: id})
	_, m.live = c.ibm.Create(ibm.Key{Name: "laptop of " + name, Owner: id})
	disabled, dead := c.ibm.Create(ibm.Key{Name: "old laptop of " + name, Owner: id})
	c.ibm.Disable(disabled.ID)
	m.dead = dead
	return m
}

// as adds an account to those that a verifier asks a kit as.
func (c *cloud) as(t *testing.T, v *verify.Verifier, kit, name string, own secret.Value) {
	t.Helper()
	k, ok := all.Named(kit)
	if !ok {
		t.Fatalf("no kit %s", kit)
	}
	config := c.configs[kit]
	config.Credential = own
	client, err := k.New(config)
	if err != nil {
		t.Fatal(err)
	}
	v.Clients[kit] = append(v.Clients[kit], verify.Account{Name: name, Client: client})
}

func TestAKeyIsTheAccountsThatKnowsIt(t *testing.T) {
	c := newCloud(t)
	ada, bob := c.member("ada"), c.member("bob")
	gone, foreign := c.ibm.Create(ibm.Key{Name: "somebody's", Owner: c.ibm.Join(ibm.Identity{Name: "Eve", Email: "eve@example.test"}).ID})
	if gone.ID == "" {
		t.Fatal("no key")
	}
	v := &verify.Verifier{Clients: map[string][]verify.Account{}, Describe: true}
	c.as(t, v, "ibm", "lab-a", ada.own)
	c.as(t, v, "ibm", "lab-b", bob.own)
	var claims []verify.Claim
	for _, value := range []secret.Value{ada.live, bob.live, bob.dead, foreign} {
		claims = append(claims, claim(t, keyRules["ibm"], value, rules.High, "a.py"))
	}
	out, err := v.Ask(t.Context(), plan(claims))
	if err != nil || len(out.Unasked) > 0 {
		t.Fatal(err, out.Unasked)
	}
	for i, want := range []struct {
		value   secret.Value
		status  key.Status
		account string
		name    string
		asked   int
	}{
		{ada.live, key.Active, "lab-a", "laptop of ada", 1},
		{bob.live, key.Active, "lab-b", "laptop of bob", 2},
		{bob.dead, key.Inactive, "lab-b", "old laptop of bob", 2},
		{foreign, key.Unknown, "", "", 2},
	} {
		check := out.Checks[fingerprint(want.value)]
		if check.Verdict.Status != want.status || check.Account != want.account || check.Key().Name != want.name {
			t.Errorf("key %d: %s of %q, by account %q: %s", i, check.Verdict.Status, check.Key().Name, check.Account, check.Verdict.Reason)
		}
		n := 0
		for _, s := range c.requests() {
			if s.kit == "ibm" && want.value.In(s.carried) && strings.HasSuffix(s.line, "/v1/apikeys/details") {
				n++
			}
			if s.kit != "ibm" && want.value.In(s.carried) {
				t.Errorf("key %d went to %s", i, s.kit)
			}
		}
		// What a key can get at is asked by its record again.
		if want.status == key.Active {
			n--
		}
		if n != want.asked {
			t.Errorf("key %d was asked about %d times, want %d", i, n, want.asked)
		}
		keepsTo(t, want.value, out, check)
	}
	if reason := out.Checks[fingerprint(foreign)].Verdict.Reason; !strings.Contains(reason, "none of the 2 accounts") {
		t.Errorf("a foreign key: %s", reason)
	}
}

func TestAnAccountThatIsRefusedKeepsNoOtherFromBeingAsked(t *testing.T) {
	c := newCloud(t)
	ada, bob := c.member("ada"), c.member("bob")
	for _, order := range [][]string{{"ended", "lab-b"}, {"lab-b", "ended"}} {
		v := &verify.Verifier{Clients: map[string][]verify.Account{}}
		for _, name := range order {
			own := map[string]secret.Value{"ended": ada.dead, "lab-b": bob.own}[name]
			c.as(t, v, "ibm", name, own)
		}
		out, err := v.Ask(t.Context(), plan([]verify.Claim{
			claim(t, keyRules["ibm"], bob.live, rules.High, "a.py"), claim(t, keyRules["ibm"], ada.live, rules.High, "b.py"),
		}))
		if err != nil || !slices.Equal(out.Unasked["ibm"], []string{"ended"}) {
			t.Errorf("%v: unasked %v, %v", order, out.Unasked, err)
		}
		if check := out.Checks[fingerprint(bob.live)]; check.Verdict.Status != key.Active || check.Account != "lab-b" {
			t.Errorf("%v: %+v", order, check)
		}
		// Ada's may be that of the account that could not be asked.
		if check := out.Checks[fingerprint(ada.live)]; check.Verdict.Status != key.Unknown || !strings.Contains(check.Verdict.Reason, "not asked: ended") {
			t.Errorf("%v: %+v", order, check)
		}
	}
	v := &verify.Verifier{Clients: map[string][]verify.Account{}}
	c.as(t, v, "ibm", "ended", ada.dead)
	c.as(t, v, "ibm", "ended too", bob.dead)
	before := c.carrying("ibm", bob.live)
	out, err := v.Ask(t.Context(), plan([]verify.Claim{claim(t, keyRules["ibm"], bob.live, rules.High, "a.py")}))
	if check := out.Checks[fingerprint(bob.live)]; err != nil || check.Verdict.Status != key.Unknown || c.carrying("ibm", bob.live) != before {
		t.Errorf("no account is accepted: %+v, %v", check, err)
	}
}

func TestAKeyThatAsksForItselfGoesOutOnceWhateverAccountsThereAre(t *testing.T) {
	c := newCloud(t)
	_, second := c.ionq.Create(ionq.Key{Name: "second operator"})
	revoked, dead := c.ionq.Create(ionq.Key{Name: "revoked operator"})
	c.ionq.Revoke(revoked.ID)
	v := &verify.Verifier{Clients: map[string][]verify.Account{}}
	c.as(t, v, "ionq", "ended", dead)
	c.as(t, v, "ionq", "course", c.own["ionq"])
	c.as(t, v, "ionq", "lab", second)
	out, err := v.Ask(t.Context(), plan([]verify.Claim{
		claim(t, keyRules["ionq"], c.live["ionq"], rules.High, "a.py"), claim(t, keyRules["ionq"], c.dead["ionq"], rules.High, "b.py"),
	}))
	if err != nil || !slices.Equal(out.Unasked["ionq"], []string{"ended"}) {
		t.Errorf("unasked %v, %v", out.Unasked, err)
	}
	for value, want := range map[*secret.Value]key.Status{new(c.live["ionq"]): key.Active, new(c.dead["ionq"]): key.Inactive} {
		check := out.Checks[fingerprint(*value)]
		// Whose account it is, the credential of an account does not tell here.
		if check.Verdict.Status != want || check.Account != "" || check.Verdict.Evidence.Control != key.BothControls {
			t.Errorf("%+v, want %s", check, want)
		}
		if n := c.carrying("ionq", *value); n != 1 {
			t.Errorf("a key went out %d times", n)
		}
	}
}
