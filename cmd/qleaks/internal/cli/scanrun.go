package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// fingerprintKey is the variable with the private salt.
const fingerprintKey = "QLEAKS_FINGERPRINT_KEY"

// scanRun is one run of scan.
type scanRun struct {
	env      Env
	options  scanOptions
	say      messages
	log      *slog.Logger
	targets  []target
	content  *sayOf
	settings settings
	walk     *walk
	tally    source.Tally
	begin    time.Time
	// stream is set while an unordered report is written.
	stream *report.Stream
	// imported are rules for gitleaks; nil without any.
	imported *inspect.Imported
}

func newScanRun(env Env, o scanOptions) *scanRun {
	o.Reading.globalIgnore = globalIgnore(env)
	return &scanRun{
		env: env, options: o, begin: env.Now(),
		say: messages{w: env.Stderr, quiet: o.Talking.Quiet}, log: debugLog(env, o.Talking),
	}
}

func runScan(ctx context.Context, env Env, o scanOptions) error {
	r := newScanRun(env, o)
	if err := r.options.validate(env); err != nil {
		return err
	}
	if r.options.Remedy.On && r.options.Remedy.HandOver == "" {
		return runScanRemedy(ctx, env, r.options)
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if o.Output.ShowSecrets {
		r.say.warning("this report shows keys: whoever sees it can use them")
	}
	out, err := r.options.Output.open(env)
	if err != nil {
		return err
	}
	status, err := r.report(ctx, out)
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	if err := out.finish(); err != nil {
		return err
	}
	if r.options.Output.File != "" {
		r.say.note("the report is in %s", r.options.Output.File)
	}
	return status
}

// debugLog is silent without --verbose. What it is given must be safe to paste
// into a public issue: numbers and words of ours, no path and no name.
func debugLog(env Env, o talkOptions) *slog.Logger {
	if !o.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// prepare finds out what to scan, by which rules and settings.
func (r *scanRun) prepare(ctx context.Context) error {
	if r.env.Self.acts {
		return couldNot("this process holds credentials, and reads no tree", nil)
	}
	given := r.options.Judging.given
	if name := r.options.Judging.Config; name != "" {
		isGitleaks, err := r.givenRules(name)
		if err == nil && !isGitleaks {
			given, err = readConfig(name)
		}
		if err != nil {
			return err
		}
	}
	// Wrong words on the command line are told before any other work.
	if _, err := resolve(r.options.Judging, r.options.Origins, nil); err != nil {
		return err
	}
	var err error
	if r.options.Reading.ledger, err = r.openLedger(); err != nil {
		return err
	}
	if r.targets, err = r.locate(ctx); err != nil {
		return err
	}
	if err := r.checkLedger(); err != nil {
		return err
	}
	if err := r.listen(given); err != nil {
		return err
	}
	if r.settings, err = resolve(r.options.Judging, r.options.Origins, r.content.settings(r.targets)); err != nil {
		return err
	}
	if err := r.ownRules(r.content.trust); err != nil {
		return err
	}
	inspector, err := r.inspector()
	if err != nil {
		return err
	}
	if r.options.Verifying.also.Low && r.settings.Origins["confidence"] == "" {
		r.settings.Confidence = rules.Low // what is asked about is shown
	}
	r.log.Debug("settings", "confidence", r.settings.Confidence, "fail-on", string(r.settings.FailOn), "strict", r.settings.Strict, "format", r.options.Output.Format)
	r.recallFiles(inspector)
	r.walk = r.newWalk(inspector)
	return nil
}

func (r *scanRun) locate(ctx context.Context) ([]target, error) {
	if r.options.located != nil {
		return r.options.located, nil
	}
	if r.options.Home {
		return locateHome(r.env)
	}
	places, here, err := r.options.away()
	if err != nil || len(places) == 0 {
		return locate(ctx, r.env, r.options.Paths, r.options.Reading)
	}
	targets, err := r.locateGitHub(ctx, places)
	if err != nil || len(here) == 0 {
		return targets, err
	}
	local, err := locate(ctx, r.env, here, r.options.Reading)
	return append(local, targets...), err
}

// listen finds out who has a say in what is reported.
func (r *scanRun) listen(given *fileConfig) error {
	trust, err := r.trust()
	if err != nil {
		return err
	}
	fingerprints, err := fingerprinter(r.env)
	if err != nil {
		return err
	}
	known := r.options.Judging.known
	if name := r.operatorsBaseline(given); name != "" && known == nil {
		if known, err = readBaseline(name, fingerprints.Salt()); err != nil {
			return err
		}
	}
	r.content = newSayOf(sayOf{
		given: given, known: known, trust: trust, notes: r.say, salt: fingerprints.Salt(), now: r.begin,
	})
	return nil
}

func (r *scanRun) newWalk(inspector *inspect.Inspector) *walk {
	return &walk{
		scanner:  &scanner.Scanner{Inspector: inspector, Jobs: r.jobs(), Tally: &r.tally},
		options:  r.options.Reading,
		say:      r.content,
		log:      r.log,
		now:      r.begin,
		stdin:    source.Reader{Name: "stdin", R: r.env.Stdin},
		queue:    append([]target(nil), r.targets...),
		searched: map[string]bool{},
		walked:   map[string]bool{},
		parts:    partsOf(r.targets),
		outside:  map[string]rules.Confidence{},
	}
}

// partsOf collects which parts of each repository are asked for.
func partsOf(targets []target) map[string][]string {
	parts := map[string][]string{}
	for _, t := range targets {
		if t.repository != nil && t.kind != singleFile {
			parts[t.repository.CommonDir()] = append(parts[t.repository.CommonDir()], t.below)
		}
	}
	return parts
}

func (r *scanRun) jobs() int {
	if r.options.Reading.Jobs > 0 {
		return r.options.Reading.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

func (r *scanRun) inspector() (*inspect.Inspector, error) {
	set, err := r.ruleSet()
	if err != nil {
		return nil, err
	}
	fingerprints, err := fingerprinter(r.env)
	if err != nil {
		return nil, err
	}
	r.log.Debug("rules", "count", len(set.Rules()), "private fingerprints", r.env.Getenv(fingerprintKey) != "")
	return &inspect.Inspector{
		Rules: set, Fingerprints: fingerprints, Imported: r.imported,
		Decode: decode.Options{Spare: new(decode.Spare)}, Zones: inspect.NewZones(),
	}, nil
}

// fingerprinter makes fingerprints with the private salt, if there is one.
func fingerprinter(env Env) (secret.Fingerprinter, error) {
	f, err := secret.NewFingerprinter(env.Getenv(fingerprintKey))
	if err != nil {
		return f, wrongUsage(fingerprintKey+" is too short: it needs 16 characters or more",
			"make one with: openssl rand -hex 32; every machine must use the same")
	}
	return f, nil
}

// trust reads what is trusted. Without a home directory nothing is.
func (r *scanRun) trust() (baseline.Trust, error) {
	file, err := trustFile(r.env)
	if err != nil {
		r.log.Debug("no directory for configuration")
		return baseline.Trust{}, nil //nolint:nilerr // trusting nothing is safe
	}
	trust, err := baseline.LoadTrust(file)
	if err != nil {
		return baseline.Trust{}, &problem{code: exitUsage, message: "cannot tell what is trusted", err: err, hints: []string{"repair or remove that file; then trust again what is yours"}}
	}
	return trust, nil
}

func trustFile(env Env) (string, error) {
	dir, err := env.ConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the directory for configuration: %w", err)
	}
	return filepath.Join(dir, "qleaks", "trust.json"), nil
}
