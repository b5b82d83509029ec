package baseline_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
)

const public = "public"

// numbered makes a fingerprint of a number.
func numbered(n int) secret.Fingerprint {
	return secret.Fingerprinter{}.Of(secret.New(fmt.Appendf(nil, "number %d", n)))
}

func known(n int) baseline.Known {
	return baseline.Known{Fingerprint: numbered(n), Rule: "rule", Path: fmt.Sprintf("dir/%d.py", n)}
}

func listOf(numbers ...int) *baseline.List {
	l := &baseline.List{Salt: public}
	for _, n := range numbers {
		l.Keys = append(l.Keys, known(n))
	}
	return l
}

func parsed(t *testing.T, text []byte) *baseline.List {
	t.Helper()
	l, err := baseline.ParseList(text, public)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return l
}

func TestABaselineIsReadAsItIsWritten(t *testing.T) {
	for _, text := range []string{
		"a.py", "dir/a b.py", "", " begins and ends with a space ", `with "quotes"`, `"quoted"`, `back\slash`, "two\nlines", "tab\there", "not utf-8 \xff",
		"ünïcode", "# no comment", "<<<<<<< no conflict",
	} {
		for _, rule := range []string{"ionq-api-key", "a rule of others", `"`, "with\nlines", ""} {
			want := &baseline.List{Salt: public, Keys: []baseline.Known{{Fingerprint: numbered(1), Rule: rule, Path: text}}}
			if got := parsed(t, want.Text()); !reflect.DeepEqual(got, want) {
				t.Errorf("%q becomes %+v", text, got.Keys)
			}
		}
	}
}

func TestABaselineIsOneText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	want := string(listOf(1, 2, 3, 4, 5, 6, 7, 8).Text())
	for range 50 {
		lines := strings.SplitAfter(want, "\n")
		lines = append(lines, lines[random.IntN(len(lines))])
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		shuffled := strings.Join(lines, "")
		if random.IntN(2) == 0 {
			shuffled = "\xef\xbb\xbf" + strings.ReplaceAll(shuffled, "\n", "\r\n")
		}
		if got := string(parsed(t, []byte(shuffled)).Text()); got != want {
			t.Fatalf("it becomes\n%s", got)
		}
	}
}

func TestOneKeyIsOneLine(t *testing.T) {
	before := bytes.Split(listOf(1, 2, 3, 5).Text(), []byte("\n"))
	after := bytes.Split(listOf(1, 2, 3, 4, 5).Text(), []byte("\n"))
	if len(after) != len(before)+1 {
		t.Fatalf("%d lines become %d", len(before), len(after))
	}
	for _, line := range before {
		if !slices.ContainsFunc(after, func(l []byte) bool { return bytes.Equal(l, line) }) {
			t.Errorf("another line changed, too: %s", line)
		}
	}
}

