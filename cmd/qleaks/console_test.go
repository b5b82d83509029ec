package main

import (
	"net/http/httptest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

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
