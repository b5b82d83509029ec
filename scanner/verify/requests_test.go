package verify_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/verify"
)

// TestTheListingIsWhatIsSent compares the requests that are listed beforehand
// with those that then reach the simulators: kind by kind, with whose key each
// carries.
func TestTheListingIsWhatIsSent(t *testing.T) {
	without := func(_ string, c *provider.Config) { c.Credential = secret.Value{} }
	login := func(_ string, c *provider.Config) { c.LoginCheck = true }
	for name, s := range map[string]struct {
		change   []func(string, *provider.Config)
		describe bool
		// foreign asks IBM about somebody else's key, so that a login is needed.
		foreign bool
	}{
		"with credentials":               {},
		"without credentials":            {change: []func(string, *provider.Config){without}},
		"without credentials, by login":  {change: []func(string, *provider.Config){without, login}},
		"with credentials and login":     {change: []func(string, *provider.Config){login}, foreign: true},
		"with reach":                     {describe: true},
		"without credentials, and reach": {change: []func(string, *provider.Config){without}, describe: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			live := map[string]secret.Value{"ionq": c.live["ionq"], "qbraid": c.live["qbraid"], "ibm": c.live["ibm"]}
			if s.foreign {
				live["ibm"] = all.Kits()[0].Sample()
			}
			var claims []verify.Claim
			for kit, v := range live {
				claims = append(claims, claim(t, keyRules[kit], v, rules.High, "a.py"))
			}
			p := plan(claims)
			v := c.verifier(t, s.change...)
			v.Describe = s.describe
			if _, err := v.Ask(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			for _, kit := range all.Kits() {
				config := c.configs[kit.Name]
				for _, f := range s.change {
					f(kit.Name, &config)
				}
				var want []string
				for _, r := range verify.Requests(kit, config, s.describe, p.Count(kit.Name), 1) {
					want = append(want, fmt.Sprint(r.Method, " ", r.URL, " ", r.Holds))
				}
				slices.Sort(want)
				want = slices.Compact(want)
				got := kinds(t, c, kit, live[kit.Name], want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-listed +sent):\n%s", kit.Name, diff)
				}
			}
		})
	}
}

// kinds are the requests that reached a provider, in the form of the listing:
// parts that vary are named as there.
func kinds(t *testing.T, c *cloud, kit provider.Kit, found secret.Value, listed []string) []string {
	t.Helper()
	var got []string
	for _, s := range c.requests() {
		if s.kit != kit.Name {
			continue
		}
		line := s.line
		for _, l := range listed {
			pattern, _, _ := strings.Cut(l, " [")
			if strings.Contains(pattern, "{") && regexp.MustCompile("^"+regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+")+"$").MatchString(line) &&
				!slices.ContainsFunc(listed, func(l string) bool { return strings.HasPrefix(l, line+" [") }) {
				line = pattern
			}
		}
		got = append(got, fmt.Sprint(line, " ", c.holders(s, found)))
	}
	slices.Sort(got)
	return slices.Compact(got)
}

// holders says whose keys a request carried. A bearer token stands for the key
// that logged in; what is neither the found key nor one's own was made up.
func (c *cloud) holders(s seen, found secret.Value) []verify.Holder {
	var holders []verify.Holder
	own := c.own[s.kit]
	subject, bearer := s.carried, ""
	if token := regexp.MustCompile(`Authorization:\[(Bearer [^\]]+)\]`).FindStringSubmatch(s.carried); token != nil && s.kit == "ibm" {
		bearer, subject = token[1], strings.ReplaceAll(s.carried, token[0], "")
	}
	asks := strings.Contains(subject, "Iam-Apikey") || strings.Contains(subject, "apikey=") || strings.Contains(subject, "apiKey ") || strings.Contains(subject, "X-Api-Key")
	switch {
	case found.In(subject):
		holders = append(holders, verify.HoldsKey)
	case own.In(subject):
		holders = append(holders, verify.HoldsOwn)
	case asks:
		holders = append(holders, verify.HoldsMadeUp)
	}
	if bearer != "" && !slices.Contains(holders, verify.HoldsOwn) {
		holders = append(holders, verify.HoldsOwn)
	}
	return holders
}

func TestWhereNobodyCanBeAskedNothingIsListed(t *testing.T) {
	for _, kit := range all.Kits() {
		if r := verify.Requests(kit, provider.Config{}, true, 0, 1); len(r) > 0 {
			t.Errorf("%s: %d requests for no key", kit.Name, len(r))
		}
	}
	if r := verify.Requests(all.Kits()[0], provider.Config{}, true, 3, 1); len(r) > 0 {
		t.Errorf("IBM without a credential: %+v", r)
	}
	for _, r := range verify.Requests(all.Kits()[1], provider.Config{}, true, 3, 1) {
		if !strings.HasPrefix(r.URL, "https://api.ionq.co/v0.4/") || slices.Contains(r.Holds, verify.HoldsOwn) {
			t.Errorf("%+v", r)
		}
	}
}
