package gitsource

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PatchLog is a choice of commits, in the words of git log.
type PatchLog struct {
	// Revisions are A..B, A...B, ^A, A^!, A^@ and A; without one and without
	// Refs, all are chosen.
	Revisions []string
	All       bool
	// Refs are patterns of full names of refs, such as refs/heads/*.
	Refs []string
	// FirstParent follows the first parent of merges alone, and compares them
	// with it. NoMerges leaves them out.
	FirstParent, NoMerges bool
	// Since and Until are revisions' dates or ages; by the committers.
	Since, Until string
	// Skip leaves out that many commits, from the newest on. Most limits what
	// is left; 0 does not.
	Skip, Most int
	// Paths limits the files, in the words of pathspecs.
	Paths []string
	// Now is what ages count from.
	Now time.Time
}

// logChoice is a choice of commits while it is made.
type logChoice struct {
	*search
	log           PatchLog
	tips          []uint32
	with, without []bool
}

// patchCommits lists the chosen commits in git log's order: of those whose
// children were listed, the newest first.
func (s *search) patchCommits(ctx context.Context, l PatchLog) ([]uint32, error) {
	c := &logChoice{search: s, log: l, with: make([]bool, len(s.graph.commits)), without: make([]bool, len(s.graph.commits))}
	if err := validPathspecs(l.Paths); err != nil {
		return nil, err
	}
	if err := c.choose(ctx, s.revisions()); err != nil {
		return nil, err
	}
	since, until, err := l.dates()
	if err != nil {
		return nil, err
	}
	var out []uint32
	for _, n := range c.inOrder() {
		at := s.graph.commits[n]
		if at.time >= since && at.time <= until && (!l.NoMerges || len(s.graph.parentsOf(n)) < 2) {
			out = append(out, n)
		}
	}
	out = out[min(l.Skip, len(out)):]
	if l.Most > 0 && len(out) > l.Most {
		out = out[:l.Most]
	}
	return out, nil
}

func (c *logChoice) choose(ctx context.Context, v *revisions) error {
	l := c.log
	if l.All || len(l.Revisions)+len(l.Refs) == 0 {
		all := &choice{revisions: v}
		c.include(all.allTips()...)
		if head, err := v.commit(ctx, "HEAD"); err == nil {
			c.include(head)
		}
	}
	for _, pattern := range l.Refs {
		matches, err := globExpression(pattern, false)
		if err != nil {
			return &RevisionError{Revision: pattern, Reason: "the pattern is not understood"}
		}
		for _, r := range c.walked.refs {
			if !matches.MatchString(r.name) {
				continue
			}
			if n, ok := c.peeled(c.objects.find([]byte(r.id))); ok {
				c.include(n)
			}
		}
	}
	for _, text := range l.Revisions {
		if err := c.revision(ctx, v, text); err != nil {
			return err
		}
	}
	return nil
}

// include chooses what the tips reach.
func (c *logChoice) include(tips ...uint32) {
	c.tips = append(c.tips, tips...)
	for stack := slices.Clone(tips); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !c.with[n] {
			c.with[n] = true
			stack = append(stack, c.parents(n)...)
		}
	}
}

// exclude leaves out what the tips reach.
func (c *logChoice) exclude(tips ...uint32) {
	for i, m := range c.graph.reached(tips) {
		c.without[i] = c.without[i] || m
	}
}

// parents are those that are followed.
func (c *logChoice) parents(n uint32) []uint32 {
	all := c.graph.parentsOf(n)
	if c.log.FirstParent && len(all) > 1 {
		return all[:1]
	}
	return all
}

