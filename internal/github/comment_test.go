package github_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
)

func TestOneCommentIsKeptUpToDate(t *testing.T) {
	s := lab(sim.Options{})
	c, _ := client(t, s, s.Token("acme"))
	n := github.Comment{Owner: "acme", Repository: "vqe", Number: 7, Marker: "<!-- mark -->", Body: "one"}
	s.Say("acme/vqe/7", "mallory", "<!-- mark -->\na stranger's")
	for range 130 {
		s.Say("acme/vqe/7", "ada", "talk")
	}
	if there, err := c.Keep(t.Context(), github.Comment{Owner: "acme", Repository: "vqe", Number: 7, Marker: n.Marker, Body: "fine", Update: true}); err != nil || there {
		t.Errorf("an update made a comment: %v, %v", there, err)
	}
	for _, body := range []string{"one", "two", strings.Repeat("a long line\n", 10_000)} {
		n.Body = body
		if there, err := c.Keep(t.Context(), n); err != nil || !there {
			t.Fatalf("%v, %v", there, err)
		}
	}
	var ours []string
	for _, body := range s.Comments("acme/vqe/7") {
		if strings.HasPrefix(body, n.Marker) {
			ours = append(ours, body)
		}
	}
	if len(ours) != 2 || ours[0] != "<!-- mark -->\na stranger's" || !strings.HasSuffix(ours[1], "a long line\n") || len(ours[1]) > 60<<10 {
		t.Errorf("%d comments: %.60q", len(ours), ours)
	}
}

func TestACommentNeedsARepositoryAndANumber(t *testing.T) {
	s := lab(sim.Options{})
	c, _ := client(t, s, s.Token("acme"))
	for _, n := range []github.Comment{{Owner: "acme", Repository: "..", Number: 1}, {Owner: "a/b", Repository: "c", Number: 1}, {Owner: "acme", Repository: "vqe"}} {
		if _, err := c.Keep(t.Context(), n); err == nil {
			t.Errorf("%+v was written", n)
		}
	}
	if len(s.Comments("acme/vqe/1")) > 0 {
		t.Error("something was written")
	}
}
