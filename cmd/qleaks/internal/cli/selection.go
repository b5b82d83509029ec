package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
)

// selectOptions say what is read of a repository, if not all.
type selectOptions struct {
	// Staged is what the next commit would bring.
	Staged   bool
	Ranges   []string
	Branches []string
	Since    string
	// Push is what a push brings, as hooks are told; Tip what the last commit
	// brought.
	Push *gitsource.Push
	Tip  bool
}

func addSelectFlags(cmd *cobra.Command, o *selectOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.Staged, "staged", false, "read only what is staged: what differs between the index and HEAD")
	f.StringArrayVar(&o.Ranges, "range", nil, "read only what the commits of `A..B` bring, no files: A...B for either side, several times for more")
	f.StringArrayVar(&o.Branches, "branch", nil, "read only what the branch `NAME` reaches, no files")
	f.StringVar(&o.Since, "since", "", "read only what commits bring that `REV` does not reach, or since a date (2026-05-01, UTC) or an age (90d, \"2 weeks\"); of --branch, or all refs; no files")
}

// any reports whether only a part of a repository is read.
func (o selectOptions) any() bool { return o.Staged || o.Tip || o.Push != nil || o.commits() }

// commits reports whether commits are selected.
func (o selectOptions) commits() bool {
	return len(o.Ranges) > 0 || len(o.Branches) > 0 || o.Since != ""
}

// flag is the first of the flags that are given.
func (o selectOptions) flag() string {
	switch {
	case o.Staged:
		return "--staged"
	case len(o.Ranges) > 0:
		return "--range"
	case len(o.Branches) > 0:
		return "--branch"
	default:
		return "--since"
	}
}

// words are the flags as they could be given.
func (o selectOptions) words() string {
	var words []string
	for _, r := range o.Ranges {
		words = append(words, "--range "+r)
	}
	for _, b := range o.Branches {
		words = append(words, "--branch "+b)
	}
	if o.Since != "" {
		words = append(words, "--since "+o.Since)
	}
	return strings.Join(words, " ")
}

// validateSelection says which flags do not go together.
func (o *readOptions) validateSelection() error {
	s := o.Selecting
	switch {
	case s.Staged && s.commits():
		s.Staged = false
		return wrongUsage("--staged and " + s.flag() + " do not go together")
	case !s.commits():
		return nil
	case o.NoHistory:
		return wrongUsage(s.flag() + " reads history, and --no-history leaves it out")
	case len(s.Ranges) > 0 && s.Since != "":
		return wrongUsage("--range and --since do not go together", "a range has its beginning: --range REV..HEAD")
	case len(s.Ranges) > 0 && len(s.Branches) > 0:
		return wrongUsage("--range and --branch do not go together", "a range has its end: --range A.."+s.Branches[0])
	}
	return nil
}

// selected makes of a PATH the part of a repository that it must be when
// commits are selected.
func (o readOptions) selected(t target) (target, error) {
	if !o.Selecting.any() {
		return t, nil
	}
	if t.repository == nil {
		return target{}, wrongUsage(fmt.Sprintf("%s needs a repository, and %s is in none", o.Selecting.flag(), t.Label),
			"give a directory of the repository, or no PATH for the current one")
	}
	if t.kind == singleFile {
		t.kind, t.below = repositoryTree, t.path
	}
	return t, nil
}

// part yields what the selected part of a repository holds.
func (w *walk) part(ctx context.Context, t target) stream {
	inspector, jobs, tally := w.scanner.Inspector, w.scanner.Jobs, w.scanner.Tally
	if w.options.Selecting.Tip {
		return t.repository.SearchTip(ctx, inspector, jobs, tally)
	}
	if w.options.Selecting.Staged {
		return t.repository.SearchStaged(ctx, inspector, jobs, tally, t.staging)
	}
	return t.repository.SearchRange(ctx, inspector, jobs, tally, w.selection())
}

// unselected says that nothing is in the selected part.
func (o selectOptions) unselected(label string) string {
	switch {
	case o.Staged:
		return "nothing is staged"
	case o.Tip:
		return "the last commit brought no file"
	case o.Push != nil:
		return "the other side has all of it"
	}
	return fmt.Sprintf("no commit of %s is in %s", label, report.Clean(o.words()))
}

// selection tells package gitsource what is asked for.
func (w *walk) selection() gitsource.Selection {
	s := w.options.Selecting
	return gitsource.Selection{
		Ranges: s.Ranges, Branches: s.Branches, Since: s.Since, Push: s.Push, Now: w.now,
		Remark: func(text string) { w.say.notes.note("%s", text) },
	}
}

// unknownRevisionError is words of the operator that lead to no commit.
type unknownRevisionError struct{ error }

// Unwrap returns the words for it.
func (u unknownRevisionError) Unwrap() error { return u.error }

// wrongRevision puts an unknown revision in words, or returns nil.
func wrongRevision(err error) error {
	var wrong *gitsource.RevisionError
	if !errors.As(err, &wrong) {
		return nil
	}
	message := fmt.Sprintf("%q: %s", wrong.Revision, wrong.Reason)
	hints := didYouMean(wrong.Revision, wrong.Known)
	if len(wrong.Candidates) > 0 {
		hints = []string{"it could be " + strings.Join(wrong.Candidates, ", ")}
	}
	return unknownRevisionError{wrongUsage(message, hints...)}
}