func (c *logChoice) revision(ctx context.Context, v *revisions, text string) error {
	if name, not := strings.CutPrefix(text, "^"); not {
		n, err := v.commit(ctx, name)
		if err == nil {
			c.exclude(n)
		}
		return err
	}
	if name, ok := strings.CutSuffix(text, "^!"); ok {
		n, err := v.commit(ctx, name)
		if err == nil {
			c.include(n)
			c.exclude(c.graph.parentsOf(n)...)
		}
		return err
	}
	if name, ok := strings.CutSuffix(text, "^@"); ok {
		n, err := v.commit(ctx, name)
		if err == nil {
			c.include(c.graph.parentsOf(n)...)
		}
		return err
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		n, err := v.commit(ctx, text)
		if err == nil {
			c.include(n)
		}
		return err
	}
	return c.span(ctx, v, from, to)
}

// span chooses A..B, or A...B if to begins with a dot.
func (c *logChoice) span(ctx context.Context, v *revisions, from, to string) error {
	to, both := strings.CutPrefix(to, ".")
	base, err := v.commit(ctx, cmp.Or(from, "HEAD"))
	if err != nil {
		return err
	}
	head, err := v.commit(ctx, cmp.Or(to, "HEAD"))
	if err != nil {
		return err
	}
	c.include(head)
	if !both {
		c.exclude(base)
		return nil
	}
	c.include(base)
	ofBase, ofHead := c.graph.reached([]uint32{base}), c.graph.reached([]uint32{head})
	for i := range ofBase {
		c.without[i] = c.without[i] || ofBase[i] && ofHead[i]
	}
	return nil
}

// inOrder lists the chosen commits.
func (c *logChoice) inOrder() []uint32 {
	var out []uint32
	line := &dateQueue{times: func(n uint32) int64 { return c.graph.commits[n].time }}
	seen := make([]bool, len(c.with))
	push := func(all []uint32) {
		for _, n := range all {
			if c.with[n] && !c.without[n] && !seen[n] {
				seen[n] = true
				heap.Push(line, n)
			}
		}
	}
	push(c.tips)
	for line.Len() > 0 {
		n, _ := heap.Pop(line).(uint32)
		out = append(out, n)
		push(c.parents(n))
	}
	return out
}

// dateQueue gives the newest commit first, and of those of one time the one
// that came first.
type dateQueue struct {
	times  func(uint32) int64
	queued []queuedCommit
	count  int
}

type queuedCommit struct {
	number uint32
	place  int
}

func (q *dateQueue) Len() int { return len(q.queued) }

func (q *dateQueue) Less(i, j int) bool {
	a, b := q.queued[i], q.queued[j]
	return cmp.Or(cmp.Compare(q.times(b.number), q.times(a.number)), cmp.Compare(a.place, b.place)) < 0
}

func (q *dateQueue) Swap(i, j int) { q.queued[i], q.queued[j] = q.queued[j], q.queued[i] }

// Push implements heap.Interface.
func (q *dateQueue) Push(n any) {
	number, _ := n.(uint32)
	q.queued = append(q.queued, queuedCommit{number, q.count})
	q.count++
}

// Pop implements heap.Interface.
func (q *dateQueue) Pop() any {
	last := q.queued[len(q.queued)-1]
	q.queued = q.queued[:len(q.queued)-1]
	return last.number
}

// dates are the bounds in seconds.
func (l PatchLog) dates() (since, until int64, err error) {
	since, until = -1<<62, 1<<62
	for _, d := range []struct {
		text string
		to   *int64
	}{{l.Since, &since}, {l.Until, &until}} {
		if d.text == "" {
			continue
		}
		when, ok := parseSince(d.text, l.Now)
		if !ok {
			return 0, 0, &RevisionError{Revision: d.text, Reason: `it is no date such as 2026-05-01, 90d or "2 weeks"`}
		}
		*d.to = when.Unix()
	}
	return since, until, nil
}

func validPathspecs(paths []string) error {
	for _, text := range paths {
		if _, _, err := parsePathspec(text); err != nil {
			return &RevisionError{Revision: text, Reason: fmt.Sprintf("the path is not understood: %v", err)}
		}
	}
	return nil
}
