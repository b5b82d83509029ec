package cli

import (
	"log/slog"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

// rememberVerdicts keeps what providers said, for audits, which ask nobody. A
// place that cannot be written keeps nothing: then an audit says that nobody
// asked.
func rememberVerdicts(env Env, log *slog.Logger, checks map[secret.Fingerprint]*finding.Check) {
	fingerprints, err := fingerprinter(env)
	if err != nil {
		return
	}
	store, err := openInventory(env, messages{w: env.Stderr, quiet: true})
	if err != nil {
		log.Debug("no directory for verdicts")
		return
	}
	if err := hygiene.RememberVerdicts(store.Dir, fingerprints.Salt(), checks); err != nil {
		log.Debug("verdicts are not remembered")
	}
}
