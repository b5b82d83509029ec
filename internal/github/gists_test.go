package github_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
)

func gists(t *testing.T, c *github.Client, owner string) (paths []string, cut int) {
	t.Helper()
	for g, err := range c.Gists(t.Context(), owner) {
		if _, ok := errors.AsType[*github.GistError](err); ok {
			cut++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, g.Path+" "+g.Body[:min(len(g.Body), 9)])
	}
	return paths, cut
}

func TestGistsAreReadWithTheirEarlierVersions(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Person("ada")
	s.Person("bob")
	s.Share("ada", "aa11", false, map[string]string{"a.py": "third", "b c.txt": "same"}, map[string]string{"a.py": "second", "b c.txt": "same"}, map[string]string{"a.py": "first"})
	s.Share("ada", "bb22", true, map[string]string{"key.env": "LONG secret"})
	s.Share("bob", "cc33", false, map[string]string{"x": "bob's"})
	const old = "000000000000000000000000000000000000000"
	public := []string{"ada/aa11#a.py third", "ada/aa11#b%20c.txt same", "ada/aa11/" + old + "b#a.py second", "ada/aa11/" + old + "c#a.py first"}

	c, _ := client(t, s, s.Token("ada"))
	paths, cut := gists(t, c, "ada")
	if want := append(slices.Clone(public), "ada/bb22#key.env LONG secr"); !slices.Equal(paths, want) || cut != 1 {
		t.Errorf("one's own: %q, %d cut", paths, cut)
	}
	other, _ := client(t, s, s.Token("bob", "ada"))
	if paths, _ = gists(t, other, "ada"); !slices.Equal(paths, public) {
		t.Errorf("what everybody sees: %q", paths)
	}
}

func TestAGistOfManyVersionsIsCutAndSaysSo(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Person("ada")
	var versions []map[string]string
	for i := range 103 {
		versions = append(versions, map[string]string{"a": fmt.Sprint(i)})
	}
	s.Share("ada", "aa11", false, versions...)
	c, _ := client(t, s, s.Token("ada"))
	if paths, cut := gists(t, c, "ada"); len(paths) != 101 || cut != 1 {
		t.Errorf("%d texts, %d cut", len(paths), cut)
	}
	for _, err := range c.Gists(t.Context(), "..") {
		if err == nil || errors.Is(err, provider.ErrNotFound) {
			t.Error("a name that is none was asked about")
		}
	}
}
