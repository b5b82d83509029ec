package report_test

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// leaky is a result in which keys also stand in every name there is.
func leaky(value string) finding.Result {
	o := version(1, 1, 1, finding.ReachRef, "refs/heads/"+value, "refs/tags/v-"+value)
	o.Git.Author, o.Git.Email, o.Git.Commit, o.Git.Object = value, value+"@example.org", value, value
	o = inMember(inCell(o, 1, value, 1), value, value)
	o.Location.Path = "keys/" + value
	f := planted(qbraidRule(), value, "keys/"+value+"!"+value, rules.High, o, spot(source.File, 2, 2))
	f.Repository, f.Evidence = "example.org/"+value, "name "+value
	f.Standing = finding.Standing{Status: key.Active, Check: checked(key.Active, func() string { return "told " + value })}
	stored := planted(ionqRule(), value, ".env", rules.High, spot(source.File, 1, 1))
	stored.Stored = true
	return finding.Result{
		Findings: []finding.Finding{f, stored},
		Suppressed: []finding.Suppression{{
			Finding: f, By: finding.SuppressedByIgnore, Reason: "it is " + value, Owner: value, Until: value,
		}},
		Coverage: finding.Coverage{
			Unread:  1,
			Skipped: []finding.Skip{{Path: "dir-" + value + "/x", Outcome: source.Unread, Reason: "is " + value}},
			Reasons: []finding.Reason{{Outcome: source.Unread, Reason: "is " + value, Count: 1}},
		},
	}
}

func TestNoReportHoldsMaterial(t *testing.T) {
	value := material(77, "qbr_", 40)
	r := leaky(value)
	for _, format := range report.Formats() {
		for _, color := range []bool{false, true} {
			isQuiet(t, format, written(t, format, r, report.Options{Color: color}), value)
		}
	}
	var b strings.Builder
	s := report.NewStream(&b, report.Options{})
	if err := errors.Join(s.Finding(r.Findings[0]), s.Close(r)); err != nil {
		t.Fatal(err)
	}
	isQuiet(t, "stream", b.String(), value)
}

func isQuiet(t *testing.T, format, out, value string) {
	t.Helper()
	tail := value[8:] // more than the public prefix
	backward := []byte(tail)
	slices.Reverse(backward)
	for form, s := range map[string]string{
		"raw":    tail,
		"base64": base64.RawStdEncoding.EncodeToString([]byte(value))[2:40],
		"hex":    hex.EncodeToString([]byte(tail)),
		"back":   string(backward),
	} {
		if strings.Contains(strings.ToLower(out), strings.ToLower(s)) {
			t.Errorf("%s holds material (%s)", format, form)
		}
	}
}

func TestSecretsAreShownWhereAskedForAndRefusedElsewhere(t *testing.T) {
	value := material(78, "qbr_", 40)
	r := finding.Result{Findings: []finding.Finding{
		planted(qbraidRule(), value, "a", rules.High, spot(source.File, 1, 1)),
	}}
	o := report.Options{ShowSecrets: true}
	for _, format := range report.Formats() {
		var b strings.Builder
		err := report.Write(&b, format, r, o)
		switch format {
		case "text", "json", "jsonl":
			if err != nil || strings.Count(b.String(), value) != 1 {
				t.Errorf("%s: shown %d times, error %v", format, strings.Count(b.String(), value), err)
			}
		default:
			if !errors.Is(err, report.ErrSecretsNotShown) || b.Len() > 0 {
				t.Errorf("%s: error %v, %d bytes written", format, err, b.Len())
			}
		}
	}
}

func TestPublicPrefixIsShownOnlyIfTheKeyHasItAndItIsShort(t *testing.T) {
	greedy := qbraidRule()
	greedy.Token.Public = "qbr_abcdefghijklmnop"
	for _, c := range []struct {
		rule        *rules.Rule
		value, want string
	}{
		{qbraidRule(), material(1, "qbr_", 40), "qbr_…"},
		{qbraidRule(), material(1, "", 40), "…"},
		{greedy, greedy.Token.Public + material(1, "", 20), "…"},
		{ionqRule(), material(1, "", 32), "…"},
	} {
		r := finding.Result{Findings: []finding.Finding{planted(c.rule, c.value, "a", rules.High, spot(source.File, 1, 1))}}
		var d struct{ Findings []struct{ Redacted string } }
		if err := json.Unmarshal([]byte(written(t, "json", r, report.Options{})), &d); err != nil {
			t.Fatal(err)
		}
		if d.Findings[0].Redacted != c.want {
			t.Errorf("shown %q, want %q", d.Findings[0].Redacted, c.want)
		}
	}
}

func TestNoReportCommandsATerminalARunnerOrASpreadsheet(t *testing.T) {
	for seed := range uint64(120) {
		r := randomResult(seed)
		for _, format := range report.Formats() {
			isHarmless(t, format, written(t, format, r, report.Options{}))
		}
	}
	isHarmless(t, "text", written(t, "text", sample(t), report.Options{Width: 40}))
}

func isHarmless(t testing.TB, format, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Fatalf("%s is not UTF-8: %q", format, out)
	}
	for _, r := range out {
		if r != '\n' && (r < 0x20 || r >= 0x7f && r <= 0xa0 || strings.ContainsRune("\u200b\u200d\u2028\u2029\u202e\u2066\ufeff\u3164\u2003", r)) {
			t.Fatalf("%s holds %U", format, r)
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Fatalf("%s has a line that a runner obeys: %q", format, line)
		}
	}
	switch format {
	case "json", "sarif", "gitlab":
		if !json.Valid([]byte(out)) {
			t.Fatalf("%s is no JSON", format)
		}
	case "csv":
		isHarmlessTable(t, out)
	case "junit":
		isWellFormed(t, out)
	}
}

func isHarmlessTable(t testing.TB, out string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("csv: %v\n%s", err, out)
	}
	for _, row := range rows {
		for _, field := range row {
			if field != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(field)[0]) {
				t.Fatalf("csv has a formula: %q", field)
			}
		}
	}
}

func isWellFormed(t testing.TB, out string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(out))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("junit: %v\n%s", err, out)
		}
	}
}

func TestReportsDependOnTheResultAlone(t *testing.T) {
	for seed := range uint64(10) {
		for _, format := range report.Formats() {
			first := written(t, format, randomResult(seed), report.Options{})
			for range 3 {
				if written(t, format, randomResult(seed), report.Options{}) != first {
					t.Fatalf("%s differs from run to run", format)
				}
			}
		}
	}
}

func TestWritersLeaveTheResultAsItIs(t *testing.T) {
	r, untouched := leaky(material(77, "qbr_", 40)), leaky(material(77, "qbr_", 40))
	for _, format := range report.Formats() {
		_ = written(t, format, r, report.Options{})
	}
	o := report.Options{ShowSecrets: true}
	if written(t, "json", r, o) != written(t, "json", untouched, o) {
		t.Error("a writer changed the result")
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestWriteErrorsComeBack(t *testing.T) {
	for _, format := range report.Formats() {
		if err := report.Write(brokenPipe{}, format, sample(t), report.Options{}); !errors.Is(err, errPipe) {
			t.Errorf("%s: %v", format, err)
		}
	}
	s := report.NewStream(brokenPipe{}, report.Options{})
	if err := s.Close(finding.Result{}); !errors.Is(err, errPipe) {
		t.Errorf("stream: %v", err)
	}
}
