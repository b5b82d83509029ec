package peers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// hooked is a repository whose hooks are those of pre-commit.
type hooked struct {
	t    *testing.T
	dir  string
	env  []string
	keys []string
}

// needPreCommit skips the test where there is no pre-commit, unless
// QLEAKS_REQUIRE names it.
func needPreCommit(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a few hundred programs")
	}
	if _, err := exec.LookPath("pre-commit"); err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "precommit") {
		t.Fatal("QLEAKS_REQUIRE names precommit, and there is no pre-commit")
	}
	t.Skip("there is no pre-commit; QLEAKS_REQUIRE=precommit demands it")
}

// newHooked makes a repository that takes the hook from a repository with our
// manifest, as people do, and commits a base: clean.py, and old.py, which has a
// key that nobody stopped.
func newHooked(t *testing.T) *hooked {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := &hooked{t: t, dir: filepath.Join(home, "repo")}
	h.env = append(os.Environ(),
		"HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "PRE_COMMIT_HOME="+filepath.Join(home, "pre-commit"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(home, ".gitconfig"), "PRE_COMMIT_COLOR=never", "SKIP=",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org",
	)
	h.write(filepath.Join(home, ".gitconfig"), "[protocol \"file\"]\n\tallow = always\n")
	manifest, err := os.ReadFile(filepath.Join("..", "..", "..", "..", ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(home, "qleaks")
	h.write(filepath.Join(ours, ".pre-commit-hooks.yaml"), string(manifest))
	h.in(ours, "git", "init", "-q", "-b", "main")
	h.in(ours, "git", "add", ".")
	h.in(ours, "git", "commit", "-q", "-m", "manifest")
	rev := strings.TrimSpace(h.in(ours, "git", "rev-parse", "HEAD"))
	h.write(filepath.Join(h.dir, ".pre-commit-config.yaml"), fmt.Sprintf("repos:\n  - repo: %s\n    rev: %s\n    hooks:\n      - id: qleaks-system\n", ours, rev))
	h.git("init", "-q", "-b", "main")
	h.git("config", "core.autocrlf", "false")
	h.put("clean.py", "print('clean')\n")
	h.put("old.py", h.leak())
	h.git("add", ".")
	h.git("commit", "-q", "-m", "base")
	h.git("tag", "base")
	h.in(h.dir, "pre-commit", "install", "-t", "pre-commit", "-t", "pre-push", "-t", "pre-merge-commit")
	return h
}

func (h *hooked) write(name, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// put writes a file of the repository.
func (h *hooked) put(name, text string) {
	h.t.Helper()
	h.write(filepath.Join(h.dir, name), text)
}

// leak is code with a new key.
func (h *hooked) leak() string {
	h.t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		h.t.Fatal(err)
	}
	key := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(rand.Uint64()))
	h.keys = append(h.keys, key)
	return fmt.Sprintf("from qiskit_ionq import IonQProvider\nprovider = IonQProvider(%q)\n", key)
}

// try runs a program, whose output must not hold a key.
func (h *hooked) try(dir string, args ...string) (string, error) {
	h.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, h.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		h.t.Fatal(err)
	}
	for _, key := range h.keys {
		if sample.Tells(out.String(), key) {
			h.t.Fatalf("%q tells a key", args)
		}
	}
	return out.String(), err
}

