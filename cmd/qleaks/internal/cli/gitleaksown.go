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

// readBeside reads a file of a target's directory, nil if there is none.
// Nothing that leads out of the tree is read.
func readBeside(t target, name string) ([]byte, error) {
	if !t.hasFiles() {
		return nil, nil
	}
	return contentOf(t.root, filepath.Join(filepath.FromSlash(t.below), name), maxBaseline)
}

// ownFile reads a file of the source if that counts. Flag is the one by which
// the operator can name it.
func (g *gitleaksRun) ownFile(name, flag string) ([]byte, error) {
	text, err := readBeside(g.own.source, name)
	switch {
	case g.own.counts && err != nil:
		return nil, couldNot("cannot read "+filepath.Join(g.options.Source, name), rootCause(err))
	case g.own.counts:
		return text, nil
	case err != nil || text != nil:
		g.tellUnused(name, flag)
	}
	return nil, nil
}

// tellUnused says that a file of the source did not count.
func (g *gitleaksRun) tellUnused(name, flag string) {
	file := filepath.Join(g.options.Source, name)
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
	text, err := g.ownFile(gitleaksIgnoreName, "-i")
	if err != nil {
		return err
	}
	g.known.AddIgnored(text)
	if !g.options.Known.Given {
		isSource := g.own.here.root == g.own.source.root && g.own.here.below == g.own.source.below && g.own.source.hasFiles()
		if isSource || g.own.same && g.options.Untrusted {
			return nil
		}
		if text, err = readBeside(g.own.here, gitleaksIgnoreName); err != nil {
			return couldNot("cannot read "+gitleaksIgnoreName, rootCause(err))
		}
		g.known.AddIgnored(text)
		return nil
	}
	for _, name := range []string{g.options.Known.Ignore, filepath.Join(g.options.Known.Ignore, gitleaksIgnoreName)} {
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
