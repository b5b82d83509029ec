package credential

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Look says whether a credential could be fetched, without fetching it: nothing
// is read of a file, and no program starts. Known is false where only fetching
// tells, as of keychains, and of what a program would say. The errors are those
// of Resolve.
func (r Resolver) Look(at Reference) (known bool, err error) {
	switch at.scheme {
	case Env:
		if r.Getenv(at.words[0]) == "" {
			return true, ErrUnset
		}
		return true, nil
	case File:
		info, err := os.Stat(r.path(at.words[0]))
		if err != nil {
			return true, cause(err)
		}
		return true, regular(info)
	case Vault:
		return r.lookProgram("vault")
	case OP:
		return r.lookProgram("op")
	case Cmd:
		return r.lookProgram(at.words[0])
	case Keychain:
		return false, nil
	}
	return true, ErrNoReference
}

// lookProgram knows only of a program that is not there.
func (r Resolver) lookProgram(name string) (known bool, err error) {
	if _, err := exec.LookPath(name); err != nil {
		return true, ErrNoProgram
	}
	return false, nil
}

// path is where a file is.
func (r Resolver) path(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok && r.Home != "" {
		name = filepath.Join(r.Home, rest)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.Dir, name)
	}
	return name
}
