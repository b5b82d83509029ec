package gitsource_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

func (r *repo) searchStaged(indexFile string) *scan {
	r.t.Helper()
	s := &scan{}
	repository := discover(r.t, r.dir, gitsource.Options{})
	for f, err := range repository.SearchStaged(r.t.Context(), newInspector(r.t), 2, &s.tally, gitsource.Staging{IndexFile: indexFile}) {
		note, isNote := errors.AsType[*source.ItemError](err)
		switch {
		case err == nil:
			s.findings = append(s.findings, f)
		case isNote:
			s.notes = append(s.notes, note)
		default:
			r.t.Fatal(err)
		}
	}
	return s
}

// gitStages is what git says that is staged: blobs with their paths.
func (r *repo) gitStages(args ...string) []string {
	r.t.Helper()
	var out []string
	text := r.git(append([]string{"diff", "--cached", "--raw", "--no-renames", "--no-abbrev"}, args...)...)
	for line := range strings.Lines(text) {
		head, path, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		fields := strings.Fields(head) // :old-mode new-mode old-id new-id status
		if was, is := fields[2], fields[3]; strings.Trim(is, "0") != "" && was != is {
			out = append(out, is+" "+path)
		}
	}
	slices.Sort(out)
	return out
}

func TestWhatIsStagedIsWhatGitSays(t *testing.T) {
	for name, prepare := range map[string]func(*repo){
		"plain":   func(*repo) {},
		"packed":  func(r *repo) { r.git("repack", "-q", "-a", "-d") },
		"v4":      func(r *repo) { r.git("update-index", "--index-version", "4") },
		"split":   func(r *repo) { r.git("update-index", "--split-index") },
		"sha256":  func(*repo) {},
		"sparse":  func(r *repo) { r.git("sparse-checkout", "set", "--cone", "--sparse-index", "d/e") },
		"unborn":  func(r *repo) { r.git("update-ref", "-d", "refs/heads/main") },
		"packref": func(r *repo) { r.git("pack-refs", "--all") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format := "sha1"
			if name == "sha256" {
				format = name
			}
			r := newRepo(t, "--object-format="+format)
			random := rand.New(rand.NewPCG(3, uint64(len(name))))
			paths := []string{"a", "a.b", "a-b", "b", "d/a", "d/b", "d/e/a", "d/e/b", "d/e.f", "x/a", "x/y/z", "d.txt", "d0/q"}
			var contents []string
			for range 12 {
				contents = append(contents, planted(newKey()))
			}
			for _, path := range paths {
				r.write(path, contents[random.IntN(len(contents))])
			}
			r.commit("first")
			prepare(r)
			for step := range 12 {
				path := paths[random.IntN(len(paths))]
				id := r.feed(contents[random.IntN(len(contents))], "hash-object", "-w", "--stdin")
				switch random.IntN(5) {
				case 0:
					r.git("update-index", "--force-remove", path)
				case 1:
					r.git("update-index", "--add", "--cacheinfo", "120000,"+id+","+path)
				default:
					r.git("update-index", "--add", "--cacheinfo", "100644,"+id+","+path+[]string{"", ".new"}[step%2])
				}
				s := r.searchStaged("")
				if len(s.notes) > 0 {
					t.Fatalf("notes %v", s.notes)
				}
				got, _ := s.introduced()
				var against []string
				if name == "unborn" {
					against = []string{r.git("hash-object", "-t", "tree", os.DevNull)}
				}
				if want := r.gitStages(against...); !slices.Equal(got, want) {
					t.Fatalf("step %d: staged\n%q, git says\n%q", step, got, want)
				}
				whole := name == "v4" || name == "split"
				if discover(t, r.dir, gitsource.Options{}).StagedByTrees() == whole {
					t.Fatalf("step %d: read as a whole: %t, want %t", step, !whole, whole)
				}
				for _, f := range s.findings {
					if o := f.Occurrences[0]; o.Place != source.Staged || o.Git.Reach != "index" {
						t.Fatalf("place %s, reach %s", o.Place, o.Git.Reach)
					}
				}
			}
		})
	}
}

