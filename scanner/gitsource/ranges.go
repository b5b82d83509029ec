package gitsource

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Selection says of which commits a search reads what they introduce.
type Selection struct {
	// Ranges are "A..B", what B reaches and A does not, and "A...B", what
	// only one of them reaches. A missing end is HEAD. Where both are one
	// commit, it is that commit. Where A is an id of zeros, or a whole id that
	// is not here (after a force push), it is what B adds to the remote's
	// branches.
	Ranges []string
	// Branches are names of branches; each stands for all that it reaches.
	Branches []string
	// Since limits what Branches, or all refs, reach: to what a revision does
	// not reach, or to commits that are not older than a date, by their
	// committers. It does not go with Ranges.
	Since string
	// Push is what a push brings. It goes with nothing else.
	Push *Push
	// Now is what an age in Since counts from.
	Now time.Time
	// Remark is told in words what operators should know of how their words
	// were taken; optional.
	Remark func(string)
}

// SearchRange is Search for what some commits introduce, each blob once: the
// blobs that a commit has at a path where none of its parents has them, the
// messages of the commits, and the annotated tags on them. Nothing else of the
// repository's directory is read. The introductions that are told are those by
// the selected commits. Words of the selection that are not understood give a
// *RevisionError.
func (r *Repository) SearchRange(ctx context.Context, x *inspect.Inspector, jobs int, tally *source.Tally, selection Selection) iter.Seq2[finding.Finding, error] {
	s := newSearch(r, x, jobs, tally)
	return s.sequence(ctx, func(ctx context.Context) ([]finding.Finding, error) {
		return s.runRange(ctx, selection)
	})
}

func (s *search) runRange(ctx context.Context, selection Selection) ([]finding.Finding, error) {
	if selection.Push != nil {
		if clean, err := s.glance(ctx, *selection.Push); clean || err != nil {
			return nil, err
		}
	}
	return s.runListing(ctx, selection)
}

// runListing lists the whole history, and reads what of it is selected.
func (s *search) runListing(ctx context.Context, selection Selection) (out []finding.Finding, err error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	if err := s.readGraph(ctx); err != nil {
		return nil, fmt.Errorf("search range: %w", err)
	}
	failed := func(name string, err error) {
		s.notes.add(source.Failed(".git/"+strings.TrimPrefix(name, ".git/"), err))
	}
	s.walked.refs = s.repo.refs(failed)
	picked, err := s.selected(ctx, selection)
	if err != nil {
		return nil, fmt.Errorf("select commits: %w", err)
	}
	chosen := picked.commits
	d := newDiffer(s)
	if err := s.readRange(ctx, d, picked); err != nil {
		return nil, fmt.Errorf("search range: %w", err)
	}
	s.rangeCoverage(chosen)
	if len(s.found) == 0 {
		return nil, nil
	}
	s.name = s.identify()
	// Reflogs are not scanned, but what only they reach is told so.
	s.walked.logs = s.repo.reflogs(failed)
	out, err = s.attributeRange(ctx, d, chosen)
	if err != nil {
		return nil, fmt.Errorf("attribute findings: %w", err)
	}
	sortByPlace(out)
	return out, nil
}

// chosen marks the selected commits, by number.
func (s *search) chosen(ctx context.Context, selection Selection) ([]bool, error) {
	c := &choice{revisions: s.revisions(), marks: make([]bool, len(s.graph.commits)), remark: selection.Remark}
	if c.remark == nil {
		c.remark = func(string) {}
	}
	for _, text := range selection.Ranges {
		if err := c.span(ctx, text); err != nil {
			return nil, err
		}
	}
	var tips []uint32
	for _, name := range selection.Branches {
		n, err := c.branch(name)
		if err != nil {
			return nil, err
		}
		tips = append(tips, n)
	}
	switch {
	case selection.Since != "":
		if len(selection.Branches) == 0 {
			tips = c.allTips()
		}
		return c.marks, c.since(ctx, selection, tips)
	case len(tips) > 0:
		c.add(s.graph.reached(tips), nil)
	}
	return c.marks, nil
}

// choice gathers the selected commits.
type choice struct {
	*revisions
	marks  []bool
	remark func(string)
}

// add selects commits, except for some.
func (c *choice) add(marks, except []bool) {
	for i, marked := range marks {
		if marked && (except == nil || !except[i]) {
			c.marks[i] = true
		}
	}
}

