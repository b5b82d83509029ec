package gitsource

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// Labels of what is found without a path; see the package's comment.
const (
	labelMessage = "COMMIT_MSG"
	labelHeader  = "COMMIT_HEADER"
	labelTag     = "TAG_MSG"
	labelNotes   = "NOTES/"
)

// teller knows what to tell of commits and tags.
type teller struct {
	*standings
	authors map[uint32]signature // by table index
	refs    map[uint32]*refNames // by number
}

// findings judges every record at every place.
func (p *standings) findings(ctx context.Context) ([]finding.Finding, error) {
	order, others := p.toTell()
	if err := p.readKept(ctx, order, others); err != nil {
		return nil, err
	}
	t := &teller{standings: p, authors: map[uint32]signature{}}
	commits, objects := t.wanted(order, others)
	t.refs = p.graph.reaching(commits, p.reach.tips)
	if err := t.readAuthors(ctx, objects); err != nil {
		return nil, err
	}
	var out []finding.Finding
	for _, at := range order {
		git, place, path := t.blob(at)
		out = t.judge(out, at.blob, place, git, path)
	}
	for _, object := range others {
		if p.objects.kind(object) == pack.Commit {
			out = t.judge(out, object, source.CommitMessage, t.commit(object), labelMessage)
		} else {
			out = t.judge(out, object, source.TagMessage, t.tag(object), labelTag)
		}
	}
	return out, nil
}

// toTell lists where something may have to be told, in a fixed order: paths of
// blobs, and commits and tags.
func (p *standings) toTell() (order []standing, others []uint32) {
	order = slices.DeleteFunc(p.sorted(), func(at standing) bool {
		_, path := p.label(at)
		return p.memory.isSilent(at.blob, path)
	})
	for _, object := range slices.Sorted(maps.Keys(p.found)) {
		kind, label := p.objects.kind(object), labelMessage
		if kind == pack.Tag {
			label = labelTag
		}
		if (kind == pack.Commit || kind == pack.Tag) && !p.memory.isSilent(object, label) {
			others = append(others, object)
		}
	}
	return order, others
}

// label is the place of a blob at a path, and what the path is called.
func (p *standings) label(at standing) (source.Place, string) {
	w := p.at[at]
	switch {
	case w.commit == none && w.staged:
		return source.Staged, at.path
	case w.commit != none && p.reach.notes[w.commit]:
		// Notes are spread over directories as they grow in number.
		return source.Note, labelNotes + strings.ReplaceAll(at.path, "/", "")
	}
	return source.Blob, at.path
}

// wanted lists the commits to tell of, by number, and the objects whose
// authors are to be read.
func (t *teller) wanted(order []standing, others []uint32) (commits, objects []uint32) {
	seen := map[uint32]bool{}
	want := func(n uint32) {
		if !seen[n] {
			seen[n] = true
			commits = append(commits, n)
			objects = append(objects, t.graph.commits[n].object)
		}
	}
	for _, at := range order {
		if n := t.at[at].commit; n != none {
			want(n)
		}
	}
	for _, object := range others {
		if n, ok := t.graph.number(object); ok {
			want(n)
		} else if t.objects.kind(object) == pack.Tag {
			objects = append(objects, object)
		}
	}
	slices.Sort(commits)
	slices.SortFunc(objects, cmp.Compare[uint32])
	return commits, objects
}

func (t *teller) readAuthors(ctx context.Context, objects []uint32) error {
	if len(objects) == 0 {
		return nil
	}
	types := pack.Only(pack.Commit, pack.Tag)
	return t.objects.walk(ctx, types, objects, 1, func(_ int, o object) error {
		t.authors[o.index] = parseSignature(parseHeaders(o.data).author)
		return nil
	})
}

// judge appends the findings that one object has at one place.
func (t *teller) judge(out []finding.Finding, object uint32, place source.Place, git finding.Git, path string) []finding.Finding {
	before := len(out)
	out = t.judgeAll(out, t.found[object].records, place, git, path)
	if len(out) > before {
		t.memory.place(object, place, git, path)
	} else {
		t.memory.silent(object, path)
	}
	return out
}

// judgeAll appends the findings of records that stand at one place.
func (s *search) judgeAll(out []finding.Finding, records []record, place source.Place, git finding.Git, path string) []finding.Finding {
	for _, r := range records {
		origin := source.Origin{Path: path, Place: place, Repository: s.name}
		if place == source.CommitMessage && r.header {
			origin.Path = labelHeader
		}
		f, ok := s.inspector.Judge(r.Record, origin)
		if !ok {
			continue
		}
		own := git
		own.Refs = slices.Clone(git.Refs)
		f.Occurrences[0].Git = &own
		out = append(out, f)
	}
	return out
}

// blob tells of a blob at a path.
func (t *teller) blob(at standing) (finding.Git, source.Place, string) {
	w := t.at[at]
	git := finding.Git{Object: t.objects.name(at.blob), Reach: w.rank.reach()}
	if w.commit == none {
		t.nameRefs(&git, w.refs)
	} else {
		t.introduced(&git, w.commit)
	}
	place, path := t.label(at)
	return git, place, path
}

// introduced fills in a commit.
func (t *teller) introduced(git *finding.Git, n uint32) {
	object := t.graph.commits[n].object
	who := t.authors[object]
	git.Commit, git.Author, git.Email, git.Date = t.objects.name(object), who.name, who.email, who.when
	t.nameRefs(git, t.refs[n])
}

func (t *teller) nameRefs(git *finding.Git, refs *refNames) {
	if refs != nil {
		git.Refs, git.MoreRefs = refs.names, refs.more
	}
}

func (t *teller) commit(object uint32) finding.Git {
	git := finding.Git{Object: t.objects.name(object), Reach: t.reach.bottom.reach()}
	if n, ok := t.graph.number(object); ok {
		git.Reach = t.reach.ranks[n].reach()
		t.introduced(&git, n)
	}
	return git
}

func (t *teller) tag(object uint32) finding.Git {
	who := t.authors[object]
	git := finding.Git{
		Object: t.objects.name(object), Author: who.name, Email: who.email, Date: who.when,
		Reach: t.reach.bottom.reach(),
	}
	if refs := t.reach.direct[object]; refs != nil {
		git.Reach = finding.ReachRef
		t.nameRefs(&git, refs)
	}
	return git
}
