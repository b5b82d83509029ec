package report_test

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

type sarifDocument struct {
	Schema string `json:"$schema"`
	Runs   []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID                                      string
					ShortDescription, FullDescription, Help struct{ Text, Markdown string }
					Properties                              map[string]any
				}
			}
		}
		Invocations              []struct{ ExecutionSuccessful bool }
		AutomationDetails        struct{ ID string }
		VersionControlProvenance []struct{ RepositoryURI string }
		Results                  []sarifResult
	}
}

type sarifResult struct {
	RuleID              string
	RuleIndex           int
	Level               string
	Message             struct{ Text string }
	Locations           []sarifLocation
	RelatedLocations    []sarifLocation
	PartialFingerprints map[string]string
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct{ URI, URIBaseID string }
		Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
	}
}

func parsedSARIF(t testing.TB, document string) sarifDocument {
	t.Helper()
	var d sarifDocument
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// followsGitHub checks what GitHub code scanning asks for beyond the standard.
func followsGitHub(t testing.TB, document string) {
	t.Helper()
	run := parsedSARIF(t, document).Runs[0]
	require := func(ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("%s\n%s", what, document)
		}
	}
	require(run.AutomationDetails.ID == "qleaks/", "the category is not qleaks/")
	require(!strings.Contains(document, `"snippet"`), "there is a snippet")
	for _, r := range run.Tool.Driver.Rules {
		severity, isString := r.Properties["security-severity"].(string)
		value, err := strconv.ParseFloat(severity, 64)
		require(isString && err == nil && value > 0 && value <= 10, "security-severity is no string of a number up to 10")
		require(r.ShortDescription.Text != "" && len(r.ShortDescription.Text) <= 1024, "short description of "+r.ID)
		require(r.FullDescription.Text != "" && r.Help.Text != "" && r.Help.Markdown != "", "description or help of "+r.ID)
		require(len(r.Properties["tags"].([]any)) <= 10, "more than ten tags")
	}
	hashes := map[string]bool{}
	for _, result := range run.Results {
		require(run.Tool.Driver.Rules[result.RuleIndex].ID == result.RuleID, "ruleIndex does not lead to the rule")
		require(result.Message.Text != "" && slices.Contains([]string{"error", "warning", "note"}, result.Level), "message or level")
		require(len(result.Locations) == 1, "not one location")
		hash := result.PartialFingerprints["primaryLocationLineHash"]
		require(regexp.MustCompile(`^[0-9a-f]{16}:[0-9]+$`).MatchString(hash) && !hashes[hash], "line hash "+hash)
		require(result.PartialFingerprints["qleaks/v1"] != "", "no identity")
		hashes[hash] = true
		for _, l := range append(result.Locations, result.RelatedLocations...) {
			artifact, region := l.PhysicalLocation.ArtifactLocation, l.PhysicalLocation.Region
			u, err := url.Parse(artifact.URI)
			require(err == nil && u.Scheme == "" && u.Host == "" && u.RawQuery == "" && u.Fragment == "" && artifact.URIBaseID == "%SRCROOT%",
				"no relative URI: "+artifact.URI)
			require(artifact.URI != "" && artifact.URI[0] != '/' && !strings.HasPrefix(path.Clean(artifact.URI)+"/", "../"), "URI leaves the root: "+artifact.URI)
			require(region.StartLine >= 1 && region.StartColumn >= 1 && region.EndLine >= region.StartLine, "region")
			require(region.EndLine > region.StartLine || region.EndColumn >= region.StartColumn, "region ends before it starts")
		}
	}
}

func TestSARIFHasOneResultForEachLeakAtItsFirstPlace(t *testing.T) {
	run := parsedSARIF(t, written(t, "sarif", sample(t), report.Options{})).Runs[0]
	var got []string
	for _, r := range run.Results {
		p := r.Locations[0].PhysicalLocation
		got = append(got, r.Level+" "+p.ArtifactLocation.URI+":"+strconv.Itoa(p.Region.StartLine)+":"+strconv.Itoa(p.Region.StartColumn))
	}
	want := []string{
		"warning a%1B%5B31m%0A%3A%3Aerror%3A%3Ax%E2%80%AE%FF/%23%23%5Bgroup%5Db%2C%3D%22c.py:1:2",
		"warning app.py:8:3",
		"warning docs/guide.md:10:6",
		"warning either.py:1:2",
		"error foreign.py:1:2",
		"error notebooks/vqe.ipynb:214:19", // in UTF-16 units: one more than in code points
		"warning objects/a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9:3:9",
		"error old.zip:1:1",
		"error tools/run.sh:7:23",
	}
	if !slices.Equal(got, want) {
		t.Errorf("results:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if run.Invocations[0].ExecutionSuccessful {
		t.Error("a scan that is not complete counts as successful")
	}
}

func TestSARIFAlertFollowsItsKeyFromLineToLine(t *testing.T) {
	hash := func(line int) string {
		r := finding.Result{Findings: []finding.Finding{
			planted(ionqRule(), material(1, "", 32), "a.py", rules.High, spot(source.File, line, 1)),
		}}
		return parsedSARIF(t, written(t, "sarif", r, report.Options{})).Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"]
	}
	if hash(1) != hash(99) {
		t.Error("the hash changes with the line")
	}
}

func TestSARIFDropsCredentialsOfTheRepositoryURI(t *testing.T) {
	o := report.Options{Checkouts: []report.Checkout{
		{URI: "https://user:password@example.org/r?token=x#y"}, {URI: "git@example.org:r"}, {URI: "\x00"},
	}}
	document := written(t, "sarif", finding.Result{}, o)
	got := parsedSARIF(t, document).Runs[0].VersionControlProvenance
	if len(got) != 1 || got[0].RepositoryURI != "https://example.org/r" {
		t.Errorf("provenance %v", got)
	}
}

// TestSARIFPassesMicrosoftsValidator needs npm; QLEAKS_REQUIRE=sarif demands it.
func TestSARIFPassesMicrosoftsValidator(t *testing.T) {
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "sarif") {
		t.Skip("QLEAKS_REQUIRE does not name sarif")
	}
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	run("npm", "install", "--no-save", "--prefix", dir, "@microsoft/sarif-multitool@5.7.0")
	tools, err := filepath.Glob(filepath.Join(dir, "node_modules/@microsoft/sarif-multitool-*/Sarif.Multitool"))
	if err != nil || len(tools) != 1 {
		t.Fatalf("validator not found: %v %v", tools, err)
	}
	if err := os.Chmod(tools[0], 0o700); err != nil {
		t.Fatal(err)
	}
	document := written(t, "sarif", sample(t), report.Options{
		Version: "0.1.0", Checkouts: []report.Checkout{{URI: "https://example.org/r", Revision: "1f1f1f1"}},
	})
	if err := os.WriteFile(filepath.Join(dir, "x.sarif"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(tools[0], "validate", "x.sarif", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning")
	for line := range strings.Lines(out) {
		if strings.Contains(line, ": error ") || strings.Contains(line, ": warning ") {
			t.Error(strings.TrimSpace(line))
		}
	}
}
