package gitsource_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// armed makes a repository whose configuration runs a program at every turn;
// the program leaves a mark.
func armed(t *testing.T) (r *repo, mark, key string) {
	r = newRepo(t)
	mark = filepath.Join(r.home, "mark")
	tool := filepath.Join(r.home, "tool")
	write(t, tool, "#!/bin/sh\necho \"$0 $*\" >>'"+mark+"'\n")
	if err := os.Chmod(tool, 0o755); err != nil {
		t.Fatal(err)
	}
	key = newKey()
	r.write("a.txt", planted(key))
	r.commit("one")
	tree := r.git("rev-parse", "HEAD^{tree}")
	signed := "tree " + tree + "\nparent " + r.git("rev-parse", "HEAD") + "\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n" +
		"gpgsig -----BEGIN PGP SIGNATURE-----\n \n forged\n -----END PGP SIGNATURE-----\n\nsigned\n"
	r.git("update-ref", "HEAD", r.feed(signed, "hash-object", "-t", "commit", "-w", "--stdin"))
	r.write("b.txt", "promised")
	missing := r.commit("two")
	if err := os.Remove(r.loose(r.git("rev-parse", missing+":b.txt"))); err != nil {
		t.Fatal(err)
	}
	r.write(".git/info/attributes", "* diff=evil filter=evil merge=evil\n")
	for _, hook := range []string{"post-index-change", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"} {
		r.write(".git/hooks/"+hook, "#!/bin/sh\nexec '"+tool+"'\n")
		if err := os.Chmod(filepath.Join(r.dir, ".git/hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := "\n[core]\n\tfsmonitor = T\n\thooksPath = H\n\tsshCommand = T\n\tpager = T\n\teditor = T\n\taskPass = T\n\tgitProxy = T\n\talternateRefsCommand = T\n" +
		"[diff]\n\texternal = T\n[diff \"evil\"]\n\ttextconv = T\n\tcommand = T\n[filter \"evil\"]\n\tclean = T\n\tsmudge = T\n\tprocess = T\n\trequired = true\n" +
		"[merge \"evil\"]\n\tdriver = T\n[gpg]\n\tprogram = T\n[log]\n\tshowSignature = true\n[credential]\n\thelper = T\n[alias]\n\tcat-file = !T\n\trev-list = !T\n" +
		"[pager]\n\tcat-file = T\n\trev-list = T\n[uploadpack]\n\tpackObjectsHook = T\n[protocol \"ext\"]\n\tallow = always\n[extensions]\n\tpartialClone = origin\n" +
		"[remote \"origin\"]\n\turl = ext::T\n\tpromisor = true\n\tuploadpack = T\n\tvcs = ext\n[trace2]\n\teventTarget = " + mark + "\n\tnormalTarget = " + mark + "\n"
	config = strings.ReplaceAll(strings.ReplaceAll(config, "= T\n", "= "+tool+"\n"), "= H\n", "= "+filepath.Join(r.dir, ".git/hooks")+"\n")
	config = strings.ReplaceAll(strings.ReplaceAll(config, "!T\n", "!"+tool+"\n"), "ext::T", "ext::"+tool)
	file := filepath.Join(r.dir, ".git", "config")
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(old), "repositoryformatversion = 0", "repositoryformatversion = 1", 1)+config)
	return r, mark, key
}

func TestNothingThatTheRepositoryConfiguresRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tools are shell scripts")
	}
	r, mark, key := armed(t)
	for _, args := range [][]string{{"log", "-p"}, {"status"}, {"rev-list", "--objects", "HEAD"}} {
		_ = r.command(r.dir, args...).Run()
		if _, err := os.Stat(mark); err != nil {
			t.Fatalf("git %s does not set the trap off, so the test proves nothing", args[0])
		}
		_ = os.Remove(mark)
	}
	tool := filepath.Join(r.home, "tool")
	for _, name := range []string{"GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PAGER", "GIT_EDITOR", "GIT_ASKPASS", "GIT_PROXY_COMMAND"} {
		t.Setenv(name, tool)
	}
	t.Setenv("GIT_DIR", filepath.Join(r.dir, ".git"))
	t.Setenv("GIT_OBJECT_DIRECTORY", r.home)
	t.Setenv("GIT_EXEC_PATH", r.home)
	t.Setenv("GIT_TRACE", mark)
	t.Setenv("GIT_TRACE2_EVENT", mark)
	t.Setenv("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='"+tool+"'")
	for _, untrusted := range []bool{false, true} {
		found := discover(t, r.dir, gitsource.Options{Untrusted: untrusted})
		s := search(t, found)
		found.Identity()
		found.Submodules()
		found.Ignored("a.txt", false)
		if s.err != nil {
			t.Fatal(s.err)
		}
		if data, err := os.ReadFile(mark); err == nil {
			t.Errorf("something ran:\n%s", data)
		}
		s.one(t, key)
		if !s.says(source.Unread, "partial clone", "1 objects") {
			t.Errorf("the missing object is not told: %q", s.unread())
		}
	}
}

