package ledger_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/source"
)

// heard is a ledger and what it remarks.
type heard struct {
	ledger.Ledger
	remarks []string
}

func newLedger(t *testing.T) *heard {
	t.Helper()
	h := &heard{Ledger: ledger.Ledger{Dir: filepath.Join(t.TempDir(), "a", "ledger")}}
	h.Remark = func(text string) { h.remarks = append(h.remarks, text) }
	return h
}

func scope() ledger.Scope { return ledger.Scope{Repository: "/r", Conditions: "rules"} }

func someObjects() ledger.Objects {
	ids := strings.Repeat("a", 20) + strings.Repeat("b", 20) + strings.Repeat("c", 20) + strings.Repeat("d", 20)
	return ledger.Objects{
		Width: 20, IDs: []byte(ids),
		Weights: []ledger.Weight{ledger.Unread, ledger.NotBlob, ledger.Weigh(0, false), ledger.Weigh(77, true)},
		Told: map[string]ledger.Told{ids[60:]: {Images: 3, Notes: []source.ItemError{
			{Path: "a\xff/b", Outcome: source.Excluded, Reason: "encrypted"},
		}}},
	}
}

func someAnswer() ledger.Answer {
	return ledger.Answer{
		State: "\x00\xfe", Name: "example.org/r", Count: ledger.Count{Expected: 5, Objects: 4, Blobs: 3, Bytes: 1 << 40, Images: 1},
		Notes: []source.ItemError{{Path: "objects", Outcome: source.Unread, Reason: "missing"}},
		Hits: []ledger.Hit{{ID: "i"}, {ID: "j", Records: []ledger.Record{
			{Rule: "r", Start: 7, Len: 32},
			{
				Rule: "q", Start: 1, Len: 2, Literal: true, Marked: true, Local: 1 << 63, Mentions: []uint64{5, 0},
				Location: finding.Location{Line: 1, Column: 2, EndLine: 3, EndColumn: 4, Column16: 5, EndColumn16: 6, Way: []string{"hex"}, Notebook: &finding.Cell{Cell: 1, Part: "source", Line: 9}},
			},
		}}},
		Places: []ledger.Place{
			{Hit: 1, Place: source.Blob, Path: "d/\xff", Git: finding.Git{Object: "o", Commit: "c", Author: "A", Email: "a@b", Date: time.Unix(0, 0).UTC(), Refs: []string{"x", "y"}, MoreRefs: 2, Reach: finding.ReachStash}},
			{Hit: 0, Place: source.Staged, Git: finding.Git{Object: "p"}},
		},
		Submodules: true,
		Basis:      someBasis(),
	}
}

func someBasis() ledger.Basis {
	id := func(s string) string { return strings.Repeat(s, 20) }
	return ledger.Basis{
		Known: true, Packs: map[string]string{"objects/pack/a.pack": "1", "objects/pack/b.pack": "2"}, Loose: []byte(id("l")),
		Missing: []string{id("m")}, Graph: "mark",
		Commits: []ledger.Commit{{ID: id("c"), Time: -1, Parents: []string{id("d"), id("e")}}, {ID: id("d"), First: true}},
		Tags:    []ledger.Tag{{ID: id("t"), Target: id("c")}, {ID: id("u")}},
		Hits:    []ledger.Hit{{ID: id("h"), Kind: 3, Records: []ledger.Record{{Rule: "r", Start: 1, Len: 2}}}},
		Introductions: []ledger.Introduction{
			{Hit: 2, Commit: id("c"), Path: "a/b"},
			{Hit: 0, Commit: id("d"), Path: "\xff"},
		},
		Silences: []ledger.Silence{{Hit: 2, Path: "a/b"}},
		Notes:    []source.ItemError{{Path: "objects/x", Outcome: source.Excluded, Reason: "r"}},
		Objects:  someObjects(),
	}
}

