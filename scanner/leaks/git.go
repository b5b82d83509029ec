package leaks

import (
	"context"
	"strings"
	"time"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// History looks at the lines that commits add: of merges none, as gitleaks
// does.
func (s *Scanner) History(ctx context.Context, r *gitsource.Repository, log gitsource.PatchLog, links Links) (Result, error) {
	var result Result
	notes, err := gitsource.Patches(ctx, r, log, s.Jobs, func(p gitsource.Patch) Result { return s.patch(ctx, p) }, func(found Result) {
		for i := range found.Leaks {
			found.Leaks[i].Link = links.to(found.Leaks[i])
		}
		result.add(found)
	})
	result.Notes = append(result.Notes, unreadOnly(notes)...)
	return result, err
}

// Staged looks at the lines that the next commit would add, or with worktree at
// those that are not staged yet.
func (s *Scanner) Staged(ctx context.Context, r *gitsource.Repository, index, below string, worktree bool) (Result, error) {
	list := r.PatchStaged
	if worktree {
		list = r.PatchWorktree
	}
	var result Result
	notes, err := list(ctx, index, below, func(p gitsource.Patch) { result = s.patch(ctx, p) })
	result.Notes = append(result.Notes, unreadOnly(notes)...)
	result.Commits = 0
	return result, err
}

func unreadOnly(notes []*source.ItemError) []*source.ItemError {
	var out []*source.ItemError
	for _, n := range notes {
		if n.Outcome == source.Unread {
			out = append(out, n)
		}
	}
	return out
}

// patch looks at what one commit adds.
func (s *Scanner) patch(ctx context.Context, p gitsource.Patch) Result {
	var r Result
	if len(p.Files) > 0 {
		r.Commits = 1
	}
	// What is not committed has the date of no time: baselines compare it.
	c := Commit{
		ID: p.Commit.ID, Author: p.Commit.Author, Email: p.Commit.Email,
		Date: p.Commit.Date.UTC().Format(time.RFC3339), Message: message(p.Commit.Message),
	}
	for _, f := range p.Files {
		if f.Binary {
			if s.Archives > 0 && isArchiveName(f.Path) && !s.skips(f.Path, &r.Passed) {
				r.add(s.archive(ctx, f.Content, f.Path, c))
			}
			continue
		}
		for _, h := range f.Hunks {
			r.add(s.fragment(ctx, gitleaks.Fragment{Text: h.Text, Path: f.Path, Commit: c.ID, Line: h.Line}, "", c))
		}
	}
	return r
}

// message is a commit's as gitleaks tells it: the lines of the title are one,
// and empty lines do not follow each other.
func message(text string) string {
	title, body, _ := strings.Cut(strings.Trim(text, "\n"), "\n\n")
	words := strings.Split(title, "\n")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	out := []string{strings.Join(words, " ")}
	empty := true
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			empty = true
			continue
		}
		if empty {
			out = append(out, "")
		}
		empty = false
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