func (h *hooked) in(dir string, args ...string) string {
	h.t.Helper()
	out, err := h.try(dir, args...)
	if err != nil {
		h.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

func (h *hooked) git(args ...string) { h.t.Helper(); h.in(h.dir, append([]string{"git"}, args...)...) }

// commit is git commit, with the hook.
func (h *hooked) commit(args ...string) (string, error) {
	h.t.Helper()
	return h.try(h.dir, append([]string{"git", "commit", "-q", "-m", "change"}, args...)...)
}

// without is git commit without the hook.
func (h *hooked) without(args ...string) {
	h.t.Helper()
	h.git(append([]string{"commit", "-q", "--no-verify", "-m", "nobody looked"}, args...)...)
}

func (h *hooked) run(args ...string) (string, error) {
	h.t.Helper()
	return h.try(h.dir, append([]string{"pre-commit", "run"}, args...)...)
}

// reset is the base again.
func (h *hooked) reset() {
	h.t.Helper()
	h.git("checkout", "-q", "-f", "-B", "main", "base")
	h.git("clean", "-ffdq")
}

// hookCase is something that people do; stops names where the key is that
// stops it, "" for none.
type hookCase struct {
	name  string
	do    func(h *hooked) (string, error)
	stops string
}

func TestPreCommitStopsKeysAndNothingElse(t *testing.T) {
	needPreCommit(t)
	t.Parallel()
	h := newHooked(t)
	for _, c := range slices.Concat(commitCases(), fileCases(), mergeCases(), pushCases()) {
		h.reset()
		out, err := c.do(h)
		switch {
		case strings.Contains(out, "Traceback"):
			t.Errorf("%s: pre-commit itself failed:\n%s", c.name, out)
		case c.stops == "" && err != nil:
			t.Errorf("%s: falsely stopped: %v\n%s", c.name, err, out)
		case c.stops != "" && err == nil:
			t.Errorf("%s: missed\n%s", c.name, out)
		case c.stops != "" && !strings.Contains(out, c.stops):
			t.Errorf("%s: stopped, but not for %q:\n%s", c.name, c.stops, out)
		}
	}
}

func commitCases() []hookCase {
	return []hookCase{
		{"nothing wrong", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			return h.commit("-a")
		}, ""},
		{"git add, git commit", func(h *hooked) (string, error) {
			h.put("a.py", h.leak())
			h.git("add", "a.py")
			return h.commit()
		}, "  a.py:2:"},
		{"git commit -a", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			return h.commit("-a")
		}, "  clean.py:2:"},
		{"git commit FILE", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			return h.commit("clean.py")
		}, "  clean.py:2:"},
		{"git commit FILE, and another one has the key", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.put("old.py", h.leak())
			h.put("a.py", h.leak())
			h.git("add", "a.py")
			return h.commit("clean.py")
		}, ""},
		{"the key is in the file, but not staged", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.git("add", "clean.py")
			h.put("clean.py", h.leak())
			return h.commit()
		}, ""},
		{"the key is staged, but not in the file any more", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			h.git("add", "clean.py")
			h.put("clean.py", "print('better')\n")
			return h.commit()
		}, "  clean.py:2:"},
		{"only intended to be added", func(h *hooked) (string, error) {
			h.put("a.py", h.leak())
			h.git("add", "-N", "a.py")
			h.put("clean.py", "print('better')\n")
			return h.commit("clean.py")
		}, ""},
		{"renamed and edited", func(h *hooked) (string, error) {
			h.git("mv", "clean.py", "renamed.py")
			h.put("renamed.py", "print('clean')\n"+h.leak())
			return h.commit("-a")
		}, "  renamed.py:3:"},
		{"a file with an old key is renamed", func(h *hooked) (string, error) {
			h.git("mv", "old.py", "older.py")
			return h.commit()
		}, ""},
		{"a file with an old key is edited", func(h *hooked) (string, error) {
			text, err := os.ReadFile(filepath.Join(h.dir, "old.py"))
			if err != nil {
				return "", err
			}
			h.put("old.py", "# a comment\n"+string(text))
			return h.commit("-a")
		}, ""},
		{"a file with an old key gets another one", func(h *hooked) (string, error) {
			text, err := os.ReadFile(filepath.Join(h.dir, "old.py"))
			if err != nil {
				return "", err
			}
			h.put("old.py", string(text)+h.leak())
			return h.commit("-a")
		}, "  old.py:4:"},
		{"a file with a key is deleted", func(h *hooked) (string, error) {
			h.git("rm", "-q", "old.py")
			return h.commit()
		}, ""},
		{"amended with a key", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.without("-a")
			h.put("clean.py", h.leak())
			return h.commit("-a", "--amend")
		}, "  clean.py:2:"},
		{"amended, only the message", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.without("-a")
			return h.commit("--amend")
		}, ""},
		{"UTF-16", func(h *hooked) (string, error) {
			var text bytes.Buffer
			if err := binary.Write(&text, binary.LittleEndian, utf16.Encode([]rune("\ufeff"+h.leak()))); err != nil {
				return "", err
			}
			h.put("powershell.txt", text.String())
			h.git("add", "powershell.txt")
			return h.commit()
		}, "  powershell.txt:2:"},
		{"a notebook", func(h *hooked) (string, error) {
			source := strings.ReplaceAll(strings.ReplaceAll(h.leak(), `"`, `\"`), "\n", `\n`)
			h.put("n.ipynb", `{"cells":[{"cell_type":"code","metadata":{},"outputs":[],"source":"`+source+`"}],"metadata":{},"nbformat":4,"nbformat_minor":5}`)
			h.git("add", "n.ipynb")
			return h.commit()
		}, "  n.ipynb:1:"},
		{"odd names", func(h *hooked) (string, error) {
			for _, name := range []string{"--config=a b.py", "it's; $(x).py", "ünïcode\ttab.py"} {
				h.put(name, "print()\n")
			}
			h.put("-- last 'one'.py", h.leak())
			h.git("add", ".")
			return h.commit()
		}, "  -- last 'one'.py:2:"},
		{"a thousand files", func(h *hooked) (string, error) {
			for i := range 1000 {
				h.put(fmt.Sprintf("many/a-name-that-is-rather-long-for-a-file-%04d.py", i), fmt.Sprintf("print(%d)\n", i))
			}
			h.put("many/in-the-middle.py", h.leak())
			h.git("add", ".")
			return h.commit()
		}, "  many/in-the-middle.py:2:"},
		{"in a linked worktree", func(h *hooked) (string, error) {
			linked := filepath.Join(filepath.Dir(h.dir), "linked")
			h.git("worktree", "add", "-q", "-f", linked, "-b", "linked", "base")
			h.write(filepath.Join(linked, "a.py"), h.leak())
			h.in(linked, "git", "add", "a.py")
			return h.try(linked, "git", "commit", "-q", "-m", "change")
		}, "  a.py:2:"},
		{"in a submodule", func(h *hooked) (string, error) {
			config, err := os.ReadFile(filepath.Join(h.dir, ".pre-commit-config.yaml"))
			if err != nil {
				return "", err
			}
			h.git("submodule", "--quiet", "add", filepath.Join(filepath.Dir(h.dir), "qleaks"), "part")
			part := filepath.Join(h.dir, "part")
			h.write(filepath.Join(part, ".pre-commit-config.yaml"), string(config))
			h.write(filepath.Join(part, "a.py"), h.leak())
			h.in(part, "git", "add", ".")
			h.in(part, "pre-commit", "install")
			return h.try(part, "git", "commit", "-q", "-m", "change")
		}, "  a.py:2:"},
		{"skipped, as is everybody's right", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			h.git("add", "clean.py")
			return h.try(h.dir, "env", "SKIP=qleaks-system", "git", "commit", "-q", "-m", "change")
		}, ""},
	}
}

