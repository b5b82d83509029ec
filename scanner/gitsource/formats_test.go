package gitsource_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestFormatsOfRepositories(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(t *testing.T) (dir string, key string, reach finding.Reach){
		"SHA-256": func(t *testing.T) (string, string, finding.Reach) {
			r := newRepo(t, "--object-format=sha256")
			key := newKey()
			r.write("a.txt", planted(key))
			r.commit("one")
			r.git("gc", "-q")
			r.commit("two")
			return r.dir, key, finding.ReachRef
		},
		"bare": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.in(r.home, "clone", "-q", "--bare", r.dir, "bare")
			return filepath.Join(r.home, "bare"), key, finding.ReachRef
		},
		"inside of .git": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			return filepath.Join(r.dir, ".git", "objects"), key, finding.ReachRef
		},
		"a file in it": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			return filepath.Join(r.dir, "sub", "a.txt"), key, finding.ReachRef
		},
		"linked worktree": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.git("worktree", "add", "-q", "--detach", filepath.Join(r.home, "linked"))
			return filepath.Join(r.home, "linked", "sub"), key, finding.ReachRef
		},
		"packed refs only": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.git("pack-refs", "--all")
			return r.dir, key, finding.ReachRef
		},
		"detached head": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.git("checkout", "-q", "--detach")
			r.git("branch", "-q", "-D", "main")
			return r.dir, key, finding.ReachRef
		},
		"unborn head": func(t *testing.T) (string, string, finding.Reach) {
			r := newRepo(t)
			key := newKey()
			r.write("a.txt", planted(key))
			r.git("add", "-A")
			return r.dir, key, finding.ReachIndex
		},
		"alternates": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.in(r.home, "clone", "-q", "--shared", r.dir, "shared")
			return filepath.Join(r.home, "shared"), key, finding.ReachRef
		},
		"separate directory": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.in(r.home, "clone", "-q", "--separate-git-dir", filepath.Join(r.home, "elsewhere"), r.dir, "apart")
			return filepath.Join(r.home, "apart"), key, finding.ReachRef
		},
		"directories behind links": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			dir := filepath.Join(r.home, "new")
			check(t, os.MkdirAll(filepath.Join(dir, ".git", "logs"), 0o755))
			for _, name := range []string{"config", "refs", "logs/refs", "objects", "info", "hooks"} {
				check(t, os.Symlink(filepath.Join(r.dir, ".git", name), filepath.Join(dir, ".git", name)))
			}
			write(t, filepath.Join(dir, ".git", "HEAD"), "ref: refs/heads/main\n")
			return dir, key, finding.ReachRef
		},
		"no configuration": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			if err := os.Remove(filepath.Join(r.dir, ".git", "config")); err != nil {
				t.Fatal(err)
			}
			return r.dir, key, finding.ReachRef
		},
		"multi-pack index and commit graph": func(t *testing.T) (string, string, finding.Reach) {
			r, key := oneKey(t)
			r.git("repack", "-q", "-d")
			r.commit("more")
			r.git("repack", "-q", "-d", "--write-midx")
			r.git("commit-graph", "write", "--reachable")
			return r.dir, key, finding.ReachRef
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, key, reach := build(t)
			s := search(t, discover(t, dir, gitsource.Options{}))
			if s.err != nil || len(s.unread()) > 0 {
				t.Errorf("error %v, not read: %q", s.err, s.unread())
			}
			if f := s.one(t, key); f.Occurrences[0].Git.Reach != reach {
				t.Errorf("found %s, want reach %s", describe(s.of(key)), reach)
			}
		})
	}
}

// oneKey is a repository with a key in sub/a.txt.
func oneKey(t testing.TB) (*repo, string) {
	t.Helper()
	r := newRepo(t)
	key := newKey()
	r.write("sub/a.txt", planted(key))
	r.commit("one")
	return r, key
}

func TestEmptyRepositoryIsEmpty(t *testing.T) {
	r := newRepo(t)
	found := discover(t, r.dir, gitsource.Options{})
	s := search(t, found)
	if s.err != nil || len(s.notes) > 0 || len(s.findings) > 0 || found.Identity() != "" {
		t.Errorf("error %v, notes %v, findings %v, identity %q", s.err, s.notes, s.findings, found.Identity())
	}
}

