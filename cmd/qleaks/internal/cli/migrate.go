package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/report"
)

// migrateOptions are the flags of migrate.
type migrateOptions struct {
	Path string
	// Write changes files; without it, migrate only says what it would do.
	Write, Force bool
}

func newMigrateCommand(env Env) *cobra.Command {
	o := migrateOptions{Path: "."}
	cmd := &cobra.Command{
		Use:   "migrate [PATH]",
		Short: "Turn a set-up for gitleaks into one for qleaks",
		Long: `It reads .gitleaks.toml, .gitleaksignore (or betterleaks'), baselines, and what
calls gitleaks in PATH: .pre-commit-config.yaml, workflows of GitHub and other
CI, lefthook, husky, Makefile, package.json. It says what each becomes. With
--write it writes .qleaks.toml, and puts qleaks where gitleaks is called.
What is there already is not overwritten without --force.`,
		Example: `  qleaks migrate                say what would change
  qleaks migrate --write        change it`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Path = args[0]
			}
			return runMigrate(env, o)
		},
	}
	cmd.Flags().BoolVar(&o.Write, "write", false, "change the files")
	cmd.Flags().BoolVar(&o.Force, "force", false, "with --write: replace a .qleaks.toml that is there")
	return cmd
}

// migration is one run of migrate.
type migration struct {
	env  Env
	root *os.Root
	// said are sentences about what was found, config the lines of the new
	// configuration, edited the files that change, by their names.
	said   []string
	config []string
	edited map[string][]byte
}

func (m *migration) say(format string, args ...any) {
	m.said = append(m.said, fmt.Sprintf(format, args...))
}

func runMigrate(env Env, o migrateOptions) error {
	root, err := os.OpenRoot(o.Path)
	if err != nil {
		return couldNot("cannot open "+o.Path, rootCause(err))
	}
	defer root.Close()
	m := &migration{env: env, root: root, edited: map[string][]byte{}}
	for _, step := range []func() error{m.rules, m.ignored, m.baselines, m.calls} {
		if err := step(); err != nil {
			return err
		}
	}
	if len(m.said) == 0 {
		_, err := fmt.Fprintln(env.Stdout, "nothing of gitleaks is set up here")
		return err
	}
	if len(m.config) > 0 {
		m.edited[configName] = []byte("# made by qleaks migrate from a set-up for gitleaks\n" + strings.Join(m.config, "\n") + "\n")
	}
	for _, line := range m.said {
		if _, err := fmt.Fprintln(env.Stdout, report.Clean(line)); err != nil {
			return err
		}
	}
	return m.finish(o)
}

// finish writes the files, or says which would be.
func (m *migration) finish(o migrateOptions) error {
	names := make([]string, 0, len(m.edited))
	for name := range m.edited {
		names = append(names, name)
	}
	slices.Sort(names)
	if _, err := m.root.Lstat(configName); err == nil && m.edited[configName] != nil && !o.Force && o.Write {
		return wrongUsage(configName+" is there already", "to replace it: qleaks migrate --write --force")
	}
	word := "would write"
	if o.Write {
		word = "wrote"
	}
	for _, name := range names {
		if o.Write {
			if err := m.write(name); err != nil {
				return couldNot("cannot write "+name, rootCause(err))
			}
		}
		if _, err := fmt.Fprintf(m.env.Stdout, "%s %s\n", word, report.Clean(name)); err != nil {
			return err
		}
	}
	if o.Write || len(names) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(m.env.Stdout, "nothing was changed; to change it: qleaks migrate --write")
	return err
}

func (m *migration) write(name string) error {
	mode := fs.FileMode(0o644)
	if info, err := m.root.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	return m.root.WriteFile(name, m.edited[name], mode)
}

// read reads a file, nil if it is not there.
func (m *migration) read(name string) ([]byte, error) {
	f, err := m.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, couldNot("cannot read "+name, rootCause(err))
	}
	defer f.Close()
	text, err := readLimited(f, maxConfig)
	if err != nil {
		return nil, couldNot("cannot read "+name, rootCause(err))
	}
	return text, nil
}

// first reads the first of some files that is there; nil if none is.
func (m *migration) first(names []string) (string, []byte, error) {
	for _, name := range names {
		if text, err := m.read(name); text != nil || err != nil {
			return name, text, err
		}
	}
	return "", nil, nil
}