func TestNoProgramIsNeededOrRun(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "git"), "#!/bin/sh\ntouch ran\n")
	if err := os.Chmod(filepath.Join(dir, "git"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRepo(t)
	r.commit("one")
	found := discover(t, r.dir, gitsource.Options{})
	t.Chdir(dir)
	for _, path := range []string{"", ".", dir} {
		t.Setenv("PATH", path)
		if s := search(t, found); s.err != nil {
			t.Errorf("PATH %q: %v", path, s.err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("a program ran")
	}
}

func TestUntrustedRepositoriesDoNotLeadElsewhere(t *testing.T) {
	victim := newRepo(t)
	key := newKey()
	victim.write("secret.txt", planted(key))
	victim.commit("private")
	victimGit := filepath.Join(victim.dir, ".git")
	link := func(t *testing.T, r *repo, name, target string) {
		path := filepath.Join(r.dir, ".git", name)
		if err := errors.Join(os.RemoveAll(path), os.Symlink(target, path)); err != nil {
			t.Fatal(err)
		}
	}
	for name, lead := range map[string]func(t *testing.T, r *repo){
		"alternates": func(_ *testing.T, r *repo) {
			r.write(".git/objects/info/alternates", victimGit+"/objects\n")
		},
		".git file": func(t *testing.T, r *repo) {
			if err := os.RemoveAll(filepath.Join(r.dir, ".git")); err != nil {
				t.Fatal(err)
			}
			r.write(".git", "gitdir: "+victimGit+"\n")
		},
		".git link": func(t *testing.T, r *repo) { link(t, r, "../.git", victimGit) },
		"commondir": func(_ *testing.T, r *repo) { r.write(".git/commondir", victimGit+"\n") },
		"object directory link": func(t *testing.T, r *repo) {
			link(t, r, "objects", victimGit+"/objects")
		},
		"links to loose objects": func(t *testing.T, r *repo) {
			for i := range 256 {
				part := fmt.Sprintf("%02x", i)
				if exists(filepath.Join(victimGit, "objects", part)) {
					link(t, r, "objects/"+part, filepath.Join(victimGit, "objects", part))
				}
			}
		},
		"config link": func(t *testing.T, r *repo) {
			write(t, filepath.Join(victim.home, "private"), "[remote \"origin\"]\nurl = https://testkey:"+key+"@example.org/a\n")
			link(t, r, "config", filepath.Join(victim.home, "private"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit("one")
			lead(t, r)
			trusted, err := gitsource.Discover(r.dir, gitsource.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if s := search(t, trusted); len(s.of(key)) == 0 {
				t.Fatalf("a trusted repository does not lead there either (%v): the test proves nothing", s.err)
			}
			untrusted, err := gitsource.Discover(r.dir, gitsource.Options{Untrusted: true})
			if _, ok := errors.AsType[*gitsource.RefusedError](err); ok {
				return
			}
			if err != nil {
				if name == "config link" {
					return // nothing can be read without its format
				}
				t.Fatal(err)
			}
			s := search(t, untrusted)
			if len(s.of(key)) > 0 {
				t.Errorf("somebody else's key is found: %s", describe(s.of(key)))
			}
			if s.err == nil && len(s.unread()) == 0 {
				t.Error("the refusal is not told")
			}
		})
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestUntrustedWorktreeAndIncludeAreRefused(t *testing.T) {
	r := newRepo(t)
	r.commit("one")
	elsewhere := t.TempDir()
	r.git("config", "core.worktree", elsewhere)
	r.git("config", "include.path", filepath.Join(elsewhere, "x"))
	if got := discover(t, r.dir, gitsource.Options{}).Root(); got == r.dir {
		t.Error("core.worktree does not hold for a trusted repository")
	}
	found := discover(t, r.dir, gitsource.Options{Untrusted: true})
	if found.Root() != r.dir {
		t.Errorf("root %s", found.Root())
	}
	s := search(t, found)
	if !s.says(source.Unread, "core.worktree") || !s.says(source.Unread, "include.path") {
		t.Errorf("refusals not told: %q", s.unread())
	}
}

func TestHostileNamesAreOnlyNames(t *testing.T) {
	r := newRepo(t)
	head := r.commit("one")
	names := []string{"--upload-pack=touch ran", "-rf", "a\nb", "\x1b[31mred", "ä\xff", "$(touch ran)"}
	for _, name := range names {
		r.write(".git/refs/heads/"+name, head+"\n")
	}
	long := strings.Repeat("long/", 800) + "name"
	r.write(".git/packed-refs", head+" refs/heads/"+long+"\n")
	key := newKey()
	blob := r.feed(planted(key), "hash-object", "-w", "--stdin")
	raw, _ := hex.DecodeString(blob)
	path := "--upload-pack=x\n\x1b[31m" + strings.Repeat("n", 4096)
	tree := r.feed("100644 "+path+"\x00"+string(raw), "hash-object", "--literally", "-t", "tree", "-w", "--stdin")
	r.git("update-ref", "refs/heads/-rf", r.feed("hostile", "commit-tree", tree))
	s := r.search()
	f := s.one(t, key)
	if f.Path != path || !slices.Equal(f.Occurrences[0].Git.Refs, []string{"refs/heads/-rf"}) {
		t.Errorf("found %s", describe(s.of(key)))
	}
	if len(s.unread()) > 0 {
		t.Errorf("not read: %q", s.unread())
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	r := newRepo(t)
	r.write("a.txt", planted(newKey()))
	r.commit("one")
	before := listing(t, r.dir)
	t.Setenv("TMPDIR", tmp)
	r.search()
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left in the temporary directory: %v", left)
	}
	if after := listing(t, r.dir); after != before {
		t.Error("the search changed the repository")
	}
}

// listing tells every file of a directory, its size and when it was changed.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&out, name, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	if err != nil || out.Len() == 0 {
		t.Fatalf("listing %d bytes: %v", out.Len(), err)
	}
	return out.String()
}
