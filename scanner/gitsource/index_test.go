package gitsource_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// indexForms are the ways in which git writes an index.
func indexForms() map[string]func(r *repo) {
	return map[string]func(r *repo){
		"plain":     func(*repo) {},
		"empty":     func(r *repo) { r.git("rm", "-q", "-r", "--cached", ".") },
		"version 2": func(r *repo) { r.git("update-index", "--index-version=2") },
		"version 4": func(r *repo) { r.git("update-index", "--index-version=4") },
		"intent to add": func(r *repo) {
			r.write("later", "x")
			r.git("add", "--intent-to-add", "later")
		},
		"skip worktree, version 4": func(r *repo) {
			r.git("update-index", "--skip-worktree", "d3/e1/f2")
			r.git("update-index", "--index-version=4")
		},
		"no checksum":   func(r *repo) { r.git("-c", "index.skipHash=true", "update-index", "--force-write-index") },
		"many files":    func(r *repo) { r.git("-c", "feature.manyFiles=true", "update-index", "--force-write-index") },
		"threads":       func(r *repo) { r.git("-c", "index.threads=4", "update-index", "--index-version=4") },
		"conflict":      conflict,
		"submodule":     addGitlink,
		"resolve undo":  func(r *repo) { conflict(r); r.write("both", "done\n"); r.git("add", "both") },
		"long name":     func(r *repo) { r.write(strings.Repeat("long/", 700)+"name", "x"); r.git("add", "-A") },
		"strange names": func(r *repo) { r.write("a\nb\tc \"é\" \xff", "x"); r.git("add", "-A") },
		"sparse":        func(r *repo) { r.git("sparse-checkout", "set", "--cone", "--sparse-index", "d3") },
		"sparse, version 4": func(r *repo) {
			r.git("sparse-checkout", "set", "--cone", "--sparse-index", "d3/e1")
			r.git("update-index", "--index-version=4")
		},
		"split": func(r *repo) { r.git("update-index", "--split-index") },
		"split, then changed": func(r *repo) {
			r.git("update-index", "--split-index")
			changeAll(r)
		},
		"split, version 4, then changed": func(r *repo) {
			r.git("update-index", "--index-version=4")
			r.git("update-index", "--split-index")
			changeAll(r)
		},
		"split, then all deleted": func(r *repo) {
			r.git("update-index", "--split-index")
			r.git("rm", "-q", "-r", "--cached", ".")
		},
		"split, then all replaced": func(r *repo) {
			r.git("update-index", "--split-index")
			for name := range strings.SplitSeq(r.git("ls-files", "d1", "d2", "d3"), "\n") {
				r.write(name, "another\n")
			}
			r.git("add", "-A")
		},
		"split, then a conflict": func(r *repo) {
			r.git("update-index", "--split-index")
			conflict(r)
		},
		"split in a conflict, then resolved": func(r *repo) {
			conflict(r)
			r.git("update-index", "--split-index")
			r.write("both", "done\n")
			r.git("add", "both")
		},
		"unsplit": func(r *repo) {
			r.git("update-index", "--split-index")
			changeAll(r)
			r.git("update-index", "--no-split-index")
		},
	}
}

// conflict leaves a path in three stages and one in two.
func conflict(r *repo) {
	r.write("both", "base\n")
	r.write("one", "base\n")
	r.commit("base")
	r.git("checkout", "-q", "-b", "side")
	r.write("both", "theirs\n")
	r.write("one", "theirs\n")
	r.commit("theirs")
	r.git("checkout", "-q", "main")
	r.write("both", "ours\n")
	r.git("rm", "-q", "one")
	r.commit("ours")
	if r.command(r.dir, "merge", "-q", "side").Run() == nil {
		r.t.Fatal("the merge has no conflict")
	}
}

func addGitlink(r *repo) {
	r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",module")
}

// changeAll adds, deletes, replaces and renames.
func changeAll(r *repo) {
	r.write("new/file", "x\n")
	r.write("d1/e1/f0", "another\n")
	r.write("d2/e2/f2", "another\n")
	r.git("add", "-A")
	r.git("rm", "-q", "d1/e1/f1", "d1/e1/f2")
	r.git("mv", "d2/e0", "d2/moved")
}

// grid is a repository with files in directories in directories.
func grid(t *testing.T, args ...string) *repo {
	t.Helper()
	r := newRepo(t, args...)
	for n := range 4 * 3 * 4 {
		r.write(fmt.Sprintf("d%d/e%d/f%d", n/12, n/4%3, n%4), fmt.Sprintf("file %d\n", n))
	}
	r.commit("one")
	return r
}

