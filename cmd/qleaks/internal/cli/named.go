package cli

import (
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
)

// named says of what was found in files which repository it is in. The name of
// one without a remote is looked for in its whole history: only if there is
// something to tell.
func (w *walk) named(r *gitsource.Repository, files stream) stream {
	if r == nil {
		return files
	}
	return func(yield func(finding.Finding, error) bool) {
		for f, err := range files {
			if err == nil {
				f.Repository = r.Identity()
				f.ID = finding.Identify(w.scanner.Inspector.Fingerprints, f)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}
