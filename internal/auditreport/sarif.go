package auditreport

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
)

// The part of SARIF 2.1.0 that is written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Home    string      `json:"informationUri"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID         string            `json:"id"`
		Short      sarifText         `json:"shortDescription"`
		Full       sarifText         `json:"fullDescription"`
		Help       sarifText         `json:"help"`
		HelpURI    string            `json:"helpUri"`
		Properties map[string]string `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// writeSARIF writes the lapses that have a place: of the others a code scanner
// can show nothing, so they are left to the other formats.
func writeSARIF(w io.Writer, r Report, _ Options) error {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "qleaks audit", Home: "https://github.com/qleaks/qleaks", Version: r.Version, Rules: []sarifRule{}}},
		Results: []sarifResult{},
	}
	index := map[string]int{}
	for _, l := range r.Lapses {
		for _, p := range placesOf(l) {
			i, ok := index[l.Policy]
			if !ok {
				i = len(run.Tool.Driver.Rules)
				index[l.Policy] = i
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, newSARIFRule(l.Policy))
			}
			run.Results = append(run.Results, newSARIFResult(l, p, i))
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// placesOf are the places that a lapse is about: the one that it names, or
// those where its key leaked.
func placesOf(l hygiene.Lapse) []hygiene.Place {
	switch {
	case l.Place != nil:
		return []hygiene.Place{*l.Place}
	case l.Case != nil:
		return l.Case.Leaks()
	}
	return nil
}

func newSARIFRule(id string) sarifRule {
	p, _ := hygiene.Find(id)
	return sarifRule{
		ID: "audit/" + id, Short: sarifText{p.Title}, Full: sarifText{p.Reason}, Help: sarifText{p.Advice}, HelpURI: p.Page,
		Properties: map[string]string{"security-severity": score(p.Severity)},
	}
}

// score is the number by which GitHub sorts alerts.
func score(s hygiene.Severity) string {
	switch s {
	case hygiene.Critical:
		return "9.5"
	case hygiene.High:
		return "8.0"
	case hygiene.Medium:
		return "5.0"
	case hygiene.Low:
	}
	return "2.0"
}

func newSARIFResult(l hygiene.Lapse, p hygiene.Place, rule int) sarifResult {
	level := "note"
	switch {
	case l.Severity.AtLeast(hygiene.High):
		level = "error"
	case l.Severity == hygiene.Medium:
		level = "warning"
	}
	result := sarifResult{
		RuleID: "audit/" + l.Policy, RuleIndex: rule, Level: level, Message: sarifText{subjectOf(l) + ": " + l.Said},
		Locations:    []sarifLocation{{sarifPhysical{Artifact: sarifArtifact{uriOf(p.Path)}}}},
		Fingerprints: map[string]string{"qleaks/v1": strings.Join([]string{l.Policy, p.Finding, strconv.Itoa(p.Line)}, "/")},
	}
	if p.Line > 0 {
		result.Locations[0].Physical.Region = &sarifRegion{p.Line}
	}
	return result
}

// uriOf makes a relative URI of a path; what is in an archive is at the archive.
func uriOf(name string) string {
	name, _, _ = strings.Cut(name, "!")
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	if slices.Contains(parts, "..") {
		return url.PathEscape(name)
	}
	return strings.TrimPrefix(strings.Join(parts, "/"), "/")
}

// compareSpots orders places as reports do.
func compareSpots(a, b hygiene.Place) int {
	if order := strings.Compare(a.Path, b.Path); order != 0 {
		return order
	}
	return a.Line - b.Line
}
