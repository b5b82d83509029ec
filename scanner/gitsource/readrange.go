package gitsource

import (
	"context"
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// readGraph reads what commits and tags say of each other, and nothing else of
// them.
func (s *search) readGraph(ctx context.Context) error {
	workers := s.examiners()
	err := s.objects.walk(ctx, pack.Only(pack.Commit, pack.Tag), nil, s.jobs, func(worker int, o object) error {
		w := workers[worker]
		w.headers.parse(o.data)
		w.link(o, &w.headers, false)
		return nil
	})
	if err != nil {
		return err
	}
	s.gather(workers)
	s.makeGraph()
	return nil
}

// readRange examines what the selected commits introduce, and what else is
// selected.
func (s *search) readRange(ctx context.Context, d *differ, picked selected) error {
	want := map[uint32]bool{}
	d.done, d.modules = map[string]bool{}, map[string]bool{}
	d.visit = func(tree uint32, e diffEntry, _ string) {
		switch {
		case e.child == none:
			if len(s.walked.missing) < maxMissing && !isEmptyObject(e.id) {
				s.walked.missing[string(e.id)] = true
			}
			return
		case e.mode != modeTree:
			want[e.child] = true
		}
		s.walked.parents[e.child] = append(s.walked.parents[e.child], tree)
	}
	for _, n := range s.graph.order {
		if !picked.commits[n] {
			continue
		}
		want[s.graph.commits[n].object] = true
		if err := d.commit(ctx, n); err != nil {
			return err
		}
	}
	for _, tree := range picked.trees {
		if err := d.tree(ctx, tree, nil, "", 0); err != nil {
			return err
		}
	}
	if d.cut {
		s.notes.add(unread("objects", "the commits change more than is compared; some files of them were not read", nil))
	}
	if n := len(d.modules); n > 0 {
		s.notes.add(excluded(".gitmodules", commits(n)+" of submodules named: repositories of their own, which are not scanned with this one's commits"))
	}
	d.modules = nil
	for _, object := range slices.Concat(picked.tags, picked.blobs) {
		want[object] = true
	}
	return s.readWanted(ctx, want)
}

// tagsOn lists the annotated tags that refs name and that lead to chosen
// commits.
func (s *search) tagsOn(chosen []bool) []uint32 {
	var out []uint32
	for _, r := range s.walked.refs {
		at := s.objects.find([]byte(r.id))
		if n, ok := s.peeled(at); !ok || !chosen[n] {
			continue
		}
		for target, isTag := s.walked.tags[at]; isTag; target, isTag = s.walked.tags[at] {
			out = append(out, at)
			at = target
		}
	}
	return out
}

// readWanted examines some objects.
func (s *search) readWanted(ctx context.Context, want map[uint32]bool) error {
	list := make([]uint32, 0, len(want))
	for object := range want {
		list = append(list, object)
	}
	slices.Sort(list)
	s.tally.Expected.Add(int64(len(list)))
	workers := s.examiners()
	err := s.objects.walk(ctx, pack.AllTypes, list, s.jobs, func(worker int, o object) error {
		if o.kind == pack.Tree {
			s.notes.add(unread("objects/"+s.objects.name(o.index), "a file is named, but it is a tree", nil))
			return nil
		}
		return workers[worker].content(o)
	})
	if err != nil {
		return err
	}
	s.collect(workers)
	for _, w := range workers {
		w.answer()
		for id := range w.missing {
			s.walked.missing[id] = true
		}
	}
	return nil
}

// rangeCoverage tells what of the chosen commits is not here.
func (s *search) rangeCoverage(chosen []bool) {
	notes, broken := s.objects.refused()
	for _, note := range notes {
		s.notes.add(note)
	}
	s.missing(broken)
	shallow, cut := s.repo.shallow(), 0
	for n, c := range s.graph.commits {
		if chosen[n] && shallow[string(s.objects.id(c.object))] {
			cut++
		}
	}
	if cut > 0 {
		s.notes.add(unread(".git/shallow", fmt.Sprintf("shallow clone: what came before %s of the range is not here", commits(cut)), nil))
	}
}

// attributeRange turns what was found into findings where the chosen commits
// introduced it.
func (s *search) attributeRange(ctx context.Context, d *differ, chosen []bool) ([]finding.Finding, error) {
	p := s.standings()
	d.done, d.hot, d.cut, d.all = nil, s.hotAbove(), false, allSteps
	for _, n := range s.graph.order {
		if !chosen[n] || !d.hot[s.graph.commits[n].tree] {
			continue
		}
		d.left = commitSteps
		d.visit = func(_ uint32, e diffEntry, path string) {
			if e.mode != modeTree && s.found[e.child] != nil && s.objects.kind(e.child) == pack.Blob {
				p.add(standing{blob: e.child, path: path}, way{rank: p.reach.ranks[n], commit: n, time: s.graph.commits[n].time})
			}
		}
		if err := d.commit(ctx, n); err != nil {
			return nil, err
		}
		p.cut = p.cut || d.cut
		d.cut = d.all < 0
	}
	for object := range s.found {
		if s.objects.kind(object) == pack.Blob && p.paths[object] == 0 {
			p.add(standing{blob: object, path: "objects/" + s.objects.name(object)}, without(p.reach.bottom, nil))
		}
	}
	p.tellCut()
	return p.findings(ctx)
}
