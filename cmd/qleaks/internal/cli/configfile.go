package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// configName is the configuration file of a repository or directory.
const configName = ".qleaks.toml"

const (
	// maxConfig is the largest configuration that is read, in bytes.
	maxConfig = 1 << 20
	// maxBaseline is the largest baseline: some hundred thousand keys.
	maxBaseline = 32 << 20
)

// fileConfig is a configuration file.
type fileConfig struct {
	Scan   scanSection       `toml:"scan"`
	Ignore []baseline.Ignore `toml:"ignore"`
	// Accounts are the operator's at providers; a scan does not look at them.
	Accounts map[string]accountSection `toml:"accounts"`
	// Stores are where keys are used. They count only where the operator says so.
	Stores map[string]map[string]any `toml:"stores"`
	stores []store.Declaration
	// Audit changes the limits of audits.
	Audit auditSection `toml:"audit"`
	// Records is how long what sweeps found out is kept. It counts as stores do.
	Records recordsSection `toml:"records"`
	// Remediate is what may be done to keys. It counts as stores do.
	Remediate remediateSection `toml:"remediate"`
	// Notify are channels to people, and Serve says where the dashboard is. They
	// count as stores do.
	Notify map[string]notifySection `toml:"notify"`
	Serve  dashboardSection         `toml:"serve"`
	// File holds rules of the user's own: [let] and [[rule]].
	rules.File
}

// scanSection is [scan]; nil means that the file does not say.
type scanSection struct {
	// Exclude lists globs: with a slash they count from the root, without one
	// they match a name at any depth.
	Exclude    []string `toml:"exclude"`
	Confidence *string  `toml:"confidence"`
	FailOn     *string  `toml:"fail-on"`
	Strict     *bool    `toml:"strict"`
	// Marks says whether qleaks:ignore[rule] on a line counts.
	Marks *bool `toml:"marks"`
	// Baseline is a file that lists known keys, from where the configuration
	// is.
	Baseline string `toml:"baseline"`
}

// configWords are all keys of a configuration.
func configWords() []string {
	return append(notifyWords(),
		"serve", "serve.url",
		"scan", "scan.exclude", "scan.confidence", "scan.fail-on", "scan.strict", "scan.marks", "scan.baseline",
		"ignore", "ignore.id", "ignore.reason", "ignore.owner", "ignore.until", "let", "rule",
		"accounts", "accounts.provider", "accounts.credential", "accounts.account", "accounts.everybody", "accounts.services", "accounts.use", "accounts.list-command",
		"stores", "stores.kind", "stores.keys",
		"audit", "audit.unused", "audit.age", "audit.list", "audit.attested", "audit.secret", "audit.production", "audit.ended", "audit.consumers",
		"records", "records.keep-coverage", "records.keep-runs", "records.keep-changes", "records.keep-actions",
		"remediate", "remediate.mode", "remediate.requester", "remediate.drain", "remediate.cancel-jobs", "remediate.replace-unused", "remediate.close-alerts", "remediate.approvers", "remediate.stop-file",
		"remediate.keys", "remediate.caps", "remediate.times", "remediate.freeze", "remediate.external", "remediate.console",
	)
}

// configError says what is wrong in a configuration file; line 0 means that it
// is not known. It quotes no value of the file.
type configError struct {
	line  int
	what  string
	hints []string
}

// Error implements error.
func (e *configError) Error() string {
	if e.line == 0 {
		return e.what
	}
	return fmt.Sprintf("line %d: %s", e.line, e.what)
}

// maxConfigLine keeps keys of a million parts, which take minutes to parse,
// out of the parser.
const maxConfigLine = 4096

// tooLongLine returns the first line that is not read, 0 if there is none.
func tooLongLine(data []byte) int {
	number := 0
	for line := range bytes.Lines(data) {
		if number++; len(line) > maxConfigLine {
			return number
		}
	}
	return 0
}

// parseConfig reads a configuration strictly.
func parseConfig(data []byte) (*fileConfig, error) {
	if line := tooLongLine(data); line > 0 {
		return nil, &configError{line: line, what: fmt.Sprintf("it is longer than %d characters", maxConfigLine)}
	}
	var c fileConfig
	meta, err := toml.Decode(string(data), &c)
	if err != nil {
		return nil, tomlError(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		name := unknown[0].String()
		if len(inventory.Material(name)) > 0 {
			return nil, &configError{what: "a key of the file looks like a key of a provider", hints: []string{"take it out, and replace it: files like this one are copied and committed"}}
		}
		return nil, &configError{
			line: lineOfKey(string(data), unknown[0]), what: fmt.Sprintf("unknown key %q", name),
			hints: didYouMean(name, configWords()),
		}
	}
	if c.Rule, err = c.Rules(data); err != nil {
		return nil, ruleError(err)
	}
	if err := c.declareStores(data, meta); err != nil {
		return nil, err
	}
	return &c, c.validate(data)
}

// ruleError keeps the line of what is wrong with a rule.
func ruleError(err error) error {
	bad := &configError{what: err.Error()}
	if e, ok := errors.AsType[*rules.Error](err); ok {
		bad.line, bad.what = e.Line, e.Err.Error()
	}
	return bad
}

// tomlError keeps the place of a syntax error; its text quotes the file.
func tomlError(err error) error {
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		return &configError{line: syntax.Position.Line, what: "this is not valid here (wrong TOML, or a value of the wrong kind)"}
	}
	return &configError{what: "a value has the wrong kind"}
}

