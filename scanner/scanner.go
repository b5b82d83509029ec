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

// batch is how many items one worker examines after each other: handing over a
// small file costs as much as reading it.
const batch = 8

// outcome is what some items gave, in their order.
type outcome struct {
	elements []element
}

// element is a finding or an error.
type element struct {
	finding finding.Finding
	err     error
}

func (o *outcome) found(f finding.Finding) { o.elements = append(o.elements, element{finding: f}) }

func (o *outcome) failed(err error) { o.elements = append(o.elements, element{err: err}) }

func (o *outcome) yieldTo(yield func(finding.Finding, error) bool) bool {
	for _, e := range o.elements {
		if !yield(e.finding, e.err) {
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
	tasks := stream.New().WithMaxGoroutines(jobs)
	defer tasks.Wait()
	var next []listed
	examine := func() {
		items := next
		next = nil
		tasks.Go(func() stream.Callback {
			out := s.examineAll(ctx, items)
			return func() {
				if len(out.elements) == 0 {
					return
				}
				select {
				case outcomes <- out:
				case <-ctx.Done():
				}
			}
		})
	}
	for item, err := range src.Items(ctx) {
		if ctx.Err() != nil {
			return
		}
		if next = append(next, listed{item, err}); len(next) == batch {
			examine()
		}
	}
	if len(next) > 0 {
		examine()
	}
}

// listed is what a source yields.
type listed struct {
	item source.Item
	err  error
}

func (s *Scanner) examineAll(ctx context.Context, items []listed) (out outcome) {
	for _, l := range items {
		if l.err != nil {
			out.failed(l.err)
			continue
		}
		before := len(out.elements)
		s.examine(ctx, l.item, &out)
		if l.item.Examined != nil && ctx.Err() == nil {
			l.item.Examined(len(out.elements) == before)
		}
	}
	return out
}
