package pack

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// kept holds repositories that several tests want, each of which gets a copy.
var kept struct {
	sync.Mutex
	dir   string
	repos map[string]repo
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pack")
	if err != nil {
		panic(err)
	}
	kept.dir, kept.repos = dir, map[string]repo{}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// once has git make each repository once.
func once(makers map[string]func(t testing.TB) *repo) map[string]func(t testing.TB) *repo {
	copies := map[string]func(t testing.TB) *repo{}
	for name, maker := range makers {
		copies[name] = func(t testing.TB) *repo {
			t.Helper()
			kept.Lock()
			defer kept.Unlock()
			r, ok := kept.repos[name]
			if !ok {
				made := maker(t)
				r = *made
				r.dir = filepath.Join(kept.dir, strconv.Itoa(len(kept.repos)))
				copyTree(t, r.dir, made.dir)
				kept.repos[name] = r
			}
			r.t, r.dir = t, filepath.Join(t.TempDir(), "r")
			copyTree(t, r.dir, kept.repos[name].dir)
			return &r
		}
	}
	return copies
}

func copyTree(t testing.TB, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// repo is a repository that git makes.
type repo struct {
	t     testing.TB
	dir   string
	width int
	clock int
}

func newRepo(t testing.TB, args ...string) *repo {
	t.Helper()
	r := &repo{t: t, dir: filepath.Join(t.TempDir(), "r"), width: 20}
	if slices.Contains(args, "--object-format=sha256") {
		r.width = 32
	}
	r.run(nil, append([]string{"init", "-q", "-b", "main", r.dir}, args...)...)
	return r
}

func (r *repo) objects() string { return filepath.Join(r.dir, ".git", "objects") }

func (r *repo) directories() []Directory { return []Directory{{Path: r.objects(), Name: "objects"}} }

func (r *repo) run(stdin io.Reader, args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	if args[0] != "init" {
		cmd.Dir = r.dir
	}
	r.clock++
	stamp := fmt.Sprintf("%d +0000", 1_700_000_000+r.clock)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=" + stamp,
		"GIT_COMMITTER_NAME=Cem Committer", "GIT_COMMITTER_EMAIL=cem@example.org", "GIT_COMMITTER_DATE=" + stamp,
	}
	cmd.Stdin = stdin
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			r.t.Fatalf("git %q: %v\n%s", args, err, exit.Stderr)
		}
		r.t.Fatalf("git %q: %v", args, err)
	}
	return out
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	return strings.TrimSpace(string(r.run(nil, args...)))
}

// text makes lines that compress and differ as those of source do.
func text(r *rand.Rand, lines int) []byte {
	words := strings.Fields("def return self circuit qubit measure import from range for in if else token backend job result counts shots gate")
	var b bytes.Buffer
	for range lines {
		b.WriteString(strings.Repeat("    ", r.IntN(4)))
		for range 2 + r.IntN(8) {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d\n", r.IntN(1000))
	}
	return b.Bytes()
}

// edit changes some lines.
func edit(r *rand.Rand, content []byte) []byte {
	lines := bytes.SplitAfter(content, []byte("\n"))
	for range 1 + r.IntN(4) {
		at := r.IntN(len(lines))
		switch r.IntN(4) {
		case 0:
			lines = slices.Insert(lines, at, text(r, 1+r.IntN(3)))
		case 1:
			lines = slices.Delete(lines, at, min(at+1+r.IntN(2), len(lines)-1))
		case 2:
			lines[at] = text(r, 1)
		default:
			to := r.IntN(len(lines))
			lines[at], lines[to] = lines[to], lines[at]
		}
	}
	return bytes.Join(lines, nil)
}

// grow makes commits that change files, by fast-import, which is quick.
func (r *repo) grow(seed uint64, files, commits int) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	content := make([][]byte, files)
	var in bytes.Buffer
	blob := func(n int) {
		fmt.Fprintf(&in, "M 100644 inline dir%d/file%d.py\ndata %d\n%s\n", n%3, n, len(content[n]), content[n])
	}
	for c := range commits {
		r.clock++
		message := fmt.Sprintf("change %d of %d\n", c, seed)
		fmt.Fprintf(&in, "commit refs/heads/b%d\ncommitter C <c@example.org> %d +0000\ndata %d\n%s", seed, 1_700_000_000+r.clock, len(message), message)
		for n := range files {
			if c == 0 {
				content[n] = text(rnd, 20+rnd.IntN(200))
				blob(n)
			} else if rnd.IntN(files) < 2 {
				content[n] = edit(rnd, content[n])
				blob(n)
			}
		}
	}
	fmt.Fprintf(&in, "tag t%d\nfrom refs/heads/b%d\ntagger T <t@example.org> 1700000000 +0000\ndata 4\ntag\n\n", seed, seed)
	r.run(&in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--force")
}

// content is an object as git or we read it.
type content struct {
	kind string
	data string
}

// read asks git for all objects, by hex id.
func (r *repo) read() map[string]content {
	r.t.Helper()
	out := bufio.NewReader(bytes.NewReader(r.run(nil, "cat-file", "--batch-all-objects", "--unordered", "--batch")))
	all := map[string]content{}
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return all
		}
		fields := strings.Fields(line)
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			r.t.Fatal(err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(out, data); err != nil {
			r.t.Fatal(err)
		}
		all[fields[0]] = content{fields[1], string(data[:size])}
	}
}

