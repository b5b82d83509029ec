package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
	"github.com/qleaks/qleaks/rules/sample"
)

// reportOf runs the program on a repository's history and returns its report,
// what it says besides, and the exit code.
func reportOf(t *testing.T, dir string, args ...string) (report, said string, code int) {
	t.Helper()
	var out, log bytes.Buffer
	env := cli.Process()
	env.Args = append([]string{"scan", "--json", "--no-worktree", "--no-progress", dir}, args...)
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &out, &log
	env.Getenv = func(string) string { return "" }
	code = cli.Main(t.Context(), env)
	return out.String(), log.String(), code
}

// history is a repository in which things happen, by chance but the same for a
// seed.
type history struct {
	t      *testing.T
	random *rand.Rand
	values *sample.Values
	// dir is the repository, origin where it fetches from.
	dir, origin string
	clock       int
	keys        []string
}

func newHistory(t *testing.T, seed uint64, args ...string) *history {
	t.Helper()
	top := t.TempDir()
	h := &history{t: t, random: rand.New(rand.NewPCG(seed, 1)), values: sample.NewValues(seed), dir: filepath.Join(top, "r"), origin: filepath.Join(top, "origin")}
	for _, dir := range []string{h.origin, h.dir} {
		must(t, os.Mkdir(dir, 0o700))
		h.must(dir, append([]string{"init", "-q", "-b", "main"}, args...)...)
	}
	h.commit(h.origin)
	h.must(h.dir, "remote", "add", "up", h.origin)
	h.commit(h.dir)
	return h
}

// git reports whether a command of git did something: chance asks for much that
// cannot be done.
func (h *history) git(dir string, args ...string) bool {
	h.t.Helper()
	h.clock++
	cmd := exec.CommandContext(h.t.Context(), "git", args...)
	cmd.Dir = dir
	when := fmt.Sprintf("%d +0000", 1_700_000_000+h.clock)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.origin, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=" + when,
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.org", "GIT_COMMITTER_DATE=" + when}
	return cmd.Run() == nil
}

func (h *history) must(dir string, args ...string) {
	h.t.Helper()
	if !h.git(dir, args...) {
		h.t.Fatalf("git %v failed", args)
	}
}

func (h *history) pick(n int) int { return h.random.IntN(n) }

func (h *history) branch() string { return fmt.Sprintf("b%d", h.pick(4)) }

