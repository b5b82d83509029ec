package main

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/rules/sample"
)

type hubKey struct{}

// hub is the simulated GitHub of a story, once there is one.
type hub struct{ *sim.Sim }

// github starts GitHub with owners whose secrets $HUB_TOKEN may read; a name with
// @ before it is a person's. $HUB is where it answers.
func github(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: github [@]OWNER...")
	}
	s := sim.New(sim.Options{})
	var owners []string
	for _, name := range args {
		owner, person := strings.CutPrefix(name, "@")
		if person {
			s.Person(owner)
		}
		owners = append(owners, owner)
	}
	site, err := s.Site(ts.MkAbs("hub"))
	ts.Check(err)
	server := httptest.NewServer(site)
	ts.Defer(server.Close)
	token := s.Token(owners...).Reveal()
	ts.Setenv("HUB", server.URL+s.Base())
	ts.Setenv("HUB_SITE", server.URL)
	ts.Setenv("HUB_TOKEN", token)
	p := ts.Value(plantedKey{}).(*planted)
	p.keys = append(p.keys, token)
	ts.Value(hubKey{}).(*hub).Sim = s
}

// hosts OWNER/NAME [JSON] has GitHub tell of a repository, which is hub/OWNER/NAME.git.
func hosts(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) < 1 || len(args) > 2 || h.Sim == nil {
		ts.Fatalf("usage: hosts OWNER/NAME [JSON], after github")
	}
	owner, name, _ := strings.Cut(args[0], "/")
	var about map[string]any
	if len(args) > 1 {
		ts.Check(json.Unmarshal([]byte(args[1]), &about))
	}
	h.Describe(owner, name, about)
}

// writes OWNER/NAME LIST FILE puts what a file holds, as JSON, into a list beside a
// repository.
func writes(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) != 3 || h.Sim == nil {
		ts.Fatalf("usage: writes OWNER/NAME LIST FILE, after github")
	}
	var element map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &element))
	h.Write(args[0], args[1], element)
}

// keeps KIND WHERE NAME DAYS has GitHub keep a secret that was set so long ago.
func keeps(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) != 4 || h.Sim == nil {
		ts.Fatalf("usage: keeps KIND WHERE NAME DAYS, after github")
	}
	days, err := strconv.Atoi(args[3])
	ts.Check(err)
	h.SetFor(args[0], args[1], args[2], time.Now().AddDate(0, 0, -days))
}

// hides PATH STATUS has GitHub answer requests of a path with a status; without
// arguments, all is well again.
func hides(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) != 0 && len(args) != 2 || h.Sim == nil {
		ts.Fatalf("usage: hides [PATH STATUS], after github")
	}
	h.Mend()
	if len(args) == 0 {
		return
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	h.Break(simhttp.Fault{Path: args[0], Handler: simhttp.Answer(status, "application/json", `{"message":"no"}`)})
}

// raises OWNER/NAME TYPE DIR PATH LINE has GitHub raise an alert for a line of a
// file of the repository in DIR; without DIR and what follows, it is at a page
// that the alert does not name.
func raises(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) != 2 && len(args) != 5 || h.Sim == nil {
		ts.Fatalf("usage: raises OWNER/NAME TYPE [DIR PATH LINE], after github")
	}
	v := sample.NewValues(99)
	a := sim.Alert{Type: args[1], Title: strings.ReplaceAll(args[1], "_", " "), Secret: v.From(sample.Alphabet("A-Za-z0-9"), 32), Bypassed: len(args) == 5}
	p := ts.Value(plantedKey{}).(*planted)
	p.keys = append(p.keys, a.Secret)
	if len(args) == 5 {
		line, err := strconv.Atoi(args[4])
		ts.Check(err)
		cmd := exec.Command("git", "rev-parse", "HEAD:"+args[3])
		cmd.Dir = ts.MkAbs(args[2])
		object, err := cmd.Output()
		ts.Check(err)
		a.Places = []map[string]any{{"type": "commit", "details": map[string]any{
			"path": args[3], "start_line": line, "end_line": line, "start_column": 1, "end_column": 2, "blob_sha": strings.TrimSpace(string(object)),
			"blob_url": "", "commit_sha": "", "commit_url": "",
		}}}
	}
	h.Raise(args[0], a)
}

// resolved OWNER/NAME NUMBER HOW says how an alert was resolved: "" if it is open.
func resolved(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hub)
	if neg || len(args) != 3 || h.Sim == nil {
		ts.Fatalf("usage: resolved OWNER/NAME NUMBER HOW, after github")
	}
	number, err := strconv.Atoi(args[1])
	ts.Check(err)
	how, comment := h.Resolution(args[0], number)
	if how != args[2] || how != "" && !strings.Contains(comment, "is refused") {
		ts.Fatalf("it is resolved as %q: %s", how, comment)
	}
}
