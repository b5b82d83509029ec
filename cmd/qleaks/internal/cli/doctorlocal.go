package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/githooks"
	"github.com/qleaks/qleaks/remediate/console"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// program looks at this program, and at the one that hooks of others would run.
func (d *doctor) program(context.Context) []checkup {
	c := checkup{Name: "program", State: healthy, Says: fmt.Sprintf("qleaks %s for %s/%s", thisVersion().Version, runtime.GOOS, runtime.GOARCH)}
	if _, err := rules.Builtin(); err != nil {
		return []checkup{{Name: "program", State: ailing, Says: "the built-in rules are broken: " + err.Error(), Do: []string{"install qleaks anew"}}}
	}
	own, err := d.env.Self.Program()
	if err != nil {
		return []checkup{c}
	}
	inPath, err := exec.LookPath("qleaks")
	switch {
	case err != nil:
		c.State, c.Says = improvable, c.Says+"; it is not in PATH, where hooks that are shared look for it"
		c.Do = []string{"put " + filepath.Dir(own) + " into PATH"}
	case !sameFile(own, inPath):
		c.State, c.Says = improvable, c.Says+"; in PATH is another one, "+inPath
		c.Do = []string{"take one of the two away, so that hooks and you use the same"}
	}
	return []checkup{c}
}

// git looks at Git and at the repository.
func (d *doctor) git(ctx context.Context) []checkup {
	version, err := githooks.Version(ctx)
	if err != nil {
		return []checkup{{Name: "git", State: ailing, Says: "git does not run: hooks need it, and so does what a shallow checkout lacks in CI", Do: []string{"install it from https://git-scm.com/downloads or with the system's package manager"}}}
	}
	found := []checkup{{Name: "git", State: healthy, Says: "git " + version}}
	cwd, err := d.env.Getwd()
	if err != nil {
		return found
	}
	repository, ok := discover(cwd)
	c := checkup{Name: "repository", State: healthy}
	switch {
	case !ok:
		c.State, c.Says, c.Do = improvable, "there is none here", []string{"go into one, to see how it is guarded"}
	case isShallow(repository):
		c.State, c.Says = improvable, repository.Root()+" is a shallow clone: a scan cannot read what came before"
		c.Do = []string{"git fetch --unshallow"}
	default:
		c.Says = repository.Root()
	}
	return append(found, c)
}

// guards looks at the hooks of the repository.
func (d *doctor) guards(ctx context.Context) []checkup {
	p, err := hookPlace(ctx, d.env)
	if err != nil {
		return nil // git said it
	}
	own, err := globalHooks(d.env)
	if err != nil {
		return nil // places says it
	}
	global, err := githooks.LookGlobal(ctx, own, guardable())
	if err != nil {
		return []checkup{{Name: eventCommit, State: untold, Says: "the configuration of Git could not be read: " + err.Error(), Do: []string{"git config --list --show-origin says where it is wrong"}}}
	}
	events := []string{eventCommit, eventPush}
	if p.Root == "" {
		events = []string{eventReceive}
	}
	var found []checkup
	for i, event := range events {
		words, guarded, err := standingOf(p, global, event)
		c := checkup{Name: event, State: healthy, Says: words}
		command := "qleaks hook install"
		if event == eventPush {
			command += " --pre-push"
		}
		switch {
		case err != nil:
			c.State, c.Says, c.Do = untold, "the hook could not be read: "+rootCause(err).Error(), []string{"look at " + p.Dir}
		case !guarded && i == 0, strings.HasPrefix(words, "stops everything"):
			c.State, c.Do = ailing, []string{command}
		case !guarded:
			c.State, c.Do = improvable, []string{command}
		}
		found = append(found, c)
	}
	return found
}

// configuration looks at what the current directory says about its scan.
func (d *doctor) configuration(context.Context) []checkup {
	c := checkup{Name: "configuration", State: healthy}
	root, err := rootToTrust(d.env, ".")
	if err != nil {
		return nil // there is no tree that could have one
	}
	_, trust, err := openTrust(d.env)
	if err != nil {
		return []checkup{{Name: c.Name, State: ailing, Says: err.Error(), Do: hintsFor(err)}}
	}
	files, decision, err := trustedFiles(trust, root)
	if err == nil && files.config != nil {
		_, err = parseConfig(files.config)
	}
	if c.Says = "none in " + root; files.config != nil {
		c.Says = trustOf(trust, root)
	}
	switch {
	case err != nil:
		c.State, c.Says, c.Do = ailing, configName+": "+err.Error(), []string{"repair it, then: qleaks trust"}
	case files.config == nil:
	case decision == baseline.Changed:
		c.State, c.Do = improvable, []string{"look at what changed, then: qleaks trust"}
	case decision != baseline.IsTrusted:
		c.State, c.Do = improvable, []string{"if it is yours: qleaks trust"}
	}
	return []checkup{c}
}

