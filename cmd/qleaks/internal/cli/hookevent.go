package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// hook is one call by Git, or by a program that manages hooks.
type hook struct {
	env     Env
	options hookOptions
	say     messages
	cwd     string
	// event is which of Git's events it is; "" for files that were named.
	event string
	// repository is nil outside of one.
	repository *gitsource.Repository
	variables  gitVariables
	// parts are what is read, one after the other.
	parts []hookPart
	// nothing says why nothing needs to be read.
	nothing string
}

// hookPart is one thing to read.
type hookPart struct {
	selecting selectOptions
	target    target
	// given limits it to these paths; nil for all.
	given map[string]bool
	// text is read instead of standard input.
	text string
}

// find finds out what is asked.
func (h *hook) find(ctx context.Context) error {
	var err error
	if h.cwd, err = h.env.Getwd(); err != nil {
		return couldNot("the current directory is not known", err)
	}
	h.variables = hookVariables(h.env, h.cwd)
	if h.event, err = h.eventOf(); err != nil {
		return err
	}
	h.repository, err = h.variables.repository(h.cwd, readOptions{globalIgnore: globalIgnore(h.env)})
	if err != nil && (h.event != "" || !errors.Is(err, gitsource.ErrNotRepository)) {
		return hookElsewhere(err)
	}
	switch h.event {
	case eventCommit, eventMerge:
		return h.commit(ctx)
	case eventMessage:
		return h.message()
	case eventPush:
		return h.push()
	case eventReceive, eventUpdate:
		return h.receive()
	}
	return h.files(h.options.Files)
}

func hookElsewhere(err error) error {
	if unsupported, ok := errors.AsType[*gitsource.UnsupportedError](err); ok {
		return couldNot("cannot look for keys here", unsupported)
	}
	if errors.Is(err, gitsource.ErrNotRepository) || errors.Is(err, os.ErrNotExist) {
		return wrongUsage("a hook is for a repository, and this is none", "to scan files: qleaks scan PATH")
	}
	return couldNot("cannot open the repository", rootCause(err))
}

// eventOf tells the event by the words, or by what Git and pre-commit leave in
// the environment.
func (h *hook) eventOf() (string, error) {
	if words := h.options.Words; len(words) > 0 {
		if !slices.Contains(hookEvents(), words[0]) {
			return "", wrongEvent(words[0])
		}
		return words[0], nil
	}
	get := h.env.Getenv
	switch {
	case get("GIT_QUARANTINE_PATH") != "":
		return eventReceive, nil
	case h.betweenRefs() || get("PRE_COMMIT_REMOTE_NAME") != "":
		return eventPush, nil
	case len(h.options.Files) == 1 && isMessageFile(h.options.Files[0]):
		return eventMessage, nil
	case get("GIT_INDEX_FILE") != "" || len(h.options.Files) == 0:
		return eventCommit, nil
	}
	return "", nil
}

// betweenRefs reports whether pre-commit names two ends of a range: after a
// checkout, these are no range of commits that are new.
func (h *hook) betweenRefs() bool {
	get := h.env.Getenv
	return get("PRE_COMMIT_FROM_REF") != "" && get("PRE_COMMIT_TO_REF") != "" && get("PRE_COMMIT_CHECKOUT_TYPE") == ""
}

func isMessageFile(name string) bool {
	switch filepath.Base(name) {
	case "COMMIT_EDITMSG", "MERGE_MSG", "SQUASH_MSG", "TAG_EDITMSG":
		return true
	}
	return false
}

// commit reads what is staged: of what a manager of hooks names, those paths,
// and of the others the files themselves.
func (h *hook) commit(ctx context.Context) error {
	if h.repository.Bare() && h.variables.indexFile == "" {
		return wrongUsage("a commit needs a working tree, and this repository is bare", "on a server: qleaks hook pre-receive")
	}
	t := h.variables.target(".", h.repository)
	t.staging.Merged = h.merged()
	staged, err := h.repository.StagedPaths(ctx, t.staging)
	if err != nil {
		return couldNot("cannot read what is staged", err)
	}
	part := hookPart{selecting: selectOptions{Staged: true}, target: t}
	others := h.options.Files
	if len(h.options.Files) > 0 {
		part.given, others = map[string]bool{}, nil
		for _, name := range h.options.Files {
			path, ok := h.inRepository(name)
			if _, found := slices.BinarySearch(staged, path); ok && found {
				part.given[path] = true
			} else if len(t.staging.Merged) == 0 {
				others = append(others, name) // not a side of a conflict
			}
		}
	}
	if len(staged) > 0 && (part.given == nil || len(part.given) > 0) {
		h.parts = append(h.parts, part)
	}
	if len(others) > 0 {
		if err := h.files(others); err != nil {
			return err
		}
	}
	if len(h.parts) == 0 {
		t.staging = gitsource.Staging{}
		h.parts = append(h.parts, hookPart{selecting: selectOptions{Tip: true}, target: t})
	}
	return nil
}

// merged are the other parents of the commit: git merge names them in
// variables, and only later in a file.
func (h *hook) merged() []string {
	heads := h.repository.MergeHeads()
	if h.env.Environ == nil {
		return heads
	}
	for _, variable := range h.env.Environ() {
		if rest, ok := strings.CutPrefix(variable, "GITHEAD_"); ok {
			id, _, _ := strings.Cut(rest, "=")
			heads = append(heads, id)
		}
	}
	return heads
}

