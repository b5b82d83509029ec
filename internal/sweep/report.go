package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// maxReport is the most that a report of one repository may be, in bytes.
const maxReport = 256 << 20

var errReport = errors.New("what read the repository wrote no report")

// document is what is taken of a report of qleaks.findings/1.
type document struct {
	Schema   string            `json:"schema"`
	Findings []json.RawMessage `json:"findings"`
	Coverage struct {
		Complete bool `json:"complete"`
		counts
		Skipped json.RawMessage `json:"skipped"`
	} `json:"coverage"`
}

type counts struct {
	Files    int64 `json:"files"`
	Objects  int64 `json:"objects"`
	Blobs    int64 `json:"blobs"`
	Bytes    int64 `json:"bytes"`
	Unread   int64 `json:"unread"`
	Excluded int64 `json:"excluded"`
}

type findingRecord struct {
	ID          string            `json:"id"`
	Path        string            `json:"path"`
	Stored      bool              `json:"stored"`
	Expires     time.Time         `json:"expires"`
	Occurrences []json.RawMessage `json:"occurrences"`
	kind
}

type kind struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Provider    string `json:"provider"`
	Confidence  string `json:"confidence"`
}

// maxPlaces is how many places of a finding are kept.
const maxPlaces = 100

// ReadReport reads a report in the json format. It takes fields by name, and of
// these none that can hold key material.
func ReadReport(r io.Reader) (Reading, error) {
	limited := &io.LimitedReader{R: r, N: maxReport + 1}
	var d document
	if err := json.NewDecoder(limited).Decode(&d); err != nil || limited.N == 0 || d.Schema != "qleaks.findings/1" {
		return Reading{}, errReport
	}
	got := Reading{Complete: d.Coverage.Complete}
	numbers, err := json.Marshal(d.Coverage.counts)
	if err != nil {
		return Reading{}, fmt.Errorf("write the numbers of a report: %w", err)
	}
	got.Extent = records.Extent{Counts: numbers, Skipped: d.Coverage.Skipped}
	for _, text := range d.Findings {
		s, err := sighting(text)
		if err != nil {
			return Reading{}, err
		}
		got.Sightings = append(got.Sightings, s)
	}
	return got, nil
}

func sighting(text json.RawMessage) (records.Sighting, error) {
	var f findingRecord
	if err := json.Unmarshal(text, &f); err != nil || f.ID == "" || f.Fingerprint == "" {
		return records.Sighting{}, errReport
	}
	s := records.Sighting{ID: f.ID, Kind: records.Kind(f.kind), Path: f.Path, Stored: f.Stored, Expires: f.Expires}
	for _, text := range f.Occurrences {
		var o struct {
			Git *struct{ Reach string }
		}
		if err := json.Unmarshal(text, &o); err != nil {
			return s, errReport
		}
		// A place without a history is a file, or the repository's own.
		if o.Git == nil || o.Git.Reach == "" || slices.Contains([]string{"ref", "stash", "index"}, o.Git.Reach) {
			s.Referenced = true
		}
	}
	places, err := json.Marshal(f.Occurrences[:min(len(f.Occurrences), maxPlaces)])
	s.Places = places
	return s, err
}

// ReadRemediation reads from a report in the json format what providers said of
// keys, and the file of the plan which was made, "" if none was, or if it was
// carried out.
func ReadRemediation(r io.Reader) (answers []records.Answer, plan string, err error) {
	limited := &io.LimitedReader{R: r, N: maxReport + 1}
	var d struct {
		Schema   string `json:"schema"`
		Findings []struct {
			Fingerprint  string          `json:"fingerprint"`
			Status       string          `json:"status"`
			Verification json.RawMessage `json:"verification"`
		} `json:"findings"`
		Remediation struct {
			Result string `json:"result"`
			File   string `json:"file"`
		} `json:"remediation"`
	}
	if err := json.NewDecoder(limited).Decode(&d); err != nil || limited.N == 0 || d.Schema != "qleaks.findings/1" {
		return nil, "", errReport
	}
	told := map[string]bool{}
	for _, f := range d.Findings {
		if f.Fingerprint != "" && !told[f.Fingerprint] {
			told[f.Fingerprint] = true
			answers = append(answers, records.Answer{Fingerprint: f.Fingerprint, Standing: f.Status, Verdict: f.Verification})
		}
	}
	if d.Remediation.Result == "planned" {
		plan = d.Remediation.File
	}
	return answers, plan, nil
}
