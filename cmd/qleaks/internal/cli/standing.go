package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
)

// runStanding says where one stands and what to do next. It must be instant, so
// it counts what is cheap to count and scans nothing.
func runStanding(ctx context.Context, env Env, help func() error) error {
	cwd, err := env.Getwd()
	if err != nil {
		return couldNot("the current directory is not known", err)
	}
	repository, ok := discover(cwd)
	if !ok || ctx.Err() != nil {
		return help()
	}
	_, err = io.WriteString(env.Stdout, standing(env, repository))
	return err
}

func standing(env Env, r *gitsource.Repository) string {
	var b strings.Builder
	root := report.Clean(r.Root())
	fmt.Fprintf(&b, "You are in the repository %s\n\n", root)
	line := func(name, value string) { fmt.Fprintf(&b, "  %-8s %s\n", name, value) }
	objects := countObjects(filepath.Join(r.CommonDir(), "objects"))
	line("history", plural(objects, "object")+" in "+plural(countRefs(r.CommonDir()), "ref"))
	if isShallow(r) {
		line("", "a shallow clone: what came before is missing here (git fetch --unshallow)")
	}
	if trees := len(r.Worktrees()); trees > 1 {
		line("files", plural(trees, "working tree"))
	}
	line("hook", hookState(r))
	if !r.Bare() {
		trust, err := loadTrustQuietly(env)
		if err == nil {
			line("config", trustOf(trust, r.Root()))
		}
	}
	b.WriteString("\nWhat to do next:\n")
	b.WriteString("  qleaks scan                 find keys in the files and in the whole history\n")
	if !r.Bare() {
		b.WriteString("  qleaks scan --no-history    only in the files as they are now\n")
	}
	b.WriteString("  qleaks hook status          see what would stop a key before a commit\n")
	b.WriteString("  qleaks rules list           see what is looked for\n")
	b.WriteString("  qleaks --help               all commands\n")
	return b.String()
}

func loadTrustQuietly(env Env) (baseline.Trust, error) {
	file, err := trustFile(env)
	if err != nil {
		return baseline.Trust{}, err
	}
	return baseline.LoadTrust(file)
}

// countObjects counts loose objects by their names and packed ones by the
// fan-out tables of the packs' indexes. Objects stored twice count twice.
func countObjects(dir string) int64 {
	var n int64
	for i := range 256 {
		entries, err := os.ReadDir(filepath.Join(dir, fmt.Sprintf("%02x", i)))
		if err == nil {
			n += int64(len(entries))
		}
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "pack", "*.idx"))
	if err != nil {
		return n
	}
	for _, name := range indexes {
		n += objectsOfIndex(name)
	}
	return n
}

// objectsOfIndex reads the last entry of the fan-out table of a pack index of
// version 2.
func objectsOfIndex(name string) int64 {
	const header, lastEntry = 8, 255 * 4
	f, err := openRegular(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	var count [4]byte
	if _, err := f.ReadAt(count[:], header+lastEntry); err != nil {
		return 0
	}
	return int64(binary.BigEndian.Uint32(count[:]))
}

// openRegular opens a file that is nothing that could block.
func openRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open: %w", os.ErrInvalid)
	}
	return os.Open(name)
}

// maxPackedRefs is how much of packed-refs is read, in bytes.
const maxPackedRefs = 16 << 20

// countRefs counts loose and packed refs; one that is both counts once.
func countRefs(commonDir string) int {
	names := map[string]bool{}
	root := filepath.Join(commonDir, "refs")
	_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if rel, ok := inside(commonDir, path); ok {
				names[rel] = true
			}
		}
		return nil
	})
	f, err := openRegular(filepath.Join(commonDir, "packed-refs"))
	if err != nil {
		return len(names)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPackedRefs))
	if err != nil {
		return len(names)
	}
	for line := range bytes.Lines(data) {
		_, name, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		if ok && line[0] != '#' && line[0] != '^' {
			names[name] = true
		}
	}
	return len(names)
}

func isShallow(r *gitsource.Repository) bool {
	_, err := os.Stat(filepath.Join(r.CommonDir(), "shallow"))
	return err == nil
}

// maxHook is how much of a hook is searched for our name, in bytes.
const maxHook = 64 << 10

// hookState says whether something looks at commits before they are made.
func hookState(r *gitsource.Repository) string {
	hook := filepath.Join(r.CommonDir(), "hooks", "pre-commit")
	switch {
	case mentionsUs(hook):
		return "the pre-commit hook calls qleaks"
	case !r.Bare() && mentionsUs(filepath.Join(r.Root(), ".pre-commit-config.yaml")):
		return "qleaks is in .pre-commit-config.yaml"
	}
	if _, err := os.Stat(hook); err == nil {
		return "there is a pre-commit hook, but it does not call qleaks"
	}
	return "no pre-commit hook looks for keys"
}

func mentionsUs(name string) bool {
	f, err := openRegular(name)
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxHook))
	return err == nil && bytes.Contains(data, []byte("qleaks"))
}
