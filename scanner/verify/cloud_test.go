package verify_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
	"github.com/qleaks/qleaks/scanner/verify"
)

// cloud is all providers, simulated, each with an active key and one that is
// not, and with a record of everything that reached them.
type cloud struct {
	ionq   *ionq.Sim
	qbraid *qbraid.Sim
	ibm    *ibm.Sim
	// servers are those of each kit's services.
	servers map[string]map[string]*simhttp.Server
	configs map[string]provider.Config
	// live and dead are keys by the names of their kits; own are the operator's.
	live, dead, own map[string]secret.Value

	mu   sync.Mutex
	seen []seen
}

// seen is a request with all that it carried.
type seen struct{ kit, line, carried string }

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{
		ionq: ionq.New(ionq.Options{}), qbraid: qbraid.New(qbraid.Options{}), ibm: ibm.New(ibm.Options{}),
		servers: map[string]map[string]*simhttp.Server{}, configs: map[string]provider.Config{},
		live: map[string]secret.Value{}, dead: map[string]secret.Value{}, own: map[string]secret.Value{},
	}
	project := simhttp.UUID()
	_, c.own["ionq"] = c.ionq.Create(ionq.Key{Name: "operator", Project: project})
	_, c.live["ionq"] = c.ionq.Create(ionq.Key{Name: "laptop", Project: project})
	revoked, dead := c.ionq.Create(ionq.Key{Name: "old laptop", Project: project})
	c.ionq.Revoke(revoked.ID)
	c.dead["ionq"] = dead
	c.ionq.Reserve(ionq.Session{Project: project})

	ada := c.qbraid.Join(qbraid.User{Name: "ada", Email: "ada@example.test", Roles: []string{"user"}, Credits: 1200})
	c.own["qbraid"] = c.qbraid.Create(qbraid.Key{Name: "operator", User: ada.ID})
	c.live["qbraid"] = c.qbraid.Create(qbraid.Key{Name: "laptop", User: ada.ID})
	c.dead["qbraid"] = c.qbraid.Create(qbraid.Key{Name: "old laptop", User: ada.ID})
	c.qbraid.Delete(ada.ID, "old laptop")

	grace := c.ibm.Join(ibm.Identity{Name: "Grace", Email: "grace@example.test", Administrator: true})
	_, c.own["ibm"] = c.ibm.Create(ibm.Key{Name: "operator", Owner: grace.ID})
	_, c.live["ibm"] = c.ibm.Create(ibm.Key{Name: "laptop", Owner: grace.ID})
	disabled, dead := c.ibm.Create(ibm.Key{Name: "old laptop", Owner: grace.ID})
	c.ibm.Disable(disabled.ID)
	c.dead["ibm"] = dead
	c.ibm.Provide(ibm.Instance{Name: "open", Plan: "open", Backends: []string{"ibm_torino"}, Limit: 600, Consumed: 12})
	c.ibm.Provide(ibm.Instance{Name: "frankfurt", Region: "eu-de", Plan: "premium", Backends: []string{"ibm_aachen"}})

	c.servers["ionq"] = map[string]*simhttp.Server{"api": c.ionq.Server}
	c.servers["qbraid"] = map[string]*simhttp.Server{"api": c.qbraid.Server}
	c.servers["ibm"] = c.ibm.Servers()
	for kit, services := range c.servers {
		config := provider.Config{Credential: c.own[kit], Origins: map[string]string{}, Rate: 1e6}
		for name, service := range services {
			server := httptest.NewServer(c.recording(kit, service))
			t.Cleanup(server.Close)
			config.Origins[name] = server.URL + service.Base()
		}
		c.configs[kit] = config
	}
	return c
}

// recording notes what reaches a simulator.
func (c *cloud) recording(kit string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.mu.Lock()
		c.seen = append(c.seen, seen{kit, r.Method + " http://" + r.Host + r.URL.Path, fmt.Sprint(r.Header, string(body))})
		c.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

func (c *cloud) requests() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]seen(nil), c.seen...)
}

// carrying counts the requests to a kit that carry a value.
func (c *cloud) carrying(kit string, v secret.Value) (n int) {
	for _, s := range c.requests() {
		if s.kit == kit && v.In(s.carried) {
			n++
		}
	}
	return n
}

// verifier asks all simulators; change may alter what it is made of.
func (c *cloud) verifier(t *testing.T, change ...func(kit string, config *provider.Config)) *verify.Verifier {
	t.Helper()
	v := &verify.Verifier{Clients: map[string][]verify.Account{}}
	for _, kit := range all.Kits() {
		config := c.configs[kit.Name]
		for _, f := range change {
			f(kit.Name, &config)
		}
		client, err := kit.New(config)
		if err != nil {
			t.Fatal(err)
		}
		v.Clients[kit.Name] = []verify.Account{{Client: client}}
	}
	return v
}

// ruleOf is the rule that finds a kit's keys.
func ruleOf(t testing.TB, id string) *rules.Rule {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rule := set.Rule(id)
	if rule == nil {
		t.Fatalf("no rule %s", id)
	}
	return rule
}

var keyRules = map[string]string{"ionq": "ionq-api-key", "qbraid": "qbraid-api-key", "ibm": "ibm-cloud-api-key"}

// claim says that a value is a key of a rule.
func claim(t testing.TB, rule string, v secret.Value, c rules.Confidence, path string) verify.Claim {
	t.Helper()
	var fp secret.Fingerprinter
	f := finding.Finding{
		Rule: ruleOf(t, rule), Confidence: c, Standing: finding.Standing{Status: key.Unknown},
		Fingerprint: fp.Of(v), Secret: v, Path: path,
		Occurrences: []finding.Occurrence{{Place: source.File, Location: finding.Location{Path: path, Line: 1, Column: 1}}},
	}
	f.ID = finding.Identify(fp, f)
	return verify.Claim{Finding: f}
}

func fingerprint(v secret.Value) secret.Fingerprint {
	var fp secret.Fingerprinter
	return fp.Of(v)
}

// keepsTo complains where the material of a value is in what something prints.
func keepsTo(t *testing.T, v secret.Value, things ...any) {
	t.Helper()
	for _, thing := range things {
		if text := fmt.Sprintf("%v %+v %#v", thing, thing, thing); v.In(text) || strings.Contains(text, v.Reveal()[v.Len()/2:]) {
			t.Errorf("%T tells a key", thing)
		}
	}
}
