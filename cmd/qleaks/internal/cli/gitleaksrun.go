package cli

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/leaks"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// gitleaksRun is one run of a command of gitleaks' grammar.
type gitleaksRun struct {
	env     Env
	options gitleaksOptions
	say     messages
	scanner *leaks.Scanner
	known   leaks.Known
	report  leaks.Report
	own     gitleaksOwn
}

func (g *gitleaksRun) do(ctx context.Context, run func(context.Context, *gitleaksRun) (leaks.Result, error)) error {
	g.say = messages{w: g.env.Stderr, quiet: g.options.quiet()}
	if err := g.options.validate(g.env); err != nil {
		return err
	}
	if err := g.prepare(); err != nil {
		return asGitleaksFailure(err)
	}
	limited, cancel := g.options.limit(ctx)
	defer cancel()
	result, err := run(limited, g)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, wrong := errors.AsType[*problem](err); wrong {
		return asGitleaksFailure(err)
	}
	if err != nil {
		g.say.line("error", "the scan is not complete: "+err.Error())
	}
	return g.conclude(result, err)
}

// asGitleaksFailure gives an error gitleaks' exit code.
func asGitleaksFailure(err error) error {
	if p, ok := errors.AsType[*problem](err); ok {
		same := *p
		same.code = exitFindings
		return &same
	}
	return &problem{code: exitFindings, message: "could not scan", err: err}
}

func (g *gitleaksRun) prepare() error {
	o := g.options
	if err := g.decideOwn(); err != nil {
		return err
	}
	config, own, err := g.rules()
	if err != nil {
		return err
	}
	for _, name := range config.Passed {
		g.say.note("%s", passedOver("the configuration", name))
	}
	set, err := config.Compile(o.Rules)
	if err != nil {
		return gitleaksWrong("--enable-rule: " + err.Error())
	}
	g.scanner = &leaks.Scanner{
		Set: set, Archives: o.Reading.ArchiveDepth, Follow: o.Reading.Follow, Own: []string{filepath.ToSlash(own)},
		Options: gitleaks.Options{
			DecodeDepth: o.Reading.DecodeDepth, Megabytes: o.Reading.Megabytes,
			IgnoreMarks: o.Reading.IgnoreMarks || !g.own.counts, Lines: o.Report.Template != "",
		},
	}
	g.report = leaks.Report{
		Format: o.Report.Format, Showing: leaks.Showing{Secrets: o.Report.ShowSecrets, Redact: o.Report.Redact},
		Rules: config.Rules, Version: thisVersion().Version,
	}
	if o.Report.Template != "" && o.Report.Path != "" {
		text, err := os.ReadFile(o.Report.Template)
		if err != nil {
			return couldNot("cannot read the template", err)
		}
		g.report.Template = string(text)
		if _, err := g.report.Parse(); err != nil {
			return couldNot("the template is not valid", err)
		}
	}
	return g.readKnown()
}

// readKnown reads what is not to be reported.
func (g *gitleaksRun) readKnown() error {
	if err := g.readIgnored(); err != nil {
		return err
	}
	for _, line := range g.known.Wrong {
		g.say.note("%q in .gitleaksignore is no fingerprint", line)
	}
	name := g.options.Known.Baseline
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err == nil {
		err = g.known.AddBaseline(text)
	}
	if err != nil { // as with gitleaks, what it would hide is reported then
		g.say.warning("the baseline %s is not used: %v", name, rootCause(err))
		g.say.hint("make one with: qleaks git --report-format json --report-path FILE")
		return nil
	}
	source, err := filepath.Abs(g.options.Source)
	absolute, err2 := filepath.Abs(name)
	if rel, err3 := filepath.Rel(source, absolute); errors.Join(err, err2, err3) == nil {
		g.scanner.Own = append(g.scanner.Own, filepath.ToSlash(rel))
	}
	return nil
}

// rules reads the rules; own is the path of the configuration as gitleaks
// compares it with those of files.
func (g *gitleaksRun) rules() (config *gitleaks.Config, own string, err error) {
	files := gitleaks.Files{Path: os.ReadFile, Default: func() ([]byte, error) { return gitleaksDefault(g.env) }}
	name, text, err := g.givenConfiguration()
	if err == nil && text == nil {
		if name, text, err = g.ownFile(gitleaksConfigNames(), "--config"); text != nil {
			own, files.Path = name, g.extended()
		}
	}
	switch {
	case g.options.Config != "":
		own = g.options.Config
	case own == "" && g.own.counts:
		own = filepath.Join(g.options.Source, gitleaksConfigName)
	}
	if err == nil && text == nil {
		name, files.IsDefault = "the default configuration", true
		text, err = files.Default()
	}
	if err == nil {
		config, err = gitleaks.Parse(text, files)
	}
	if errors.Is(err, gitleaks.ErrNoDefault) {
		return nil, "", noGitleaksDefault(err)
	}
	if _, told := errors.AsType[*problem](err); err != nil && !told {
		return nil, "", &problem{code: exitUsage, message: name, err: err}
	}
	return config, own, err
}

// gitleaksConfigName is where gitleaks looks for a source's own rules.
const gitleaksConfigName = ".gitleaks.toml"