// change writes some file; one of three gets a key, in one of several ways.
func (h *history) change(dir string) {
	name := fmt.Sprintf("d%d/f%d", h.pick(3), h.pick(5))
	text := []byte(strings.Repeat(fmt.Sprintf("line %d of %d\n", h.pick(1000), h.clock), 1+h.pick(30)))
	if h.pick(3) == 0 {
		key := h.values.From(sample.Alphabet("A-Za-z0-9"), 32)
		h.keys = append(h.keys, key)
		line := "IONQ_API_KEY=" + key + "\n"
		switch h.pick(4) {
		case 0:
			line = base64.StdEncoding.EncodeToString([]byte(line)) + "\n"
		case 1:
			text = gzipped(h.t, []byte(line))
			line = ""
		case 2:
			text = cell(h.t, line, stream(line))
			name += ".ipynb"
			line = ""
		}
		text = append(text, line...)
	}
	must(h.t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
	must(h.t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
}

func (h *history) commit(dir string) {
	h.change(dir)
	message := fmt.Sprintf("change %d", h.clock)
	if h.pick(8) == 0 {
		key := h.values.From(sample.Alphabet("A-Za-z0-9"), 32)
		h.keys = append(h.keys, key)
		message += "\n\nIONQ_API_KEY=" + key
	}
	h.git(dir, "add", "-A")
	h.git(dir, "commit", "-qm", message)
}

// step does one thing and says what.
func (h *history) step() string {
	steps := []struct {
		name string
		do   func()
	}{
		{"commit", func() { h.commit(h.dir) }},
		{"commit", func() { h.commit(h.dir) }},
		{"amend", func() {
			h.change(h.dir)
			h.git(h.dir, "add", "-A")
			h.git(h.dir, "commit", "-q", "--amend", "--no-edit")
		}},
		{"switch", func() {
			h.git(h.dir, "checkout", "-qfB", h.branch(), h.branch())
			h.git(h.dir, "checkout", "-qfB", h.branch())
		}},
		{"merge", func() {
			h.git(h.dir, "merge", "-q", "--no-edit", "-X", "ours", "--allow-unrelated-histories", h.branch())
			h.git(h.dir, "merge", "--abort")
		}},
		{"rebase", func() { h.git(h.dir, "rebase", "-q", "-X", "theirs", h.branch()); h.git(h.dir, "rebase", "--abort") }},
		{"delete", func() { h.git(h.dir, "branch", "-qD", h.branch()) }},
		{"gc", func() { h.git(h.dir, "gc", "-q") }},
		{"prune", func() { h.git(h.dir, "gc", "-q", "--prune=now") }},
		{"repack", func() { h.git(h.dir, "repack", "-qad") }},
		{"repack some", func() { h.git(h.dir, "repack", "-qd") }},
		{"fetch", func() { h.commit(h.origin); h.commit(h.origin); h.git(h.dir, "fetch", "-q", "up") }},
		{"expire", func() { h.git(h.dir, "reflog", "expire", "--expire=now", "--all") }},
		{"tag", func() { h.git(h.dir, "tag", "-fam", "tagged", fmt.Sprintf("t%d", h.pick(3))) }},
		{"untag", func() { h.git(h.dir, "tag", "-d", fmt.Sprintf("t%d", h.pick(3))) }},
		{"stash", func() { h.change(h.dir); h.git(h.dir, "stash", "-qu") }},
		{"drop", func() { h.git(h.dir, "stash", "drop", "-q") }},
		{"stage", func() { h.change(h.dir); h.git(h.dir, "add", "-A") }},
		{"reset", func() { h.git(h.dir, "reset", "-q", "--hard", "HEAD~1") }},
		{"note", func() { h.git(h.dir, "notes", "add", "-fm", fmt.Sprintf("note %d", h.clock)) }},
		{"pack refs", func() { h.git(h.dir, "pack-refs", "--all") }},
		{"worktree", func() { h.git(h.dir, "worktree", "add", "-qf", filepath.Join(h.origin, fmt.Sprintf("w%d", h.clock))) }},
		{"configure", func() {
			h.git(h.dir, "config", "remote.origin.url", fmt.Sprintf("https://example.org/r%d.git", h.pick(3)))
		}},
		{"lose", func() { h.lose() }},
	}
	s := steps[h.pick(len(steps))]
	s.do()
	return s.name
}

// lose takes a loose object away, so that something is missing.
func (h *history) lose() {
	if h.pick(4) > 0 {
		return
	}
	loose, err := filepath.Glob(filepath.Join(h.dir, ".git/objects/??/*"))
	must(h.t, err)
	if len(loose) > 0 {
		must(h.t, os.Remove(loose[h.pick(len(loose))]))
	}
}

// compare scans with the ledger, again with what that left, and without.
func (h *history) compare(ledger, after string) {
	h.t.Helper()
	want, _, wantCode := reportOf(h.t, h.dir)
	for _, run := range []string{"incremental", "unchanged"} {
		got, said, code := reportOf(h.t, h.dir, "--ledger", ledger)
		if got != want || code != wantCode {
			h.t.Fatalf("%s, %s: exit %d, want %d\n%s", after, run, code, wantCode, firstDifference(got, want))
		}
		if strings.Contains(said, "the ledger") {
			h.t.Fatalf("%s, %s: %s", after, run, said)
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, strings.Join(g[i:min(len(g), i+12)], "\n"), strings.Join(w[i:min(len(w), i+12)], "\n"))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

func TestAnIncrementalReportEqualsAFullOne(t *testing.T) {
	t.Parallel()
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		var args []string
		if seed == 2 {
			args = []string{"--object-format=sha256"}
		}
		h := newHistory(t, seed, args...)
		ledger := filepath.Join(t.TempDir(), "ledger")
		var done []string
		for range 40 {
			done = append(done, h.step())
			if h.pick(3) > 0 {
				h.compare(ledger, fmt.Sprintf("seed %d, after %v", seed, done))
			}
		}
		noMaterial(t, ledger, h.keys)
	}
}

// noMaterial searches all files of a ledger for keys, in several writings.
func noMaterial(t *testing.T, ledger string, keys []string) {
	t.Helper()
	files := 0
	must(t, filepath.WalkDir(ledger, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[entry.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
		if entry.IsDir() {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		for _, key := range keys {
			if form := writtenIn(string(data), key); form != "" {
				t.Errorf("%s holds a key (%s)", entry.Name(), form)
			}
		}
		return err
	}))
	if files == 0 || len(keys) == 0 {
		t.Errorf("%d files and %d keys: nothing was tested", files, len(keys))
	}
}

func writtenIn(text, key string) string {
	reversed := []byte(key)
	slices.Reverse(reversed)
	forms := map[string]string{"raw": key, "reversed": string(reversed), "hex": hex.EncodeToString([]byte(key)), "half": key[:16], "other half": key[16:]}
	for shift := range 3 {
		// What stands before decides how the characters fall into groups.
		encoded := base64.StdEncoding.EncodeToString([]byte(key)[shift:])
		forms[fmt.Sprintf("base64, shifted by %d", shift)] = encoded[:len(encoded)-4]
	}
	for form, needle := range forms {
		if strings.Contains(strings.ToLower(text), strings.ToLower(needle)) {
			return form
		}
	}
	return ""
}

func TestAKeyInANameIsNotWrittenToALedger(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 11)
	key := h.values.From(sample.Alphabet("A-Za-z0-9"), 32)
	line := "IONQ_API_KEY=" + key + "\n"
	must(t, os.WriteFile(filepath.Join(h.dir, "of "+key), []byte(line), 0o600))
	must(t, os.WriteFile(filepath.Join(h.dir, "archive.zip"), zipped(t, line[:45], zipped(t, "a", []byte("nothing"))), 0o600))
	h.must(h.dir, "add", "-A")
	h.must(h.dir, "commit", "-qm", "a key in a name")
	ledger := filepath.Join(t.TempDir(), "ledger")
	h.compare(ledger, "a key in a name")
	noMaterial(t, ledger, []string{key})
}

func TestABrokenLedgerIsSetAsideAndMadeAnew(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 5)
	for range 12 {
		h.commit(h.dir)
	}
	ledger := filepath.Join(t.TempDir(), "ledger")
	h.compare(ledger, "the beginning")
	want, _, _ := reportOf(t, h.dir)
	flips := 12 // the ledger's own tests flip more
	if testing.Short() {
		flips = 2
	}
	for _, kind := range []string{"answer", "objects", "graph"} {
		names, err := filepath.Glob(filepath.Join(ledger, "*."+kind))
		must(t, err)
		whole, err := os.ReadFile(names[0])
		must(t, err)
		damaged := [][]byte{nil, whole[:1], whole[:len(whole)/2], whole[:len(whole)-1], append(bytes.Clone(whole), 0)}
		for range flips {
			flipped := bytes.Clone(whole)
			flipped[h.pick(len(flipped))] ^= 1 << h.pick(8)
			damaged = append(damaged, flipped)
		}
		for i, data := range damaged {
			must(t, os.WriteFile(names[0], data, 0o600))
			switch kind {
			case "objects": // which are asked for when all is read
				must(t, os.Remove(strings.TrimSuffix(names[0], kind)+"answer"))
			case "graph": // which is asked for when something has changed
				h.must(h.dir, "update-ref", fmt.Sprintf("refs/heads/new%d", i), "HEAD")
				want, _, _ = reportOf(t, h.dir)
			}
			got, said, _ := reportOf(t, h.dir, "--ledger", ledger)
			if got != want {
				t.Fatalf("%s, damage %d: %s", kind, i, firstDifference(got, want))
			}
			if !strings.Contains(said, "the ledger was set aside as "+names[0]+".aside") {
				t.Fatalf("%s, damage %d is not told: %q", kind, i, said)
			}
			if _, said, _ = reportOf(t, h.dir, "--ledger", ledger); strings.Contains(said, "ledger") {
				t.Fatalf("%s, damage %d was not repaired: %s", kind, i, said)
			}
		}
	}
}

func TestTheLedgerOfAnotherRepositoryIsForeign(t *testing.T) {
	t.Parallel()
	one, other := newHistory(t, 6), newHistory(t, 7)
	first, second := filepath.Join(t.TempDir(), "ledger"), filepath.Join(t.TempDir(), "ledger")
	one.compare(first, "the beginning")
	other.compare(second, "the beginning")
	for _, kind := range []string{"answer", "objects", "graph"} {
		from, err := filepath.Glob(filepath.Join(first, "*."+kind))
		must(t, err)
		to, err := filepath.Glob(filepath.Join(second, "*."+kind))
		must(t, err)
		data, err := os.ReadFile(from[0])
		must(t, err)
		must(t, os.WriteFile(to[0], data, 0o600))
	}
	_, said, _ := reportOf(t, other.dir, "--ledger", second)
	if strings.Count(said, "foreign, made for another repository") != 2 {
		t.Errorf("said %q", said)
	}
	other.compare(second, "foreign files")
}

// TestOldObjectsAreNotReadAgain damages everything that was there when the ledger
// was written: who reads it finds that out.
func TestOldObjectsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"loose", "fetched"} {
		h := newHistory(t, 10)
		for seed := uint64(100); len(h.keys) > 0; seed++ {
			h = newHistory(t, seed)
		}
		for range 8 {
			h.plain(h.dir)
		}
		h.must(h.dir, "gc", "-q")
		ledger := filepath.Join(t.TempDir(), "ledger")
		h.compare(ledger, "the beginning")
		packs, err := filepath.Glob(filepath.Join(h.dir, ".git/objects/pack/*.pack"))
		must(t, err)
		for range 3 {
			h.plain(h.dir)
		}
		h.must(h.dir, "tag", "-am", "a tag", "new")
		if way == "fetched" {
			h.must(h.dir, "repack", "-qd")
		}
		want, _, wantCode := reportOf(t, h.dir)
		for _, name := range packs {
			data, err := os.ReadFile(name)
			must(t, err)
			clear(data[12 : len(data)-40]) // its checksum stays
			must(t, os.Chmod(name, 0o600))
			must(t, os.WriteFile(name, data, 0o600))
		}
		if got, _, code := reportOf(t, h.dir, "--ledger", ledger); got != want || code != wantCode {
			t.Errorf("%s: exit %d\n%s", way, code, firstDifference(got, want))
		}
		if _, _, code := reportOf(t, h.dir); len(packs) != 1 || code != 4 {
			t.Errorf("%d packs are damaged: exit %d, want 4", len(packs), code)
		}
	}
}