// collector gathers what all workers visit, and proves the ops.
type collector struct {
	t     testing.TB
	store *Store
	mu    sync.Mutex
	seen  map[string]content
	// withOps and inFamily count what is optional.
	withOps, inFamily, deepest int
}

// collected is a worker's own visitor.
type collected struct {
	*collector
	depths []uint32
}

func (c *collected) Visit(o *Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := hex.EncodeToString(o.ID)
	if _, ok := c.seen[id]; ok {
		c.t.Errorf("%s was visited twice", id)
	}
	c.seen[id] = content{o.Type.String(), string(o.Data)}
	if string(c.store.ID(o.Index)) != string(o.ID) || c.store.Type(o.Index) != o.Type {
		c.t.Errorf("%s: the store tells another id or type of object %d", id, o.Index)
	}
	c.deepest = max(c.deepest, o.Depth)
	if o.BaseVisited {
		c.inFamily++
		if c.depths[o.Depth-1] != o.Base {
			c.t.Errorf("%s: its base was not the last one visited at the depth above", id)
		}
	}
	for len(c.depths) <= o.Depth {
		c.depths = append(c.depths, None)
	}
	c.depths[o.Depth] = o.Index
	if len(o.Ops) > 0 {
		c.withOps++
	}
	if len(o.Ops) > 0 && o.BaseVisited {
		c.replay(id, o)
	}
	return nil
}

func (c *collected) replay(id string, o *Object) {
	base := c.seen[hex.EncodeToString(c.store.ID(o.Base))]
	at := 0
	for n, op := range o.Ops {
		if op.From != Insert && string(o.Data[at:at+int(op.Len)]) != base.data[op.From:op.From+op.Len] {
			c.t.Errorf("%s: op %d does not copy what it says", id, n)
		}
		if n > 0 && op.From == Insert && o.Ops[n-1].From == Insert {
			c.t.Errorf("%s: op %d could be one with the op before", id, n)
		}
		at += int(op.Len)
	}
	if at != len(o.Data) {
		c.t.Errorf("%s: the ops make %d of %d bytes", id, at, len(o.Data))
	}
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// walked visits what a plan wants.
func walked(t testing.TB, s *Store, p Plan) *collector {
	t.Helper()
	c := &collector{t: t, store: s, seen: map[string]content{}}
	if err := s.Walk(t.Context(), p, func(int) Visitor { return &collected{collector: c} }); err != nil {
		t.Fatal(err)
	}
	return c
}

// same complains of what git and we read differently.
func same(t testing.TB, got, want map[string]content) {
	t.Helper()
	for id, w := range want {
		g, ok := got[id]
		switch {
		case !ok:
			t.Errorf("%s %s was not visited", w.kind, id)
		case g != w:
			t.Errorf("%s %s of %d bytes was read as %s of %d bytes", w.kind, id, len(w.data), g.kind, len(g.data))
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("git does not know %s", id)
		}
	}
}

func noRefusals(t testing.TB, s *Store) {
	t.Helper()
	list, _ := s.Refusals()
	for _, r := range list {
		t.Errorf("refused: %s", r)
	}
}
