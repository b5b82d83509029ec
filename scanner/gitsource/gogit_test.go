package gitsource_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	gitconfig "github.com/go-git/go-git/v5/plumbing/format/config"
	gitindex "github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// varied is an ordinary repository with a bit of everything that both readers
// know.
func varied(t *testing.T, seed uint64) *repo {
	r := newRepo(t)
	random := rand.New(rand.NewPCG(seed, 9))
	for n := range 3 + random.IntN(5) {
		for range 1 + random.IntN(6) {
			r.write(fmt.Sprintf("d%d/%d/f%d", random.IntN(3), random.IntN(2), random.IntN(20)), fmt.Sprintf("%d\n", random.Uint64()))
		}
		r.commit(fmt.Sprint("commit ", n))
		r.git("branch", "-f", fmt.Sprintf("team%d/topic%d", random.IntN(2), random.IntN(4)))
		r.git("tag", "-f", "-a", "-m", "tag", fmt.Sprintf("v%d", random.IntN(3)))
		r.git("tag", "-f", fmt.Sprintf("light%d", random.IntN(3)))
		if random.IntN(3) == 0 {
			r.git("pack-refs", "--all")
		}
		if random.IntN(3) == 0 {
			r.git("repack", "-adq")
		}
	}
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	if seed%2 == 0 {
		r.git("checkout", "-q", "--detach")
	}
	r.write("d0/staged", "staged\n")
	r.git("add", "-A")
	r.git("update-index", "--index-version", fmt.Sprint(2+seed%2*2))
	return r
}

// go-git reads ordinary repositories, and reads them by other code than ours
// and Git's.
func TestOrdinaryRepositoriesAreReadAsGoGitReadsThem(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := varied(t, seed)
			git := filepath.Join(r.dir, ".git")
			storage := filesystem.NewStorage(osfs.New(git), cache.NewObjectLRUDefault())
			t.Cleanup(func() { check(t, storage.Close()) })
			repository := discover(t, r.dir, gitsource.Options{})

			var want []string
			iter, err := storage.IterReferences()
			check(t, err)
			check(t, iter.ForEach(func(ref *plumbing.Reference) error {
				if ref.Type() == plumbing.HashReference {
					want = append(want, ref.Hash().String()+" "+ref.Name().String())
				}
				return nil
			}))
			slices.Sort(want)
			if got := repository.Refs(); !slices.Equal(got, want) {
				t.Errorf("refs %q, go-git reads %q", got, want)
			}

			want = nil
			data, err := os.ReadFile(filepath.Join(git, "index"))
			check(t, err)
			var index gitindex.Index
			check(t, gitindex.NewDecoder(bytes.NewReader(data)).Decode(&index))
			for _, e := range index.Entries {
				want = append(want, fmt.Sprintf("%06o %s %d\t%s", uint32(e.Mode), e.Hash, e.Stage, e.Name))
			}
			if lines, errs := repository.Staged(); errs[0] != nil || !slices.Equal(lines[0], want) {
				t.Errorf("index %q (%v), go-git reads %q", lines[0], errs[0], want)
			}

			objects := map[string]string{}
			stored, err := storage.IterEncodedObjects(plumbing.AnyObject)
			check(t, err)
			check(t, stored.ForEach(func(o plumbing.EncodedObject) error {
				objects[o.Hash().String()] = o.Type().String()
				return nil
			}))
			got, err := repository.Objects()
			check(t, err)
			for id, kind := range objects {
				if got[id] != kind {
					t.Errorf("object %s is a %q, for go-git a %s", id, got[id], kind)
				}
			}
			if len(got) != len(objects) {
				t.Errorf("%d objects, go-git reads %d", len(got), len(objects))
			}
		})
	}
}

// Where go-git's parser takes a configuration, ours reads the same, but for keys
// without a value and lines that go on, which go-git does not read as Git does.
// For these, and for what go-git refuses, the oracle is git itself: see
// TestConfigIsReadAsGitReadsIt.
func TestConfigurationIsReadAsGoGitReadsIt(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	parts := []string{
		"[core]\n", "[Core]", "[remote \"origin\"]\n", "[remote \"Or\\\"ig\"]\n", "[a \"b c\"]\n", "\tbare = false\n", "url = https://example.org/a.git\n",
		"key=\"quoted ; value\"\n", "k = a b  \n", "k = x # comment\n", "; comment\n", "# comment\n", "k = tab\\tend\n", "\n", "  ", "k =\n",
	}
	taken := 0
	for range 3000 {
		text := "[core]\n"
		for range 1 + random.IntN(8) {
			text += parts[random.IntN(len(parts))]
		}
		var theirs gitconfig.Config
		if gitconfig.NewDecoder(bytes.NewReader([]byte(text))).Decode(&theirs) != nil {
			continue
		}
		taken++
		want := map[string][]string{}
		add := func(section string, options gitconfig.Options) {
			for _, o := range options {
				want[section+"."+o.Key] = append(want[section+"."+o.Key], o.Value)
			}
		}
		for _, s := range theirs.Sections {
			add(s.Name, s.Options)
			for _, sub := range s.Subsections {
				add(s.Name+"."+sub.Name, sub.Options)
			}
		}
		sameConfiguration(t, text, gitsource.ParseConfig([]byte(text)), want)
	}
	if taken < 300 {
		t.Errorf("go-git took only %d configurations: the test shows little", taken)
	}
}

func sameConfiguration(t *testing.T, text string, got, want map[string][]string) {
	t.Helper()
	for key, values := range got {
		if !slices.Equal(values, want[key]) {
			t.Fatalf("%q\n%s is %q, for go-git %q", text, key, values, want[key])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%q\nread %q, go-git reads %q", text, got, want)
	}
}