// gitleaksConfigNames are where gitleaks looks, and then where betterleaks does.
func gitleaksConfigNames() []string { return []string{gitleaksConfigName, ".betterleaks.toml"} }

func gitleaksIgnoreNames() []string { return []string{gitleaksIgnoreName, ".betterleaksignore"} }

// gitleaksIgnoreName is where it looks for what a source does not want to be
// told of.
const gitleaksIgnoreName = ".gitleaksignore"

// givenConfiguration reads the one that the operator names; nil without one.
func (g *gitleaksRun) givenConfiguration() (name string, text []byte, err error) {
	name = g.options.Config
	for _, variable := range []string{"GITLEAKS_CONFIG", "BETTERLEAKS_CONFIG"} {
		name = cmp.Or(name, g.env.Getenv(variable))
	}
	for _, variable := range []string{"GITLEAKS_CONFIG_TOML", "BETTERLEAKS_CONFIG_TOML"} {
		if inline := g.env.Getenv(variable); name == "" && inline != "" {
			return variable, []byte(inline), nil
		}
	}
	if name == "" {
		return "", nil, nil
	}
	if text, err = os.ReadFile(name); err != nil {
		return "", nil, couldNot("cannot read the configuration "+name, rootCause(err))
	}
	return name, text, nil
}

// conclude reports what was found and gives the exit code.
func (g *gitleaksRun) conclude(result leaks.Result, failure error) error {
	fresh, ignored, listed := g.known.Split(result.Leaks)
	if g.options.Verbose {
		if err := g.report.WriteText(g.env.Stdout, fresh, report.Clean); err != nil {
			return couldNot("cannot list the leaks", err)
		}
	}
	if err := g.write(fresh); err != nil {
		return asGitleaksFailure(err)
	}
	unread := 0
	for _, note := range result.Notes {
		if note.Outcome == source.Unread {
			unread++
			g.say.note("not read: %s: %s", note.Path, note.Reason)
		}
	}
	g.tellKnown(ignored, listed, result)
	partial := ""
	if failure != nil || unread > 0 {
		partial = " in a partial scan"
	}
	if len(fresh) > 0 {
		g.say.warning("leaks found%s: %d", partial, len(fresh))
	} else {
		g.say.note("no leaks found%s", partial)
	}
	switch {
	case failure != nil || unread > 0:
		return exitStatusError(exitFindings)
	case len(fresh) > 0:
		return exitStatusError(g.options.ExitCode)
	}
	return nil
}

// tellKnown tells what was found and not reported.
func (g *gitleaksRun) tellKnown(ignored, listed []leaks.Leak, result leaks.Result) {
	for _, k := range []struct {
		all []leaks.Leak
		why string
	}{
		{ignored, ".gitleaksignore"}, {listed, "the baseline"}, {result.Marked, "marks such as gitleaks:allow"},
		{result.Allowed, "allowlists of the configuration"},
	} {
		if len(k.all) > 0 {
			g.say.note("%s not reported, because of %s", plural(len(k.all), "leak"), k.why)
		}
		for _, l := range k.all {
			if g.options.Verbose {
				g.say.note("  not reported: %s", l.Fingerprint())
			}
		}
	}
	g.tellPassed(result.Passed)
	if unused := g.known.Unused(); len(unused) > 0 && g.options.Verbose {
		for _, fingerprint := range unused {
			g.say.note("%s in .gitleaksignore is not used", fingerprint)
		}
	}
	unheard := 0
	for _, l := range result.Leaks {
		if l.Unheard {
			unheard++
		}
	}
	if unheard > 0 && !g.own.counts {
		g.say.note("%s did not count: what is not yours may not hide leaks", plural(unheard, "mark"))
	}
}

// tellPassed tells what allowlists kept from being looked at.
func (g *gitleaksRun) tellPassed(p leaks.Passed) {
	if p.Len() == 0 {
		return
	}
	var parts []string
	for _, k := range []struct {
		all  map[string]bool
		name string
	}{{p.Paths, "path"}, {p.Commits, "commit"}} {
		if len(k.all) > 0 {
			parts = append(parts, plural(len(k.all), k.name))
		}
	}
	g.say.note("%s passed over, because of allowlists of the configuration", strings.Join(parts, " and "))
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(p.Paths)), slices.Sorted(maps.Keys(p.Commits))) {
		if g.options.Verbose {
			g.say.note("  passed over: %s", name)
		}
	}
}

func (g *gitleaksRun) write(fresh []leaks.Leak) error {
	if g.options.Report.Path == "" {
		return nil
	}
	if g.options.Report.ShowSecrets {
		g.say.warning("this report shows keys: whoever sees it can use them")
	}
	o := outputOptions{File: g.options.Report.Path, ShowSecrets: g.options.Report.ShowSecrets}
	if o.File == "-" {
		o.File = ""
	}
	out, err := o.open(g.env)
	if err != nil {
		return err
	}
	if err := g.report.Write(out, fresh); err != nil {
		return couldNot("cannot write the report", errors.Join(err, out.abandon()))
	}
	return out.finish()
}
