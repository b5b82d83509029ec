package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// readRefs reads what leads into the history.
func (s *search) readRefs() {
	s.walked.refs = s.repo.refs(s.ownFailed)
	s.walked.logs = s.repo.reflogs(s.ownFailed)
	s.name = s.identify()
}

// ownFailed notes what could not be read of the repository's own directory.
func (s *search) ownFailed(name string, err error) {
	name = ".git/" + strings.TrimPrefix(name, ".git/")
	if errors.Is(err, errSpecial) {
		s.notes.add(excluded(name, err.Error()))
		return
	}
	s.notes.add(source.Failed(name, err))
}

// ownFiles examines what the repository's own directory holds besides objects:
// configuration (remotes with credentials in their URLs), messages in the
// making, hooks, reflogs.
func (s *search) ownFiles(ctx context.Context) {
	for _, log := range s.walked.logs {
		if err := s.text(log.path, source.Reflog, bytes.NewReader(log.text), int64(len(log.text)), finding.ReachReflog); err != nil {
			s.ownFailed(log.path, err)
		}
	}
	r := s.repo
	for _, name := range r.filesBelow(r.places.commonDir, ".", isOwnDir, s.ownFailed) {
		if ctx.Err() != nil {
			return
		}
		if isOwnText(name) {
			s.ownFile(name)
		}
	}
}

func (s *search) ownFile(name string) {
	label := ".git/" + name
	f, err := openIn(s.repo.places.commonDir, name, s.repo.options.Untrusted)
	if err != nil {
		s.notes.add(source.Failed(label, err))
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err == nil {
		err = s.text(label, source.GitConfig, f, info.Size(), "")
	}
	if err != nil {
		s.notes.add(source.Failed(label, err))
	}
}

// isOwnDir tells the directories with texts in them. Those of submodules hold
// repositories of their own: of them only the configuration is read here.
func isOwnDir(name string) bool {
	if rest, ok := strings.CutPrefix(name, "worktrees/"); ok {
		_, name, _ = strings.Cut(rest, "/")
	}
	if strings.HasPrefix(name, "modules/") {
		name = path.Base(name)
	}
	switch name {
	case "objects", "refs", "logs", "lfs", "reftable":
		return false
	}
	return true
}

func isOwnText(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(name, "modules/") {
		return base == "config" || base == "config.worktree"
	}
	switch {
	case base == "index", strings.HasPrefix(base, "sharedindex."), base == "packed-refs", base == "shallow",
		strings.HasSuffix(base, ".sample"), strings.HasSuffix(base, ".lock"), strings.HasPrefix(name, "fsmonitor--daemon"):
		return false
	}
	return true
}

// text examines a file of the repository's own.
func (s *search) text(name string, place source.Place, content io.Reader, size int64, reach finding.Reach) error {
	origin := source.Origin{Path: name, Place: place, Repository: s.name}
	var at inspect.Position
	for chunk, err := range source.Chunks(content, size) {
		if err != nil {
			return err
		}
		result := s.inspector.Inspect(chunk.Data, name, at)
		for _, r := range result.Records {
			if !isOf(chunk, r) {
				continue
			}
			if f, ok := s.inspector.Judge(r, origin); ok {
				f.Occurrences[0].Git = &finding.Git{Reach: reach}
				s.plain = append(s.plain, f)
			}
		}
		for _, n := range result.Notes {
			note := *n
			note.Path = strings.TrimSuffix(name+"!"+n.Path, "!")
			s.notes.add(&note)
		}
		at = at.After(chunk.Data[:chunk.Advance])
		s.tally.Bytes.Add(int64(chunk.Advance))
	}
	return nil
}

// isOf reports whether a record belongs to a chunk: of two that share a place,
// one sees more around it.
func isOf(chunk source.Chunk, r inspect.Record) bool {
	return r.Location.Member != "" || r.Start >= chunk.From && r.Start < chunk.To
}

// maxNamed is how many missing objects are named one by one.
const maxNamed = 100

// coverage tells what of the history is not here.
func (s *search) coverage() {
	notes, broken := s.objects.refused()
	for _, note := range notes {
		s.notes.add(note)
	}
	if n := len(s.repo.shallow()); n > 0 {
		s.notes.add(unread(".git/shallow", fmt.Sprintf("shallow clone: what came before %s is not here", commits(n)), nil))
	}
	s.memory.misses(s.walked.missing)
	s.brokenRefs()
	s.missing(broken)
	for _, tree := range s.repo.trackedTrees() {
		if tree.err != nil {
			s.notes.add(unread(tree.name, "index: "+reasonOf(tree.err), tree.err))
		}
	}
}

// absentSubmodules tells which are not checked out.
func (s *search) absentSubmodules() {
	_, absent := s.repo.submodules()
	for _, note := range absent {
		s.notes.add(note)
	}
}

// commits counts them in words.
func commits(n int) string {
	if n == 1 {
		return "1 commit"
	}
	return fmt.Sprintf("%d commits", n)
}

// reasonOf leaves out the paths that package os puts around errors.
func reasonOf(err error) string {
	if in, ok := errors.AsType[*fs.PathError](err); ok {
		return in.Err.Error()
	}
	return err.Error()
}

func (s *search) brokenRefs() {
	for _, r := range s.walked.refs {
		if !s.objects.has([]byte(r.id)) {
			s.notes.add(unread(r.name, fmt.Sprintf("leads to %x, which is not here", r.id), nil))
		}
	}
	for _, tree := range s.repo.trackedTrees() {
		for _, e := range slices.Concat(tree.entries, tree.sparse) {
			if e.mode != modeGitlink && !s.objects.has([]byte(e.id)) && !isEmptyObject([]byte(e.id)) {
				s.walked.missing[e.id] = true
			}
		}
	}
}

// missing tells which objects are named by others and not there. Where a
// remote promised to hand them in later that is one note.
func (s *search) missing(broken map[string]bool) {
	ids := slices.Sorted(maps.Keys(s.walked.missing))
	// What is there but broken, or was not read, has a note of its own.
	ids = slices.DeleteFunc(ids, func(id string) bool { return broken[id] })
	if len(ids) == 0 {
		return
	}
	atLeast := ""
	if len(ids) >= maxMissing {
		atLeast = "at least "
	}
	if s.repo.promised() {
		s.notes.add(unread("objects", fmt.Sprintf("partial clone: %s%d objects were not fetched", atLeast, len(ids)), nil))
		return
	}
	for _, id := range ids[:min(len(ids), maxNamed)] {
		s.notes.add(unread(fmt.Sprintf("objects/%x", id), "missing object", nil))
	}
	if more := len(ids) - maxNamed; more > 0 {
		s.notes.add(unread("objects", fmt.Sprintf("%s%d more objects are missing", atLeast, more), nil))
	}
}
