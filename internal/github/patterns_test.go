package github_test

import (
	"errors"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
)

func TestPatternsAreAddedChangedProtectedAndRemoved(t *testing.T) {
	s := lab(sim.Options{})
	c, _ := client(t, s, s.Token("acme"))
	for i := range 130 {
		s.AddPattern("acme", sim.Pattern{Name: "somebody's " + string(rune('a'+i%26)), Pattern: "x"})
	}
	scope := github.Scope{Owner: "acme"}
	ours := github.CustomPattern{Name: "ours", Format: "[a-z]{20}", Before: "key=", After: `\z|[^a-z]`, MustMatch: []string{"[a-f]"}}
	if err := c.AddPatterns(t.Context(), scope, []github.CustomPattern{ours, {Name: "two", Format: "b"}}); err != nil {
		t.Fatal(err)
	}
	find := func(name string) (github.CustomPattern, int) {
		t.Helper()
		all, err := c.Patterns(t.Context(), scope)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if p.Name == name {
				return p, len(all)
			}
		}
		return github.CustomPattern{}, len(all)
	}
	there, n := find("ours")
	if n != 132 || !there.Same(ours) || !there.Published || there.PushProtection {
		t.Fatalf("%d patterns, ours is %+v", n, there)
	}
	changed := ours
	changed.MustNotMatch = []string{"zz"}
	if err := c.ChangePattern(t.Context(), scope, there, changed); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangePattern(t.Context(), scope, there, ours); err == nil {
		t.Error("a pattern that somebody changed meanwhile was overwritten")
	}
	if there, _ = find("ours"); !there.Same(changed) || there.Same(ours) {
		t.Errorf("it is %+v", there)
	}
	err := c.ProtectPushes(t.Context(), "acme", []github.CustomPattern{there, {Name: "unknown"}})
	if !errors.Is(err, github.ErrNoSetting) {
		t.Errorf("a pattern that the settings do not know: %v", err)
	}
	if there, _ = find("ours"); !there.PushProtection {
		t.Error("pushes are not protected")
	}
	if err := c.RemovePatterns(t.Context(), scope, []github.CustomPattern{there}); err != nil {
		t.Fatal(err)
	}
	if _, n = find("ours"); n != 131 {
		t.Errorf("%d are left", n)
	}
}

func TestARefusedPatternIsNamed(t *testing.T) {
	s := lab(sim.Options{})
	c, _ := client(t, s, s.Token("acme"))
	scope := github.Scope{Owner: "acme", Repository: "vqe"}
	err := c.AddPatterns(t.Context(), scope, []github.CustomPattern{{Name: "fine", Format: "a"}, {Name: "looks ahead", Format: "a(?=b)"}})
	wrong, ok := errors.AsType[*github.PatternError](err)
	if !ok || wrong.Name != "looks ahead" || len(wrong.Codes) != 1 || wrong.Codes[0] != "invalid" {
		t.Errorf("%v", err)
	}
	if len(s.Patterns("acme/vqe")) > 0 {
		t.Error("the other one was made")
	}
}
