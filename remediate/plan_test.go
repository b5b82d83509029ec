package remediate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/ibm"
	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/remediate"
)

func somePlan() remediate.Plan {
	c := leaked(entry("laptop"), key.Active)
	c.Running = remediate.Running{Asked: true, Jobs: []provider.Job{{ID: "j1", Status: "Queued", Pending: true, Backend: "ibm_torino", Owner: "ada"}}, Cancel: []string{"j1"}}
	g := gathered(c, leaked(entry("dead"), key.Unknown))
	g.Gaps = []string{"the list of qBraid is old"}
	return remediate.Draft(g, remediate.DefaultPolicy(), allAPI())
}

func TestAPlanComesBackAsItWas(t *testing.T) {
	plan := somePlan()
	text, err := plan.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := remediate.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, again); diff != "" {
		t.Error(diff)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	if again, err = remediate.Read(compact.Bytes()); err != nil || again.Hash() != plan.Hash() || len(plan.Hash()) != 64 {
		t.Errorf("the hash depends on spaces: %v", err)
	}
	if somePlan().Hash() != plan.Hash() {
		t.Error("the same facts made another plan")
	}
}

func TestEveryWordOfAPlanIsInItsHash(t *testing.T) {
	plan := somePlan()
	seen := map[string]bool{plan.Hash(): true}
	for name, change := range map[string]func(*remediate.Plan){
		"requester": func(p *remediate.Plan) { p.Requester = "mallory" },
		"id":        func(p *remediate.Plan) { p.Rows[0].Key.ID = "ApiKey-other" },
		"tag":       func(p *remediate.Plan) { p.Rows[0].Key.Facts.Tag = "2" },
		"step":      func(p *remediate.Plan) { p.Rows[0].Steps = p.Rows[0].Steps[1:] },
		"cancel":    func(p *remediate.Plan) { p.Rows[0].Running.Cancel = nil },
		"store":     func(p *remediate.Plan) { p.Rows[0].Stores[0] = "elsewhere" },
		"left":      func(p *remediate.Plan) { p.Left = nil },
	} {
		changed := somePlan()
		change(&changed)
		if seen[changed.Hash()] {
			t.Errorf("%s is not in the hash", name)
		}
		seen[changed.Hash()] = true
	}
}

func TestAPlanIsReadStrictly(t *testing.T) {
	text, err := somePlan().JSON()
	if err != nil {
		t.Fatal(err)
	}
	swapped := func(from, to string) []byte { return bytes.Replace(text, []byte(from), []byte(to), 1) }
	for name, bad := range map[string][]byte{
		"nothing":          nil,
		"another member":   swapped(`"made"`, `"also": 1, "made"`),
		"two plans":        append(bytes.Clone(text), text...),
		"another version":  swapped("qleaks.plan/1", "qleaks.plan/2"),
		"no key":           swapped(`"account": "lab"`, `"account": ""`),
		"another id":       swapped(`"id": "0`, `"id": "u`),
		"what looks a key": swapped("grace", ibm.Kit().Sample().Reveal()),
		"revoked unproved": swapped(`"do": "prove"`, `"do": "forget"`),
	} {
		if _, err := remediate.Read(bad); !errors.Is(err, remediate.ErrPlan) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPlanHasThePublishedForm(t *testing.T) {
	text, err := somePlan().JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Compile(t, remediate.Schema()).Check(string(text)); err != nil {
		t.Error(err)
	}
}

func TestThePlanIsReadableAndObeyedByNoTerminal(t *testing.T) {
	plan := somePlan()
	plan.Rows[0].Key.Name = "lap\x1b[31mtop\n::warning::"
	plan.Left[0].Why = "\x1b]0;title\x07"
	var b bytes.Buffer
	if err := plan.Text(&b, remediate.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"break first", "everybody can see the value", "j1, Queued, on ibm_torino", "to be cancelled", "for good", "Not known", plan.Hash(), "qBraid", "--qleaks-" + plan.Rows[0].ID} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told:\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\x07") || strings.Contains(text, "\n::") {
		t.Errorf("control characters: %q", text)
	}
}

func TestAPolicyIsChecked(t *testing.T) {
	if err := remediate.DefaultPolicy().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*remediate.Policy){
		"mode":      func(p *remediate.Policy) { p.Mode = "yolo" },
		"drain":     func(p *remediate.Policy) { p.Drain = "" },
		"protected": func(p *remediate.Policy) { p.Protected = []string{"["} },
		"cap":       func(p *remediate.Policy) { p.Caps.Daily = -1 },
		"share":     func(p *remediate.Policy) { p.Caps.Share = 30 },
		"freeze":    func(p *remediate.Policy) { p.Freeze = []remediate.Freeze{{From: asOf(), To: asOf()}} },
		"unused":    func(p *remediate.Policy) { p.Times.Unused = days },
	} {
		p := remediate.DefaultPolicy()
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
