package gitsource_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// expected is what the one finding of a planted key must say.
type expected struct {
	key    string
	path   string
	place  source.Place
	commit string
	line   int
	reach  finding.Reach
	ref    string
	date   int64
}

// hiding builds a repository with a key in every place where Git can keep one.
type hiding struct {
	*repo
	want map[string]expected
}

// plant makes a key that must be found as told.
func (h *hiding) plant(name string, e expected) string {
	e.key = newKey()
	if e.line == 0 {
		e.line = 1
	}
	h.want[name] = e
	return planted(e.key)
}

// made completes the expectation with the commit that was just made.
func (h *hiding) made(name string) {
	e := h.want[name]
	e.commit, e.date = h.head(), h.date()
	h.want[name] = e
}

const main = "refs/heads/main"

func buildHiding(t *testing.T) *hiding {
	h := &hiding{repo: newRepo(t), want: map[string]expected{}}
	h.write("README", "nothing\n")
	h.commit("first")
	h.files()
	h.merges()
	h.messages()
	h.lost()
	h.stashes()
	h.outside()
	return h
}

// files plants keys in ordinary commits.
func (h *hiding) files() {
	in := func(name, path string, line int, content func(string) string) {
		h.write(path, content(h.plant(name, expected{path: path, place: source.Blob, line: line, reach: finding.ReachRef, ref: main})))
		h.commit("add " + name)
		h.made(name)
	}
	plain := func(s string) string { return s }
	in("ordinary", "ordinary.py", 3, func(s string) string { return "\n\n" + s })
	in("crlf", "crlf.py", 2, func(s string) string { return "# a\r\n" + strings.TrimSpace(s) + "\r\n# b\r\n" })
	in("long line", "long.txt", 1, func(s string) string {
		return strings.Repeat("word ", 30_000) + strings.TrimSpace(s) + strings.Repeat(" word", 30_000)
	})
	in("NUL bytes", "nul.bin", 1, func(s string) string { return "a\x00\x00b " + s + "\x00" })
	h.write(".gitattributes", "undiffed -diff\n")
	in("-diff attribute", "undiffed", 1, plain)
	in("tabs in the path", "sub dir/a\tb\n\x1b[31mc.txt", 1, plain)

	old := h.plant("before the rename", expected{path: "old.py", place: source.Blob, line: 40, reach: finding.ReachRef, ref: main})
	lines := strings.Repeat("x = 1\n", 39)
	h.write("old.py", lines+old)
	h.commit("old")
	h.made("before the rename")
	renamed := h.plant("rename with change", expected{path: "new.py", place: source.Blob, line: 40, reach: finding.ReachRef, ref: main})
	h.git("mv", "old.py", "new.py")
	h.write("new.py", lines+renamed)
	h.commit("renamed")
	h.made("rename with change")
	h.git("rm", "-q", "new.py", "ordinary.py")
	h.commit("cleaned")

	if err := os.Symlink("README", filepath.Join(h.dir, "link")); err != nil {
		h.t.Fatal(err)
	}
	h.commit("a link")
	if err := os.Remove(filepath.Join(h.dir, "link")); err != nil {
		h.t.Fatal(err)
	}
	in("symlink becomes file", "link", 1, plain)
}

// merges plants what only a merge commit holds.
func (h *hiding) merges() {
	h.write("both.txt", "base\n")
	h.commit("base")
	h.git("checkout", "-q", "-b", "side")
	h.write("both.txt", "side\n")
	h.commit("side")
	h.git("checkout", "-q", "main")
	h.write("both.txt", "main\n")
	h.commit("main")
	_ = h.command(h.dir, "merge", "-q", "side").Run() // a conflict
	h.write("both.txt", h.plant("merge-only content", expected{path: "both.txt", place: source.Blob, reach: finding.ReachRef, ref: main}))
	h.commit("merged")
	h.made("merge-only content")
	h.git("branch", "-q", "-D", "side")
}

