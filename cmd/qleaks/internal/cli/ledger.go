package cli

import (
	"fmt"
	"path/filepath"

	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/ledger"
)

const (
	// autoLedger stands for a directory of the user's cache.
	autoLedger = "auto"
	// cacheVariable names another directory for the cache.
	cacheVariable = "QLEAKS_CACHE"
)

// validateLedger says which flags do not go with a ledger. One that comes from
// the environment is for the scans that can use it.
func (o *scanOptions) validateLedger() error {
	if o.Reading.Ledger == "" || o.remembers() || o.Origins["ledger"] != fromFlag {
		return nil
	}
	switch r := o.Reading; {
	case r.Selecting.any():
		return wrongUsage(fmt.Sprintf("--ledger and %s do not go together: a ledger remembers whole histories", r.Selecting.flag()))
	case r.NoHistory:
		return wrongUsage("--ledger remembers history, and --no-history leaves it out")
	case r.Untrusted:
		return wrongUsage("--ledger and --untrusted do not go together: the maker of a repository can give one id to two contents")
	}
	return wrongUsage("--ledger and --verify-engine do not go together: the engine is verified by reading everything")
}

// remembers reports whether a scan can use a ledger.
func (o *scanOptions) remembers() bool {
	r := o.Reading
	return !r.Selecting.any() && !r.NoHistory && !r.Untrusted && !r.VerifyEngine
}

// openLedger says where to remember; nil for a scan that does not.
func (r *scanRun) openLedger() (*ledger.Ledger, error) {
	dir := r.options.Reading.Ledger
	if dir == "" || !r.options.remembers() {
		return nil, nil
	}
	if dir == autoLedger {
		cache := r.env.Getenv(cacheVariable)
		if cache == "" {
			base, err := r.env.CacheDir()
			if err != nil {
				return nil, couldNot("cannot find the directory for caches", err, "set "+cacheVariable+", or give --ledger a directory")
			}
			cache = filepath.Join(base, "qleaks")
		}
		dir = filepath.Join(cache, "ledger")
	}
	if !filepath.IsAbs(dir) {
		cwd, err := r.env.Getwd()
		if err != nil {
			return nil, couldNot("the current directory is not known", err)
		}
		dir = filepath.Join(cwd, dir)
	}
	v := thisVersion()
	return &ledger.Ledger{
		Dir: dir, Build: fmt.Sprintf("%s %s %t", v.Version, v.Revision, v.Modified),
		Remark: func(text string) { r.say.note("%s", text) },
	}, nil
}

// checkLedger refuses a ledger inside of what is scanned.
func (r *scanRun) checkLedger() error {
	ledger := r.options.Reading.ledger
	for _, t := range r.targets {
		if ledger != nil && t.repository != nil && t.repository.Holds(ledger.Dir) {
			return wrongUsage("the ledger "+shortest(t.root, ledger.Dir)+" is inside of the repository that is scanned: whoever writes there could hide a key by it",
				"give --ledger a directory elsewhere, or auto")
		}
	}
	return nil
}

// recallFiles spares downloads of files in which the same program found nothing
// before.
func (r *scanRun) recallFiles(x *inspect.Inspector) {
	ledger := r.options.Reading.ledger
	if ledger == nil || x.Imported != nil {
		return
	}
	rules, err := x.Rules.Hash()
	if err != nil {
		return
	}
	decoding := x.Decode
	decoding.Images, decoding.Quiet, decoding.Spare = nil, nil, nil
	for _, t := range r.targets {
		if t.remote != nil {
			t.remote.sweep.RecallFiles(fmt.Sprintf("build %q rules %s decoding %+v", ledger.Build, rules, decoding))
		}
	}
}
