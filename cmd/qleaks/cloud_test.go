package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// cloud is the simulated providers of a story.
type cloud struct {
	ionq   *ionq.Sim
	qbraid *qbraid.Sim
	ibm    *ibm.Sim
	user   qbraid.User
	admin  ibm.Identity
	// servers are all there are, by provider.
	servers map[string][]*simhttp.Server

	mu sync.Mutex
	// issued are keys by provider and state; carried is what each provider got.
	issued  map[string]map[string][]secret.Value
	carried map[string][]string
}

type cloudKey struct{}

func cloudOf(ts *testscript.TestScript) *cloud {
	c, ok := ts.Value(cloudKey{}).(**cloud)
	if !ok || *c == nil {
		ts.Fatalf("no providers: simulate comes first")
	}
	return *c
}

// simulate starts the providers on loopback, and says so to qleaks: by
// variables, with a credential of the operator for each, as they would be set.
func simulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: simulate")
	}
	c := &cloud{
		ionq: ionq.New(ionq.Options{}), qbraid: qbraid.New(qbraid.Options{}), ibm: ibm.New(ibm.Options{}),
		issued: map[string]map[string][]secret.Value{}, carried: map[string][]string{},
	}
	c.user = c.qbraid.Join(qbraid.User{Name: "ada", Email: "ada@example.test", Roles: []string{"user"}, Credits: 1200})
	c.admin = c.ibm.Join(ibm.Identity{Name: "Grace", Email: "grace@example.test", Administrator: true})
	c.ibm.Provide(ibm.Instance{Name: "bell-lab", Plan: "open-plan", Backends: []string{"ibm_torino"}, Limit: 600, Consumed: 12})
	_, ionqOwn := c.ionq.Create(ionq.Key{Name: "operator"})
	_, ibmOwn := c.ibm.Create(ibm.Key{Name: "operator", Owner: c.admin.ID})
	own := map[string]secret.Value{"ionq": ionqOwn, "ibm": ibmOwn, "qbraid": c.qbraid.Create(qbraid.Key{Name: "operator", User: c.user.ID})}
	c.servers = map[string][]*simhttp.Server{"ionq": {c.ionq.Server}, "qbraid": {c.qbraid.Server}}
	endpoints := []string{
		"ionq=" + c.serve(ts, "ionq", c.ionq) + c.ionq.Base(), "qbraid=" + c.serve(ts, "qbraid", c.qbraid) + c.qbraid.Base(),
	}
	atIBM := c.serve(ts, "ibm", c.ibm)
	for name, s := range c.ibm.Servers() {
		endpoints = append(endpoints, "ibm."+name+"="+atIBM+s.Base())
		c.servers["ibm"] = append(c.servers["ibm"], s)
	}
	ts.Setenv("QLEAKS_ENDPOINT", strings.Join(endpoints, ","))
	var credentials []string
	p := ts.Value(plantedKey{}).(*planted)
	for name, v := range own {
		variable := strings.ToUpper(name) + "_OPERATOR"
		ts.Setenv(variable, v.Reveal())
		credentials = append(credentials, name+"=env:"+variable)
		p.keys = append(p.keys, v.Reveal())
	}
	ts.Setenv("QLEAKS_CREDENTIAL", strings.Join(credentials, ","))
	// A guest sees no keys but their own.
	_, guest := c.ibm.Create(ibm.Key{Name: "guest", Owner: c.ibm.Join(ibm.Identity{Name: "Guest", Email: "guest@example.test"}).ID})
	ts.Setenv("IBM_GUEST", guest.Reveal())
	p.keys = append(p.keys, guest.Reveal())
	*ts.Value(cloudKey{}).(**cloud) = c
}

// serve brings one provider up, noting what reaches it.
func (c *cloud) serve(ts *testscript.TestScript, name string, h http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.mu.Lock()
		c.carried[name] = append(c.carried[name], fmt.Sprint(r.URL, r.Header, string(body)))
		c.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	return server.URL
}

// issue PROVIDER STATE FILE... makes a key (active, refused, or foreign: of
// somebody else's account) and fills the templates in files with it.
func issue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: issue PROVIDER active|refused|foreign FILE...")
	}
	c, provider, state := cloudOf(ts), args[0], args[1]
	v := c.make(ts, provider, state)
	c.mu.Lock()
	if c.issued[provider] == nil {
		c.issued[provider] = map[string][]secret.Value{}
	}
	c.issued[provider][state] = append(c.issued[provider][state], v)
	c.mu.Unlock()
	p := ts.Value(plantedKey{}).(*planted)
	p.keys = append(p.keys, strings.TrimPrefix(v.Reveal(), "qbr_"))
	for _, file := range args[2:] {
		name := ts.MkAbs(file)
		p.files = append(p.files, name)
		ts.Check(os.WriteFile(name, []byte(sample.Expand(ts.ReadFile(file), v.Reveal(), sample.NewValues(1))), 0o600))
	}
}