// span selects a range.
func (c *choice) span(ctx context.Context, text string) error {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		return &RevisionError{Revision: text, Reason: "a range is A..B or A...B"}
	}
	to, both := strings.CutPrefix(to, ".")
	if from == "" {
		from = "HEAD"
	}
	if to == "" {
		to = "HEAD"
	}
	if isNothing(to) {
		c.remark(text + ": a branch was deleted, which brings nothing")
		return nil
	}
	head, err := c.commit(ctx, to)
	if err != nil {
		return err
	}
	if isNothing(from) {
		c.pushed(text, head, "there is nothing to compare with")
		return nil
	}
	base, err := c.commit(ctx, from)
	if errors.Is(err, errNotHere) {
		c.pushed(text, head, from+" is not here (force push, or a shallow clone)")
		return nil
	}
	if err != nil {
		return err
	}
	if base == head {
		c.marks[head] = true
		return nil
	}
	ofBase, ofHead := c.graph.reached([]uint32{base}), c.graph.reached([]uint32{head})
	c.add(ofHead, ofBase)
	if both {
		c.add(ofBase, ofHead)
	}
	return nil
}

// isNothing tells the id of zeros, of either width, by which Git says that
// there is no object.
func isNothing(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0") == ""
}

// pushed selects what a commit adds to the branches of remotes, in a bare
// repository to all refs. Those that lead to the commit have it from this very
// push, as far as one can know; but the default branch, unless it is the
// commit itself, was there before.
func (c *choice) pushed(text string, head uint32, why string) {
	beyond := c.graph.descendants(head)
	_, standard := c.repo.defaultBranch(c.names)
	var against []uint32
	for _, r := range c.walked.refs {
		n, ok := c.peeled(c.objects.find([]byte(r.id)))
		remote := strings.HasPrefix(r.name, "refs/remotes/")
		own := c.repo.Bare() && (strings.HasPrefix(r.name, "refs/heads/") || strings.HasPrefix(r.name, "refs/tags/"))
		if !ok || !remote && !own {
			continue
		}
		if !beyond[n] || r.name == standard && n != head {
			against = append(against, n)
		}
	}
	if len(against) == 0 {
		c.remark(fmt.Sprintf("%s: %s: all that it leads to is scanned", text, why))
	} else {
		c.remark(fmt.Sprintf("%s: %s: scanned is what it adds to the branches that were there", text, why))
	}
	c.add(c.graph.reached([]uint32{head}), c.graph.reached(against))
}

// defaultBranch is the remote's, as its HEAD or a usual name tells.
func (r *Repository) defaultBranch(names map[string]string) (id, name string) {
	at, id := r.symbolic("refs/remotes/origin/HEAD")
	if id != "" || names[at] != "" {
		return id, at
	}
	for _, name := range []string{"refs/remotes/origin/main", "refs/remotes/origin/master"} {
		if id := names[name]; id != "" {
			return id, name
		}
	}
	return "", ""
}

// branch finds a branch: one's own, or a remote's.
func (c *choice) branch(name string) (uint32, error) {
	if strings.HasPrefix(name, "-") {
		return 0, &RevisionError{Revision: name, Reason: `no branch begins with "-"`}
	}
	for _, full := range []string{"refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/origin/" + name, name} {
		if !strings.HasPrefix(full, "refs/") {
			continue
		}
		id, ok := c.ref(full)
		if !ok {
			continue
		}
		if n, ok := c.peeled(c.objects.find([]byte(id))); ok {
			return n, nil
		}
		return 0, &RevisionError{Revision: name, Reason: "its commit is not here"}
	}
	if name == "HEAD" || name == "@" {
		return 0, &RevisionError{Revision: name, Reason: "it is no branch; give the branch's name"}
	}
	return 0, &RevisionError{Revision: name, Reason: "there is no such branch", Known: c.known()}
}

// allTips are the commits that refs lead to. A ref that leads to nothing is
// told.
func (c *choice) allTips() []uint32 {
	var tips []uint32
	for _, r := range c.walked.refs {
		object := c.objects.find([]byte(r.id))
		if object == none {
			c.notes.add(unread(r.name, fmt.Sprintf("leads to %x, which is not here", r.id), nil))
			continue
		}
		if n, ok := c.peeled(object); ok {
			tips = append(tips, n)
		}
	}
	return tips
}

// since selects what the tips reach after a date or a revision.
func (c *choice) since(ctx context.Context, selection Selection, tips []uint32) error {
	reached := c.graph.reached(tips)
	if _, isName := c.named(selection.Since); !isName {
		if when, ok := parseSince(selection.Since, selection.Now); ok {
			for i, marked := range reached {
				if marked && c.graph.commits[i].time >= when.Unix() {
					c.marks[i] = true
				}
			}
			return nil
		}
	}
	base, err := c.commit(ctx, selection.Since)
	if wrong, ok := errors.AsType[*RevisionError](err); ok && len(wrong.Known) > 0 {
		wrong.Reason = `it is neither a revision nor a date such as 2026-05-01, 90d or "2 weeks"`
	}
	if err != nil {
		return err
	}
	c.add(reached, c.graph.reached([]uint32{base}))
	return nil
}
