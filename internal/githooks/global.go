package githooks

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Global is how all repositories of a person are guarded.
type Global struct {
	// Configured says that Git has it in its configuration: from 2.54 on.
	Configured bool
	// Dir is the directory of hooks for all repositories otherwise; Own says
	// that it is one of ours, and not one that was there.
	Dir string
	Own bool
	// Events are those that are guarded.
	Events []string
	// Idle are those of them whose hook Git does not run where we are, and why.
	Idle map[string]string
}

// configured is the first version of Git that has hooks in its configuration.
const configuredMajor, configuredMinor = 2, 54

// hookEntry names an entry of the configuration; Git refuses the bare name of an
// event there.
func hookEntry(event string) string { return "hook.qleaks-" + event }

// InstallGlobal guards all repositories of a person. Own is the directory for
// hooks of ours, where Git has none of its own for this.
func InstallGlobal(ctx context.Context, own, program string, events []string) (Global, error) {
	g := Global{Events: events}
	newer, err := AtLeast(ctx, configuredMajor, configuredMinor)
	if err != nil {
		return g, err
	}
	if newer {
		g.Configured = true
		for _, event := range events {
			if _, err := git(ctx, "", "config", "--global", hookEntry(event)+".command", quoted(program)+" hook "+event); err != nil {
				return g, err
			}
			if _, err := git(ctx, "", "config", "--global", "--replace-all", hookEntry(event)+".event", event); err != nil {
				return g, err
			}
		}
		return g, nil
	}
	dir, err := value(ctx, "", "--global", "--type=path", "--get", "core.hooksPath")
	if err != nil {
		return g, err
	}
	if dir != "" && filepath.Clean(dir) != filepath.Clean(own) {
		g.Dir = dir
		for _, event := range events {
			if _, err := Install(dir, event, program); err != nil {
				return g, err
			}
		}
		return g, nil
	}
	g.Dir, g.Own = own, true
	if err := os.MkdirAll(own, 0o755); err != nil { //nolint:gosec // as Git makes it
		return g, err
	}
	for _, event := range dispatched() {
		name := filepath.Join(own, event)
		written, err := writeBeside(name, dispatcher(event, program, slices.Contains(events, event)))
		if err != nil {
			return g, err
		}
		if err := os.Rename(written, name); err != nil {
			return g, errors.Join(err, os.Remove(written))
		}
	}
	_, err = git(ctx, "", "config", "--global", "core.hooksPath", filepath.ToSlash(own))
	return g, err
}

// LookGlobal tells how all repositories are guarded.
func LookGlobal(ctx context.Context, own string, events []string) (Global, error) {
	var g Global
	dir, err := value(ctx, "", "--global", "--type=path", "--get", "core.hooksPath")
	if err != nil {
		return g, err
	}
	for _, event := range events {
		command, err := value(ctx, "", "--global", "--get", hookEntry(event)+".command")
		if err != nil {
			return g, err
		}
		if command != "" {
			g.Configured, g.Events = true, append(g.Events, event)
		}
	}
	if g.Configured {
		g.Idle, err = idle(ctx, g.Events)
		return g, err
	}
	if dir == "" {
		return g, nil
	}
	g.Dir, g.Own = dir, filepath.Clean(dir) == filepath.Clean(own)
	for _, event := range events {
		state, err := Look(dir, event)
		if err != nil {
			return g, err
		}
		if state.Guarded && (!g.Own || runsProgram(filepath.Join(dir, event))) {
			g.Events = append(g.Events, event)
		}
	}
	return g, nil
}

// idle asks Git which of its configured hooks it would not run here: an older Git
// runs none, and a repository can switch one off.
func idle(ctx context.Context, events []string) (map[string]string, error) {
	found := map[string]string{}
	newer, err := AtLeast(ctx, configuredMajor, configuredMinor)
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		if !newer {
			found[event] = "this Git runs no hooks of its configuration, which it does from 2.54 on"
			continue
		}
		// Where no hook is left, git says so by its exit code.
		listed, err := git(ctx, "", "hook", "list", event)
		if _, said := errors.AsType[*exec.ExitError](err); err != nil && !said {
			return nil, err
		}
		if !slices.Contains(strings.Split(listed, "\n"), strings.TrimPrefix(hookEntry(event), "hook.")) {
			found[event] = "the configuration here switches " + hookEntry(event) + " off"
		}
	}
	return found, nil
}

func runsProgram(name string) bool {
	text, err := readHook(name)
	return err == nil && slices.Contains(splitWords(text), `"$qleaks"`)
}

// UninstallGlobal takes back what InstallGlobal did, and tells what that was.
func UninstallGlobal(ctx context.Context, own string, events []string) (Global, error) {
	g, err := LookGlobal(ctx, own, events)
	if err != nil {
		return g, err
	}
	if g.Configured {
		for _, event := range g.Events {
			if _, err := git(ctx, "", "config", "--global", "--remove-section", hookEntry(event)); err != nil {
				return g, err
			}
		}
		return g, nil
	}
	if g.Dir != "" && !g.Own {
		for _, event := range g.Events {
			if _, _, err := Uninstall(g.Dir, event); err != nil {
				return g, err
			}
		}
		return g, nil
	}
	if !g.Own {
		return g, nil
	}
	// First no repository may look here any more.
	if _, err := git(ctx, "", "config", "--global", "--unset", "core.hooksPath"); err != nil {
		return g, err
	}
	for _, event := range dispatched() {
		name := filepath.Join(own, event)
		text, err := readHook(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !isOurs(text) {
			continue
		}
		if err == nil {
			err = os.Remove(name)
		}
		if err != nil {
			return g, err
		}
	}
	if err := os.Remove(own); err != nil && !there(own) {
		return g, err
	}
	return g, nil // a directory that holds more stays
}
