package peers

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/peertest"
)

// walk is what both programs look at: files, a repository, and configurations,
// with values that are drawn when the test runs.
type walk struct {
	peer   peertest.Leaks
	own    string
	dir    string
	env    []string
	values []string
	names  *strings.Replacer
}

func newWalk(t *testing.T, peer peertest.Leaks) *walk {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{peer: peer, dir: t.TempDir(), own: filepath.Join(t.TempDir(), "qleaks")}
	// The test's own program is qleaks under that name.
	w.must(t, os.Symlink(self, w.own))
	home := t.TempDir()
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "QLEAKS_GITLEAKS_DEFAULT=" + peer.Config,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ada L", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=Ada L",
		"GIT_COMMITTER_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2024-05-01T12:00:00+02:00", "GIT_COMMITTER_DATE=2024-05-01T12:00:00+02:00",
	}
	w.draw()
	w.configurations(t)
	w.tree(t)
	w.history(t)
	w.commits(t)
	w.baselines(t)
	return w
}

// draw makes values: {T0}, {T1}… of one rule, {K0}… of another.
func (w *walk) draw() {
	r := rand.New(rand.NewPCG(7, 1))
	var pairs []string
	letters := func(n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte('a' + r.IntN(26))
		}
		return string(out)
	}
	for i := 29; i >= 0; i-- { // {T1} must not take the begin of {T10}
		token, key := fmt.Sprintf("acme_%s%02d", letters(6), r.IntN(100)), "zk"+hex.EncodeToString([]byte(letters(10)))
		w.values = append(w.values, token, key)
		pairs = append(pairs, fmt.Sprintf("{T%d}", i), token, fmt.Sprintf("{K%d}", i), key)
	}
	word := []byte("abcdefghijkmnpqrstuvwxyz0123456789")
	r.Shuffle(len(word), func(i, j int) { word[i], word[j] = word[j], word[i] })
	w.values = append(w.values, string(word[:12]))
	pairs = append(pairs, "{W}", string(word[:12]))
	for _, dir := range []string{"conf", "tree", "repo", "empty", "data"} {
		pairs = append(pairs, "{"+dir+"}", filepath.Join(w.dir, dir))
	}
	w.names = strings.NewReplacer(pairs...)
}

func (w *walk) filled(text string) string { return w.names.Replace(text) }

// hide makes text safe to print.
func (w *walk) hide(text string) string {
	for i, value := range w.values {
		text = strings.ReplaceAll(text, value, fmt.Sprintf("<value %d>", i))
	}
	return text
}

func (w *walk) write(t *testing.T, name, content string) {
	t.Helper()
	full := filepath.Join(w.dir, filepath.FromSlash(name))
	w.must(t, os.MkdirAll(filepath.Dir(full), 0o700))
	w.must(t, os.WriteFile(full, []byte(w.filled(content)), 0o600))
}