// ledger looks at what scans remember.
func (d *doctor) ledger(context.Context) []checkup {
	c := checkup{Name: "ledger", State: improvable, Says: "scans remember nothing", Do: []string{"qleaks scan --ledger auto reads next time only what is new; QLEAKS_LEDGER=auto does so always"}}
	r := newScanRun(d.env, scanOptions{Reading: readOptions{Ledger: autoLedger}})
	l, err := r.openLedger()
	if err != nil {
		return []checkup{{Name: c.Name, State: untold, Says: err.Error(), Do: hintsFor(err)}}
	}
	size, files := weight(l.Dir)
	if files > 0 {
		c.State, c.Do = healthy, nil
		c.Says = fmt.Sprintf("%s, %s MB, in %s", plural(files, "file"), grouped(size>>20), l.Dir)
	}
	if c.State == healthy && !writable(l.Dir) {
		c.State, c.Says, c.Do = ailing, "it cannot be written: "+l.Dir, []string{"make it yours, or remove it: it only costs time"}
	}
	return []checkup{c}
}

// mostEntries bounds what is looked at of a directory.
const mostEntries = 100_000

// weight counts the files below a directory and their bytes.
func weight(dir string) (size int64, files int) {
	entries := 0
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if entries++; entries > mostEntries {
			return fs.SkipAll
		}
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // what cannot be read counts for nothing
		}
		if info, err := e.Info(); err == nil {
			size, files = size+info.Size(), files+1
		}
		return nil
	})
	return size, files
}

// writable tries it: on some systems no mode tells.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".qleaks-doctor-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// console looks at what working a provider's console needs.
func (d *doctor) console(context.Context) []checkup {
	program := checkup{Name: "browser", State: healthy, Says: console.Program()}
	if program.Says == "" {
		program.State, program.Says = improvable, "there is no Chromium and no Chrome: consoles cannot be worked, and their lists are imported by hand"
		program.Do = []string{"install Chromium, or: qleaks keys import --help"}
	}
	found := []checkup{program}
	for _, name := range console.Providers() {
		m, err := console.BuiltIn(name)
		c := checkup{Name: "console " + name, State: healthy}
		if err != nil {
			c.State, c.Says, c.Do = ailing, err.Error(), []string{"install qleaks anew"}
			found = append(found, c)
			continue
		}
		days := int(d.env.Now().Sub(m.Checked).Hours() / 24)
		c.Says = "its map was compared with the provider's guide on " + m.Checked.Format(time.DateOnly)
		if days > oldMap {
			c.State, c.Says = improvable, fmt.Sprintf("%s, %s ago: the pages may have changed", c.Says, plural(days, "day"))
			c.Do = []string{"qleaks console check " + name + ", which presses nothing"}
		}
		if profile, err := consoleProfile(d.env, name); err == nil {
			if _, err := os.Stat(profile); err == nil {
				c.Says += "; there is a session of yours"
			}
		}
		found = append(found, c)
	}
	return found
}

// oldMap is after how many days the map of a console is worth another look.
const oldMap = 180

// places looks at who can read and write what qleaks keeps.
func (d *doctor) places(context.Context) []checkup {
	dir, err := d.env.ConfigDir()
	if err != nil {
		return []checkup{{Name: "own files", State: ailing, Says: "there is no directory for your configuration: " + err.Error(), Do: []string{"set HOME, or XDG_CONFIG_HOME"}}}
	}
	dir = filepath.Join(dir, "qleaks")
	c := checkup{Name: "own files", State: healthy, Says: dir}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		c.Says = "none yet, in " + dir
		return []checkup{c}
	}
	write, read, unread := openToOthers(dir)
	switch {
	case len(write)+len(read) > 0:
		open := append(slices.Clone(write), read...)
		c.State, c.Says = ailing, "others on this computer can get at "+strings.Join(open[:min(len(open), 3)], ", ")
		if more := len(open) - 3; more > 0 {
			c.Says += fmt.Sprintf(" and %d more", more)
		}
		if len(write) > 0 {
			c.Do = append(c.Do, "chmod -R go-w "+dir)
		}
		for _, name := range read {
			c.Do = append(c.Do, "chmod -R go-rwx "+name)
		}
	case unread > 0:
		c.State, c.Says, c.Do = untold, plural(unread, "thing")+" in "+dir+" cannot be read", []string{"look at whose they are: ls -lR " + dir}
	}
	return []checkup{c}
}

// privatePlaces are below the directory of one's own files what nobody else reads:
// the sessions at consoles, and sealed keys with the means to open them.
func privatePlaces() []string { return []string{"console", "remediate"} }

// openToOthers lists what others can write, and the private places that they can
// read.
func openToOthers(dir string) (write, read []string, unread int) {
	if runtime.GOOS == "windows" {
		return nil, nil, 0 // its modes do not tell
	}
	entries := 0
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if entries++; entries > mostEntries {
			return fs.SkipAll
		}
		if err != nil {
			unread++
			return nil //nolint:nilerr // counted
		}
		info, err := e.Info()
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return nil //nolint:nilerr // gone meanwhile
		}
		private := slices.ContainsFunc(privatePlaces(), func(p string) bool { return name == filepath.Join(dir, p) })
		mode := info.Mode().Perm()
		if mode&0o022 != 0 {
			write = append(write, name)
		}
		if private && mode&0o077 != 0 {
			read = append(read, name)
		}
		if private && mode&0o077 == 0 {
			return fs.SkipDir // nobody else gets in
		}
		return nil
	})
	return write, read, unread
}
