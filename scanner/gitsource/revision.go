package gitsource

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// RevisionError says that words of the operator lead to no commit, or to more
// than one.
type RevisionError struct {
	// Revision is what was given.
	Revision string
	// Reason is a short phrase.
	Reason string
	// Candidates are the full ids that an abbreviated one could be.
	Candidates []string
	// Known are the names that there are, for a name that is unknown.
	Known []string
}

// Error implements error.
func (e *RevisionError) Error() string {
	text := fmt.Sprintf("revision %q: %s", e.Revision, e.Reason)
	if len(e.Candidates) > 0 {
		text += ": " + strings.Join(e.Candidates, ", ")
	}
	return text
}

const (
	// minAbbreviation is how many digits of an id must be given.
	minAbbreviation = 4
	// maxCandidates is how many ids are told for an ambiguous one.
	maxCandidates = 8
	// maxSymbolic is how many symbolic refs may lead from one to the next.
	maxSymbolic = 5
)

// errNotHere is for a full object id that the repository does not have.
var errNotHere = errors.New("object is not here")

// revisions finds the commits that operators name. It is used when all commits
// and tags were read, but before anything else is.
type revisions struct {
	*search
	// names leads from the full names of refs to raw ids.
	names  map[string]string
	reader *pack.Reader
}

func (s *search) revisions() *revisions {
	v := &revisions{search: s, names: map[string]string{}, reader: s.objects.store.NewReader()}
	for _, r := range s.walked.refs {
		v.names[r.name] = r.id
	}
	return v
}

