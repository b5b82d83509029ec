// Package scanner finds keys in the items of a source, in parallel, and gives
// the findings out in the items' order. It never reaches the network.
package scanner

import (
	"context"
	"iter"
	"runtime"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/stream"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Scanner finds keys. Its fields may not change while a scan runs.
type Scanner struct {
	Inspector *inspect.Inspector
	// Jobs is how many items are examined at once; 0 means GOMAXPROCS.
	Jobs int
	// Chunking says into what pieces items are read.
	Chunking source.Chunking
	// Tally counts what is read; optional.
	Tally *source.Tally
}

// Scan examines every item of a source. Findings and item errors come in the
// order of the items, whatever the number of jobs, with one occurrence each:
// finding.Merge joins them. The sequence is for one use; after break no
// goroutine is left; when the context ends, its cause is the last element.
func (s *Scanner) Scan(ctx context.Context, src source.Source) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		scan := *s
		scan.Chunking.Buffers = new(source.Buffers)
		parent := ctx
		ctx, cancel := context.WithCancel(ctx)
		outcomes := make(chan outcome)
		var producer conc.WaitGroup
		// Deferred calls run last first: stop the producer, then wait for it.
		defer producer.Wait()
		defer cancel()
		producer.Go(func() {
			defer close(outcomes)
			scan.produce(ctx, src, outcomes)
		})
		for o := range outcomes {
			if !o.yieldTo(yield) {
				return
			}
		}
		if parent.Err() != nil {
			yield(finding.Finding{}, context.Cause(parent))
		}
	}
}

// outcome is what one item gave.
type outcome struct {
	findings []finding.Finding
	errs     []error
}

func (o outcome) yieldTo(yield func(finding.Finding, error) bool) bool {
	for _, f := range o.findings {
		if !yield(f, nil) {
			return false
		}
	}
	for _, err := range o.errs {
		if !yield(finding.Finding{}, err) {
			return false
		}
	}
	return true
}

// produce examines items in parallel and sends their outcomes in order.
func (s *Scanner) produce(ctx context.Context, src source.Source, outcomes chan<- outcome) {
	jobs := s.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	send := func(o outcome) stream.Callback {
		return func() {
			select {
			case outcomes <- o:
			case <-ctx.Done():
			}
		}
	}
	tasks := stream.New().WithMaxGoroutines(jobs)
	defer tasks.Wait()
	for item, err := range src.Items(ctx) {
		if ctx.Err() != nil {
			return
		}
		tasks.Go(func() stream.Callback {
			if err != nil {
				return send(outcome{errs: []error{err}})
			}
			return send(s.examine(ctx, item))
		})
	}
}