func TestWhatIsNoBaselineIsRefused(t *testing.T) {
	good := string(listOf(1, 2).Text())
	for name, c := range map[string]struct {
		text string
		is   error
		says string
	}{
		"nothing":             {text: "", says: "it is no baseline"},
		"only comments":       {text: "# nothing\n", says: "it is no baseline"},
		"another version":     {text: "qleaks-baseline 2 public\n", says: "line 1: it is of a version"},
		"another salt":        {text: "qleaks-baseline 1 private-abcdefgh\n", is: baseline.ErrSalts, says: "line 1"},
		"two salts":           {text: good + "qleaks-baseline 1 private-abcdefgh\n", is: baseline.ErrSalts, says: "line 6"},
		"ours":                {text: good + "<<<<<<< HEAD\n", is: baseline.ErrConflict, says: "line 6"},
		"base":                {text: good + "||||||| 1234567\n", is: baseline.ErrConflict, says: "line 6"},
		"the middle":          {text: good + "=======\n", is: baseline.ErrConflict, says: "line 6"},
		"theirs":              {text: good + ">>>>>>> branch\n", is: baseline.ErrConflict, says: "line 6"},
		"a short fingerprint": {text: good + "abc rule a.py\n", says: "line 6: it is no fingerprint"},
		"no rule":             {text: good + string(numbered(3)) + "\n", says: "line 6: it is no fingerprint"},
		"an open quote":       {text: good + string(numbered(3)) + ` rule "a.py` + "\n", says: "line 6: it is not quoted well"},
		"text behind a quote": {text: good + string(numbered(3)) + ` rule "a.py" b` + "\n", says: "line 6: it is not quoted well"},
		"a report of others":  {text: "[]\n", says: "line 1"},
	} {
		_, err := baseline.ParseList([]byte(c.text), public)
		if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABaselineHidesItsKeysWhereverTheyStand(t *testing.T) {
	at := func(n int, rule, path string) finding.Finding {
		f := finding.Finding{ID: path + rule, Rule: &rules.Rule{ID: rule}, Fingerprint: numbered(n), Path: path, Standing: finding.Standing{Status: key.Unknown}}
		f.Repository = path
		return f
	}
	works := at(1, "rule", "works.py")
	works.Status = key.Active
	out := apply([]finding.Finding{
		at(1, "rule", "a.py"), at(1, "rule", "moved/b.py"), at(2, "rule", "a.py"), at(1, "other-rule", "a.py"), works,
	}, nil, listOf(1, 7))
	if got := ids(out.Kept); !slices.Equal(got, []string{"a.pyrule", "a.pyother-rule", "works.pyrule"}) {
		t.Errorf("kept %v", got)
	}
	for _, s := range out.Suppressed {
		if s.By != finding.SuppressedByBaseline {
			t.Errorf("by %s", s.By)
		}
	}
	if len(out.Refused) != 1 || len(out.Missing) != 1 || out.Missing[0].Fingerprint != numbered(7) {
		t.Errorf("refused %v, missing %+v", ids(out.Refused), out.Missing)
	}
}

// TestNothingIsLost lets random ignores, baselines and marks of random roots
// decide: each finding is kept or suppressed, never both, in their order.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 2))
		var all []finding.Finding
		for n := range random.IntN(20) {
			f := one(fmt.Sprint(n), place("file", random.IntN(4) == 0))
			f.Fingerprint = numbered(random.IntN(10))
			if random.IntN(5) == 0 {
				f.Status = key.Active
			}
			all = append(all, f)
		}
		some := func() ([]baseline.Ignore, *baseline.List) {
			var ignores []baseline.Ignore
			list := listOf()
			for n := range 20 {
				if random.IntN(6) == 0 {
					ignores = append(ignores, baseline.Ignore{ID: fmt.Sprint(n), Reason: "r"})
				}
				if random.IntN(6) == 0 {
					list.Keys = append(list.Keys, known(n))
				}
			}
			return ignores, list
		}
		var roots []*baseline.Say
		for range 3 {
			ignores, list := some()
			s := baseline.NewRootSay(ignores, list, now)
			for _, f := range all {
				if random.IntN(2) == 0 {
					s.See(f.ID)
				}
			}
			if len(roots) > 0 && random.IntN(2) == 0 {
				s.Within(roots[random.IntN(len(roots))])
			}
			roots = append(roots, s)
		}
		ignores, list := some()
		out := baseline.Apply(baseline.Findings{Reported: all}, baseline.NewSay(ignores, list, now), roots)
		checkNothingLost(t, seed, all, out)
	}
}

func checkNothingLost(t *testing.T, seed uint64, all []finding.Finding, out baseline.Outcome) {
	t.Helper()
	kept := ids(out.Kept)
	var hidden []string
	for _, s := range out.Suppressed {
		hidden = append(hidden, s.Finding.ID)
		if s.Finding.Status == key.Active {
			t.Errorf("seed %d: a key that works is hidden", seed)
		}
	}
	for _, id := range ids(all) {
		switch {
		case len(kept) > 0 && kept[0] == id:
			kept = kept[1:]
		case len(hidden) > 0 && hidden[0] == id:
			hidden = hidden[1:]
		default:
			t.Fatalf("seed %d: %s is lost, or not in its order", seed, id)
		}
	}
	if len(kept)+len(hidden) > 0 {
		t.Errorf("seed %d: told twice: %v %v", seed, kept, hidden)
	}
}

