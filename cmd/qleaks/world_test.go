package main

import (
	"context"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/internal/demo"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

type worldKey struct{}

// world starts the simulated providers of internal/demo for the rest of the
// story and points qleaks to them. $IBM_KEY, $IONQ_KEY and $QBRAID_KEY are the
// operator's own keys, $IBM_LEAKED and so on the leaked ones; ionq-console.txt
// and qbraid-console.txt are copied pages of keys. No key may be told.
func world(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: world")
	}
	dir := ts.MkAbs("world")
	w, err := demo.Build(context.Background(), dir, time.Now())
	ts.Check(err)
	ts.Defer(w.Close)
	p := ts.Value(plantedKey{}).(*planted)
	p.files = append(p.files, w.Repository)
	for name, value := range w.Credentials {
		for variable, v := range map[string]string{"_KEY": value.Reveal(), "_LEAKED": w.Leaked(name).Reveal()} {
			ts.Setenv(strings.ToUpper(name)+variable, v)
			p.keys = append(p.keys, strings.TrimPrefix(v, "qbr_"))
		}
	}
	var origins []string
	for _, name := range slices.Sorted(maps.Keys(w.Origins)) {
		for service, origin := range w.Origins[name] {
			origins = append(origins, name+"."+service+"="+origin)
		}
	}
	slices.Sort(origins)
	ts.Setenv("QLEAKS_ENDPOINT", strings.Join(origins, ","))
	for name, page := range w.Consoles {
		data, err := os.ReadFile(page)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name+"-console.txt"), data, 0o600))
	}
	ts.Value(worldKey{}).(*running).World = w
}

// fault PATH STATUS|cut [SKIP] makes requests of a path of IBM's identity
// service fail, after SKIP that do not; without arguments, all is well again.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	w := ts.Value(worldKey{}).(*running)
	if neg || w.World == nil || len(args) == 1 || len(args) > 3 {
		ts.Fatalf("usage: fault [PATH STATUS|cut [SKIP]], after world")
	}
	w.IBM.IAM.Mend()
	if len(args) == 0 {
		return
	}
	f := simhttp.Fault{Path: args[0]}
	if args[1] != "cut" {
		status, err := strconv.Atoi(args[1])
		ts.Check(err)
		f.Handler = simhttp.Answer(status, "application/json", `{"status_code":`+args[1]+`,"errors":[],"trace":"t"}`)
	}
	if len(args) == 3 {
		var err error
		f.Skip, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	w.IBM.IAM.Break(f)
}

// running is the world of a story, once there is one.
type running struct{ *demo.World }

// sourced FILE takes the variables of a file that a shell would read.
func sourced(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sourced FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "="); ok && strings.HasPrefix(line, "export ") {
			ts.Setenv(name, strings.Trim(value, "'"))
		}
	}
}