func someGraph() ledger.Graph {
	g := ledger.Graph{Mark: "mark", Width: 20, Order: []uint32{1, 0, 2}}
	for n, id := range []string{"a", "b", "c"} {
		g.Add([]byte(strings.Repeat(id, 20)), int64(n)-1, n == 1, [][]uint32{{1}, nil, {0, 1}}[n])
	}
	return g
}

func TestWhatIsKeptIsReadAgain(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if _, ok := l.Answer(scope()); ok || l.Objects(scope()).Len() > 0 {
		t.Error("a ledger that is not there knows something")
	}
	l.KeepObjects(scope(), someObjects())
	l.KeepAnswer(scope(), someAnswer())
	if diff := cmp.Diff(someObjects(), l.Objects(scope())); diff != "" {
		t.Error(diff)
	}
	answer, ok := l.Answer(scope())
	if diff := cmp.Diff(someAnswer(), answer); !ok || diff != "" {
		t.Error(ok, diff)
	}
	l.KeepGraph(scope(), someGraph())
	graph, ok := l.Graph(scope())
	if diff := cmp.Diff(someGraph(), graph); !ok || diff != "" || !graph.IsFirst(1) || graph.IsFirst(2) {
		t.Error(ok, diff)
	}
	if len(l.remarks) > 0 {
		t.Errorf("remarks: %q", l.remarks)
	}
}

func TestAGraphThatLeadsNowhereIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ledger.Graph){
		"parent":        func(g *ledger.Graph) { g.Parents[0] = 3 },
		"order":         func(g *ledger.Graph) { g.Order[2] = 3 },
		"ends":          func(g *ledger.Graph) { g.Ends[1] = 0 },
		"last end":      func(g *ledger.Graph) { g.Ends[2] = 2 },
		"ids":           func(g *ledger.Graph) { g.IDs[0] = 'z' },
		"id twice":      func(g *ledger.Graph) { copy(g.IDs, g.IDs[20:40]) },
		"fewer ordered": func(g *ledger.Graph) { g.Order = g.Order[:2] },
		"width":         func(g *ledger.Graph) { g.Width = 21 },
	} {
		g := someGraph()
		change(&g)
		if _, ok := ledger.DecodedGraph(ledger.EncodedGraph(g)); ok {
			t.Errorf("%s: believed", name)
		}
	}
	if _, ok := ledger.DecodedGraph(ledger.EncodedGraph(someGraph())); !ok {
		t.Error("a good one is not believed")
	}
}

func TestABasisThatLeadsNowhereIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ledger.Basis){
		"introduction": func(b *ledger.Basis) { b.Introductions[0].Hit = 3 },
		"silence":      func(b *ledger.Basis) { b.Silences[0].Hit = 3 },
	} {
		a := someAnswer()
		change(&a.Basis)
		if _, ok := ledger.DecodedAnswer(ledger.EncodedAnswer(a)); ok {
			t.Errorf("%s: believed", name)
		}
	}
}

func TestAWeightTellsWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 1 << 29, 1<<30 - 1} {
		for _, told := range []bool{false, true} {
			w := ledger.Weigh(size, told)
			if got, ok := w.Blob(); got != int64(size) || !ok || w.HasTold() != told {
				t.Errorf("Weigh(%d, %t) = %x: %d, %t, %t", size, told, w, got, ok, w.HasTold())
			}
		}
	}
	for _, w := range []ledger.Weight{ledger.Unread, ledger.NotBlob, ledger.Weigh(1<<30, true)} {
		if _, ok := w.Blob(); ok || w.HasTold() {
			t.Errorf("%x is a blob", w)
		}
	}
}

