package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/qleaks/qleaks/scanner/baseline"
)

// gitleaksOwn is whether what a source says about itself counts: its
// configuration, its ignore file and its marks. For the repository or directory
// that the command runs in it does, as with gitleaks; any other one could be
// written by somebody who hides a leak.
type gitleaksOwn struct {
	source, here target
	// same is true if the source belongs to the tree of the working directory.
	same bool
	// trusted is true for a source that counts for no other reason.
	trusted bool
	counts  bool
}

// decideOwn finds out whether the source counts.
func (g *gitleaksRun) decideOwn() error {
	cwd, err := g.env.Getwd()
	if err != nil {
		return couldNot("the current directory is not known", err)
	}
	o := &g.own
	if o.source, err = locateOne(cwd, g.options.Source, readOptions{Untrusted: g.options.Untrusted}); err != nil {
		return err
	}
	if o.here, err = locateOne(cwd, ".", readOptions{}); err != nil {
		return err
	}
	o.same = o.here.holds(o.source)
	o.counts = o.same && !g.options.Untrusted
	if !o.counts {
		o.trusted = isTrusted(g.env, o.source)
		o.counts = o.trusted
	}
	return nil
}

// isTrusted reports whether a target is a root that is trusted with its files.
func isTrusted(env Env, t target) bool {
	if !t.hasFiles() || t.below != "" {
		return false // trust is for the files in the root
	}
	trust, err := loadTrustQuietly(env)
	if err != nil {
		return false
	}
	_, decision, err := trustedFiles(trust, t.root)
	return err == nil && decision == baseline.IsTrusted
}

// hasFiles reports whether a target is a directory with files of its own.
func (t target) hasFiles() bool { return t.kind == directoryTree || t.kind == repositoryTree }

// holds reports whether another target is of the same repository, or without
// one below the directory and in none. A directory with a .git file that leads
// to a repository is of it only if that knows it as one of its working trees.
func (t target) holds(other target) bool {
	switch {
	case (t.repository == nil) != (other.repository == nil):
		return false
	case t.repository == nil:
		_, below := inside(t.root, other.root)
		return below
	}
	return t.repository.CommonDir() == other.repository.CommonDir() &&
		(other.kind == objectsOnly || slices.Contains(t.repository.Worktrees(), other.repository.Root()))
}

// readBeside reads the first of some files of a target's directory that is
// there, nil if none is. Nothing that leads out of the tree is read.
func readBeside(t target, names []string) (name string, text []byte, err error) {
	if !t.hasFiles() {
		return names[0], nil, nil
	}
	return firstContent(t.root, t.below, names, maxBaseline)
}

// ownFile reads the first of some files of the source that is there, if that
// counts. Flag is the one by which the operator can name it.
func (g *gitleaksRun) ownFile(names []string, flag string) (name string, text []byte, err error) {
	name, text, err = readBeside(g.own.source, names)
	full := filepath.Join(g.options.Source, name)
	switch {
	case g.own.counts && err != nil:
		return full, nil, couldNot("cannot read "+full, rootCause(err))
	case g.own.counts:
		return full, text, nil
	case err != nil || text != nil:
		g.tellUnused(full, flag)
	}
	return full, nil, nil
}

// tellUnused says that a file of the source did not count.
func (g *gitleaksRun) tellUnused(file, flag string) {
	why := "it is not of the repository or directory that you are in"
	if g.own.same {
		why = "--untrusted"
	}
	g.say.note("%s was not used: %s", file, why)
	trusting := ""
	if g.own.source.below == "" {
		trusting = "qleaks trust " + g.options.Source + ", or: "
	}
	g.say.hint("if it is yours: %s%s %s", trusting, flag, file)
}

// extended reads what the configuration of a source extends. Trust in another
// tree is for its own files alone.
func (g *gitleaksRun) extended() func(string) ([]byte, error) {
	if g.own.trusted {
		return nil
	}
	return os.ReadFile
}

// readIgnored reads the ignore files: the one of the source, and the one that
// the operator names or has where the command runs.
func (g *gitleaksRun) readIgnored() error {
	_, text, err := g.ownFile(gitleaksIgnoreNames(), "-i")
	if err != nil {
		return err
	}
	g.known.AddIgnored(text)
	if !g.options.Known.Given {
		isSource := g.own.here.root == g.own.source.root && g.own.here.below == g.own.source.below && g.own.source.hasFiles()
		if isSource || g.own.same && g.options.Untrusted {
			return nil
		}
		name, text, err := readBeside(g.own.here, gitleaksIgnoreNames())
		if err != nil {
			return couldNot("cannot read "+name, rootCause(err))
		}
		g.known.AddIgnored(text)
		return nil
	}
	places := []string{g.options.Known.Ignore}
	for _, name := range gitleaksIgnoreNames() {
		places = append(places, filepath.Join(g.options.Known.Ignore, name))
	}
	for _, name := range places {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return couldNot("cannot read "+name, rootCause(err))
		}
		g.known.AddIgnored(text)
	}
	return nil
}
