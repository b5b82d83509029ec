package gitsource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// Push is what refs are to lead to somewhere else: a selection of what is not
// there yet.
type Push struct {
	// Tips are what refs are to lead to, by ids or names: commits, as a rule, but
	// tags, trees and blobs, too.
	Tips []string
	// Has are ids of what the receiver has for certain. Those that are not here
	// are passed over.
	Has []string
	// Remote names a remote of this repository: the receiver has what its
	// branches were when they were last seen. Empty for none.
	Remote string
	// Receiving says that this repository is the receiver: it has what its refs
	// lead to.
	Receiving bool
}

// selected is what a search reads the introductions of.
type selected struct {
	commits []bool // by number
	// tags, trees and blobs are read besides.
	tags, trees, blobs []uint32
}

// selected finds what a selection is about.
func (s *search) selected(ctx context.Context, selection Selection) (selected, error) {
	if selection.Push != nil {
		return s.pushed(ctx, *selection.Push)
	}
	chosen, err := s.chosen(ctx, selection)
	if err != nil {
		return selected{}, err
	}
	return selected{commits: chosen, tags: s.tagsOn(chosen)}, nil
}

// pushed finds what the receiver of a push lacks.
func (s *search) pushed(ctx context.Context, p Push) (selected, error) {
	out := selected{commits: make([]bool, len(s.graph.commits))}
	reader := s.objects.store.NewReader()
	names := s.revisions()
	var tips []uint32
	for _, text := range p.Tips {
		object, err := names.object(text)
		if errors.Is(err, errNotHere) || err == nil && object == none {
			s.notes.add(unread("objects/"+text, "it is pushed, and is not here", nil))
			continue
		}
		if err != nil {
			return selected{}, err
		}
		for target, isTag := s.walked.tags[object]; isTag; target, isTag = s.walked.tags[object] {
			out.tags = append(out.tags, object)
			if object = target; len(out.tags) > maxPushedTags {
				return selected{}, fmt.Errorf("tags lead to tags, more than %d", maxPushedTags)
			}
		}
		if n, ok := s.graph.number(object); ok {
			tips = append(tips, n)
			continue
		}
		if object == none {
			s.notes.add(unread("objects/"+text, "what the tag leads to is not here", nil))
			continue
		}
		o, err := reader.Read(ctx, s.objects.table.Index(object))
		switch {
		case ctx.Err() != nil:
			return selected{}, context.Cause(ctx)
		case err == nil && o.Type == pack.Blob:
			out.blobs = append(out.blobs, object)
		case err == nil && o.Type == pack.Tree:
			out.trees = append(out.trees, object)
		default:
			s.notes.add(unread("objects/"+text, "what is pushed cannot be read", err))
		}
	}
	had, tags := s.had(p)
	out.tags = slices.DeleteFunc(out.tags, func(tag uint32) bool { return tags[tag] })
	c := &choice{marks: out.commits}
	c.add(s.graph.reached(tips), s.graph.reached(had))
	return out, nil
}

// maxPushedTags bounds the tags that the tips of a push lead through.
const maxPushedTags = 100_000

// had are the commits that a receiver has, by number, and its tags.
func (s *search) had(p Push) (commits []uint32, tags map[uint32]bool) {
	tags = map[uint32]bool{}
	has := func(id string) {
		object := s.objects.find([]byte(id))
		for range maxTags {
			target, isTag := s.walked.tags[object]
			if !isTag {
				break
			}
			tags[object] = true
			object = target
		}
		if n, ok := s.graph.number(object); ok {
			commits = append(commits, n)
		}
	}
	for _, text := range p.Has {
		if id, ok := s.repo.parseID([]byte(text)); ok {
			has(id)
		}
	}
	for _, r := range s.walked.refs {
		if p.Receiving || p.Remote != "" && strings.HasPrefix(r.name, remotes+p.Remote+"/") {
			has(r.id)
		}
	}
	return commits, tags
}
