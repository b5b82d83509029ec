package cli

import (
	"errors"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestOfConfidenceAndFailOnTheClearerWordDecides(t *testing.T) {
	for name, c := range map[string]struct {
		flags   judgeOptions
		origins map[string]origin
		file    *fileConfig
		shown   rules.Confidence
		failing failOn
		wrong   bool
	}{
		"defaults":                     {flags: judgeOptions{Confidence: "medium", FailOn: "medium"}, shown: rules.Medium, failing: "medium"},
		"fail on low shows low":        {flags: judgeOptions{Confidence: "medium", FailOn: "low"}, origins: map[string]origin{"fail-on": fromFlag}, shown: rules.Low, failing: "low"},
		"showing high fails on high":   {flags: judgeOptions{Confidence: "high", FailOn: "medium"}, origins: map[string]origin{"confidence": fromFlag}, shown: rules.High, failing: "high"},
		"showing low fails on medium":  {flags: judgeOptions{Confidence: "low", FailOn: "medium"}, origins: map[string]origin{"confidence": fromFlag}, shown: rules.Low, failing: "medium"},
		"a flag against a variable":    {flags: judgeOptions{Confidence: "high", FailOn: "low"}, origins: map[string]origin{"confidence": fromFlag, "fail-on": fromEnvironment}, shown: rules.High, failing: "high"},
		"two flags":                    {flags: judgeOptions{Confidence: "high", FailOn: "low"}, origins: map[string]origin{"confidence": fromFlag, "fail-on": fromFlag}, wrong: true},
		"none never contradicts":       {flags: judgeOptions{Confidence: "high", FailOn: "none"}, origins: map[string]origin{"confidence": fromFlag, "fail-on": fromFlag}, shown: rules.High, failing: "none"},
		"the file before the defaults": {flags: judgeOptions{Confidence: "medium", FailOn: "medium"}, file: &fileConfig{Scan: scanSection{FailOn: new("high")}}, shown: rules.Medium, failing: "high"},
		"a variable before the file":   {flags: judgeOptions{Confidence: "medium", FailOn: "low"}, origins: map[string]origin{"fail-on": fromEnvironment}, file: &fileConfig{Scan: scanSection{FailOn: new("high")}}, shown: rules.Low, failing: "low"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := resolve(c.flags, c.origins, c.file)
			if c.wrong {
				if err == nil {
					t.Error("it is accepted")
				}
				return
			}
			if err != nil || s.Confidence != c.shown || s.FailOn != c.failing {
				t.Errorf("shows %v, fails on %s, %v", s.Confidence, s.FailOn, err)
			}
		})
	}
}

func TestWhatFails(t *testing.T) {
	high := finding.Finding{Confidence: rules.High, Standing: finding.Standing{Status: key.Unknown}}
	active := finding.Finding{Confidence: rules.Low, Standing: finding.Standing{Status: key.Active}}
	stored := finding.Finding{Confidence: rules.High, Standing: finding.Standing{Status: key.Active}, Stored: true}
	for _, c := range []struct {
		line failOn
		f    finding.Finding
		want bool
	}{
		{"high", high, true}, {"low", high, true}, {"none", high, false}, {"active", high, false},
		{"active", active, true}, {"medium", active, true}, {"none", active, false}, {"low", active, true},
		{"low", stored, false}, {"active", stored, false},
	} {
		if got := c.line.fails(c.f); got != c.want {
			t.Errorf("--fail-on %s, %v %v stored %v: %v", c.line, c.f.Confidence, c.f.Status, c.f.Stored, got)
		}
	}
}