// messages plants keys in what is said about commits.
func (h *hiding) messages() {
	said := strings.TrimSpace(h.plant("commit message", expected{path: "COMMIT_MSG", place: source.CommitMessage, line: 3, reach: finding.ReachRef, ref: main}))
	h.commit("subject\n\nbody " + said)
	h.made("commit message")
	tagged := h.plant("tag message", expected{path: "TAG_MSG", place: source.TagMessage, line: 3, reach: finding.ReachRef, ref: "refs/tags/v1"})
	h.git("tag", "-a", "v1", "-m", "release\n\n"+tagged)
	e := h.want["tag message"]
	e.date = h.date()
	h.want["tag message"] = e
	head := h.git("rev-parse", "HEAD")
	h.git("notes", "add", "-m", h.plant("note", expected{path: "NOTES/" + head, place: source.Note, reach: finding.ReachRef, ref: "refs/notes/commits"}), head)
}

// lost plants keys in what no branch has any more.
func (h *hiding) lost() {
	blob := h.feed(h.plant("dangling blob", expected{place: source.Blob, reach: finding.ReachDangling}), "hash-object", "-w", "--stdin")
	h.setPath("dangling blob", "objects/"+blob)
	blob = h.feed(h.plant("tag on a blob", expected{place: source.Blob, reach: finding.ReachRef, ref: "refs/tags/blob"}), "hash-object", "-w", "--stdin")
	h.setPath("tag on a blob", "objects/"+blob)
	h.git("tag", "blob", blob)
	blob = h.feed(h.plant("tag on a tree", expected{path: "dir.py", place: source.Blob, reach: finding.ReachRef, ref: "refs/tags/tree"}), "hash-object", "-w", "--stdin")
	h.git("tag", "-a", "tree", "-m", "a tree", h.feed("100644 blob "+blob+"\tdir.py\n", "mktree"))

	h.git("checkout", "-q", "-b", "gone")
	h.write("gone.py", h.plant("deleted branch", expected{path: "gone.py", place: source.Blob, reach: finding.ReachReflog}))
	h.commit("gone")
	h.made("deleted branch")
	h.git("checkout", "-q", "main")
	h.git("branch", "-q", "-D", "gone")

	h.write("reset.py", h.plant("only in the reflog", expected{path: "reset.py", place: source.Blob, reach: finding.ReachReflog}))
	h.commit("to be reset")
	h.made("only in the reflog")
	h.git("reset", "-q", "--hard", "HEAD~1")

	tree := h.git("rev-parse", "HEAD^{tree}")
	said := h.plant("dangling commit", expected{path: "COMMIT_MSG", place: source.CommitMessage, reach: finding.ReachDangling})
	h.clock++
	commit := h.feed(said, "commit-tree", tree)
	e := h.want["dangling commit"]
	e.commit, e.date = commit, h.date()
	h.want["dangling commit"] = e
}

func (h *hiding) setPath(name, path string) {
	e := h.want[name]
	e.path = path
	h.want[name] = e
}

func (h *hiding) stashes() {
	stash := func(name, path string, args ...string) {
		h.write(path, h.plant(name, expected{path: path, place: source.Blob, reach: finding.ReachStash}))
		h.clock++
		h.git(append([]string{"stash", "push", "-q", "-m", "wip"}, args...)...)
	}
	stash("older stash", "README")
	stash("untracked part of a stash", "untracked.py", "-u")
	stash("newest stash", "both.txt")
}

// outside plants keys outside of the objects, and in the index.
func (h *hiding) outside() {
	h.write("staged.py", h.plant("staged", expected{path: "staged.py", place: source.Staged, reach: finding.ReachIndex}))
	h.git("add", "staged.py")
	url := h.plant("remote URL", expected{path: ".git/config", place: source.GitConfig})
	key := strings.Trim(strings.TrimPrefix(strings.TrimSpace(url), "testkey = "), `"`)
	h.git("remote", "add", "origin", "https://testkey:"+key+"@Git.Example.org/Org/repo.git")
	h.setLine("remote URL", 7)

	other := filepath.Join(h.home, "other")
	h.git("worktree", "add", "-q", "--detach", other)
	write(h.t, filepath.Join(other, "elsewhere.py"), h.plant("second worktree", expected{path: "elsewhere.py", place: source.Blob, reach: finding.ReachRef, ref: "worktrees/other/HEAD"}))
	h.clock++
	h.in(other, "add", "-A")
	h.in(other, "commit", "-q", "-m", "elsewhere")
	write(h.t, filepath.Join(other, "staged elsewhere.py"), h.plant("second index", expected{path: "staged elsewhere.py", place: source.Staged, reach: finding.ReachIndex}))
	h.in(other, "add", "-A")
	said := strings.TrimSpace(h.plant("reflog message", expected{path: ".git/logs/refs/heads/logged", place: source.Reflog, reach: finding.ReachReflog}))
	h.git("update-ref", "--create-reflog", "-m", "typed "+said, "refs/heads/logged", "HEAD")
}

