package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/baseline"
)

// entryOf makes an entry with words that TOML must quote.
func entryOf(t *testing.T, random *rand.Rand, id int) baseline.Ignore {
	t.Helper()
	words := []string{"", "plain", `with "quotes"`, `back\slash`, "two\nlines", "ünïcode", "# no comment", "[[ignore]]", "\x7f\x00", `"""`}
	i := baseline.Ignore{ID: fmt.Sprintf("ql%d", id), Reason: "r" + words[random.IntN(len(words))], Owner: words[random.IntN(len(words))]}
	if random.IntN(2) == 0 {
		if err := i.Until.UnmarshalTOML("2027-01-31"); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// pieces are parts of configurations that no change may touch.
func pieces() []string {
	return []string{
		"# ours\n", "\n", "[scan]\nexclude = [\n  \"a\", # why\n]\n\n", "# a note\n[let]\nx = '''[[ignore]\n'''\n",
	}
}

// TestIgnoresAreAddedAndRemovedAsText adds and removes in random order: the
// configuration says what it should, everything else stays as it was, and
// without entries the text is the one of the beginning.
func TestIgnoresAreAddedAndRemovedAsText(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 4))
		text := ""
		for _, p := range pieces() {
			if random.IntN(2) == 0 {
				text += p
			}
		}
		if random.IntN(3) == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		begin := text
		var want []baseline.Ignore
		for step := range 12 {
			if len(want) > 0 && (step > 8 || random.IntN(3) == 0) {
				n := random.IntN(len(want))
				changed, err := removeIgnore([]byte(text), n)
				if err != nil {
					t.Fatalf("seed %d: remove %d: %v from\n%s", seed, n, err, text)
				}
				text, want = string(changed), slices.Delete(want, n, n+1)
			} else {
				entry := entryOf(t, random, step)
				changed, err := addIgnore([]byte(text), entry)
				if err != nil {
					t.Fatalf("seed %d: add: %v to\n%s", seed, err, text)
				}
				text, want = string(changed), append(want, entry)
			}
			c, err := parseConfig([]byte(text))
			if err != nil || !slices.Equal(c.Ignore, want) || !strings.HasPrefix(text, begin) {
				t.Fatalf("seed %d: %v, %+v, want %+v in\n%s", seed, err, c, want, text)
			}
		}
		for len(want) > 0 {
			changed, err := removeIgnore([]byte(text), 0)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			text, want = string(changed), want[1:]
		}
		if text != begin {
			t.Fatalf("seed %d: left\n%q\nof\n%q", seed, text, begin)
		}
	}
}

func TestCommentsStayWhenAnIgnoreGoes(t *testing.T) {
	const text = "# one\n[[ignore]]\nid = \"a\" # first\nreason = \"r\"\n\n# two\n[[ignore]]\nid = \"b\"\nreason = \"r\"\n# end\n"
	changed, err := removeIgnore([]byte(text), 1)
	if want := "# one\n[[ignore]]\nid = \"a\" # first\nreason = \"r\"\n\n# two\n# end\n"; err != nil || string(changed) != want {
		t.Errorf("%v, %q", err, changed)
	}
}

func TestIgnoresInAnUnusualFormAreNotChanged(t *testing.T) {
	for name, text := range map[string]string{
		"an array":            `ignore = [{id = "a", reason = "r"}]` + "\n",
		"a header in a text":  "[[ignore]]\nid = \"a\"\nreason = \"\"\"\n[[ignore]]\n\"\"\"\n",
		"a bracket in a text": "[[ignore]]\nid = \"a\"\nreason = \"\"\"\n[x\ny\"\"\"\n",
	} {
		if changed, err := removeIgnore([]byte(text), 0); err == nil {
			t.Errorf("%s: removed, leaving %q", name, changed)
		}
	}
	if _, err := addIgnore([]byte(`ignore = [{id = "a", reason = "r"}]`+"\n"), baseline.Ignore{ID: "b", Reason: "r"}); err == nil {
		t.Error("added to an array")
	}
	if _, err := addIgnore(nil, baseline.Ignore{ID: "b", Reason: "\xff"}); err == nil {
		t.Error("added what is not UTF-8")
	}
}

func TestTwoIgnoresOfOneFindingAreToldWithTheirLine(t *testing.T) {
	_, err := parseConfig([]byte("[[ignore]]\nid = \"a\"\nreason = \"r\"\n[[ignore]]\nid = \"a\"\nreason = \"s\"\n"))
	if err == nil || err.Error() != "line 4: [[ignore]] number 2: number 1 is for the same id" {
		t.Errorf("%v", err)
	}
}

func FuzzIgnoresChangeNothingElse(f *testing.F) {
	for _, p := range pieces() {
		f.Add(p, "id", "reason")
	}
	f.Add("[[ignore]]\nid = \"a\"\nreason = \"r\"\n", "id", "reason")
	f.Fuzz(func(t *testing.T, text, id, reason string) {
		before, err := parseConfig([]byte(text))
		entry := baseline.Ignore{ID: id, Reason: reason}
		if err != nil || entry.Validate() != nil {
			return
		}
		changed, err := addIgnore([]byte(text), entry)
		if err != nil {
			return
		}
		if !strings.HasPrefix(string(changed), text) {
			t.Fatalf("%q becomes %q", text, changed)
		}
		again, err := removeIgnore(changed, len(before.Ignore))
		if err != nil {
			return
		}
		if c, err := parseConfig(again); err != nil || !slices.Equal(c.Ignore, before.Ignore) {
			t.Fatalf("%q becomes %q: %v", changed, again, err)
		}
	})
}