// rules says what becomes of .gitleaks.toml, which stays in use.
func (m *migration) rules() error {
	name, text, err := m.first(gitleaksConfigNames())
	if text == nil || err != nil {
		return err
	}
	files := gitleaks.Files{
		Path:    func(string) ([]byte, error) { return nil, nil },
		Default: func() ([]byte, error) { return nil, nil },
	}
	config, err := gitleaks.Parse(text, files)
	if err != nil {
		return &problem{code: exitUsage, message: name, err: err}
	}
	own := "no rules of its own; what it says stays where it is"
	if n := len(config.Rules); n > 0 {
		own = plural(n, "rule") + " of its own stay where they are"
	}
	m.say("%s: %s: qleaks git and dir read it, and qleaks scan beside the built-in rules when the directory is trusted (qleaks trust)", name, own)
	if bytes.Contains(bytes.ToLower(text), []byte("usedefault")) {
		m.say("%s: it extends gitleaks' default configuration, which qleaks reads from where you have it: see %s in docs/gitleaks.md", name, gitleaksDefaultVariable)
	}
	for _, word := range config.Passed {
		m.say("%s", passedOver(name, word))
	}
	m.config = append(m.config, "", "[scan]", "# rules for gitleaks are in "+name, "marks = true")
	return nil
}

// ignored says what becomes of .gitleaksignore.
func (m *migration) ignored() error {
	name, text, err := m.first(gitleaksIgnoreNames())
	if text == nil || err != nil {
		return err
	}
	count := 0
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		count++
		lines = append(lines, "#   "+line)
	}
	m.say("%s: %s, in use by qleaks git and dir as before; qleaks scan takes none over, because a line would hide whatever stands in it next", name, plural(count, "entry"))
	m.say("%s: to keep a finding of qleaks scan ignored, add its id as [[ignore]] with a reason to %s", name, configName)
	if count > 0 {
		m.config = append(m.config, "", "# entries of "+name+" that need a decision; each becomes", "#   [[ignore]]", "#   id = \"...\"", "#   reason = \"...\"")
		m.config = append(m.config, lines...)
	}
	return nil
}

// baselines tells reports that serve as baselines.
func (m *migration) baselines() error {
	entries, err := fs.ReadDir(m.root.FS(), ".")
	if err != nil {
		return couldNot("cannot list the directory", rootCause(err))
	}
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() || path.Ext(name) != ".json" || !strings.Contains(strings.ToLower(name), "leaks") && !strings.Contains(strings.ToLower(name), "baseline") {
			continue
		}
		text, err := m.read(name)
		if err != nil {
			continue // what is too large is no baseline
		}
		if bytes.Contains(text, []byte(`"RuleID"`)) && bytes.Contains(text, []byte(`"Fingerprint"`)) {
			m.say("%s: a report of gitleaks; qleaks git and dir take it as --baseline-path", name)
			if !bytes.Contains(text, []byte(`"REDACTED"`)) {
				m.say("%s: it seems to hold the values themselves: make it again with qleaks, which redacts them", name)
			}
		}
	}
	return nil
}

// calls puts qleaks in the place of gitleaks in what calls it.
func (m *migration) calls() error {
	names := append([]string{".pre-commit-config.yaml"}, callers...)
	entries, err := fs.ReadDir(m.root.FS(), ".github/workflows")
	if err != nil {
		entries = nil // there are none
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext == ".yml" || ext == ".yaml" {
			names = append(names, path.Join(".github/workflows", e.Name()))
		}
	}
	for _, name := range names {
		if err := m.replace(name); err != nil {
			return err
		}
	}
	return nil
}

// replace changes the lines of a file that call gitleaks or betterleaks, and
// says which a person has to look at.
func (m *migration) replace(name string) error {
	text, err := m.read(name)
	if text == nil || err != nil {
		return err
	}
	var out strings.Builder
	number, changed := 0, false
	for line := range strings.Lines(string(text)) {
		number++
		trimmed := strings.TrimSpace(line)
		replaced, called := calledQleaks(line)
		switch what := advice(line); {
		case strings.HasPrefix(trimmed, "#"):
			replaced = line
		case called:
			changed = true
			m.say("%s:%d: %s", filepath.FromSlash(name), number, strings.TrimSpace(replaced))
		case what != "":
			m.say("%s:%d: look at this yourself: %s", filepath.FromSlash(name), number, trimmed)
			m.say("  %s", what)
		}
		out.WriteString(replaced)
	}
	if changed {
		m.edited[name] = []byte(out.String())
	}
	return nil
}