// inRepository is a name as the repository has it.
func (h *hook) inRepository(name string) (string, bool) {
	root := h.cwd
	if h.repository != nil {
		root = h.repository.Root()
		if h.variables.workTree != "" {
			root = h.variables.workTree
		}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(h.cwd, name)
	}
	if path, ok := inside(root, name); ok {
		return path, true
	}
	// The current directory may lead over a link.
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		return "", false
	}
	return inside(root, filepath.Join(dir, filepath.Base(name)))
}

// files reads files that were named.
func (h *hook) files(names []string) error {
	t := target{Label: plural(len(names), "named file"), kind: namedFiles, root: h.cwd, repository: h.repository}
	items := source.NamedFiles{}
	if h.repository != nil && !h.repository.Bare() {
		t.root, items.Ignored = h.repository.Root(), h.repository.Ignored
	}
	items.Root = t.root
	for _, name := range names {
		path, ok := h.inRepository(name)
		if !ok {
			return wrongUsage(report.Clean(name)+" is outside of the repository", "to scan it: qleaks scan PATH")
		}
		items.Paths = append(items.Paths, path)
	}
	t.items = items
	h.parts = append(h.parts, hookPart{target: t})
	return nil
}

// push reads what the remote lacks: of the refs on standard input or, of
// pre-commit, which reads that itself, those in its variables.
func (h *hook) push() error {
	get := h.env.Getenv
	push := &gitsource.Push{}
	part := hookPart{selecting: selectOptions{Push: push}, target: h.wholeTarget()}
	switch {
	case len(h.options.Words) > 0:
		if len(h.options.Words) > 1 {
			push.Remote = h.options.Words[1]
		}
		if err := h.eachRef(4, func(f []string) {
			push.Tips, push.Has = append(push.Tips, f[1]), append(push.Has, f[3])
		}); err != nil {
			return err
		}
		push.Tips, push.Has = existing(push.Tips), existing(push.Has)
		if len(push.Tips) == 0 {
			h.nothing = "nothing was looked at: this push brings no commits"
			return nil
		}
	case h.betweenRefs() && get("PRE_COMMIT_REMOTE_NAME") == "":
		part.selecting = selectOptions{Ranges: []string{get("PRE_COMMIT_FROM_REF") + ".." + get("PRE_COMMIT_TO_REF")}}
	case h.betweenRefs():
		push.Tips, push.Has = []string{get("PRE_COMMIT_TO_REF")}, []string{get("PRE_COMMIT_FROM_REF")}
		push.Remote = get("PRE_COMMIT_REMOTE_NAME")
	default:
		// All of a branch is new.
		push.Tips, push.Remote = []string{"HEAD"}, get("PRE_COMMIT_REMOTE_NAME")
		if branch := get("PRE_COMMIT_LOCAL_BRANCH"); branch != "" {
			push.Tips = []string{branch}
		}
	}
	h.parts = append(h.parts, part)
	return nil
}

// receive reads what a push brings to this repository.
func (h *hook) receive() error {
	push := &gitsource.Push{Receiving: true}
	if h.event == eventUpdate {
		if len(h.options.Words) != 4 {
			return wrongUsage("update needs three arguments: REF OLD NEW", `in a hook of Git: exec qleaks hook update "$@"`)
		}
		push.Tips = existing(h.options.Words[3:])
	} else {
		if err := h.eachRef(3, func(f []string) { push.Tips = append(push.Tips, f[1]) }); err != nil {
			return err
		}
		push.Tips = existing(push.Tips)
	}
	if len(push.Tips) == 0 {
		h.nothing = "nothing was looked at: this push only deletes"
		return nil
	}
	h.parts = append(h.parts, hookPart{selecting: selectOptions{Push: push}, target: h.wholeTarget()})
	return nil
}

// existing leaves out the ids of zeros, by which Git says that there is nothing.
func existing(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return strings.Trim(id, "0") == "" })
}

// wholeTarget is the repository; a bare one has no directory that has a say.
func (h *hook) wholeTarget() target {
	t := h.variables.target(".", h.repository)
	if h.repository.Bare() || h.event == eventReceive || h.event == eventUpdate {
		t.kind = objectsOnly
	}
	return t
}

const (
	// longestRefLine is more than a line with two refs and two ids has, in
	// bytes; mostRefs is more than anybody pushes at once.
	longestRefLine = 64 << 10
	mostRefs       = 1_000_000
)

// eachRef reads the lines that Git gives to a hook, each of some fields. A
// ref's name holds no space; another expression, which git push takes, may.
func (h *hook) eachRef(fields int, each func([]string)) error {
	if h.env.isTerminal(h.env.Stdin) {
		return wrongUsage("the refs of a push are read from standard input, and that is a terminal", "to scan what is not pushed yet: qleaks scan --range origin/main..HEAD")
	}
	lines := bufio.NewScanner(h.env.Stdin)
	lines.Buffer(nil, longestRefLine)
	for n := 0; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) < fields || n > mostRefs {
			return couldNot("cannot read what is pushed: standard input is not what Git gives to this hook", nil)
		}
		// The first field of a push may hold spaces: :/fix typo
		if extra := len(f) - fields; fields == 4 {
			f = f[extra:]
		}
		each(f)
	}
	if err := lines.Err(); err != nil {
		return couldNot("cannot read what is pushed", err)
	}
	return nil
}