func TestEveryDamageOfAFileIsSeen(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.KeepAnswer(scope(), someAnswer())
	names, err := filepath.Glob(filepath.Join(l.Dir, "*.answer"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{append(bytes.Clone(whole), 0)}
	for n := range whole {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1 << (n % 8)
		damaged = append(damaged, whole[:n], flipped)
	}
	for i, data := range damaged {
		if err := os.WriteFile(names[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := l.Answer(scope()); ok {
			t.Errorf("damage %d of %d is not seen", i, len(damaged))
		}
	}
}

func TestAFileOfSomethingElseIsSetAside(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.KeepAnswer(scope(), someAnswer())
	other := scope()
	other.Conditions = "other rules"
	if _, ok := l.Answer(other); ok || len(l.remarks) != 1 || !strings.Contains(l.remarks[0], "made with other rules") {
		t.Errorf("%t, %q", ok, l.remarks)
	}
	if _, ok := l.Answer(scope()); ok || len(l.remarks) != 1 {
		t.Errorf("what was set aside is used: %t, %q", ok, l.remarks)
	}
	aside, err := filepath.Glob(filepath.Join(l.Dir, "*.answer.aside"))
	if err != nil || len(aside) != 1 {
		t.Errorf("%v, %v", aside, err)
	}
}

func TestAnotherRunThatWritesIsNotDisturbed(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.KeepAnswer(scope(), someAnswer())
	unlock, err := ledger.Lock(l.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	changed := someAnswer()
	changed.State = "new"
	l.KeepAnswer(scope(), changed)
	if !ledger.Locks {
		return
	}
	if got, ok := l.Answer(scope()); !ok || got.State != someAnswer().State || !slices.Equal(l.remarks, []string{"the ledger was not written: another run is writing it"}) {
		t.Errorf("%t, state %q, %q", ok, got.State, l.remarks)
	}
}

func TestWhatCannotBeWrittenIsTold(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if err := os.WriteFile(filepath.Dir(filepath.Dir(l.Dir))+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.Dir = filepath.Join(filepath.Dir(filepath.Dir(l.Dir)), "file", "ledger")
	l.KeepObjects(scope(), someObjects())
	if len(l.remarks) != 1 || !strings.HasPrefix(l.remarks[0], "the ledger was not written: ") {
		t.Errorf("%q", l.remarks)
	}
}

func TestWeightsThatNoBlobHasAreRefused(t *testing.T) {
	t.Parallel()
	for _, w := range []ledger.Weight{1 << 31, 1<<30 + 1, 1<<31 | 1<<30 + 1, 1<<32 - 2} {
		o := someObjects()
		o.Weights[0] = w
		if _, ok := ledger.DecodedObjects(ledger.EncodedObjects(o)); ok {
			t.Errorf("weight %x is believed", w)
		}
	}
}

func TestNotesOfOtherObjectsAreRefused(t *testing.T) {
	t.Parallel()
	o := someObjects()
	var told string
	for id := range o.Told {
		told = id
	}
	written := ledger.EncodedObjects(o)
	at := bytes.LastIndex(written, []byte(told))
	written[at]++
	if _, ok := ledger.DecodedObjects(written); ok {
		t.Error("notes of an object that is not there are believed")
	}
}

// FuzzPayloads decodes anything: what is broken is refused, and what is not is
// written the same way again.
func FuzzPayloads(f *testing.F) {
	f.Add(ledger.EncodedObjects(someObjects()))
	f.Add(ledger.EncodedAnswer(someAnswer()))
	f.Add(ledger.EncodedGraph(someGraph()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o, ok := ledger.DecodedObjects(data); ok {
			for i, w := range o.Weights {
				if size, isBlob := w.Blob(); isBlob && size < 0 || len(o.ID(i)) != o.Width {
					t.Errorf("object %d: weight %x", i, w)
				}
			}
		}
		if g, ok := ledger.DecodedGraph(data); ok {
			again, ok := ledger.DecodedGraph(ledger.EncodedGraph(g))
			if diff := cmp.Diff(g, again); !ok || diff != "" {
				t.Error(ok, diff)
			}
		}
		if a, ok := ledger.DecodedAnswer(data); ok {
			again, ok := ledger.DecodedAnswer(ledger.EncodedAnswer(a))
			if diff := cmp.Diff(a, again); !ok || diff != "" {
				t.Error(ok, diff)
			}
		}
	})
}
