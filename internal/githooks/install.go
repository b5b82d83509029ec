package githooks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrBothThere says that a hook cannot be put aside, because the name for that
// is taken.
var ErrBothThere = errors.New("a hook that was put aside is in the way")

// largestHook is more than any script has, in bytes; a larger hook is a program
// and no script of ours.
const largestHook = 1 << 20

// State is how one event is guarded.
type State struct {
	// Guarded says that the hook is one of ours, and Program which program it
	// runs, "" for the one in PATH.
	Guarded bool
	Program string
	// Hook is the file, and Before one that runs before it, "" for none.
	Hook, Before string
	// Other says that there is a hook of somebody else, and Names whether it
	// speaks of qleaks hook.
	Other, Names bool
}

// Look tells how an event is guarded in a directory of hooks.
func Look(dir, event string) (State, error) {
	s := State{Hook: filepath.Join(dir, event)}
	text, err := readHook(s.Hook)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if !isOurs(text) {
		s.Other, s.Names = true, bytes.Contains(text, []byte("qleaks hook"))
		// pre-commit puts aside what it finds, and runs it first.
		legacy := s.Hook + ".legacy"
		if aside, err := readHook(legacy); err == nil && isOurs(aside) {
			s.Guarded, s.Program, s.Hook = true, programOf(aside), legacy
		}
		return s, nil
	}
	s.Guarded, s.Program = true, programOf(text)
	if before := filepath.Join(dir, event+suffix); there(before) {
		s.Before = before
	}
	return s, nil
}

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// readHook reads the begin of a hook, which may be a link.
func readHook(name string) ([]byte, error) {
	if _, err := os.Lstat(name); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a link that leads nowhere is somebody's
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	if info.Size() > largestHook {
		return nil, nil
	}
	return os.ReadFile(name)
}

// Install puts the hook of an event in place. One of somebody else is put aside
// and runs first; one of ours is made anew. It returns the file that was put
// aside, "" for none.
func Install(dir, event, program string) (aside string, err error) {
	state, err := Look(dir, event)
	if err != nil {
		return "", err
	}
	name, before := filepath.Join(dir, event), filepath.Join(dir, event+suffix)
	if state.Guarded && state.Hook != name {
		name = state.Hook // where pre-commit has it
	} else if state.Other {
		if there(before) {
			return "", fmt.Errorf("%w: %s", ErrBothThere, before)
		}
		aside = before
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as Git makes it
		return "", err
	}
	written, err := writeBeside(name, Script(event, program))
	if err != nil {
		return "", err
	}
	if aside != "" {
		if err := os.Rename(name, aside); err != nil {
			return "", errors.Join(err, os.Remove(written))
		}
	}
	if err := os.Rename(written, name); err != nil {
		return "", errors.Join(err, os.Remove(written))
	}
	return aside, nil
}

// writeBeside writes an executable file beside the one that it is to become.
func writeBeside(name string, text []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".qleaks-hook-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Chmod(f.Name(), 0o755) //nolint:gosec // Git runs it, whoever commits
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Uninstall takes the hook of an event away and puts back what was there before
// it. It returns false where there was none of ours, and the file that is back.
func Uninstall(dir, event string) (done bool, back string, err error) {
	state, err := Look(dir, event)
	if err != nil || !state.Guarded {
		return false, "", err
	}
	before := filepath.Join(dir, event+suffix)
	if there(before) {
		// In one step: there is a hook at any time.
		return true, state.Hook, os.Rename(before, state.Hook)
	}
	return true, "", os.Remove(state.Hook)
}
