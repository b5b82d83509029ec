package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// stand is an empty repository of our own from which git reads somebody
// else's objects. Git looks for configuration, hooks, refs, grafts,
// replacements and attributes here, where there are none; of the scanned
// repository it sees the object directory alone. No promisor is configured
// either, so a missing object is missing and nothing is fetched. And since the
// stand is ours, it does not matter who owns the scanned one.
type stand struct {
	git string
	dir string
	// objects is the object directory, alternates those read besides.
	objects    string
	alternates []string
	width      int
	// bytes is what the object directories hold; refusals are the parts of
	// them that git is not let near.
	bytes    int64
	refusals []string
}

// newStand makes the repository; close removes it.
func (r *Repository) newStand() (*stand, error) {
	git, err := findGit(r.options.Git)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "qleaks-git-")
	if err != nil {
		return nil, fmt.Errorf("make a place to run git: %w", err)
	}
	s := &stand{git: git, dir: dir, width: r.width}
	if err := s.furnish(r); err != nil {
		return nil, errors.Join(fmt.Errorf("make a place to run git: %w", err), s.close())
	}
	return s, nil
}

func (s *stand) furnish(r *Repository) error {
	version, format := 0, ""
	if s.width == 32 {
		version, format = 1, "[extensions]\n\tobjectFormat = sha256\n"
	}
	// A commit graph, a multi-pack index or a reverse index says again what the
	// packs say, and a hostile one could say less.
	config := fmt.Sprintf("[core]\n\trepositoryFormatVersion = %d\n\tbare = true\n\tcommitGraph = false\n\tmultiPackIndex = false\n\tdeltaBaseCacheLimit = 64m\n[pack]\n\treadReverseIndex = false\n%s", version, format)
	if err := os.Mkdir(filepath.Join(s.dir, "refs"), 0o700); err != nil {
		return err
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/none\n", "config": config} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if len(r.shallow()) > 0 {
		var list strings.Builder
		for id := range r.shallow() {
			fmt.Fprintf(&list, "%x\n", id)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "shallow"), []byte(list.String()), 0o600); err != nil {
			return err
		}
	}
	return s.objectDirectories(r)
}

func (s *stand) close() error { return os.RemoveAll(s.dir) }

// findGit resolves the program once, and never to one in the current
// directory.
func findGit(name string) (string, error) {
	if name == "" {
		name = "git"
	}
	found, err := exec.LookPath(name)
	if err != nil || !filepath.IsAbs(found) {
		return "", ErrGitMissing
	}
	return found, nil
}

// command prepares a run of git with nothing inherited.
func (s *stand) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.git, append([]string{"--git-dir=" + s.dir}, args...)...)
	cmd.Dir = s.dir
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = []string{
		"PATH=" + filepath.Dir(s.git), "HOME=" + s.dir, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_COUNT=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "GIT_OPTIONAL_LOCKS=0",
		"GIT_PAGER=cat", "GIT_ATTR_NOSYSTEM=1",
		"GIT_OBJECT_DIRECTORY=" + s.objects,
	}
	if len(s.alternates) > 0 {
		list := strings.Join(s.alternates, string(os.PathListSeparator))
		cmd.Env = append(cmd.Env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+list)
	}
	if runtime.GOOS == "windows" {
		// Programs do not start there without it.
		cmd.Env = append(cmd.Env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	return cmd
}

// maxAlternates bounds how many object directories are followed.
const maxAlternates = 64

// objectDirectories decides which directories git may read. One that holds
// anything but directories, regular files and (in a trusted repository) links
// is shown to git through a directory of links to its good parts: a named pipe
// among the packs would keep git waiting for ever. Alternates are named one by
// one, so that each was looked at.
func (s *stand) objectDirectories(r *Repository) error {
	queue := append([]string{r.options.ObjectDirectory}, r.options.AlternateObjectDirectories...)
	if queue[0] == "" {
		queue[0] = filepath.Join(r.places.commonDir, "objects")
	}
	given := len(queue)
	seen := map[string]bool{}
	for at := 0; at < len(queue) && at < maxAlternates; at++ {
		real, err := filepath.EvalSymlinks(queue[at])
		if err != nil || !isDirectory(real) {
			if at == 0 {
				return fmt.Errorf("object directory: %w", errors.Join(err, fs.ErrNotExist))
			}
			s.refusals = append(s.refusals, "an alternate object directory is not there")
			continue
		}
		if r.options.Untrusted && at == 0 && r.options.ObjectDirectory == "" && !within(r.places.boundary, real) {
			return &RefusedError{What: "object directory"}
		}
		if seen[real] {
			continue
		}
		seen[real] = true
		more, err := s.addObjects(r, real, at)
		if err != nil {
			return err
		}
		if r.options.Untrusted && len(more) > 0 {
			s.refusals = append(s.refusals, "alternate object directories of an untrusted repository are refused")
			continue
		}
		queue = append(queue, more...)
	}
	if len(queue) > maxAlternates && given <= maxAlternates {
		s.refusals = append(s.refusals, "too many alternate object directories")
	}
	return nil
}

// addObjects lets git at one object directory and returns the alternates that
// it names.
func (s *stand) addObjects(r *Repository, dir string, at int) ([]string, error) {
	show, alternates, err := s.vet(r, dir, at)
	if err != nil {
		return nil, err
	}
	if at == 0 {
		s.objects = show
		return alternates, nil
	}
	// The list in the environment has its own rules for quotes and separators,
	// which a link of ours does not touch.
	link := filepath.Join(s.dir, fmt.Sprintf("alternate-%d", at))
	if err := os.Symlink(show, link); err != nil {
		return nil, err
	}
	s.alternates = append(s.alternates, link)
	return alternates, nil
}

func parseAlternates(data []byte, dir string) []string {
	var out []string
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		out = append(out, absolute(dir, text))
	}
	return out
}