func (h *hiding) setLine(name string, line int) {
	e := h.want[name]
	e.line = line
	h.want[name] = e
}

func (h *hiding) check(t *testing.T) {
	t.Helper()
	s := h.search()
	for _, u := range s.unread() {
		t.Errorf("not read: %s", u)
	}
	for name, want := range h.want {
		t.Run(name, func(t *testing.T) {
			f := s.one(t, want.key)
			o := f.Occurrences[0]
			if f.Path != want.path || o.Place != want.place || o.Git.Reach != want.reach {
				t.Errorf("found %s, want %q %s %s", describe([]finding.Finding{f}), want.path, want.place, want.reach)
			}
			if o.Location.Line != want.line {
				t.Errorf("line %d, want %d", o.Location.Line, want.line)
			}
			if want.commit != "" && o.Git.Commit != want.commit {
				t.Errorf("commit %s, want %s", o.Git.Commit, want.commit)
			}
			if want.ref != "" && !slices.Contains(o.Git.Refs, want.ref) {
				t.Errorf("refs %q lack %s", o.Git.Refs, want.ref)
			}
			if want.date != 0 && (o.Git.Date.Unix() != want.date || o.Git.Email != emailOf(want.place)) {
				t.Errorf("by %s at %v, want %v", o.Git.Email, o.Git.Date, want.date)
			}
			if f.Repository != "git.example.org/Org/repo" {
				t.Errorf("repository %q", f.Repository)
			}
		})
	}
}

// emailOf is who says what is there: a tag is the committer's.
func emailOf(p source.Place) string {
	if p == source.TagMessage {
		return "cem@example.org"
	}
	return "ann@example.org"
}

func TestEveryPlaceIsFoundLoose(t *testing.T) {
	t.Parallel()
	buildHiding(t).check(t)
}

func TestEveryPlaceIsFoundPacked(t *testing.T) {
	t.Parallel()
	h := buildHiding(t)
	h.git("repack", "-q", "-a", "-d", "--keep-unreachable")
	h.git("pack-refs", "--all")
	h.git("prune-packed")
	h.check(t)
}

// Encodings are the decoders' work; here it counts that blobs get there whole.
func TestEncodedContentInHistoryIsFound(t *testing.T) {
	r := newRepo(t)
	keys := map[string]string{}
	add := func(name string, content func(string) string) {
		keys[name] = newKey()
		r.write(name, content(planted(keys[name])))
	}
	wide := func(order binary.AppendByteOrder, bom bool) func(string) string {
		return func(s string) string {
			var out []byte
			if bom {
				out = order.AppendUint16(out, 0xFEFF)
			}
			for _, u := range utf16.Encode([]rune("# some text to look at\n" + s)) {
				out = order.AppendUint16(out, u)
			}
			return string(out)
		}
	}
	add("le-bom.txt", wide(binary.LittleEndian, true))
	add("be-bom.txt", wide(binary.BigEndian, true))
	add("le.txt", wide(binary.LittleEndian, false))
	add("be.txt", wide(binary.BigEndian, false))
	add("base64.txt", func(s string) string {
		return "data: " + base64.StdEncoding.EncodeToString([]byte(s+"some more")) + "\n"
	})
	add("hex.txt", func(s string) string { return hex.EncodeToString([]byte(s)) + "\n" })
	r.commit("encoded")
	r.git("rm", "-q", "-r", ".")
	r.commit("removed")
	s := r.search()
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			if f := s.one(t, key); f.Path != name {
				t.Errorf("found at %q", f.Path)
			}
		})
	}
}