func TestTheFilesOfTheWorkingTreeAreNotStaged(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	staged, later, intended := newKey(), newKey(), newKey()
	r.write("a.py", planted(staged))
	r.git("add", "a.py")
	r.write("a.py", planted(later))
	r.write("b.py", planted(intended))
	r.git("add", "-N", "b.py")
	s := r.searchStaged("")
	if f := s.one(t, staged); f.Path != "a.py" {
		t.Errorf("path %q", f.Path)
	}
	if len(s.findings) != 1 || s.tally.Objects.Load() != 1 || len(s.notes) > 0 {
		t.Errorf("%d objects, notes %v, findings %s", s.tally.Objects.Load(), s.notes, describe(s.findings))
	}
}

// A key that moves to another path is introduced there, whatever git would call
// it: the commit that is about to be made is the first that has it at this path.
func TestARenamedFileIsStagedAtItsNewPath(t *testing.T) {
	r := newRepo(t)
	moved, kept := newKey(), newKey()
	r.write("old.py", planted(moved))
	r.write("d/stays.py", planted(kept))
	r.commit("first")
	r.git("mv", "old.py", "d/new.py")
	s := r.searchStaged("")
	if f := s.one(t, moved); f.Path != "d/new.py" {
		t.Errorf("path %q", f.Path)
	}
	if len(s.findings) != 1 {
		t.Errorf("findings %s", describe(s.findings))
	}
}

func TestEverySideOfAConflictIsStaged(t *testing.T) {
	r := newRepo(t)
	r.write("d/a.py", "one\n")
	r.commit("base")
	ours, theirs, gone := newKey(), newKey(), newKey()
	r.write("d/gone.py", "will be gone\n")
	r.commit("more")
	r.git("checkout", "-q", "-b", "other")
	r.write("d/a.py", planted(theirs))
	r.write("d/gone.py", planted(gone))
	r.commit("theirs")
	r.git("checkout", "-q", "main")
	r.write("d/a.py", planted(ours))
	r.git("rm", "-q", "d/gone.py")
	r.commit("ours")
	if err := r.command(r.dir, "merge", "-q", "other").Run(); err == nil {
		t.Fatal("no conflict")
	}
	s := r.searchStaged("")
	s.one(t, theirs)
	s.one(t, gone)
	if len(s.of(ours)) > 0 {
		t.Error("what HEAD has is told as staged")
	}
}

func TestEqualContentIsNotStagedAndSubmodulesAreTold(t *testing.T) {
	r := newRepo(t)
	r.write("a.py", planted(newKey()))
	id := r.commit("first")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+id+",sub")
	r.git("update-index", "--chmod=+x", "a.py")
	r.git("update-index", "--add", "--cacheinfo", "100644,"+r.feed("", "hash-object", "-w", "--stdin")+",empty")
	s := r.searchStaged("")
	if s.tally.Objects.Load() != 0 || len(s.notes) != 1 || !s.says(source.Excluded, "sub", "submodule at another commit") {
		t.Errorf("%d objects, notes %v", s.tally.Objects.Load(), s.notes)
	}
	r.clock++
	r.git("commit", "-q", "-m", "module")
	if s := r.searchStaged(""); len(s.notes) > 0 {
		t.Errorf("a submodule that stays where it is: %v", s.notes)
	}
	r.git("update-index", "--force-remove", "sub")
	if s := r.searchStaged(""); len(s.notes) > 0 {
		t.Errorf("a submodule that goes: %v", s.notes)
	}
}

func TestAnotherIndexFileIsRead(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	own, other := newKey(), newKey()
	r.write("own.py", planted(own))
	r.git("add", "own.py")
	file := filepath.Join(r.home, "next-index")
	cmd := r.command(r.dir, "update-index", "--add", "--cacheinfo", "100644,"+r.feed(planted(other), "hash-object", "-w", "--stdin")+",other.py")
	cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := r.searchStaged(file)
	s.one(t, other)
	if len(s.of(own)) > 0 {
		t.Error("the worktree's own index is read")
	}
	if s := r.searchStaged(filepath.Join(r.home, "absent")); s.tally.Objects.Load() != 0 || len(s.notes) > 0 {
		t.Errorf("an index that is not there: %v", s.notes)
	}
}

