package reread_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/reread"
	"github.com/qleaks/qleaks/scanner/source"
)

func inspector(t testing.TB) *inspect.Inspector {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return &inspect.Inspector{Rules: set}
}

// keyOf makes a key of a rule.
func keyOf(t testing.TB, rule string, seed uint64) string {
	t.Helper()
	r := inspector(t).Rules.Rule(rule)
	if r == nil {
		t.Fatalf("no rule %s", rule)
	}
	return sample.Key(r, sample.NewValues(seed))
}

func read(t testing.TB, text string, change ...func(*reread.Options)) (reread.Reading, error) {
	t.Helper()
	o := reread.Options{Inspector: inspector(t)}
	for _, f := range change {
		f(&o)
	}
	return reread.Read(strings.NewReader(text), o)
}

func of(provider string) func(*reread.Options) {
	return func(o *reread.Options) { o.Provider = provider }
}

// holds complains if a reading is not of these rules and values, in order.
func holds(t *testing.T, r reread.Reading, err error, format reread.Format, want ...string) {
	t.Helper()
	if err != nil || r.Format != format {
		t.Fatalf("format %q, %v; skipped %v", r.Format, err, r.Skipped)
	}
	var got []string
	for _, e := range r.Entries {
		got = append(got, e.Rule.ID, e.Secret.Reveal())
		if e.ID == "" || e.Fingerprint == "" || len(e.Occurrences) == 0 {
			t.Errorf("%s is not whole", e.Rule.ID)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d entries of %v, want %d", len(got)/2, rulesOf(got), len(want)/2)
	}
}

func rulesOf(pairs []string) (ids []string) {
	for i := 0; i < len(pairs); i += 2 {
		ids = append(ids, pairs[i])
	}
	return ids
}

// scanned is a report of ours of a text.
func scanned(t *testing.T, text, format string, show bool) (document string, found []finding.Finding) {
	t.Helper()
	x := inspector(t)
	result, err := finding.Collect(func(yield func(finding.Finding, error) bool) {
		for _, r := range x.Inspect([]byte(text), "a.py", inspect.Position{}).Records {
			f, ok := x.Judge(r, source.Origin{Path: "a.py", Place: source.File, Repository: "example.org/r"})
			if ok && !yield(f, nil) {
				return
			}
		}
	}, finding.CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.Write(&b, format, result, report.Options{ShowSecrets: show}); err != nil {
		t.Fatal(err)
	}
	return b.String(), result.Findings
}

func TestOurOwnReportsComeBackAsTheyWere(t *testing.T) {
	ionq, ibm := keyOf(t, "ionq-api-key", 1), keyOf(t, "ibm-cloud-api-key", 2)
	text := fmt.Sprintf("provider = IonQProvider(%q)\nservice = QiskitRuntimeService(token=%q)\n", ionq, ibm)
	for _, format := range []string{"json", "jsonl"} {
		document, found := scanned(t, text, format, true)
		r, err := read(t, document)
		holds(t, r, err, reread.Qleaks, "ionq-api-key", ionq, "ibm-cloud-api-key", ibm)
		for i, e := range r.Entries {
			if e.ID != found[i].ID || e.Confidence != found[i].Confidence || e.Evidence != found[i].Evidence ||
				e.Occurrences[0].Location.Line != found[i].Occurrences[0].Location.Line || e.Repository != "example.org/r" {
				t.Errorf("%s came back otherwise: %s, %s", found[i].ID, e.ID, e.Confidence)
			}
		}
		document, _ = scanned(t, text, format, false)
		r, err = read(t, document)
		if err != nil || len(r.Entries) > 0 || r.Redacted != 2 || len(r.Skipped) != 2 {
			t.Errorf("%s without keys: %d entries, %d redacted, %v", format, len(r.Entries), r.Redacted, err)
		}
	}
}

func TestAReportCannotMakeAnythingAKey(t *testing.T) {
	aws := "AKIA" + strings.Repeat("ABCD", 4)
	document, _ := scanned(t, fmt.Sprintf("provider = IonQProvider(%q)\n", keyOf(t, "ionq-api-key", 1)), "json", true)
	for name, change := range map[string]func(f map[string]any){
		"another shape":    func(f map[string]any) { f["secret"] = aws + "/" + aws },
		"two lines":        func(f map[string]any) { f["secret"] = "abcdefghijklmnop\r\nX-Evil: 1aaaaaaa" },
		"an unknown rule":  func(f map[string]any) { f["rule"] = "no-such-rule" },
		"no place":         func(f map[string]any) { f["occurrences"] = []any{} },
		"nothing but size": func(f map[string]any) { f["secret"] = strings.Repeat("x", 1<<16) },
	} {
		var d map[string]any
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		change(d["findings"].([]any)[0].(map[string]any))
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := read(t, string(text)); err != nil || len(r.Entries) > 0 || len(r.Skipped) != 1 {
			t.Errorf("%s: %d entries, %d skipped, %v", name, len(r.Entries), len(r.Skipped), err)
		}
	}
}

// gitleaksReport is a report of gitleaks of one finding each.
func gitleaksReport(t *testing.T, pairs ...string) string {
	t.Helper()
	entries := []map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, map[string]any{
			"RuleID": "generic-api-key", "Description": "d", "StartLine": 3, "EndLine": 3, "StartColumn": 2, "EndColumn": 40, "Match": pairs[i], "Secret": pairs[i+1],
			"File": "a.py", "SymlinkFile": "", "Commit": "", "Entropy": 4.1, "Author": "", "Email": "", "Date": "", "Message": "", "Tags": []string{}, "Fingerprint": "a.py:generic-api-key:3",
		})
	}
	text, err := json.MarshalIndent(entries, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReportsOfGitleaks(t *testing.T) {
	ionq, qbraid, bare := keyOf(t, "ionq-api-key", 1), keyOf(t, "qbraid-api-key", 2), keyOf(t, "ionq-api-key", 3)
	document := gitleaksReport(t, `IONQ_API_KEY = "`+ionq+`"`, ionq, `QBRAID_API_KEY: `+qbraid, qbraid, `token = "`+bare+`"`, bare, "token = REDACTED", "REDACTED", `x = "abcd..."`, "abcd...")
	r, err := read(t, document)
	holds(t, r, err, reread.Gitleaks, "ionq-api-key", ionq, "qbraid-api-key", qbraid)
	if r.Redacted != 2 || len(r.Skipped) != 3 {
		t.Errorf("%d redacted, skipped %v", r.Redacted, r.Skipped)
	}
	if l := r.Entries[0].Occurrences[0].Location; l.Path != "a.py" || l.Line != 3 {
		t.Errorf("place %+v", l)
	}
	r, err = read(t, document, of("ionq"))
	holds(t, r, err, reread.Gitleaks, "ionq-api-key", ionq, "qbraid-api-key", qbraid, "ionq-api-key", bare)
	r, err = read(t, "[]")
	holds(t, r, err, reread.Gitleaks)
}

func TestReportsOfTrufflehog(t *testing.T) {
	ibm, qbraid, bare := keyOf(t, "ibm-cloud-api-key", 1), keyOf(t, "qbraid-api-key", 2), keyOf(t, "ionq-api-key", 3)
	line := func(detector, raw string) string {
		text, err := json.Marshal(map[string]any{
			"SourceMetadata": map[string]any{"Data": map[string]any{"Git": map[string]any{
				"commit": "0123abc", "file": "src/a.py", "email": "Ada <ada@example.org>", "repository": "https://example.org/r", "timestamp": "2024-05-01 12:00:00 +0000", "line": 7,
			}}},
			"SourceID": 1, "SourceType": 16, "DetectorType": 17, "DetectorName": detector, "Verified": false, "Raw": raw, "RawV2": "", "Redacted": "",
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + "\n"
	}
	lines := line("IbmCloudUserKey", ibm) + line("CustomRegex", qbraid) + line("CustomRegex", bare) + line("Box", "")
	for _, document := range []string{lines, "[" + strings.Join(strings.Split(strings.TrimSpace(lines), "\n"), ",") + "]"} {
		r, err := read(t, document)
		holds(t, r, err, reread.Trufflehog, "ibm-cloud-api-key", ibm, "qbraid-api-key", qbraid)
		if r.Redacted != 1 || len(r.Skipped) != 2 {
			t.Errorf("%d redacted, skipped %v", r.Redacted, r.Skipped)
		}
		o := r.Entries[0].Occurrences[0]
		if o.Location.Path != "src/a.py" || o.Location.Line != 7 || o.Git == nil || o.Git.Commit != "0123abc" || o.Git.Date.IsZero() {
			t.Errorf("place %+v", o)
		}
	}
}

func TestTextWithKeys(t *testing.T) {
	ionq, qbraid, bare := keyOf(t, "ionq-api-key", 1), keyOf(t, "qbraid-api-key", 2), keyOf(t, "ionq-api-key", 3)
	text := "# keys\n\n" + bare + "\r\n  " + qbraid + "\nsome prose that is no key\nshort\nIONQ_API_KEY=" + ionq + "\n"
	r, err := read(t, text)
	holds(t, r, err, reread.Plain, "qbraid-api-key", qbraid, "ionq-api-key", ionq)
	if len(r.Skipped) != 2 || r.Skipped[0].Path != "line 3" || r.Skipped[1].Path != "line 6" {
		t.Errorf("skipped %v", r.Skipped)
	}
	r, err = read(t, text, of("ionq"))
	holds(t, r, err, reread.Plain, "qbraid-api-key", qbraid, "ionq-api-key", ionq, "ionq-api-key", bare)
	if l := r.Entries[2].Occurrences[0]; l.Location.Line != 3 || l.Place != source.Stdin {
		t.Errorf("place %+v", l)
	}
	if r, err = read(t, bare, of("ibm")); err != nil || len(r.Entries) > 0 && r.Entries[0].Rule.ID == "ibm-cloud-api-key" {
		t.Errorf("a key of IonQ passes for one of IBM Cloud: %v", err)
	}
	r, err = read(t, "")
	holds(t, r, err, reread.Plain)
}

func TestWindowsShellsWriteUTF16(t *testing.T) {
	key := keyOf(t, "ionq-api-key", 1)
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		data := order.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(gitleaksReport(t, "IONQ_API_KEY="+key, key))) {
			data = order.AppendUint16(data, unit)
		}
		r, err := read(t, string(data))
		holds(t, r, err, reread.Gitleaks, "ionq-api-key", key)
	}
	r, err := read(t, "\ufeff"+gitleaksReport(t, "IONQ_API_KEY="+key, key))
	holds(t, r, err, reread.Gitleaks, "ionq-api-key", key)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

func TestWhatIsNoReportIsAnError(t *testing.T) {
	for text, want := range map[string]error{
		`{"$schema":"s","version":"2.1.0","runs":[]}`: reread.ErrSARIF,
		`{"a":1}`: reread.ErrNoReport, `[1]`: reread.ErrNoReport, `[{"RuleID":"x"}]`: reread.ErrNoReport,
		`{"schema":"qleaks.findings/9","findings":[]}`: reread.ErrNoReport,
		`{"schema":"qleaks.findings/1","findings":[`:   reread.ErrBroken,
		`{"schema":"qleaks.findings/1","findings":{}}`: reread.ErrBroken,
		`[] trailing`:                                                      reread.ErrBroken,
		`[{"RuleID":"r","Secret":"s"}`:                                     reread.ErrBroken,
		`[{"RuleID":"r","Secret":"s"},7]`:                                  reread.ErrBroken,
		strings.Repeat("[", 100_000):                                       reread.ErrBroken,
		strings.Repeat(`{"DetectorName":`, 20_000):                         reread.ErrBroken,
		`{"DetectorName":"x","Raw":"` + "\xff\xfe" + `"}` + "\n{\"a\":":    reread.ErrBroken,
		`{"schema":"qleaks.findings/1","type":"start"}` + "\n{\"type\":7}": reread.ErrBroken,
	} {
		if _, err := read(t, text); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", text, err, want)
		}
	}
	if _, err := reread.Read(endless{}, reread.Options{Inspector: inspector(t)}); !errors.Is(err, reread.ErrTooLarge) {
		t.Errorf("endless: %v", err)
	}
	if _, err := reread.Read(io.MultiReader(strings.NewReader("x"), brokenReader{}), reread.Options{Inspector: inspector(t)}); !errors.Is(err, errBroken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// TestDamagedReportsAreHarmless damages reports at random: whatever comes out
// of them has the form of a key, and no reason for skipping repeats a value.
func TestDamagedReportsAreHarmless(t *testing.T) {
	key := keyOf(t, "ionq-api-key", 1)
	own, _ := scanned(t, fmt.Sprintf("provider = IonQProvider(%q)\n", key), "json", true)
	whole := []string{own, gitleaksReport(t, "IONQ_API_KEY="+key, key), "IONQ_API_KEY=" + key + "\n" + key}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 150 {
		text := []byte(whole[i%len(whole)])
		for range 1 + rnd.IntN(4) {
			switch at := rnd.IntN(len(text)); rnd.IntN(3) {
			case 0:
				text[at] = byte(rnd.IntN(256))
			case 1:
				text = append(text[:at:at], text[min(len(text), at+rnd.IntN(9)):]...)
			default:
				text = append(text[:at:at], append([]byte(`{"[,:`)[rnd.IntN(5):], text[at:]...)...)
			}
			if len(text) == 0 {
				text = []byte(" ")
			}
		}
		r, err := read(t, string(text), of("ionq"))
		said := fmt.Sprint(err)
		for _, s := range r.Skipped {
			said += s.Reason
		}
		if secret.New([]byte(key)).In(said) {
			t.Fatalf("a key is told: %d", i)
		}
		for _, e := range r.Entries {
			if v := e.Secret.Reveal(); len(v) < 16 || strings.ContainsAny(v, " \r\n\x00\"") {
				t.Fatalf("an entry of %d bytes is no key", len(v))
			}
		}
	}
}