// TestAScanOfAChangingRepositoryMissesNothing commits and repacks during scans:
// a report that says it is complete has every key that was there before.
func TestAScanOfAChangingRepositoryMissesNothing(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 12)
	ledger := filepath.Join(t.TempDir(), "ledger")
	for n := range 5 {
		for range 3 {
			key := h.values.From(sample.Alphabet("A-Za-z0-9"), 32)
			must(t, os.WriteFile(filepath.Join(h.dir, fmt.Sprintf("key%d", h.clock)), []byte("IONQ_API_KEY="+key+"\n"), 0o600))
			h.must(h.dir, "add", "-A")
			h.must(h.dir, "commit", "-qm", "a key")
		}
		before, _, _ := reportOf(t, h.dir)
		keys := fingerprintsOf(before)
		var changes conc.WaitGroup
		changes.Go(func() {
			for range 2 {
				h.plain(h.dir)
				h.git(h.dir, "repack", "-qd")
				h.plain(h.dir)
				h.git(h.dir, "gc", "-q")
			}
		})
		for range 4 {
			during, _, _ := reportOf(t, h.dir, "--ledger", ledger)
			complete := strings.Contains(during, `"complete": true`)
			found := fingerprintsOf(during)
			for key := range keys {
				if !found[key] && complete {
					t.Errorf("round %d: a report that says it is complete lacks a key that was there\n%s", n, during)
				}
			}
		}
		changes.Wait()
		h.compare(ledger, "changes")
	}
}

