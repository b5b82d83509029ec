package gitsource_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// history is a random history of which every commit has any tree it likes.
type history struct {
	random *rand.Rand
	script strings.Builder
	states []map[string]string // of each commit, the mode and the content by path
}

// anyPath is one that other files may be in the way of.
func (h *history) anyPath() string {
	names := []string{"a", "b", "c.d", "a-", "a0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"}
	p := names[h.random.IntN(len(names))]
	for h.random.IntN(2) > 0 && strings.Count(p, "/") < 4 {
		p += "/" + names[h.random.IntN(len(names))]
	}
	return p
}

// put writes a file, in place of what is in its way.
func put(state map[string]string, name, content string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		delete(state, dir)
	}
	maps.DeleteFunc(state, func(other, _ string) bool { return strings.HasPrefix(other, name+"/") })
	state[name] = content
}

// change does something to a tree.
func (h *history) change(state map[string]string) {
	files := slices.Sorted(maps.Keys(state))
	name := h.anyPath()
	modes := []string{"100644", "100644", "100755", "120000"}
	content := fmt.Sprintf("%s content %d", modes[h.random.IntN(len(modes))], h.random.IntN(150))
	switch h.random.IntN(10) {
	case 0:
		if len(files) > 0 {
			delete(state, files[h.random.IntN(len(files))])
		}
	case 1: // a directory moves
		to := h.anyPath()
		for _, file := range files {
			moved, there := state[file]
			if rest, ok := strings.CutPrefix(file, name+"/"); ok && there {
				delete(state, file)
				put(state, to+"/"+rest, moved)
			}
		}
	case 2: // a copy under another name
		if len(files) > 0 {
			put(state, name, state[files[h.random.IntN(len(files))]])
		}
	case 3: // another mode, the same content
		if len(files) > 0 {
			file := files[h.random.IntN(len(files))]
			state[file] = modes[h.random.IntN(len(modes))] + state[file][6:]
		}
	case 4:
		put(state, name, "160000 "+fmt.Sprintf("%040x", h.random.IntN(5)+1))
	default:
		put(state, name, content)
	}
}

// merged takes of every path what one of the states has.
func (h *history) merged(parents []int) map[string]string {
	state := map[string]string{}
	for _, p := range parents {
		for _, file := range slices.Sorted(maps.Keys(h.states[p])) {
			if h.random.IntN(len(parents)) == 0 {
				put(state, file, h.states[p][file])
			}
		}
	}
	return state
}

// commit adds one, with up to four parents.
func (h *history) commit() {
	n := len(h.states)
	var parents []int
	if n > 0 && h.random.IntN(20) > 0 {
		parents = append(parents, n-1-h.random.IntN(min(n, 3)))
		for h.random.IntN(3) == 0 && len(parents) < 4 {
			if p := h.random.IntN(n); !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
	}
	state := h.merged(parents)
	if len(parents) > 0 && h.random.IntN(2) == 0 {
		state = maps.Clone(h.states[parents[h.random.IntN(len(parents))]])
	}
	for range 1 + h.random.IntN(5) {
		h.change(state)
	}
	if n == 0 {
		for range 300 {
			h.change(state)
		}
	}
	h.states = append(h.states, state)
	fmt.Fprintf(&h.script, "commit refs/heads/b%d\nmark :%d\ncommitter C <c@d> %d +0000\ndata 1\nm\n", n, n+1, 1_700_000_000+n)
	for i, p := range parents {
		fmt.Fprintf(&h.script, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], p+1)
	}
	h.script.WriteString("deleteall\n")
	for _, file := range slices.Sorted(maps.Keys(state)) {
		mode, content, _ := strings.Cut(state[file], " ")
		if mode == "160000" {
			fmt.Fprintf(&h.script, "M %s %s %s\n", mode, content, file)
			continue
		}
		fmt.Fprintf(&h.script, "M %s inline %s\ndata %d\n%s\n", mode, file, len(content), content)
	}
}