func fileCases() []hookCase {
	return []hookCase{
		{"run --all-files", func(h *hooked) (string, error) { return h.run("--all-files") }, "  old.py:2:"},
		{"run --files, with the key", func(h *hooked) (string, error) { return h.run("--files", "old.py", "clean.py") }, "  old.py:2:"},
		{"run --files, without", func(h *hooked) (string, error) { return h.run("--files", "clean.py") }, ""},
		{"run, with a key staged", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			h.git("add", "clean.py")
			return h.run()
		}, "  clean.py:2:"},
		{"run --from-ref --to-ref, and the key is gone again", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			h.without("-a")
			h.put("clean.py", "print('clean')\n")
			h.without("-a")
			return h.run("--from-ref", "base", "--to-ref", "HEAD")
		}, "  clean.py:2:"},
		{"run --from-ref --to-ref, after the key", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.without("-a")
			return h.run("--from-ref", "base", "--to-ref", "HEAD")
		}, ""},
	}
}

// conflict lets two branches change clean.py, theirs with a key, and merges.
func (h *hooked) conflict() {
	h.t.Helper()
	h.git("checkout", "-q", "-B", "theirs")
	h.put("clean.py", h.leak())
	h.without("-a")
	h.git("checkout", "-q", "main")
	h.put("clean.py", "print('ours')\n")
	h.without("-a")
	if out, err := h.try(h.dir, "git", "merge", "theirs"); err == nil {
		h.t.Fatalf("there is no conflict: %s", out)
	}
}

