package report_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

func findingsSchema(t testing.TB, part string) schematest.Schema {
	t.Helper()
	schema, err := report.Schema("findings")
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Part(t, schema, part)
}

func sarifSchema(t testing.TB) schematest.Schema {
	t.Helper()
	schema, err := os.ReadFile("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Compile(t, schema)
}

func validates(t testing.TB, s schematest.Schema, document string) {
	t.Helper()
	if err := s.Check(document); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
}

func TestDocumentsFollowTheirSchemas(t *testing.T) {
	whole, line, sarif := findingsSchema(t, ""), findingsSchema(t, "/$defs/line"), sarifSchema(t)
	check := func(r finding.Result, o report.Options) {
		validates(t, whole, written(t, "json", r, o))
		for l := range strings.Lines(written(t, "jsonl", r, o)) {
			validates(t, line, l)
		}
		o.ShowSecrets = false
		document := written(t, "sarif", r, o)
		validates(t, sarif, document)
		followsGitHub(t, document)
	}
	check(sample(t), report.Options{ShowSecrets: true, Version: "1"})
	check(finding.Result{}, report.Options{})
	for seed := range uint64(60) {
		check(randomResult(seed), report.Options{})
	}
}

func TestSchemaRefusesWhatItDoesNotKnow(t *testing.T) {
	whole, line := findingsSchema(t, ""), findingsSchema(t, "/$defs/line")
	document := written(t, "json", sample(t), report.Options{})
	for name, change := range map[string]func(map[string]any){
		"another version":  func(d map[string]any) { d["schema"] = "qleaks.findings/2" },
		"an unknown field": func(d map[string]any) { d["more"] = 1 },
		"an unknown field of a finding": func(d map[string]any) {
			d["findings"].([]any)[0].(map[string]any)["material"] = "x"
		},
		"a confidence that is none": func(d map[string]any) {
			d["findings"].([]any)[0].(map[string]any)["confidence"] = "none"
		},
		"no coverage": func(d map[string]any) { delete(d, "coverage") },
	} {
		var d map[string]any
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		change(d)
		changed, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if whole.Check(string(changed)) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if line.Check(`{"type": "finding"}`) == nil {
		t.Error("a line that is nothing is accepted")
	}
}

func TestUnknownSchemaAndFormatAreErrorsThatNameTheKnownOnes(t *testing.T) {
	if _, err := report.Schema("finding"); err == nil || !strings.Contains(err.Error(), "findings") {
		t.Errorf("Schema: %v", err)
	}
	err := report.Write(&strings.Builder{}, "yaml", finding.Result{}, report.Options{})
	if err == nil || !strings.Contains(err.Error(), strings.Join(report.Formats(), ", ")) {
		t.Errorf("Write: %v", err)
	}
	for _, name := range report.Schemas() {
		if _, err := report.Schema(name); err != nil {
			t.Error(err)
		}
	}
}

func TestJSONGivesBackTheTextAsItWas(t *testing.T) {
	var d struct{ Findings []struct{ Path string } }
	if err := json.Unmarshal([]byte(written(t, "json", sample(t), report.Options{})), &d); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(hostilePath, "\xff", `\xff`)
	for _, f := range d.Findings {
		if f.Path == want {
			return
		}
	}
	t.Errorf("no finding has the path %q", want)
}

func TestStreamGivesTheSameFindingsAsJSON(t *testing.T) {
	r := sample(t)
	var b strings.Builder
	s := report.NewStream(&b, report.Options{})
	for _, v := range slices.Backward(r.Findings) {
		if err := s.Finding(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(finding.Result{Coverage: r.Coverage, Below: r.Below, Suppressed: r.Suppressed}); err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(written(t, "json", r, report.Options{})), &whole); err != nil {
		t.Fatal(err)
	}
	var findings, suppressed []any
	var end map[string]any
	for l := range strings.Lines(b.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			t.Fatal(err)
		}
		kind := line["type"]
		delete(line, "type")
		switch kind {
		case "finding":
			findings = append([]any{line}, findings...)
		case "suppressed":
			suppressed = append(suppressed, line)
		case "end":
			end = line
		}
	}
	got := map[string]any{
		"schema": "qleaks.findings/1", "findings": findings, "suppressed": suppressed,
		"coverage": end["coverage"], "summary": end["summary"],
	}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Errorf("json and stream differ (-json +stream):\n%s", diff)
	}
}

func TestStreamThatFoundNothingHasAStartAndAnEnd(t *testing.T) {
	var b strings.Builder
	if err := report.NewStream(&b, report.Options{}).Close(finding.Result{}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(b.String()), "\n"); len(lines) != 2 {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
}
