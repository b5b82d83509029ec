package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/finding"
)

func writeJSON(w io.Writer, r finding.Result, o Options) error {
	return encode(w, newDocument(mapResult(prepare(r, o), validText), o), "  ")
}

// writeJSONL writes a line for the start, one for each finding and suppressed
// finding, and one for the end.
func writeJSONL(w io.Writer, r finding.Result, o Options) error {
	r = prepare(r, o)
	s := NewStream(w, o)
	for _, f := range r.Findings {
		if err := s.Finding(f); err != nil {
			return err
		}
	}
	return s.Close(r)
}

// Stream writes the jsonl format while a scan runs: a line as soon as there is
// a finding, in whatever order they come. It is not safe for concurrent use.
type Stream struct {
	w       io.Writer
	o       Options
	counter finding.Counter
	started bool
}

// NewStream returns a Stream that writes each line to w with one call. It
// writes nothing yet.
func NewStream(w io.Writer, o Options) *Stream {
	return &Stream{w: w, o: o}
}

type startLine struct {
	Schema string `json:"schema"`
	Type   string `json:"type"`
}

type suppressedLine struct {
	Type string `json:"type"`
	suppressRecord
}

type endLine struct {
	Type     string         `json:"type"`
	Coverage coverageRecord `json:"coverage"`
	Summary  summaryRecord  `json:"summary"`

	Alerts      []alertRecord `json:"alerts,omitempty"`
	Remediation any           `json:"remediation,omitempty"`
}

// Finding writes one finding. Findings need not be merged: the same ID may
// come again with other occurrences.
func (s *Stream) Finding(f finding.Finding) error {
	if err := s.start(); err != nil {
		return err
	}
	s.counter.Add(f)
	f = mapFinding(mapFinding(f, masking([]finding.Finding{f}, s.o)), validText)
	record := newFindingRecord(f, s.o)
	record.Type = "finding"
	return encode(s.w, record, "")
}

// Close writes the suppressed findings, and the last line with the coverage of
// the result and the summary of the findings that were written. The findings
// of the result itself are not written. A stream without this line is not
// complete.
func (s *Stream) Close(r finding.Result) error {
	if err := s.start(); err != nil {
		return err
	}
	r = prepare(r, s.o)
	r.Findings = nil
	r = mapResult(r, validText)
	for _, suppressed := range r.Suppressed {
		line := suppressedLine{Type: "suppressed", suppressRecord: newSuppressRecord(suppressed, s.o)}
		if err := encode(s.w, line, ""); err != nil {
			return err
		}
	}
	summary := s.counter.Summary()
	summary.Below, summary.Suppressed = r.Below, len(r.Suppressed)
	return encode(s.w, endLine{
		Type: "end", Coverage: newCoverageRecord(r.Coverage), Summary: newSummaryRecord(summary), Remediation: s.o.Remediation,
		Alerts: newAlertRecords(r.Alerts),
	}, "")
}

func (s *Stream) start() error {
	if s.started {
		return nil
	}
	s.started = true
	return encode(s.w, startLine{Schema: findingsSchema, Type: "start"}, "")
}

// encode writes v as JSON and a line feed, with one call of Write.
func encode(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encoding JSON: %w", err)
	}
	_, err := w.Write(escapeInvisible(b.Bytes()))
	return err
}

// escapeInvisible writes characters that Clean would not let pass as JSON's own
// escapes: readers get the text as it is, and a terminal or a CI log that is
// shown the document gets nothing to obey. Outside strings JSON has no such
// character but the line feed.
func escapeInvisible(document []byte) []byte {
	out := make([]byte, 0, len(document))
	for len(document) > 0 {
		r, size := utf8.DecodeRune(document)
		switch {
		case r == '\n':
			out = append(out, '\n')
		case bytes.HasPrefix(document, []byte(loggingCommand)):
			out = append(out, `##\u005b`...)
			size = len(loggingCommand)
		case isVisible(r):
			out = append(out, document[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		document = document[size:]
	}
	return out
}

// oneLine joins texts that are not empty.
func oneLine(separator string, texts ...string) string {
	var some []string
	for _, t := range texts {
		if t != "" {
			some = append(some, t)
		}
	}
	return strings.Join(some, separator)
}