func mergeCases() []hookCase {
	return []hookCase{
		{"an unmerged index", func(h *hooked) (string, error) {
			h.conflict()
			return h.run()
		}, "Unmerged files"},
		{"a conflict, solved by what is committed already", func(h *hooked) (string, error) {
			h.conflict()
			h.git("checkout", "-q", "--theirs", "clean.py")
			h.git("add", "clean.py")
			return h.commit()
		}, ""},
		{"a conflict, solved by a new key", func(h *hooked) (string, error) {
			h.conflict()
			h.put("clean.py", h.leak())
			h.git("add", "clean.py")
			return h.commit()
		}, "  clean.py:2:"},
		{"a clean merge", func(h *hooked) (string, error) {
			h.git("checkout", "-q", "-B", "theirs")
			h.put("theirs.py", h.leak())
			h.git("add", "theirs.py")
			h.without()
			h.git("checkout", "-q", "main")
			h.put("clean.py", "print('ours')\n")
			h.without("-a")
			return h.try(h.dir, "git", "merge", "-q", "theirs", "-m", "merged")
		}, ""},
	}
}

// push makes an empty server, gives it the base unless told otherwise, and
// pushes a branch.
func (h *hooked) push(known bool, refs ...string) (string, error) {
	h.t.Helper()
	server := filepath.Join(filepath.Dir(h.dir), fmt.Sprintf("server-%x.git", rand.Uint64()))
	h.in(h.dir, "git", "init", "-q", "--bare", server)
	if _, err := h.try(h.dir, "git", "remote", "set-url", "origin", server); err != nil {
		h.git("remote", "add", "origin", server)
	}
	if _, err := h.try(h.dir, "git", "update-ref", "-d", "refs/remotes/origin/main"); err != nil {
		h.t.Fatal(err)
	}
	if known {
		h.git("push", "-q", "--no-verify", "origin", "base:refs/heads/main")
		h.git("fetch", "-q", "origin")
	}
	return h.try(h.dir, append([]string{"git", "push", "-q", "origin"}, refs...)...)
}

func pushCases() []hookCase {
	return []hookCase{
		{"a push without a key", func(h *hooked) (string, error) {
			h.put("clean.py", "print('better')\n")
			h.without("-a")
			return h.push(true, "main")
		}, ""},
		{"a push with a key that the next commit takes back", func(h *hooked) (string, error) {
			h.put("clean.py", h.leak())
			h.without("-a")
			h.git("revert", "--no-edit", "HEAD")
			return h.push(true, "main")
		}, "  clean.py:2:"},
		{"a push of a new branch", func(h *hooked) (string, error) {
			h.git("checkout", "-q", "-B", "topic")
			h.put("clean.py", h.leak())
			h.without("-a")
			return h.push(true, "topic")
		}, "  clean.py:2:"},
		{"the first push", func(h *hooked) (string, error) { return h.push(false, "main") }, "  old.py:2:"},
	}
}