func fingerprintsOf(report string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(report) {
		if strings.Contains(line, `"fingerprint"`) {
			found[strings.TrimSpace(line)] = true
		}
	}
	return found
}

// plain commits a file without a key.
func (h *history) plain(dir string) {
	name := fmt.Sprintf("plain/f%d", h.pick(100))
	must(h.t, os.MkdirAll(filepath.Join(dir, "plain"), 0o700))
	must(h.t, os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "line of %d\n", h.clock), 0o600))
	h.must(dir, "add", "-A")
	h.must(dir, "commit", "-qm", "plain")
}

func TestScansAtTheSameTimeLeaveAWholeLedger(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 8)
	ledger := filepath.Join(t.TempDir(), "ledger")
	for range 5 {
		h.commit(h.dir)
		want, _, _ := reportOf(t, h.dir)
		var runs conc.WaitGroup
		for range 6 {
			runs.Go(func() {
				if got, said, _ := reportOf(t, h.dir, "--ledger", ledger); got != want || strings.Contains(said, "aside") {
					t.Errorf("%s\n%s", firstDifference(got, want), said)
				}
			})
		}
		runs.Wait()
	}
	h.compare(ledger, "runs at the same time")
	left, err := filepath.Glob(filepath.Join(ledger, "new-*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatLeadsToAKeyIsToldAnew(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 9)
	ledger := filepath.Join(t.TempDir(), "ledger")
	leak := func(name string) {
		must(t, os.WriteFile(filepath.Join(h.dir, name), []byte("IONQ_API_KEY="+h.values.From(sample.Alphabet("A-Za-z0-9"), 32)+"\n"), 0o600))
		h.must(h.dir, "add", name)
	}
	leak("amended")
	h.must(h.dir, "commit", "-qm", "with a key")
	h.must(h.dir, "tag", "here")
	h.must(h.dir, "rm", "-q", "amended")
	h.must(h.dir, "commit", "-q", "--amend", "--allow-empty", "-m", "without")
	leak("staged")
	h.compare(ledger, "the beginning")
	last, _, _ := reportOf(t, h.dir)
	// None of these changes an object.
	for _, change := range [][]string{
		{"tag", "-d", "here"},
		{"reflog", "expire", "--expire=now", "--all"},
		{"rm", "-q", "--cached", "staged"},
		{"update-ref", "refs/heads/other", "HEAD"},
		{"pack-refs", "--all"},
		{"config", "remote.origin.url", "https://example.org/other.git"},
	} {
		h.must(h.dir, change...)
		h.compare(ledger, change[0])
		now, _, _ := reportOf(t, h.dir)
		if (now == last) != (change[0] == "pack-refs") {
			t.Errorf("after %v the report is the same: %t", change, now == last)
		}
		last = now
	}
}
