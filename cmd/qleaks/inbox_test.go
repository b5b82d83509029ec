package main

import (
	"crypto/rand"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/internal/notify/sim"
)

type inboxKey struct{}

// inboxes are the simulated media of a story, by the variable with their address.
type inboxes map[string]*sim.Box

// inbox slack|teams|webhook VARIABLE starts a medium at the address in a variable,
// which is a secret, as $SIGNING is for webhooks. inbox VARIABLE N [REGEXP] asserts how many messages it took, and
// what is in the last; ! inbox VARIABLE N REGEXP what is not.
func inbox(ts *testscript.TestScript, neg bool, args []string) {
	all := ts.Value(inboxKey{}).(inboxes)
	if len(args) == 2 && !neg && all[args[0]] == nil {
		random := make([]byte, 32)
		_, err := rand.Read(random)
		ts.Check(err)
		signing := "whsec_" + base64.StdEncoding.EncodeToString(random)
		const path = "/services/T0/B0/who-has-this-may-write"
		made := map[string]func() *sim.Box{
			"slack": func() *sim.Box { return sim.Slack(path) }, "teams": func() *sim.Box { return sim.Teams(path) },
			"webhook": func() *sim.Box {
				ts.Setenv("SIGNING", signing)
				return sim.Webhook(path, signing)
			},
		}[args[0]]
		if made == nil {
			ts.Fatalf("there is no medium %s", args[0])
		}
		b := made()
		server := httptest.NewServer(b)
		ts.Defer(server.Close)
		all[args[1]] = b
		ts.Setenv(args[1], server.URL+path)
		p := ts.Value(plantedKey{}).(*planted)
		p.keys = append(p.keys, "who-has-this-may-write", signing)
		return
	}
	if len(args) < 2 || all[args[0]] == nil {
		ts.Fatalf("usage: inbox MEDIUM VARIABLE, or inbox VARIABLE N [REGEXP]")
	}
	took := all[args[0]].Took()
	if n, err := strconv.Atoi(args[1]); err != nil || len(took) != n {
		ts.Fatalf("it took %d messages", len(took))
	}
	if len(args) > 2 && regexp.MustCompile(args[2]).Match(took[len(took)-1]) == neg {
		ts.Fatalf("the last message is %s", took[len(took)-1])
	}
}
