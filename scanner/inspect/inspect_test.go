package inspect_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

func inspector(t *testing.T) *inspect.Inspector {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return &inspect.Inspector{Rules: set}
}

// only judges the records of content and returns the one finding there is.
func only(t *testing.T, content string, o source.Origin) finding.Finding {
	t.Helper()
	x := inspector(t)
	var list []finding.Finding
	for _, r := range x.Inspect([]byte(content), o.Path, inspect.Position{}).Records {
		if f, ok := x.Judge(r, o); ok && f.Confidence >= rules.Medium {
			list = append(list, f)
		}
	}
	if len(list) != 1 {
		t.Fatalf("%d findings, want 1", len(list))
	}
	return list[0]
}

func at(l finding.Location) string {
	return fmt.Sprintf("%d:%d-%d:%d", l.Line, l.Column, l.EndLine, l.EndColumn)
}

func key(seed uint64) string {
	return sample.NewValues(seed).From(sample.Alphabet("A-Za-z0-9"), 32)
}

func TestColumnsCountCodePointsAndUTF16Units(t *testing.T) {
	content := "x = 1\n# Ψ 🔑 é\nk = '🔑'; IONQ_API_KEY = '" + key(1) + "'\n"
	f := only(t, content, source.Origin{Path: "a.py"})
	l := f.Occurrences[0].Location
	if got := at(l); got != "3:26-3:58" {
		t.Errorf("code points: %s", got)
	}
	if l.Column16 != 27 || l.EndColumn16 != 59 {
		t.Errorf("UTF-16 units: %d-%d", l.Column16, l.EndColumn16)
	}
}

func TestAKeySeenRawAndInACellIsOneRecordThatNamesTheCell(t *testing.T) {
	content := `{"cells":[{"cell_type":"markdown","metadata":{},"source":["hi"]},
{"cell_type":"code","metadata":{},"outputs":[],"source":["import x\n",
"p = IonQProvider(\"` + key(2) + `\")\n"]}],
"metadata":{},"nbformat":4,"nbformat_minor":4}`
	f := only(t, content, source.Origin{Path: "a.ipynb"})
	l := f.Occurrences[0].Location
	if l.Notebook == nil || l.Notebook.Cell != 2 || l.Notebook.Part != "source" || l.Notebook.Line != 2 {
		t.Errorf("notebook: %+v", l.Notebook)
	}
	// The file's own line and column, for tools that open it as text.
	if got := at(l); got != "3:21-3:53" {
		t.Errorf("in the file: %s", got)
	}
}

func TestTheSameKeyInTwoPlacesIsTwoRecords(t *testing.T) {
	x := inspector(t)
	content := strings.Repeat("IONQ_API_KEY="+key(3)+"\n", 2)
	lines := map[int]bool{}
	for _, r := range x.Inspect([]byte(content), "a.sh", inspect.Position{}).Records {
		lines[r.Location.Line] = true
	}
	if len(lines) != 2 {
		t.Errorf("on %d lines", len(lines))
	}
}

func TestAKeyInAnIgnoredKeyStoreIsStored(t *testing.T) {
	for path, want := range map[string]bool{".env": true, "a/b/.env.local": true, ".qiskit/qiskit-ibm.json": true, "notes.txt": false} {
		for _, ignored := range []bool{true, false} {
			f := only(t, "IONQ_API_KEY="+key(4)+"\n", source.Origin{Path: path, Ignored: ignored})
			if f.Stored != (want && ignored) {
				t.Errorf("%s, ignored %t: stored is %t", path, ignored, f.Stored)
			}
		}
	}
}

func TestTheIdentityIgnoresThePlaceAndKeepsThePath(t *testing.T) {
	line := "IONQ_API_KEY=" + key(5) + "\n"
	o := source.Origin{Path: "a.sh", Repository: "example.com/r"}
	first := only(t, line, o)
	if moved := only(t, "#\n#\n"+line, o); moved.ID != first.ID {
		t.Error("another line gives another identity")
	}
	for name, other := range map[string]finding.Finding{
		"path":       only(t, line, source.Origin{Path: "b.sh", Repository: "example.com/r"}),
		"repository": only(t, line, source.Origin{Path: "a.sh", Repository: "example.com/s"}),
		"key":        only(t, "IONQ_API_KEY="+key(6)+"\n", o),
	} {
		if other.ID == first.ID {
			t.Errorf("another %s has the same identity", name)
		}
	}
}

func TestThePositionGoesOnFromOneChunkToTheNext(t *testing.T) {
	text := "ab\ncd🔑\ne"
	for cut := range len(text) {
		if text[cut]&0xC0 == 0x80 {
			continue // within a character
		}
		p := inspect.Position{}.After([]byte(text[:cut])).After([]byte(text[cut:]))
		if want := (inspect.Position{Line: 2, Column: 1, Column16: 1}); p != want {
			t.Errorf("cut at %d: %+v", cut, p)
		}
	}
}

func TestWhatAnArchiveHoldsInClearIsOneRecord(t *testing.T) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	text := "IONQ_API_KEY=" + key(7) + "\n"
	if err := w.WriteHeader(&tar.Header{Name: "a/.env", Mode: 0o600, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := only(t, packed.String(), source.Origin{Path: "x.tar"})
	if l := f.Occurrences[0].Location; l.Member != "a/.env" || l.Line != 1 || f.Path != "x.tar!a/.env" {
		t.Errorf("%q %+v", f.Path, l)
	}
}

// The bytes of an escape that touch a key make it another one: only what the
// decoded text shows is told.
func TestAnEscapeThatTouchesAKeyDoesNotChangeIt(t *testing.T) {
	v := sample.NewValues(8)
	value := v.From(sample.Alphabet("A-Za-z0-9"), 40)
	content := `{"text": "qbraid api-key = \n` + value + `\n"}`
	f := only(t, content, source.Origin{Path: "log.jsonl"})
	if !f.Secret.Equal(secret.New([]byte(value))) {
		t.Errorf("%d characters are taken for the key", f.Secret.Len())
	}
}

func TestResultsAreEqualOnlyIfTheyTellTheSame(t *testing.T) {
	x := inspector(t)
	look := func(content string) inspect.Result { return x.Inspect([]byte(content), "", inspect.Position{}) }
	line := "IONQ_API_KEY = '" + key(1) + "'\n"
	if a := look(line); len(a.Records) == 0 || !a.Equal(look(line)) {
		t.Error("a result must equal itself")
	}
	for name, other := range map[string]string{
		"none": "", "another key": "IONQ_API_KEY = '" + key(2) + "'\n", "another place": "\n" + line, "two": line + line,
	} {
		if look(line).Equal(look(other)) {
			t.Errorf("equal to %s", name)
		}
	}
}
