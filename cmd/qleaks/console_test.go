package main

import (
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/console/sim"
)

// console PROVIDER LOOK NAME... opens a console in which everybody is signed in
// and which lists keys with these names; $CONSOLE is where it is.
func console(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: console PROVIDER LOOK NAME...")
	}
	var keys []sim.Key
	for i, name := range args[2:] {
		keys = append(keys, sim.Key{ID: name, Name: name, Project: "default", Created: time.Date(2026, 5, 1+i, 9, 0, 0, 0, time.UTC)})
	}
	c := sim.New(sim.Options{Provider: args[0], Look: sim.Look(args[1]), Open: true, PerPage: 2, Account: sim.Account{Keys: func() []sim.Key { return keys }}})
	server := httptest.NewServer(c)
	ts.Defer(server.Close)
	ts.Setenv("CONSOLE", server.URL)
}

// desk is the console of a simulated provider, and whether it answers.
type desk struct {
	console *sim.Console
	// stalls says that what is asked for is done, and that no answer comes.
	stalls atomic.Bool
}

type deskKey struct{}

// desk PROVIDER LOOK [signed-out] opens the console of a simulated provider, in
// which everybody is signed in; $CONSOLE is where it is. `desk stall` lets it make
// keys without an answer, `desk answer` ends that, `desk made` waits until it was
// asked for one.
func deskCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: desk PROVIDER LOOK [signed-out], or desk stall, made, answer")
	}
	d := ts.Value(deskKey{}).(*desk)
	switch args[0] {
	case "stall":
		d.stalls.Store(true)
	case "answer":
		d.stalls.Store(false)
	case "made":
		for deadline := time.Now().Add(time.Minute); d.console.Pressed("create") == 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				ts.Fatalf("nobody asked the console for a key")
			}
		}
	default:
		d.open(ts, args)
	}
}

func (d *desk) open(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: desk PROVIDER LOOK [signed-out]")
	}
	o := sim.Options{Provider: args[0], Look: sim.Look(args[1]), Open: len(args) == 2, Account: deskOf(cloudOf(ts), args[0])}
	done := make(chan struct{})
	create, p := o.Account.Create, ts.Value(plantedKey{}).(*planted)
	o.Account.Create = func(name, project string) (sim.Key, secret.Value) {
		k, v := create(name, project)
		p.keys = append(p.keys, strings.TrimPrefix(v.Reveal(), "qbr_"))
		for d.stalls.Load() {
			select {
			case <-done:
				return k, v
			case <-time.After(20 * time.Millisecond):
			}
		}
		return k, v
	}
	d.console = sim.New(o)
	server := httptest.NewServer(d.console)
	ts.Defer(func() { close(done); server.CloseClientConnections(); server.Close() })
	ts.Setenv("CONSOLE", server.URL)
}

// deskOf is the account of a simulated provider, as its console shows it.
func deskOf(c *cloud, provider string) sim.Account {
	if provider == "qbraid" {
		return sim.Account{
			Keys: func() (list []sim.Key) {
				for _, k := range c.qbraid.Keys() {
					list = append(list, sim.Key{ID: k.Name, Name: k.Name, Created: k.Created, Used: k.Used})
				}
				return list
			},
			Create: func(name, _ string) (sim.Key, secret.Value) {
				return sim.Key{ID: name, Name: name}, c.qbraid.Create(qbraid.Key{Name: name, User: c.user.ID})
			},
			Revoke:     func(id string) bool { c.qbraid.Delete(c.user.ID, id); return true },
			Regenerate: func(string) (secret.Value, bool) { return secret.Value{}, false },
		}
	}
	return sim.Account{
		Projects: []string{"default", "bell-lab"},
		Keys: func() (list []sim.Key) {
			for _, k := range c.ionq.Keys() {
				list = append(list, sim.Key{ID: k.ID, Name: k.Name, Project: k.Project, Created: k.Created, Used: k.Used})
			}
			return list
		},
		Create: func(name, project string) (sim.Key, secret.Value) {
			k, v := c.ionq.Create(ionq.Key{Name: name, Project: project})
			return sim.Key{ID: k.ID, Name: k.Name, Project: k.Project}, v
		},
		Revoke: c.ionq.Revoke,
	}
}
