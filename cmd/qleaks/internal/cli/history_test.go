package cli_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules/sample"
)

// disguises are the ways in which the line that holds a key is written into a
// file of the repository.
func disguises(t *testing.T) map[string]func(line string) []byte {
	t.Helper()
	plain := func(wrap func(string) string) func(string) []byte {
		return func(s string) []byte { return []byte(wrap(s)) }
	}
	return map[string]func(string) []byte{
		"plain.py":      plain(func(s string) string { return "import os\n" + s }),
		"crlf.py":       plain(func(s string) string { return "import os\r\n" + strings.TrimSpace(s) + "\r\n" }),
		"long.js":       plain(func(s string) string { return strings.Repeat("a=b;", 75_000) + strings.TrimSpace(s) + ";c=d" }),
		"nul.bin":       plain(func(s string) string { return "\x00\x01" + s + "\x00" }),
		"base64.txt":    plain(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }),
		"hex.txt":       plain(func(s string) string { return hex.EncodeToString([]byte(s)) }),
		"percent.log":   plain(func(s string) string { return "GET /?q=" + url.QueryEscape(s) + " HTTP/1.1\n" }),
		"escapes.json":  plain(func(s string) string { return `{"env": "` + unicodeEscapes(s) + `"}` }),
		"utf16le.txt":   func(s string) []byte { return wide(s, 0, false) },
		"utf16be.txt":   func(s string) []byte { return wide(s, 8, false) },
		"bom16le.txt":   func(s string) []byte { return wide(s, 0, true) },
		"bom16be.txt":   func(s string) []byte { return wide(s, 8, true) },
		"one.txt.gz":    func(s string) []byte { return gzipped(t, []byte(s)) },
		"tree.tar.gz":   func(s string) []byte { return gzipped(t, tarred(t, "a/b.txt", []byte(s))) },
		"outer.zip":     func(s string) []byte { return zipped(t, "inner.zip", zipped(t, "c.env", []byte(s))) },
		"source.ipynb":  func(s string) []byte { return cell(t, s, nil) },
		"output.ipynb":  func(s string) []byte { return cell(t, "os.environ", stream(s)) },
		"trace.ipynb":   func(s string) []byte { return cell(t, "main()", traceback(s)) },
		"meta.ipynb":    func(s string) []byte { return papermill(t, s) },
		"notebook.zip":  func(s string) []byte { return zipped(t, "n.ipynb", cell(t, s, nil)) },
		"broken.ipynb":  func(s string) []byte { return cell(t, s, nil)[:len(cell(t, s, nil))-20] },
		"secret.b64yml": plain(func(s string) string { return "data:\n  .env: " + base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }),
	}
}

func unicodeEscapes(s string) string {
	var out strings.Builder
	for _, c := range s {
		fmt.Fprintf(&out, `\u%04x`, c)
	}
	return out.String()
}

func wide(s string, highFirst int, bom bool) []byte {
	if bom {
		s = "\ufeff" + s
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>highFirst), byte(u>>(8-highFirst)))
	}
	return out
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func tarred(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}))
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func zipped(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	member, err := w.Create(name)
	must(t, err)
	_, err = member.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// cell is a notebook of one cell.
func cell(t *testing.T, source string, outputs []any) []byte {
	t.Helper()
	if outputs == nil {
		outputs = []any{}
	}
	return notebook(t, map[string]any{"metadata": map[string]any{}}, source, outputs)
}

func notebook(t *testing.T, doc map[string]any, source string, outputs []any) []byte {
	t.Helper()
	doc["nbformat"], doc["nbformat_minor"] = 4, 5
	doc["cells"] = []any{map[string]any{
		"cell_type": "code", "id": "c", "execution_count": 1, "metadata": map[string]any{},
		"source": strings.SplitAfter(source, "\n"), "outputs": outputs,
	}}
	out, err := json.MarshalIndent(doc, "", " ")
	must(t, err)
	return out
}

func stream(s string) []any {
	return []any{map[string]any{"output_type": "stream", "name": "stdout", "text": []string{"environ:\n", s}}}
}

func traceback(s string) []any {
	return []any{map[string]any{
		"output_type": "error", "ename": "E", "evalue": "e",
		"traceback": []string{"\x1b[0;31m---\x1b[0m", "\x1b[0;32m----> 1\x1b[0m " + strings.Replace(s, "=", "\x1b[38;5;241m=\x1b[39m\x1b[38;5;124m", 1) + "\x1b[39m"},
	}}
}

func papermill(t *testing.T, s string) []byte {
	t.Helper()
	name, value, _ := strings.Cut(strings.TrimSpace(s), "=")
	doc := map[string]any{"metadata": map[string]any{"papermill": map[string]any{"parameters": map[string]any{name: value}}}}
	return notebook(t, doc, "x", []any{})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// reported is what a JSON report says of a key.
type reported struct {
	Rule        string `json:"rule"`
	Confidence  string `json:"confidence"`
	Fingerprint string `json:"fingerprint"`
	Path        string `json:"path"`
	Git         struct{ Commit, Author, Date, Reach string }
}

// scanJSON runs the whole program on a directory.
func scanJSON(t *testing.T, dir string) (map[string]reported, string) {
	t.Helper()
	var out, log bytes.Buffer
	env := cli.Process()
	env.Args = []string{"scan", "--json", "--verbose", dir}
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &out, &log
	env.Getenv = func(string) string { return "" }
	if code := cli.Main(t.Context(), env); code != 1 {
		t.Fatalf("exit %d\n%s", code, log.String())
	}
	var report struct {
		Findings []reported
		Coverage struct{ Unread int }
	}
	must(t, json.Unmarshal(out.Bytes(), &report))
	if report.Coverage.Unread != 0 {
		t.Errorf("%d things were not read", report.Coverage.Unread)
	}
	found := map[string]reported{}
	for _, f := range report.Findings {
		found[f.Fingerprint] = f
	}
	return found, out.String() + log.String()
}

func TestEveryDisguiseIsSeenThroughInAHistoryLooseAndPacked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	values := sample.NewValues(21)
	keys := map[string]string{}
	for name, write := range disguises(t) {
		keys[name] = values.From(sample.Alphabet("A-Za-z0-9"), 32)
		must(t, os.WriteFile(filepath.Join(dir, name), write("IONQ_API_KEY="+keys[name]+"\n"), 0o600))
	}
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "all of them")
	git(t, dir, "rm", "-qr", ".")
	git(t, dir, "commit", "-qm", "and none of them")
	for _, storage := range []string{"loose", "packed"} {
		found, said := scanJSON(t, dir)
		for name, key := range keys {
			f, ok := found[string(secret.Fingerprinter{}.Of(secret.New([]byte(key))))]
			switch {
			case !ok:
				t.Errorf("%s, %s: not found", storage, name)
			case !strings.HasPrefix(f.Path, name) || f.Git.Commit == "" || f.Git.Author != "A" || f.Git.Reach != "ref":
				t.Errorf("%s, %s: %+v", storage, name, f)
			}
			if strings.Contains(said, key) {
				t.Errorf("%s: the key shows", name)
			}
		}
		git(t, dir, "gc", "-q", "--prune=now")
	}
}