// commit returns the number of the commit that a revision names.
func (v *revisions) commit(ctx context.Context, text string) (uint32, error) {
	at := len(text)
	if i := strings.IndexAny(text, "~^"); i >= 0 {
		at = i
	}
	base, suffix := text[:at], text[at:]
	wrong := func(reason string) error { return &RevisionError{Revision: text, Reason: reason} }
	switch {
	case strings.HasPrefix(text, "-"):
		return 0, wrong(`no revision begins with "-"`)
	case base == "":
		return 0, wrong("a name or an object id is missing")
	case strings.Contains(base, "@{"):
		return 0, wrong("reflog and upstream forms are not understood; give a name or an object id")
	case strings.Contains(base, ":"):
		return 0, wrong("a path is not a commit")
	}
	object, err := v.object(base)
	if err != nil {
		return 0, err
	}
	n, ok := v.peeled(object)
	if !ok {
		return 0, &RevisionError{Revision: text, Reason: "it names no commit that is here"}
	}
	for suffix != "" {
		if n, suffix, err = v.step(ctx, n, text, suffix); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// step follows the first suffix, such as ~3 or ^2.
func (v *revisions) step(ctx context.Context, n uint32, text, suffix string) (next uint32, rest string, err error) {
	for _, form := range []string{"^{}", "^{commit}"} {
		if rest, ok := strings.CutPrefix(suffix, form); ok {
			return n, rest, nil // it is a commit already
		}
	}
	kind, rest := suffix[0], suffix[1:]
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	count := 1
	if digits > 0 {
		count, err = strconv.Atoi(rest[:digits])
		if err != nil || count > len(v.graph.commits) {
			return 0, "", &RevisionError{Revision: text, Reason: "there are not that many commits"}
		}
		rest = rest[digits:]
	}
	if rest != "" && rest[0] != '~' && rest[0] != '^' {
		return 0, "", &RevisionError{Revision: text, Reason: fmt.Sprintf("%q is not understood", suffix)}
	}
	if kind == '^' && count > 0 {
		n, err = v.parent(ctx, n, count, text)
		return n, rest, err
	}
	for ; kind == '~' && count > 0; count-- {
		if n, err = v.parent(ctx, n, 1, text); err != nil {
			return 0, "", err
		}
	}
	return n, rest, nil
}

// parent returns a parent by its place, from 1 on. The commit is read again:
// the graph leaves out what is not here.
func (v *revisions) parent(ctx context.Context, n uint32, place int, text string) (uint32, error) {
	o, err := v.reader.Read(ctx, v.objects.table.Index(v.graph.commits[n].object))
	if err != nil {
		return 0, fmt.Errorf("read commit: %w", err)
	}
	parents := parseHeaders(o.Data).parents
	if place > len(parents) {
		return 0, &RevisionError{Revision: text, Reason: "a commit on the way has no such parent"}
	}
	parent, ok := v.graph.number(v.objects.find(parents[place-1]))
	if !ok {
		return 0, &RevisionError{Revision: text, Reason: "a parent on the way is not here (shallow clone?)"}
	}
	return parent, nil
}

// peeled follows tags to a commit.
func (s *search) peeled(object uint32) (uint32, bool) {
	for range maxTags {
		target, isTag := s.walked.tags[object]
		if !isTag {
			return s.graph.number(object)
		}
		object = target
	}
	return 0, false
}

// object finds what a name or an id stands for: names first, as Git does.
func (v *revisions) object(base string) (uint32, error) {
	if base == "@" {
		base = "HEAD"
	}
	if id, ok := v.named(base); ok {
		return v.objects.find([]byte(id)), nil
	}
	if id, ok := v.repo.parseID([]byte(base)); ok {
		if object := v.objects.find([]byte(id)); object != none {
			return object, nil
		}
		return none, fmt.Errorf("%w: %w", &RevisionError{Revision: base, Reason: "no such object is here"}, errNotHere)
	}
	if isHex(base) && len(base) >= minAbbreviation && len(base) < 2*v.repo.width {
		candidates := v.abbreviated(strings.ToLower(base))
		if len(candidates) == 1 {
			return candidates[0], nil
		}
		if len(candidates) > 1 {
			wrong := &RevisionError{Revision: base, Reason: "the short object id is ambiguous"}
			for _, c := range candidates[:min(len(candidates), maxCandidates)] {
				wrong.Candidates = append(wrong.Candidates, v.objects.name(c))
			}
			return none, wrong
		}
	}
	return none, &RevisionError{Revision: base, Reason: "there is no such branch, tag or commit", Known: v.known()}
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }

// abbreviated lists the commits and tags whose ids begin so.
func (v *revisions) abbreviated(prefix string) []uint32 {
	low, _ := hex.DecodeString(prefix + strings.Repeat("0", len(prefix)%2))
	from := sort.Search(v.objects.len(), func(i int) bool { return bytes.Compare(v.objects.id(uint32(i)), low) >= 0 })
	var out []uint32
	for i := uint32(from); int(i) < v.objects.len() && strings.HasPrefix(v.objects.name(i), prefix); i++ {
		if kind := v.objects.kind(i); kind == pack.Commit || kind == pack.Tag {
			out = append(out, i)
		}
	}
	return out
}

// searchOrder is where Git looks for a short name.
func searchOrder(name string) []string {
	return []string{name, "refs/" + name, "refs/tags/" + name, "refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"}
}

func (v *revisions) named(name string) (id string, ok bool) {
	for _, full := range searchOrder(name) {
		if id, ok := v.ref(full); ok {
			return id, true
		}
	}
	return "", false
}

// ref returns the id that a full name leads to.
func (v *revisions) ref(full string) (id string, ok bool) {
	// HEAD and its like are the worktree's own.
	if strings.HasPrefix(full, "refs/") {
		if id, ok := v.names[full]; ok {
			return id, true
		}
	}
	at, id := v.repo.symbolic(full)
	if id == "" && at != full {
		id = v.names[at]
	}
	return id, id != ""
}

// symbolic reads the file of a ref: it returns the name that it leads to, or
// the raw id in it.
func (r *Repository) symbolic(full string) (name, id string) {
	for range maxSymbolic {
		dir := r.places.commonDir
		if !strings.HasPrefix(full, "refs/") {
			if strings.ToUpper(full) != full || strings.Contains(full, "/") {
				return full, "" // not HEAD or its like, but a file such as config
			}
			dir = r.places.gitDir
		}
		if !filepath.IsLocal(filepath.FromSlash(full)) {
			return full, ""
		}
		line, err := r.readRef(dir, full)
		if err != nil {
			return full, ""
		}
		target, symbolic := strings.CutPrefix(line, "ref:")
		if !symbolic {
			word, _, _ := strings.Cut(line, "\t") // FETCH_HEAD has more in the line
			id, _ := r.parseID([]byte(strings.TrimSpace(word)))
			return full, id
		}
		full = strings.TrimSpace(target)
	}
	return full, ""
}

// known lists short names of refs, for guessing what was meant.
func (v *revisions) known() []string {
	out := []string{"HEAD"}
	for name := range v.names {
		for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			if short, ok := strings.CutPrefix(name, prefix); ok {
				out = append(out, short)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
