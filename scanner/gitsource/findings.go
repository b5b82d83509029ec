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
	order := p.sorted()
	t := &teller{standings: p, authors: map[uint32]signature{}}
	commits, objects := t.wanted(order)
	t.refs = p.graph.reaching(commits, p.reach.tips)
	if err := t.readAuthors(ctx, objects); err != nil {
		return nil, err
	}
	var out []finding.Finding
	for _, at := range order {
		git, place, path := t.blob(at)
		out = t.judge(out, at.blob, place, git, path)
	}
	for _, object := range slices.Sorted(maps.Keys(p.found)) {
		switch p.objects.kind(object) {
		case pack.Commit:
			out = t.judge(out, object, source.CommitMessage, t.commit(object), labelMessage)
		case pack.Tag:
			out = t.judge(out, object, source.TagMessage, t.tag(object), labelTag)
		case pack.Blob, pack.Tree, pack.Unknown: // blobs are told by path, above
		}
	}
	return out, nil
}

// wanted lists the commits to tell of, by number, and the objects whose
// authors are to be read.
func (t *teller) wanted(order []standing) (commits, objects []uint32) {
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
	for object := range t.found {
		switch t.objects.kind(object) {
		case pack.Commit:
			if n, ok := t.graph.number(object); ok {
				want(n)
			}
		case pack.Tag:
			objects = append(objects, object)
		case pack.Blob, pack.Tree, pack.Unknown: // have no author of their own
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
		if w.staged {
			return git, source.Staged, at.path
		}
		return git, source.Blob, at.path
	}
	t.introduced(&git, w.commit)
	if t.reach.notes[w.commit] {
		// Notes are spread over directories as they grow in number.
		return git, source.Note, labelNotes + strings.ReplaceAll(at.path, "/", "")
	}
	return git, source.Blob, at.path
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
