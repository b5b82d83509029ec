package github_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/internal/secret"
)

// published are the forms of bodies as GitHub publishes them, by path.
func published(t *testing.T) map[string]schematest.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/secretbodies.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Bodies map[string]json.RawMessage }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]schematest.Schema{}
	for path, raw := range file.Bodies {
		all[path] = schematest.Compile(t, raw)
	}
	return all
}

func TestWhatIsWrittenHasTheFormThatGitHubPublishes(t *testing.T) {
	s := lab(sim.Options{})
	c, log := client(t, s, s.Token("acme"))
	v := secret.New([]byte("a-value-that-is-nobodys"))
	var places []github.Place
	for _, kind := range github.Kinds() {
		s.Give(string(kind), "acme", "NEW", v, "selected", 1, 2)
		places = append(places, github.Place{Kind: kind, Owner: "acme", Name: "NEW"}, github.Place{Kind: kind, Owner: "acme", Repository: "vqe", Name: "NEW"})
	}
	places = append(places, github.Place{Kind: github.Actions, Owner: "acme", Repository: "vqe", Environment: "a b/c", Name: "NEW"})
	for _, p := range places {
		kept := github.Kept{}
		if p.Repository == "" {
			var err error
			if kept, err = c.Look(t.Context(), p); err != nil || kept.Visibility != "selected" || len(kept.Selected) != 2 {
				t.Fatalf("%+v: %+v, %v", p, kept, err)
			}
		}
		if err := c.Write(t.Context(), p, v, kept); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
	}
	forms := published(t)
	written := map[string]bool{}
	for _, b := range s.Bodies() {
		form, ok := forms[b.Pattern]
		if !ok {
			t.Fatalf("GitHub publishes no form for %s", b.Pattern)
		}
		if err := form.Check(string(b.JSON)); err != nil {
			t.Errorf("%s: %v", b.Pattern, err)
		}
		if bytes.Contains(b.JSON, []byte(v.Reveal())) || v.In(log.String()) {
			t.Error("the value can be read on the way")
		}
		written[b.Pattern] = true
	}
	if len(written) != len(forms) {
		t.Errorf("%d of %d paths were written to", len(written), len(forms))
	}
}

func TestPlacesAreChecked(t *testing.T) {
	for _, p := range []github.Place{
		{}, {Kind: "gists", Owner: "acme", Name: "A"}, {Kind: github.Actions, Owner: "a/b", Name: "A"}, {Kind: github.Actions, Owner: "acme", Name: "A B"}, {Kind: github.Actions, Owner: "acme", Name: "../x"},
		{Kind: github.Actions, Owner: "acme", Environment: "x", Name: "A"}, {Kind: github.Dependabot, Owner: "acme", Repository: "r", Environment: "x", Name: "A"}, {Kind: github.Actions, Owner: "acme", Repository: "..", Name: "A"},
		{Kind: github.Actions, Owner: "acme", Repository: "r", Environment: "..", Name: "A"},
	} {
		if err := p.Validate(); !errors.Is(err, github.ErrPlace) && !errors.Is(err, github.ErrName) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