// make makes a key that its rule finds: one in thousands looks too plain.
func (c *cloud) make(ts *testscript.TestScript, provider, state string) secret.Value {
	set, err := rules.Builtin()
	ts.Check(err)
	for range 100 {
		v := c.create(ts, provider, state)
		text := map[string]string{"ionq": "IonQProvider(%q)", "ibm": "QiskitRuntimeService(token=%q)", "qbraid": "QBRAID_API_KEY=%q"}[provider]
		view := fmt.Appendf(nil, text, v.Reveal())
		if len(set.Match(view, []rules.Span{{Start: 0, End: len(view)}})) > 0 {
			return v
		}
	}
	ts.Fatalf("no key of %s is found", provider)
	return secret.Value{}
}

func (c *cloud) create(ts *testscript.TestScript, provider, state string) secret.Value {
	switch provider {
	case "ionq":
		k, v := c.ionq.Create(ionq.Key{Name: "laptop", Project: "bell-lab"})
		if state == "refused" {
			c.ionq.Revoke(k.ID)
		}
		return v
	case "qbraid":
		name := "laptop"
		if slices.ContainsFunc(c.qbraid.Keys(), func(k qbraid.Key) bool { return k.Name == name }) {
			name = simhttp.UUID()
		}
		v := c.qbraid.Create(qbraid.Key{Name: name, User: c.user.ID})
		if state == "refused" {
			c.qbraid.Delete(c.user.ID, name)
		}
		return v
	case "ibm":
		k, v := c.ibm.Create(ibm.Key{Name: "laptop", Owner: c.admin.ID})
		switch state {
		case "refused":
			c.ibm.Disable(k.ID)
		case "foreign":
			c.ibm.Delete(k.ID)
		}
		return v
	}
	ts.Fatalf("no provider %s", provider)
	return secret.Value{}
}

// revoked lets the owner of the key of IonQ's that was issued revoke it.
func revoked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "ionq" {
		ts.Fatalf("usage: revoked ionq")
	}
	c := cloudOf(ts)
	for _, k := range c.ionq.Keys() {
		if k.Name == "laptop" {
			c.ionq.Revoke(k.ID)
		}
	}
}

// borrowed PROVIDER [FILE] checks that the last output, or a file, is one key that
// works, and that no other output may tell from then on; `! borrowed` checks that it
// does not work any more.
func borrowed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: borrowed PROVIDER [FILE]")
	}
	name := "stdout"
	if len(args) == 2 {
		name = args[1]
	}
	text, ok := strings.CutSuffix(ts.ReadFile(name), "\n")
	if !ok || text == "" || strings.ContainsAny(text, " \n") {
		ts.Fatalf("%s is not one key", name)
	}
	c, v := cloudOf(ts), secret.New([]byte(text))
	works := map[string]func(secret.Value) bool{"ionq": c.ionq.Works, "ibm": c.ibm.Works, "qbraid": c.qbraid.Works}[args[0]](v)
	if works == neg {
		ts.Fatalf("the key works: %v", works)
	}
	p := ts.Value(plantedKey{}).(*planted)
	p.keys, p.files = append(p.keys, strings.TrimPrefix(text, "qbr_")), append(p.files, ts.MkAbs(name))
}

// received PROVIDER N|some checks in how many requests a provider got a key that
// was issued, and that it got none of another provider, since the last time.
func received(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: received PROVIDER N|some")
	}
	c := cloudOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	got := 0
	for _, text := range c.carried[args[0]] {
		for provider, states := range c.issued {
			for _, values := range states {
				for _, v := range values {
					if !v.In(text) {
						continue
					}
					if got++; provider != args[0] {
						ts.Fatalf("%s got a key of %s", args[0], provider)
					}
				}
			}
		}
	}
	if want := args[1]; strconv.Itoa(got) != want && (want != "some" || got == 0) {
		ts.Fatalf("%s got keys in %d requests, want %s", args[0], got, want)
	}
	c.carried[args[0]] = nil
}

// reached PROVIDER N checks that a provider got N requests since the last time, and
// no key in any of them: neither one that was issued nor one of the operator's.
func reached(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reached PROVIDER N")
	}
	c, p := cloudOf(ts), ts.Value(plantedKey{}).(*planted)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.carried[args[0]] {
		if slices.ContainsFunc(p.keys, func(key string) bool { return sample.Tells(text, key) }) {
			ts.Fatalf("%s got a key", args[0])
		}
	}
	if got := len(c.carried[args[0]]); strconv.Itoa(got) != args[1] {
		ts.Fatalf("%s got %d requests, want %s", args[0], got, args[1])
	}
	c.carried[args[0]] = nil
}

// breaks PROVIDER STATUS makes a provider answer everything with a status, or
// mends it with 200.
func breaks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: breaks PROVIDER STATUS")
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, s := range cloudOf(ts).servers[args[0]] {
		if s.Mend(); status != http.StatusOK {
			s.Break(simhttp.Fault{Handler: simhttp.Answer(status, "application/json", `{}`)})
		}
	}
}