func TestAPathThatHoldsAKeyIsNotWritten(t *testing.T) {
	f := finding.Finding{Rule: &rules.Rule{ID: "rule"}, Fingerprint: numbered(1), Secret: secret.New([]byte("material")), Path: "keys/material.txt"}
	stored := f
	stored.Fingerprint, stored.Stored = numbered(2), true
	l := listOf()
	l.Add([]finding.Finding{f, stored})
	if len(l.Keys) != 1 || bytes.Contains(l.Text(), []byte("material")) {
		t.Errorf("%s", l.Text())
	}
}

func TestAddingKeepsTheLinesThatAre(t *testing.T) {
	l := listOf(1, 2)
	l.Add([]finding.Finding{{Rule: &rules.Rule{ID: "rule"}, Fingerprint: numbered(1), Path: "a/new/path.py"}})
	if string(l.Text()) != string(listOf(1, 2).Text()) {
		t.Errorf("%s", l.Text())
	}
}

// TestGitMergesBaselines makes random changes on two branches and lets git
// merge them: with merge=union always, without it wherever git finds no
// conflict. What comes out is what both sides wanted.
func TestGitMergesBaselines(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	clean := 0
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 3))
		before := numbers(random, 40, 0)
		ours := slices.Concat(without(random, before), numbers(random, 3, 100))
		theirs := slices.Concat(without(random, before), numbers(random, 3, 200))
		union := seed%2 == 0
		text, conflict := mergedByGit(t, union, listOf(before...).Text(), listOf(ours...).Text(), listOf(theirs...).Text())
		if conflict {
			if union {
				t.Fatalf("seed %d: a conflict in a union", seed)
			}
			if _, err := baseline.ParseList(text, public); !errors.Is(err, baseline.ErrConflict) {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		clean++
		checkMerge(t, seed, union, parsed(t, text), before, ours, theirs)
	}
	if clean < 6 {
		t.Errorf("only %d merges were clean", clean)
	}
}

// checkMerge compares with the merge of sets. A union may keep what one side
// dropped where the other changed the neighbourhood; it never loses a key.
func checkMerge(t *testing.T, seed uint64, union bool, merged *baseline.List, before, ours, theirs []int) {
	t.Helper()
	for n := range 300 {
		was, we, they := slices.Contains(before, n), slices.Contains(ours, n), slices.Contains(theirs, n)
		want := we && they || we != they && !was
		is := slices.Contains(merged.Keys, known(n))
		if want && !is || is && !want && (!union || !was) {
			t.Errorf("seed %d: %d is listed: %v, want %v", seed, n, is, want)
		}
	}
}

func numbers(random *rand.Rand, n, from int) []int {
	var out []int
	for i := range n {
		if random.IntN(2) == 0 {
			out = append(out, from+i)
		}
	}
	return out
}

func without(random *rand.Rand, all []int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(int) bool { return random.IntN(12) == 0 })
}

// mergedByGit returns the file after git merge, and whether git has a conflict.
func mergedByGit(t *testing.T, union bool, before, ours, theirs []byte) (text []byte, conflict bool) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "known")
	git := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		return cmd.Run()
	}
	commit := func(text []byte) {
		t.Helper()
		err := errors.Join(os.WriteFile(file, text, 0o600), git("add", "."), git("commit", "-q", "--allow-empty", "-m", "m"))
		if err != nil {
			t.Fatal(err)
		}
	}
	attributes := ""
	if union {
		attributes = "known merge=union\n"
	}
	err := errors.Join(git("init", "-q", "-b", "main"), os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte(attributes), 0o600))
	commit(before)
	err = errors.Join(err, git("checkout", "-q", "-b", "theirs"))
	commit(theirs)
	err = errors.Join(err, git("checkout", "-q", "main"))
	commit(ours)
	if err != nil {
		t.Fatal(err)
	}
	conflict = git("merge", "-q", "-m", "merge", "theirs") != nil
	if text, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return text, conflict
}