func TestAWrongConfigurationNamesTheLine(t *testing.T) {
	for content, line := range map[string]int{
		"[scan]\nstrict = true\nconfidnce = 1\n":       3,
		"[scann]\nstrict = true\n":                     1,
		"strict = true\n":                              1,
		"[[ignore]]\nid = \"a\"\nreson = \"x\"\n":      3,
		"[scan]\nstrict = \n":                          2,
		"[scan]\n\"confidnce\" = \"high\"\n":           2,
		"[scan]\nexclude = [\"a\",\n\"b\"]\nfoo = 1\n": 4,
	} {
		_, err := parseConfig([]byte(content))
		var wrong *configError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %v", content, err)
			continue
		}
		if wrong.line != line {
			t.Errorf("%q: %v, want line %d", content, err, line)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("[scan]\nexclude = [\"**/a\"]\n[[ignore]]\nid = \"a\"\nreason = \"b\"\nuntil = 2027-01-01\n")
	f.Add("[scan]\nx = 1")
	f.Fuzz(func(_ *testing.T, content string) {
		c, err := parseConfig([]byte(content))
		if err == nil {
			c.excludes("a/b/c")
		}
	})
}

func TestExcludesMatchFromTheRootOrByName(t *testing.T) {
	c := &fileConfig{Scan: scanSection{Exclude: []string{"docs/**", "*.lock", "/build", "a/*/c", "vendor/"}}}
	for name, want := range map[string]bool{
		"docs/a/b.md": true, "x/docs/a.md": false, "poetry.lock": true, "x/y/poetry.lock": true,
		"build": true, "build/x": true, "x/build": false, "a/b/c": true, "a/b/b/c": false,
		"vendor/x": true, "x/vendor/y": true, "src/main.py": false,
	} {
		if got := c.excludes(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (*fileConfig)(nil).excludes("a") {
		t.Error("no configuration excludes nothing")
	}
}

func TestTheProgressLineSaysHowLongItTakes(t *testing.T) {
	var tally source.Tally
	tally.Files.Store(1)
	if got := progressLine(&tally, time.Millisecond); got != "scanning: 1 file, 0 B" {
		t.Error(got)
	}
	tally.Objects.Store(2999)
	tally.Expected.Store(12000)
	tally.Bytes.Store(30_000_000)
	if got := progressLine(&tally, 10*time.Second); got != "scanning: 1 file, 2,999 objects of 12,000, 30.0 MB, 3.0 MB/s, 30s left" {
		t.Error(got)
	}
}

func TestCredentialsInAURLAreNotShown(t *testing.T) {
	for url, want := range map[string]string{
		"https://user:word@example.org/a/b?x=1": "https://example.org/a/b",
		"https://example.org":                   "https://example.org",
		"git@example.org:a/b":                   "example.org:a/b",
		"https://u:w@x@example.org/a":           "https://example.org/a",
	} {
		if got := withoutCredentials(url); got != want || !isURL(url) {
			t.Errorf("%s: %s", url, got)
		}
	}
	for _, path := range []string{".", "a/b", "/a/b", "C:\\a", "a.txt", "-"} {
		if isURL(path) {
			t.Errorf("%s is no URL", path)
		}
	}
}

func TestHistoryOutsideOfAPartIsTold(t *testing.T) {
	blob := func(path, commit string) finding.Finding {
		return finding.Finding{Occurrences: []finding.Occurrence{{Place: source.Blob, Location: finding.Location{Path: path}, Git: &finding.Git{Commit: commit}}}}
	}
	message := finding.Finding{Occurrences: []finding.Occurrence{{Place: source.CommitMessage}}}
	for name, c := range map[string]struct {
		f    finding.Finding
		part string
		want bool
	}{
		"no part":         {blob("lib/a", "c"), "", false},
		"inside":          {blob("src/a", "c"), "src", false},
		"outside":         {blob("lib/a", "c"), "src", true},
		"a longer name":   {blob("src2/a", "c"), "src", true},
		"dangling":        {blob("objects/1", ""), "src", false},
		"commit message":  {message, "src", false},
		"the part itself": {blob("src", "c"), "src", false},
	} {
		if got := isOutside(c.f, c.part); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheWordThatWasMeant(t *testing.T) {
	words := []string{"scan", "trust", "rules"}
	for wrong, want := range map[string]string{"scna": `did you mean "scan"?`, "rule": `did you mean "rules"?`, "xyzzy": ""} {
		got := ""
		if hints := didYouMean(wrong, words); len(hints) > 0 {
			got = hints[0]
		}
		if got != want {
			t.Errorf("%s: %q", wrong, got)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for got, want := range map[string]string{
		plural(1, "file"): "1 file", plural(0, "file"): "0 files", plural(1234567, "entry"): "1,234,567 entries",
		size(999): "999 B", size(12_345): "12 kB", size(81_000_000): "81.0 MB", size(2_500_000_000): "2.5 GB",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