// introducedBy asks git which commits brought which blobs to which paths, of the
// blobs that are here.
func (r *repo) introducedBy() []string {
	var out []string
	here := map[string]bool{}
	for id := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")) {
		here[strings.TrimSpace(id)] = true
	}
	log := r.git("-c", "core.quotePath=false", "log", "--all", "--raw", "-c", "-r", "--root", "--no-renames", "--no-abbrev", "--format=commit %H")
	commit := ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if rest, ok := strings.CutPrefix(line, "commit "); ok {
			commit = rest
			continue
		}
		fields, file, ok := strings.Cut(strings.TrimLeft(line, ":"), "\t")
		if !ok {
			continue
		}
		// n modes and the result's, n ids and the result's, the status.
		words := strings.Fields(fields)
		half := len(words) / 2
		ids := words[half : len(words)-1]
		blob := ids[len(ids)-1]
		if !here[blob] || slices.Contains(ids[:len(ids)-1], blob) {
			continue
		}
		if plain, err := strconv.Unquote(file); err == nil {
			file = plain
		}
		out = append(out, fmt.Sprintf("%s %s %s", commit, blob, file))
	}
	slices.Sort(out)
	return out
}

// changedTrees counts the trees that are stored as changes of others.
func (r *repo) changedTrees() int {
	count := 0
	for line := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)")) {
		if kind, base, _ := strings.Cut(strings.TrimSpace(line), " "); kind == "tree" && strings.Trim(base, "0") != "" {
			count++
		}
	}
	return count
}

func sameIntroductions(t *testing.T, r *repo, found *gitsource.Repository) int {
	t.Helper()
	want := r.introducedBy()
	for _, jobs := range []int{1, 3} {
		got, err := found.Introductions(t.Context(), jobs)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with %d jobs: %s", jobs, diff)
		}
	}
	return len(want)
}

// Every blob is wanted, and every commit that brought it anywhere.
func TestEveryIntroductionIsThatOfGitLog(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		store func(t *testing.T, r *repo)
	}{
		"one pack": {nil, func(_ *testing.T, r *repo) { r.git("repack", "-adfq", "--depth=50", "--window=50") }},
		"references": {nil, func(_ *testing.T, r *repo) {
			r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--window=50")
		}},
		"SHA-256": {[]string{"--object-format=sha256"}, func(_ *testing.T, r *repo) { r.git("repack", "-adfq", "--window=50") }},
		"two packs, some twice": {nil, func(_ *testing.T, r *repo) {
			r.git("repack", "-adfq", "--window=50")
			half := r.git("rev-list", "--objects", "--no-object-names", "b60")
			r.feed(half+"\n", "pack-objects", "-q", "--window=50", "--depth=3", ".git/objects/pack/pack")
		}},
		"loose and packed": {nil, func(t *testing.T, r *repo) {
			pack, err := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*.pack"))
			check(t, err)
			data, err := os.ReadFile(pack[0])
			check(t, err)
			for _, file := range pack {
				check(t, os.Remove(file))
				check(t, os.Remove(strings.TrimSuffix(file, ".pack")+".idx"))
			}
			r.feed(string(data), "unpack-objects", "-q")
			half := r.git("rev-list", "--objects", "--no-object-names", "b60")
			r.feed(half+"\n", "pack-objects", "-q", "--window=50", ".git/objects/pack/pack")
			r.git("prune-packed")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, changed, seeds := 0, 0, 3
			if testing.Short() {
				seeds = 1
			}
			for seed := range uint64(seeds) {
				h := &history{random: rand.New(rand.NewPCG(seed, 1))}
				for range 200 {
					h.commit()
				}
				script := h.script.String()
				if c.args != nil { // ids of submodules are longer
					script = strings.ReplaceAll(script, "M 160000 ", "M 160000 "+strings.Repeat("0", 24))
				}
				r := newRepo(t, c.args...)
				r.feed(script, "fast-import", "--quiet")
				c.store(t, r)
				count += sameIntroductions(t, r, discover(t, r.dir, gitsource.Options{}))
				changed += r.changedTrees()
			}
			if count < 150*seeds || changed < 10 && seeds > 1 {
				t.Errorf("%d introductions, %d trees are stored as changes: the test proves little", count, changed)
			}
		})
	}
}

// QLEAKS_INTRODUCTIONS names a real repository to compare as well.
func TestEveryIntroductionOfARealRepository(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("QLEAKS_INTRODUCTIONS")
	if dir == "" {
		dir = tangled(t, 11, 30).dir
	}
	count := sameIntroductions(t, &repo{t: t, dir: dir, home: t.TempDir()}, discover(t, dir, gitsource.Options{}))
	t.Logf("%d introductions", count)
}
