package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// selectOptions say which commits are read, if not all.
type selectOptions struct {
	Ranges   []string
	Branches []string
	Since    string
}

func addSelectFlags(cmd *cobra.Command, o *selectOptions) {
	f := cmd.Flags()
	f.StringArrayVar(&o.Ranges, "range", nil, "read only what the commits of `A..B` bring, no files: A...B for either side, several times for more")
	f.StringArrayVar(&o.Branches, "branch", nil, "read only what the branch `NAME` reaches, no files")
	f.StringVar(&o.Since, "since", "", "read only what commits bring that `REV` does not reach, or since a date (2026-05-01, UTC) or an age (90d, \"2 weeks\"); of --branch, or all refs; no files")
}

// any reports whether only a part of the history is read.
func (o selectOptions) any() bool {
	return len(o.Ranges) > 0 || len(o.Branches) > 0 || o.Since != ""
}

// flag is the first of the flags that are given.
func (o selectOptions) flag() string {
	switch {
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
	case !s.any():
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

// selection tells package gitsource what is asked for.
func (w *walk) selection() gitsource.Selection {
	s := w.options.Selecting
	return gitsource.Selection{
		Ranges: s.Ranges, Branches: s.Branches, Since: s.Since, Now: w.now,
		Remark: func(text string) { w.say.notes.note("%s", text) },
	}
}

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
	return wrongUsage(message, hints...)
}
