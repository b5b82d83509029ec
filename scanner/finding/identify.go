package finding

import "github.com/qleaks/qleaks/internal/secret"

// idPrefix begins every ID, so that one is recognised wherever it is pasted.
const idPrefix = "ql"

// Identify returns the ID of a finding: its rule, fingerprint, repository and
// path, and nothing that moves (lines, commits, confidence). The finding needs
// its Rule, Fingerprint, Repository and Path.
func Identify(fp secret.Fingerprinter, f Finding) string {
	return idPrefix + fp.Sum("finding", f.Rule.ID, string(f.Fingerprint), f.Repository, f.Path)
}
