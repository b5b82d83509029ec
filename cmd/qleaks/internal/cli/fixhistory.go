package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/scanner/finding"
)

// printHistory prints how to take the keys out of the history. It changes
// nothing.
func (x *fixing) printHistory() error {
	if x.repository == nil {
		return wrongUsage("--history wants a repository, and " + x.options.Path + " is in none")
	}
	h := rewrite.History{}
	var commits []string
	var repository string
	for _, f := range x.findings {
		inHistory := false
		for _, o := range f.Occurrences {
			if o.Git == nil {
				continue
			}
			inHistory = true
			if o.Git.Commit != "" && !slices.Contains(commits, o.Git.Commit) {
				commits = append(commits, o.Git.Commit)
			}
			switch {
			case packed(o.Location):
				h.Packed = append(h.Packed, f.Path)
			case inPieces(o.Location):
				h.Pieces = append(h.Pieces, f.Path)
			}
		}
		if !inHistory || slices.ContainsFunc(x.found, func(other finding.Finding) bool { return other.Fingerprint == f.Fingerprint }) {
			continue
		}
		repository = f.Repository
		x.found = append(x.found, f)
		x.keys = append(x.keys, rewrite.Key{Value: f.Secret, Variable: x.variable(f, nil)})
	}
	if len(x.found) == 0 {
		x.say.note("no key in the history of %s", x.options.Path)
		return nil
	}
	h.Keys = x.keys
	if !strings.HasPrefix(repository, "root:") && repository != "" {
		h.URL = "https://" + repository
	}
	_, err := fmt.Fprintf(x.env.Stdout, "%s\n%s\n%s", h.Plan(), rewrite.Unreached(), rewrite.Request(h.URL, commits))
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// packed reports whether a key is where no replacement of its bytes reaches.
func packed(l finding.Location) bool {
	return l.Member != "" || slices.ContainsFunc(l.Way, func(way string) bool {
		return !slices.Contains([]string{"ansi", "html", "entities", "escapes", "percent", "latex", "quoted-printable", "joined", "reversed"}, way)
	})
}

// inPieces reports whether a key is written in pieces, or backwards.
func inPieces(l finding.Location) bool {
	return slices.Contains(l.Way, "joined") || slices.Contains(l.Way, "reversed")
}