func (c *fileConfig) validate(data []byte) error {
	if c.Scan.Confidence != nil {
		if _, err := parseConfidence(*c.Scan.Confidence); err != nil {
			return &configError{what: "scan.confidence is not one of high, medium, low"}
		}
	}
	if c.Scan.FailOn != nil {
		if _, err := parseFailOn(*c.Scan.FailOn); err != nil {
			return &configError{what: "scan.fail-on is not one of " + strings.Join(failOnWords(), ", ")}
		}
	}
	for i, glob := range c.Scan.Exclude {
		if glob == "" || !doublestar.ValidatePattern(glob) {
			return &configError{what: fmt.Sprintf("scan.exclude: glob number %d is not valid", i+1)}
		}
	}
	if err := c.Audit.validate(); err != nil {
		return err
	}
	if err := c.Records.validate(); err != nil {
		return err
	}
	if err := c.Remediate.validate(); err != nil {
		return err
	}
	if err := c.validateAccounts(data); err != nil {
		return err
	}
	if err := c.validateNotify(data); err != nil {
		return err
	}
	return c.validateIgnores(data)
}

// validateIgnores checks the entries by themselves, and that no finding has
// two: one of them would be the last to be looked at, and have no effect.
func (c *fileConfig) validateIgnores(data []byte) error {
	blocks := ignoreBlocks(data, len(c.Ignore))
	first := map[string]int{}
	for i, entry := range c.Ignore {
		line := 0
		if blocks != nil {
			line = blocks[i].header + 1
		}
		if err := entry.Validate(); err != nil {
			return &configError{line: line, what: fmt.Sprintf("[[ignore]] number %d: %v", i+1, err)}
		}
		if before, ok := first[entry.ID]; ok {
			return &configError{line: line, what: fmt.Sprintf("[[ignore]] number %d: number %d is for the same id", i+1, before)}
		}
		first[entry.ID] = i + 1
	}
	return nil
}

// excludes reports whether a glob of the file matches a slash-separated path
// or a directory above it.
func (c *fileConfig) excludes(name string) bool {
	if c == nil {
		return false
	}
	for p := name; p != "." && p != "/" && p != ""; p = path.Dir(p) {
		for _, glob := range c.Scan.Exclude {
			if matchesGlob(glob, p) {
				return true
			}
		}
	}
	return false
}

func matchesGlob(glob, name string) bool {
	trimmed := strings.TrimSuffix(glob, "/")
	if !strings.Contains(trimmed, "/") {
		name = path.Base(name)
	}
	// The glob was validated when the file was read.
	return doublestar.MatchUnvalidated(strings.TrimPrefix(trimmed, "/"), name)
}

// lineOfKey finds the line of a key, 0 if it is written in an unusual way.
func lineOfKey(text string, key toml.Key) int {
	tables := regexp.MustCompile(`^\s*\[\[?\s*([^\]]+?)\s*\]`)
	keys := regexp.MustCompile(`^\s*"?([A-Za-z0-9_-]+)"?\s*[.=]`)
	table := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		if m := tables.FindStringSubmatch(line); m != nil {
			table = m[1]
			if table == key.String() {
				return number
			}
		}
		m := keys.FindStringSubmatch(line)
		if m != nil && strings.TrimPrefix(table+"."+m[1], ".") == key.String() {
			return number
		}
	}
	return 0
}

// readConfig reads a configuration that the operator named.
func readConfig(file string) (*fileConfig, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the configuration", err: err}
	}
	defer f.Close()
	data, err := readLimited(f, maxConfig)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the configuration", err: err}
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, badConfig(file, err)
	}
	return c, nil
}

func badConfig(file string, err error) error {
	p := &problem{code: exitUsage, message: file, err: err}
	if bad, ok := errors.AsType[*configError](err); ok {
		p.hints = bad.hints
	}
	return p
}

// contentOf returns a file of a root, nil if it has none. The root may be
// hostile: links out of it and special files are not read.
func contentOf(root, name string, limit int64) ([]byte, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	info, err := dir.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, limit)
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d MiB", limit>>20)
	}
	if data == nil {
		data = []byte{}
	}
	return data, err
}