func TestIndexesAreReadAsGitReadsThem(t *testing.T) {
	formats := []string{"sha1", "sha256"}
	if testing.Short() { // git runs for seconds
		formats = formats[:1]
	}
	for name, prepare := range indexForms() {
		for _, format := range formats {
			t.Run(name+" "+format, func(t *testing.T) {
				t.Parallel()
				r := grid(t, "--object-format="+format)
				prepare(r)
				want := strings.Split(strings.TrimSuffix(r.git("ls-files", "--stage", "--sparse", "-z"), "\x00"), "\x00")
				if want[0] == "" {
					want = nil
				}
				lines, errs := discover(t, r.dir, gitsource.Options{}).Staged()
				if len(lines) != 1 || errs[0] != nil {
					t.Fatalf("%d indexes, errors %v", len(lines), errs)
				}
				if !slices.Equal(lines[0], want) {
					t.Errorf("read\n%s\n\ngit reads\n%s", strings.Join(lines[0], "\n"), strings.Join(want, "\n"))
				}
				if strings.HasPrefix(name, "sparse") && !slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, "040000") }) {
					t.Error("git made no directory entry: the case shows nothing")
				}
				if shared, _ := filepath.Glob(filepath.Join(r.dir, ".git", "sharedindex.*")); strings.HasPrefix(name, "split") && len(shared) == 0 {
					t.Error("git made no split index: the case shows nothing")
				}
			})
		}
	}
}

func TestSplitIndexOfALinkedWorktreeIsRead(t *testing.T) {
	r := grid(t)
	linked := filepath.Join(r.home, "linked")
	r.git("worktree", "add", "-q", "--detach", linked)
	r.in(linked, "update-index", "--split-index")
	key := newKey()
	write(t, filepath.Join(linked, "d1/e1/f1"), planted(key))
	r.in(linked, "add", "-A")
	s := r.search()
	if f := s.one(t, key); f.Path != "d1/e1/f1" || f.Occurrences[0].Place != source.Staged {
		t.Errorf("found %s", describe(s.of(key)))
	}
	if len(s.unread()) > 0 {
		t.Errorf("not read: %q", s.unread())
	}
}

func TestKeysInEverySideOfAConflictAreStaged(t *testing.T) {
	r := newRepo(t)
	keys := []string{newKey(), newKey(), newKey()}
	var info strings.Builder
	for stage, key := range keys {
		id := r.feed(planted(key), "hash-object", "-w", "--stdin")
		fmt.Fprintf(&info, "100644 %s %d\tboth\n", id, stage+1)
	}
	r.feed(info.String(), "update-index", "--index-info")
	s := r.search()
	for _, key := range keys {
		if f := s.one(t, key); f.Path != "both" || f.Occurrences[0].Place != source.Staged {
			t.Errorf("found %s", describe(s.of(key)))
		}
	}
}

// What a sparse index holds as a directory is staged, as far as its trees are
// there.
func TestDirectoriesOfASparseIndexAreStaged(t *testing.T) {
	r := grid(t)
	key := newKey()
	r.write("d2/e2/key", planted(key))
	r.commit("two")
	r.git("sparse-checkout", "set", "--cone", "--sparse-index", "d3")
	r.git("checkout", "-q", "--orphan", "nothing")
	r.git("branch", "-q", "-D", "main")
	check(t, os.RemoveAll(filepath.Join(r.dir, ".git", "logs")))
	s := r.search()
	staged := slices.ContainsFunc(s.of(key), func(f finding.Finding) bool {
		return f.Path == "d2/e2/key" && f.Occurrences[0].Git.Reach == "index"
	})
	if !staged || len(s.unread()) > 0 {
		t.Errorf("found %s, not read: %q", describe(s.of(key)), s.unread())
	}
}

func TestBrokenIndexesAreTold(t *testing.T) {
	sharedIndex := func(r *repo) string {
		files, err := filepath.Glob(filepath.Join(r.dir, ".git", "sharedindex.*"))
		if err != nil || len(files) != 1 {
			r.t.Fatalf("shared indexes %q: %v", files, err)
		}
		return files[0]
	}
	for name, c := range map[string]struct {
		damage func(r *repo)
		says   string
	}{
		"version": {func(r *repo) { r.write(".git/index", "DIRC\x00\x00\x00\x09"+strings.Repeat("x", 100)) }, "version 9"},
		"shared part gone": {func(r *repo) {
			r.git("update-index", "--split-index")
			check(t, os.Remove(sharedIndex(r)))
		}, "split index: shared part"},
		"shared part of another": {func(r *repo) {
			r.git("update-index", "--split-index")
			data, err := os.ReadFile(sharedIndex(r))
			check(t, err)
			data[len(data)-1] ^= 1
			check(t, os.Chmod(sharedIndex(r), 0o600))
			check(t, os.WriteFile(sharedIndex(r), data, 0o600))
		}, "split index: the shared part is another one"},
		"unknown extension": {func(r *repo) {
			data, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
			check(t, err)
			sum := slices.Clone(data[len(data)-20:])
			data = append(append(data[:len(data)-20], "moon\x00\x00\x00\x01x"...), sum...)
			check(t, os.WriteFile(filepath.Join(r.dir, ".git", "index"), data, 0o600))
		}, `extension "moon" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := oneKey(t)
			key := newKey()
			r.write("b.txt", planted(key))
			r.git("add", "-A")
			c.damage(r)
			s := r.search()
			if !s.says(source.Unread, ".git/index", c.says) {
				t.Errorf("notes %q", s.unread())
			}
			s.one(t, key)
		})
	}
}