func TestNoRepositoryIsSaid(t *testing.T) {
	if _, err := gitsource.Discover(t.TempDir(), gitsource.Options{}); !errors.Is(err, gitsource.ErrNotRepository) {
		t.Errorf("error %v", err)
	}
	if _, err := gitsource.Discover(filepath.Join(t.TempDir(), "gone"), gitsource.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestUnknownFormatsAreRefusedByName(t *testing.T) {
	for name, change := range map[string][]string{
		"repositoryformatversion 2": {"core.repositoryformatversion", "2"},
		"extension spaceships":      {"extensions.spaceships", "true"},
		"object format sha3":        {"extensions.objectformat", "sha3"},
		"ref storage cloud":         {"extensions.refstorage", "cloud"},
	} {
		r, _ := oneKey(t)
		r.git("config", "core.repositoryformatversion", "1")
		r.git("config", change[0], change[1])
		_, err := gitsource.Discover(r.dir, gitsource.Options{})
		var unsupported *gitsource.UnsupportedError
		if !errors.As(err, &unsupported) || unsupported.Format != name {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestShallowCloneIsNotComplete(t *testing.T) {
	r, key := oneKey(t)
	r.write("b.txt", "b\n")
	r.commit("two")
	r.in(r.home, "clone", "-q", "--depth=1", "file://"+r.dir, "shallow")
	s := search(t, discover(t, filepath.Join(r.home, "shallow"), gitsource.Options{}))
	if got := s.unread(); len(got) != 1 || !strings.Contains(got[0], "shallow clone: what came before 1 commit is") {
		t.Errorf("not read: %q", got)
	}
	s.one(t, key)
}

func TestPartialCloneIsNotComplete(t *testing.T) {
	r, _ := oneKey(t)
	r.git("config", "uploadpack.allowFilter", "true")
	r.in(r.home, "clone", "-q", "--filter=blob:none", "--no-checkout", "file://"+r.dir, "partial")
	s := search(t, discover(t, filepath.Join(r.home, "partial"), gitsource.Options{}))
	if got := s.unread(); len(got) != 1 || !strings.Contains(got[0], "partial clone: 1 objects were not fetched") {
		t.Errorf("not read: %q", got)
	}
}

// G25: each kind of object, gone or broken, loose or packed, is told by name
// and costs no other.
func TestMissingAndBrokenObjectsAreNamed(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{"commit": "HEAD~1", "tree": "HEAD~1^{tree}", "blob": "HEAD~1:b.txt", "tag": "v1"}
	damages := map[string]func(t *testing.T, file string){
		"missing": func(t *testing.T, file string) { check(t, os.Remove(file)) },
		"empty":   func(t *testing.T, file string) { check(t, os.Truncate(file, 0)) },
		"cut": func(t *testing.T, file string) {
			info, err := os.Stat(file)
			check(t, err)
			check(t, os.Truncate(file, info.Size()-9))
		},
		"flipped": func(t *testing.T, file string) {
			data, err := os.ReadFile(file)
			check(t, err)
			data[len(data)-3] ^= 0xff // the checksum
			check(t, os.WriteFile(file, data, 0o600))
		},
	}
	for kind, name := range kinds {
		for damage, do := range damages {
			t.Run(damage+" "+kind, func(t *testing.T) {
				r, key := oneKey(t)
				r.write("b.txt", strings.Repeat("nothing of interest\n", 10))
				r.commit("two")
				r.git("tag", "-a", "v1", "-m", "release")
				r.write("b.txt", "other\n")
				r.commit("three")
				id := r.git("rev-parse", name)
				check(t, os.Chmod(r.loose(id), 0o600))
				do(t, r.loose(id))
				s := r.search()
				if !slices.ContainsFunc(s.unread(), func(s string) bool { return strings.Contains(s, id) }) {
					t.Errorf("%s is not named: %q", id, s.unread())
				}
				if len(s.of(key)) != 1 {
					t.Errorf("the key is found %d times", len(s.of(key)))
				}
			})
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedPacksLoseOnlyWhatIsDamaged(t *testing.T) {
	r := newRepo(t)
	keys := map[string]bool{}
	for range 40 {
		key := newKey()
		keys[key] = true
		r.write("a-"+key[:6], planted(key)+strings.Repeat(newKey(), 50))
	}
	r.commit("one")
	r.git("gc", "-q")
	packs, err := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %q, %v", packs, err)
	}
	data, err := os.ReadFile(packs[0])
	check(t, err)
	check(t, os.Chmod(packs[0], 0o600))
	for _, at := range []int{len(data) / 4, len(data) / 2, len(data) * 3 / 4} {
		data[at] ^= 0xff
	}
	check(t, os.WriteFile(packs[0], data, 0o600))
	s := r.search()
	found := 0
	for key := range keys {
		found += min(1, len(s.of(key)))
	}
	if lost := len(keys) - found; lost > 3 || len(s.unread()) < 1 {
		t.Errorf("%d keys are lost, not read: %q", lost, s.unread())
	}
	// A pack that is cut short is not read by git at all.
	check(t, os.Truncate(packs[0], int64(len(data)/2)))
	if s := r.search(); len(s.unread()) == 0 {
		t.Error("a pack that is cut short is not told")
	}
}

func TestLargeObjectsAreReadInPiecesOrTold(t *testing.T) {
	r := newRepo(t)
	key, beyond := newKey(), newKey()
	r.write("large.txt", strings.Repeat("some words of no interest\n", 34<<20/26)+planted(key))
	r.write("larger.txt", strings.Repeat("some words of no interest\n", 41<<20/26)+planted(beyond))
	r.commit("large")
	s := search(t, discover(t, r.dir, gitsource.Options{MaxBlob: 40 << 20}))
	if s.err != nil {
		t.Fatal(s.err)
	}
	if f := s.one(t, key); f.Path != "large.txt" || f.Occurrences[0].Location.Line != 34<<20/26+1 {
		t.Errorf("found %s", describe(s.of(key)))
	}
	if len(s.of(beyond)) > 0 || !s.says(source.Unread, "larger than the limit") {
		t.Errorf("not read: %q", s.unread())
	}
}

func TestSubmodulesAreListedOrTold(t *testing.T) {
	t.Parallel()
	sub, key := oneKey(t)
	r := newRepo(t)
	for _, name := range []string{"here", "absent", "removed"} {
		r.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", sub.dir, name)
	}
	r.commit("submodules")
	r.git("submodule", "deinit", "-q", "absent")
	check(t, os.RemoveAll(filepath.Join(r.dir, ".git/modules/absent")))
	r.git("rm", "-q", "removed")
	r.commit("removed one")
	for _, untrusted := range []bool{false, true} {
		found := discover(t, r.dir, gitsource.Options{Untrusted: untrusted})
		got := found.Submodules()
		want := []string{filepath.Join(r.dir, "here"), filepath.Join(r.dir, ".git/modules/removed")}
		if !slices.Equal(got, want) {
			t.Errorf("submodules %q, want %q", got, want)
		}
		for _, dir := range got {
			s := search(t, discover(t, dir, gitsource.Options{Untrusted: untrusted, Root: r.dir}))
			if s.err != nil || len(s.unread()) > 0 {
				t.Errorf("%s: %v %q", dir, s.err, s.unread())
			}
			s.one(t, key)
		}
		if s := search(t, found); !s.says(source.Excluded, "absent", "not checked out") || len(s.unread()) > 0 {
			t.Errorf("notes %v", s.notes)
		}
	}
}

func TestLargeFileStorage(t *testing.T) {
	r := newRepo(t)
	key := newKey()
	pointer := func(oid string) string {
		return "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 12\n"
	}
	here, absent := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	r.write("here.bin", pointer(here))
	r.write("absent.bin", pointer(absent))
	r.commit("pointers")
	r.write(".git/lfs/objects/ab/ab/"+here, "\n"+planted(key))
	s := r.search()
	if f := s.one(t, key); f.Path != "here.bin" || f.Occurrences[0].Location.Line != 2 {
		t.Errorf("found %s", describe(s.of(key)))
	}
	if !s.says(source.Excluded, r.git("rev-parse", "HEAD:absent.bin"), "LFS") || len(s.notes) != 1 {
		t.Errorf("notes %v", s.notes)
	}
	// It is the same for what commits bring, and for what is staged.
	inRange := r.span("HEAD..HEAD")
	blank := r.feed("tree "+r.git("hash-object", "-w", "-t", "tree", os.DevNull)+"\nauthor A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n\nblank\n", "hash-object", "-w", "-t", "commit", "--stdin")
	r.git("update-ref", "refs/heads/main", blank)
	for name, s := range map[string]*scan{"range": inRange, "staged": r.searchStaged("")} {
		if f := s.one(t, key); f.Path != "here.bin" {
			t.Errorf("%s: found %s", name, describe(s.of(key)))
		}
		if !s.says(source.Excluded, r.git("rev-parse", ":absent.bin"), "LFS") || len(s.notes) != 1 {
			t.Errorf("%s: notes %v", name, s.notes)
		}
	}
}

func TestCommitsOfSubmodulesAreToldWithARange(t *testing.T) {
	r := newRepo(t)
	first := r.commit("first")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+first+",deep/module")
	r.clock++
	r.git("commit", "-q", "-m", "module")
	r.git("commit", "-q", "--allow-empty", "-m", "nothing")
	if s := r.span("HEAD~2..HEAD"); !s.says(source.Excluded, "1 commit of submodules named") || len(s.notes) != 1 {
		t.Errorf("notes %v", s.notes)
	}
	if s := r.span("HEAD~1..HEAD"); len(s.notes) > 0 {
		t.Errorf("a submodule that stays where it is: %v", s.notes)
	}
}

func TestQuarantineOfAHookIsReadWhenAsked(t *testing.T) {
	r, _ := oneKey(t)
	other, key := oneKey(t)
	objects := filepath.Join(other.dir, ".git", "objects")
	t.Setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects)
	if s := r.search(); len(s.of(key)) > 0 {
		t.Error("the environment chose what is read")
	}
	s := search(t, discover(t, r.dir, gitsource.Options{AlternateObjectDirectories: []string{objects}}))
	if s.err != nil || len(s.of(key)) != 1 {
		t.Errorf("found %d, %v", len(s.of(key)), s.err)
	}
}
