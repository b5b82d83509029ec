package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/qleaks/qleaks/scanner/baseline"
)

// baselineName is the baseline of a repository or directory, if nobody names
// another one.
const baselineName = ".qleaks-baseline"

// operatorsBaseline is the baseline that the operator named, by --baseline or
// in the file of --config; "" without one.
func (r *scanRun) operatorsBaseline(given *fileConfig) string {
	switch {
	case r.options.Judging.Baseline != "":
		return r.options.Judging.Baseline
	case given != nil && given.Scan.Baseline != "":
		name := filepath.FromSlash(given.Scan.Baseline)
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(filepath.Dir(r.options.Judging.Config), name)
	}
	return ""
}

// readBaseline reads a baseline that the operator named.
func readBaseline(name, salt string) (*baseline.List, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noBaseline(name)
	}
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the baseline", err: err}
	}
	defer f.Close()
	text, err := readLimited(f, maxBaseline)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the baseline", err: err}
	}
	return parseBaseline(name, text, salt)
}

func noBaseline(name string) error {
	return wrongUsage("there is no baseline "+name, "to make it of what is found now: qleaks baseline create --baseline "+name)
}

func parseBaseline(name string, text []byte, salt string) (*baseline.List, error) {
	list, err := baseline.ParseList(text, salt)
	if err != nil {
		return nil, &problem{code: exitUsage, message: name, err: err, hints: baselineHints(err)}
	}
	return list, nil
}

// baselineHints says what to do about a baseline that cannot be used.
func baselineHints(err error) []string {
	switch {
	case errors.Is(err, baseline.ErrConflict):
		return []string{
			"keep the lines of both sides, and take out those of Git; any order will do",
			"to have no conflicts: echo '" + baselineName + " merge=union' >> .gitattributes",
		}
	case errors.Is(err, baseline.ErrSalts):
		return []string{"set " + fingerprintKey + " to what it was when the baseline was made, or unset it if it was not set then"}
	}
	return nil
}

// gone are the keys of baselines that a scan did not find, of those that it
// would have: their rules are among its own.
func (r *scanRun) gone(missing []baseline.Known) []baseline.Known {
	var gone []baseline.Known
	for _, k := range missing {
		if r.walk.scanner.Inspector.LooksFor(k.Rule) {
			gone = append(gone, k)
		}
	}
	return gone
}
