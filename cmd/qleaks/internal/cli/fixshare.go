package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// share writes a copy of a script or notebook without its keys, and what its
// receiver needs.
func (x *fixing) share() error {
	info, err := os.Stat(x.options.Path)
	if err != nil {
		return cannotOpen(x.options.Path, err)
	}
	if info.IsDir() {
		return wrongUsage("--share copies one file: name it")
	}
	if len(x.files) != 1 {
		return couldNot("there is nothing to take out", errors.New("no key was found in "+x.options.Path), "share the file as it is")
	}
	f := x.files[0]
	if left := f.left(); len(left) > 0 {
		for _, p := range left {
			x.say.warning("%s: %s", f.shown+p.where(), p.What)
		}
		return couldNot("the copy would still hold a key", errors.New("nothing was written"), "take these out by hand first")
	}
	if err := os.MkdirAll(x.options.Share, 0o750); err != nil {
		return couldNot("cannot make "+x.options.Share, rootCause(err))
	}
	var names []string
	for _, v := range f.result.Variables {
		names = append(names, v.Name)
	}
	base := filepath.Base(f.name)
	for name, content := range map[string]string{base: string(f.result.Content), ".env.example": example(names), "SETUP.md": x.setup(base, names)} {
		name = filepath.Join(x.options.Share, name)
		if _, err := os.Lstat(name); err == nil {
			return couldNot(name+" is there already", errors.New("nothing is replaced"), "name an empty directory")
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			return couldNot("cannot write "+name, rootCause(err))
		}
	}
	x.say.note("%s has %s without keys, .env.example and SETUP.md", x.options.Share, base)
	return nil
}

func example(names []string) string {
	var out strings.Builder
	out.WriteString("# Copy this file to .env, fill in your own keys, and keep .env out of Git.\n")
	for _, n := range names {
		out.WriteString(n + "=\n")
	}
	return out.String()
}

// setup tells the receiver what to do. Keys are personal: everybody makes one.
func (x *fixing) setup(base string, names []string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# How to run %s\n\nIt reads keys from environment variables. Use keys of your own: a key belongs to\none person, and is never passed on.\n\n", base)
	var pages []string
	for _, f := range x.found {
		if page := f.Rule.Title + ": " + f.Rule.Page; f.Rule.Page != "" && !slices.Contains(pages, page) {
			pages = append(pages, page)
		}
	}
	out.WriteString("1. Make a key of your own at the provider")
	for _, p := range pages {
		out.WriteString("\n   - " + p)
	}
	out.WriteString("\n2. Set the variables, in one of these ways:\n\n")
	for _, n := range names {
		fmt.Fprintf(&out, "       export %s=…            # Linux, macOS; not in a file that you share\n       $env:%s = \"…\"          # PowerShell\n       setx %s …               # Windows, for new terminals\n", n, n, n)
	}
	out.WriteString("\n   or copy `.env.example` to `.env`, fill it in, and load it (`load_dotenv()` of\n   python-dotenv; `set -a; . ./.env; set +a` in a shell). Git must ignore `.env`.\n")
	return out.String()
}