func TestStagedContentThatIsMissingIsUnread(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	r.write("a.py", "something\n")
	r.git("add", "a.py")
	remove(t, r.loose(r.git("rev-parse", ":a.py")))
	if s := r.searchStaged(""); !s.says(source.Unread, "missing object") {
		t.Errorf("notes %v", s.notes)
	}
	write(t, filepath.Join(r.dir, ".git", "index"), "DIRC no index")
	if s := r.searchStaged(""); !s.says(source.Unread, "index") {
		t.Errorf("notes %v", s.notes)
	}
}

func TestManyStagedFilesAreReadTogether(t *testing.T) {
	r := newRepo(t)
	var keys []string
	for i := range 600 {
		keys = append(keys, newKey())
		r.write(fmt.Sprintf("%d/%d.py", i%7, i), planted(keys[i]))
	}
	r.git("add", "-A")
	s := r.searchStaged("")
	for _, key := range keys {
		s.one(t, key)
	}
}

// A broken index ends in notes and in what could be read of it, whatever its
// trees and paths say.
func TestMutatedIndexesEndInFindingsOrNotes(t *testing.T) {
	r := newRepo(t)
	for i := range 30 {
		r.write(fmt.Sprintf("%d/%d/%d.py", i%3, i%5, i), planted(newKey()))
	}
	r.commit("first")
	r.write("0/new.py", planted(newKey()))
	r.git("add", "-A")
	whole, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	repository := discover(t, r.dir, gitsource.Options{})
	inspector := newInspector(t)
	random := rand.New(rand.NewPCG(5, 6))
	file := filepath.Join(r.home, "mutated")
	for range 500 {
		data := slices.Clone(whole)
		for range 1 + random.IntN(4) {
			at := 12 + random.IntN(len(data)-12)
			data[at] = []byte{0, '/', 0x40, 0xff, byte(random.IntN(256))}[random.IntN(5)]
		}
		write(t, file, string(data[:len(data)-random.IntN(2)*random.IntN(len(data))]))
		for _, err := range repository.SearchStaged(t.Context(), inspector, 1, nil, gitsource.Staging{IndexFile: file}) {
			if _, isNote := errors.AsType[*source.ItemError](err); err != nil && !isNote {
				t.Fatal(err)
			}
		}
	}
}

// Trees that do not fit the entries of their index hide nothing: then the
// entries are compared.
func TestBrokenTreesOfAnIndexHideNothing(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepo(t, "--object-format="+format)
		for i := range 12 {
			r.write(fmt.Sprintf("%d/%d/%d.py", i%3, i%2, i), planted(newKey()))
		}
		r.commit("first")
		r.write("0/0/new.py", planted(newKey()))
		r.write("1/one.py", planted(newKey()))
		r.git("add", "-A")
		whole, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
		check(t, err)
		start := strings.Index(string(whole), "TREE")
		if start < 0 {
			t.Fatal("git wrote no trees: the case shows nothing")
		}
		sum := len(whole) - len(r.git("rev-parse", "HEAD"))/2
		want, _ := r.searchStaged("").introduced()
		if !slices.Equal(want, r.gitStages()) {
			t.Fatalf("staged %q", want)
		}
		repository, inspector := discover(t, r.dir, gitsource.Options{}), newInspector(t)
		file := filepath.Join(r.home, "broken")
		for at := start + 8; at < sum; at++ {
			data := slices.Clone(whole)
			data[at] = "\x00/ 0173-\n"[at%9]
			write(t, file, string(data))
			s := &scan{}
			for f, err := range repository.SearchStaged(t.Context(), inspector, 1, nil, gitsource.Staging{IndexFile: file}) {
				check(t, err)
				s.findings = append(s.findings, f)
			}
			if got, _ := s.introduced(); !slices.Equal(got, want) {
				t.Fatalf("%s, byte %d of the trees: staged\n%q, want\n%q", format, at-start, got, want)
			}
		}
	}
}
