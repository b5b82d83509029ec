package finding

import (
	"errors"
	"iter"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/source"
)

// Result is a finished scan, as reports show it.
type Result struct {
	// Findings are merged and in the order of reports.
	Findings []Finding
	Coverage Coverage
	// Below counts findings that were left out for their low confidence.
	Below int
	// Suppressed are findings that their owners chose not to be told of.
	Suppressed []Suppression
	// Alerts are those of a service that looks for keys itself, joined with the
	// findings; nil where nobody was asked.
	Alerts []Alert
}

// CollectOptions says what Collect cannot see in the findings.
type CollectOptions struct {
	// Tally holds the numbers of the coverage; nil means zeroes. It is read
	// when the sequence has ended.
	Tally *source.Tally
	// Strict counts what was excluded as unread.
	Strict bool
}

// Collect merges what a scan yields and counts what was not read. Item errors
// are part of the Result; any other error, also the cause of a context that
// ended, is returned together with what was collected until then, and the
// Result's coverage says that the scan was interrupted.
func Collect(seq iter.Seq2[Finding, error], o CollectOptions) (Result, error) {
	var result Result
	var end error
	left := newLeftovers(o.Strict)
	for f, err := range Merge(seq) {
		var item *source.ItemError
		switch {
		case err == nil:
			result.Findings = append(result.Findings, f)
		case errors.As(err, &item):
			left.add(item)
		default:
			end = err
		}
	}
	result.Coverage = left.coverage()
	result.Coverage.Strict = o.Strict
	result.Coverage.Interrupted = end != nil
	result.Coverage.Complete = end == nil && result.Coverage.Unread == 0
	result.Coverage.count(o.Tally)
	return result, end
}

// AtLeast returns the Result without the findings that are less sure; Below
// counts them. A key that works is sure enough.
func (r Result) AtLeast(least rules.Confidence) Result {
	kept := make([]Finding, 0, len(r.Findings))
	for _, f := range r.Findings {
		if f.Confidence < least && f.Status != key.Active {
			r.Below++
			continue
		}
		kept = append(kept, f)
	}
	r.Findings = kept
	return r
}