func (w *walk) git(t *testing.T, in string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Env = filepath.Join(w.dir, in), w.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// tree are files of all kinds.
func (w *walk) tree(t *testing.T) {
	t.Helper()
	e64 := base64.StdEncoding.EncodeToString
	for name, content := range map[string]string{
		"a.txt":              "x\ntoken = {T0}\n",
		"b.py":               "t = [\"{T1}\", '{T2}']\n\n  key: {K0} token = {T3}",
		"crlf.txt":           "one\r\ntoken = {T4}\r\nthree\r\n",
		"sub/dir/c.yaml":     "a:\n  b: {T5}\n  c: {K1}\n",
		"sub/Upper.TXT":      "ACME {T6} é{T7}\n",
		"enc.txt":            "v: " + e64([]byte(w.filled("token = {T8} and more text 123"))) + "\nh: " + hex.EncodeToString([]byte(w.filled("token = {T9}; and more"))) + "\n",
		"twice.txt":          "v: " + e64([]byte(e64([]byte(w.filled("token = {T10} and more text 123"))))) + "\n",
		"allow.txt":          "{T11} # gitleaks:allow\n{T12}\n",
		"pair.txt":           "id = {K2}\n\ntoken = {T13}\n\n\n\n\n\n\n\nid = {K3}\n",
		"column.txt":         "id = {K4}                                                     token = {T14}\n",
		"secrets.pem":        "nothing\n",
		"sub/empty.pem":      "",
		"sub/empty.txt":      "",
		"with space.txt":     "{T15}\n",
		"co:lon.txt":         "{T16}\n",
		"é.txt":              "{T17}\n",
		"program.bin":        "\x7fELF\x02 " + strings.Repeat("\x00", 50) + "{T18}\n",
		"short.bin":          "\x7fELF {T29}\n",
		"picture.png":        "\x89PNG\r\n\x1a\n {T19}\n",
		"nul.txt":            "a\x00b {T20}\n",
		"latin.txt":          "caf\xe9 {T21}\n",
		"long.txt":           "{T22}\n" + strings.Repeat("nothing to see here\n\n", 12_000) + "{T23}\n",
		"multi.txt":          "-----BEGIN ACME-----\nabc\ndef\n-----END ACME-----\n",
		"generic/all.txt":    "secret_token = {T24}\nsecret_other = {K5}\n",
		"entropy.txt":        "pw=aaaaaaaaaaaa pw={W}\n",
		"vendor/x.txt":       "{T25}\n",
		"deep/a/b/c/d/e.txt": "{T26}\n\n\n",
	} {
		w.write(t, "tree/"+name, content)
	}
	w.archives(t)
	w.write(t, "data/outside.txt", "{T28}\n")
	w.must(t, os.MkdirAll(filepath.Join(w.dir, "empty"), 0o700))
	for name, target := range map[string]string{"link.txt": "sub/dir/c.yaml", "linkdir": "sub", "nowhere": "missing", "out": "../data/outside.txt", "sub/up.txt": "../a.txt"} {
		w.must(t, os.Symlink(target, filepath.Join(w.dir, "tree", filepath.FromSlash(name))))
	}
	w.must(t, os.Symlink("tree", filepath.Join(w.dir, "treelink")))
}

func (w *walk) archives(t *testing.T) {
	t.Helper()
	var zipped, tarred, single bytes.Buffer
	z := zip.NewWriter(&zipped)
	for name, content := range map[string]string{"in/a.txt": "{T0}\n{T27}\n", "in/empty.pem": "", "in/secrets.pem": "x\n", "vendor/y.txt": "{T1}\n"} {
		f, err := z.Create(name)
		w.must(t, err)
		_, err = f.Write([]byte(w.filled(content)))
		w.must(t, err)
	}
	w.must(t, z.Close())
	g := gzip.NewWriter(&tarred)
	a := tar.NewWriter(g)
	for _, member := range []struct{ name, content string }{{"t/b.txt", w.filled("token = {T2}\n")}, {"t/inner.zip", zipped.String()}} {
		w.must(t, a.WriteHeader(&tar.Header{Name: member.name, Mode: 0o600, Size: int64(len(member.content)), Typeflag: tar.TypeReg}))
		_, err := a.Write([]byte(member.content))
		w.must(t, err)
	}
	w.must(t, a.Close())
	w.must(t, g.Close())
	s := gzip.NewWriter(&single)
	_, err := s.Write([]byte(w.filled("{T3}\n")))
	w.must(t, err)
	w.must(t, s.Close())
	for name, content := range map[string]string{"arch/a.zip": zipped.String(), "arch/b.tar.gz": tarred.String(), "arch/c.txt.gz": single.String(), "arch/d.jar": zipped.String()} {
		w.write(t, "tree/"+name, content)
	}
}

// history is a repository with changes of many kinds, something staged and
// something that is not.
func (w *walk) history(t *testing.T) {
	t.Helper()
	commit := func(message string, day int, more ...string) {
		date := fmt.Sprintf("2024-06-%02dT12:00:00+00:00", day)
		kept := w.env
		w.env = append(append([]string{}, w.env...), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
		w.git(t, "repo", "add", "-A")
		w.git(t, "repo", append([]string{"commit", "-q", "--allow-empty", "-m", message}, more...)...)
		w.env = kept
	}
	w.must(t, os.MkdirAll(filepath.Join(w.dir, "repo"), 0o700))
	w.git(t, "repo", "init", "-q", "-b", "main")
	w.git(t, "repo", "remote", "add", "origin", "https://user:pass@github.com/Acme/Some-Repo.git")
	w.write(t, "repo/a.txt", "one\ntoken = {T0}\nthree\n")
	w.write(t, "repo/note.md", "# {T1}\n")
	w.write(t, "repo/sub/b.txt", "{T2}\n{T3}\n")
	w.write(t, "repo/vendor/x.txt", "{T4}\n")
	commit("first\n\nbody <&> \"quoted\"", 1)
	w.write(t, "repo/a.txt", "one\ntoken = {T0}\nthree\n\n\n\n\n\n\nfour {T5}\n")
	w.write(t, "repo/with space.txt", "{T6}\nid = {K0}\n")
	commit("second", 2, "--author=Grace H <g@example.org>")
	w.git(t, "repo", "mv", "sub/b.txt", "sub/moved.txt")
	w.git(t, "repo", "rm", "-q", "note.md")
	commit("moved", 3)
	w.git(t, "repo", "checkout", "-q", "-b", "side", "HEAD~1")
	w.write(t, "repo/side.txt", "{T7}\n")
	commit("side", 4)
	w.git(t, "repo", "checkout", "-q", "main")
	w.write(t, "repo/bin.dat", "\x00\x01 {T8}\n")
	w.write(t, "repo/secrets.pem", "x\n")
	content, err := os.ReadFile(filepath.Join(w.dir, "tree", "arch", "a.zip"))
	w.must(t, err)
	w.write(t, "repo/a.zip", string(content))
	w.must(t, os.Symlink(w.filled("{T9}"), filepath.Join(w.dir, "repo", "link")))
	commit("kinds", 5)
	w.git(t, "repo", "merge", "-q", "--no-commit", "--no-ff", "side")
	commit("merge", 5)
	// Two commits of one second.
	w.write(t, "repo/twin.txt", "{T18}\n")
	commit("twin", 5)
	w.write(t, "repo/twin.txt", "{T18}\n{T19}\n")
	commit("twin again", 5)
	w.git(t, "repo", "tag", "v1", "HEAD~1")
	w.git(t, "repo", "checkout", "-q", "-b", "other", "HEAD~4")
	w.write(t, "repo/other.txt", "{T10} no end")
	commit("other", 6)
	w.git(t, "repo", "update-ref", "refs/remotes/origin/main", "main~3")
	w.git(t, "repo", "checkout", "-q", "main")
	w.write(t, "repo/é ü.txt", "{T11}\n")
	commit("named", 7)
	w.write(t, "repo/staged.txt", "x\n{T12}\nid = {K1}\n")
	w.git(t, "repo", "add", "staged.txt")
	w.write(t, "repo/staged.txt", "x\n{T12}\nid = {K1}\n{T13}\n")
	w.write(t, "repo/sub/moved.txt", "{T2}\n{T3}\n{T14}")
	w.git(t, "repo", "add", "sub/moved.txt")
	w.write(t, "repo/untracked.txt", "{T15}\n")
	w.must(t, os.MkdirAll(filepath.Join(w.dir, "fresh"), 0o700))
	w.git(t, "fresh", "init", "-q", "-b", "main")
	w.write(t, "fresh/a.txt", "{T16}\n")
	w.git(t, "fresh", "add", ".")
}

// baselines are reports of gitleaks.
func (w *walk) baselines(t *testing.T) {
	t.Helper()
	for name, c := range map[string]walkCase{
		"baseline": {args: "dir -c {conf}/allow-regex.toml", in: "tree"},
		"redacted": {args: "dir --redact -c {conf}/plain.toml", in: "tree"},
		"many":     {args: "dir -c {conf}/many.toml", in: "tree"},
		"history":  {args: "git -c {conf}/plain.toml", in: "repo"},
	} {
		w.write(t, "data/"+name+".json", string(w.run(t, c, w.peer.Program).report))
	}
}

// commits are configurations that name commits.
func (w *walk) commits(t *testing.T) {
	t.Helper()
	id := func(revision string) string {
		cmd := exec.CommandContext(t.Context(), "git", "rev-parse", revision)
		cmd.Dir, cmd.Env = filepath.Join(w.dir, "repo"), w.env
		out, err := cmd.Output()
		w.must(t, err)
		return strings.TrimSpace(string(out))
	}
	list := fmt.Sprintf("commits = [%q, %q, %q]\n", strings.ToUpper(id("main")), " "+id("main~1")+" ", id("side")[:12])
	for name, text := range map[string]string{
		"commit":      tokenRule + idRule + "[allowlist]\n" + list,
		"commit-and":  tokenRule + idRule + "[[allowlists]]\ncondition = \"AND\"\n" + list + "paths = ['twin']\n",
		"commit-and3": tokenRule + idRule + "[[allowlists]]\ncondition = \"AND\"\n" + list + "regexes = ['acme']\n",
		"commit-rule": tokenRule + "[[rules.allowlists]]\n" + list + idRule,
	} {
		w.write(t, "conf/"+name+".toml", text)
	}
}
