package verify_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/verify"
)

func TestWhoIsAskedAboutWhat(t *testing.T) {
	suppressed := func(c verify.Claim) verify.Claim { c.Suppressed = true; return c }
	stored := func(c verify.Claim) verify.Claim { c.Stored = true; return c }
	strangers := func(c verify.Claim) verify.Claim {
		r := *c.Rule
		r.ID, r.Rank, r.Provider = "theirs", -1, "ibm (by a rule of the scanned content)"
		c.Rule = &r
		return c
	}
	v := all.Kits()[1].Sample()
	say := func(rule string, c rules.Confidence) verify.Claim { return claim(t, rule, v, c, "a.py") }
	ionq := say("ionq-api-key", rules.High)
	for name, c := range map[string]struct {
		claims []verify.Claim
		also   verify.Also
		asked  string
		why    string // part of the reason where nobody is asked
	}{
		"a sure key":                             {claims: []verify.Claim{ionq}, asked: "ionq"},
		"a key of medium confidence":             {claims: []verify.Claim{say("ionq-api-key", rules.Medium)}, asked: "ionq"},
		"a key of low confidence":                {claims: []verify.Claim{say("ionq-api-key", rules.Low)}, why: "not sure"},
		"a key of low confidence, asked for":     {claims: []verify.Claim{say("ionq-api-key-unfamiliar", rules.Low)}, also: verify.Also{Low: true}, asked: "ionq"},
		"two providers":                          {claims: []verify.Claim{ionq, say("ibm-cloud-api-key-chosen", rules.Medium)}, why: "IBM or of IonQ"},
		"two providers, one without a client":    {claims: []verify.Claim{ionq, say("bluequbit-api-token", rules.High)}, why: "bluequbit or of IonQ"},
		"two providers, one of them hardly":      {claims: []verify.Claim{ionq, say("qbraid-legacy-key", rules.Low)}, asked: "ionq"},
		"two providers, both hardly":             {claims: []verify.Claim{say("ionq-api-key", rules.Low), say("qbraid-legacy-key", rules.Low)}, also: verify.Also{Low: true}, why: "IonQ or of qBraid"},
		"a stranger says otherwise":              {claims: []verify.Claim{ionq, strangers(say("ibm-cloud-api-key", rules.High))}, asked: "ionq"},
		"only a stranger says so":                {claims: []verify.Claim{strangers(ionq)}, why: "no rule says"},
		"a provider without a client":            {claims: []verify.Claim{say("dwave-api-token", rules.High)}, why: "no call"},
		"what is no key":                         {claims: []verify.Claim{say("ibm-iam-token", rules.High)}, why: "access token"},
		"an ignored key":                         {claims: []verify.Claim{suppressed(ionq)}, why: "owners"},
		"an ignored key, asked for":              {claims: []verify.Claim{suppressed(ionq)}, also: verify.Also{Suppressed: true}, asked: "ionq"},
		"a key that is ignored in one place":     {claims: []verify.Claim{suppressed(ionq), ionq}, asked: "ionq"},
		"a key in a store":                       {claims: []verify.Claim{stored(ionq)}, why: "key store"},
		"a key in a store, asked for":            {claims: []verify.Claim{stored(ionq)}, also: verify.Also{Stored: true}, asked: "ionq"},
		"a key in a store that is leaked, too":   {claims: []verify.Claim{stored(ionq), ionq}, asked: "ionq"},
		"stored here, ignored there":             {claims: []verify.Claim{stored(ionq), suppressed(ionq)}, why: "key store"},
		"an ignored claim still makes ambiguous": {claims: []verify.Claim{ionq, suppressed(say("ibm-cloud-api-key-chosen", rules.High))}, why: "IBM or of IonQ"},
	} {
		t.Run(name, func(t *testing.T) {
			p := verify.NewPlan(all.Kits(), c.claims, c.also)
			if len(p.Questions)+len(p.Withheld) != 1 {
				t.Fatalf("%d questions, %d withheld", len(p.Questions), len(p.Withheld))
			}
			if c.asked != "" {
				if len(p.Questions) != 1 || p.Questions[0].Provider != c.asked || p.Count(c.asked) != 1 {
					t.Fatalf("asked: %+v, withheld: %+v", p.Questions, p.Withheld[c.claims[0].Fingerprint])
				}
				keepsTo(t, v, p)
				return
			}
			check := p.Withheld[c.claims[0].Fingerprint]
			if check == nil || !check.Withheld || !strings.Contains(check.Verdict.Reason, c.why) {
				t.Errorf("%+v, want %q", check, c.why)
			}
		})
	}
}

// TestEveryRuleOfAProviderIsAKeyOrIsNot makes whoever adds a rule for a
// provider that is asked decide whether its values may be sent there.
func TestEveryRuleOfAProviderIsAKeyOrIsNot(t *testing.T) {
	sent := map[string]bool{
		"ibm-cloud-api-key": true, "ibm-cloud-api-key-chosen": true, "ibm-quantum-token-retired": false, "ibm-iam-token": false, "ibm-iam-refresh-token": false,
		"ionq-api-key": true, "ionq-api-key-unfamiliar": true,
		"qbraid-api-key": true, "qbraid-access-token": true, "qbraid-legacy-key": true, "qbraid-session-token": false,
	}
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules() {
		if _, ok := all.Named(r.Provider); !ok {
			continue
		}
		want, decided := sent[r.ID]
		if !decided {
			t.Errorf("%s: are its values to be sent to %s?", r.ID, r.Provider)
			continue
		}
		p := plan([]verify.Claim{claim(t, r.ID, all.Kits()[0].Sample(), rules.High, "a.py")})
		if got := len(p.Questions) == 1; got != want {
			t.Errorf("%s: sent is %v, want %v", r.ID, got, want)
		}
	}
}
