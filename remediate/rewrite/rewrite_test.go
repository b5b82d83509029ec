package rewrite_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/rules/sample"
)

// variable is what the tests look up.
const variable = "IONQ_API_" + "KEY"

func madeUp(seed uint64) string {
	return sample.NewValues(seed).From(sample.Alphabet("A-Za-z0-9"), 32)
}

func keys(values ...string) []rewrite.Key {
	var all []rewrite.Key
	for i, v := range values {
		name := variable
		if i > 0 {
			name += "_2"
		}
		all = append(all, rewrite.Key{Value: secret.New([]byte(v)), Variable: name})
	}
	return all
}

func TestEachLanguageLooksUpInItsOwnWay(t *testing.T) {
	text, err := os.ReadFile("testdata/languages.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse(text).Files {
		t.Run(f.Name, func(t *testing.T) {
			name := f.Name
			if at := strings.LastIndexByte(name, ' '); at >= 0 && !strings.Contains(name, "/") {
				name = name[at+1:]
			}
			before, after, ok := strings.Cut(string(f.Data), "=>\n")
			if !ok {
				t.Fatal("no =>")
			}
			for _, end := range []string{"\n", "\r\n"} {
				check(t, name, strings.ReplaceAll(before, "\n", end), strings.ReplaceAll(after, "\n", end))
			}
		})
	}
}

func check(t *testing.T, name, before, after string) {
	t.Helper()
	key := madeUp(7)
	show := strings.NewReplacer(key[:16], "§/2", key[16:], "2/§")
	fill := strings.NewReplacer("§/2", key[:16], "2/§", key[16:], "§", key, "VAR", variable)
	got := rewrite.File{Path: name, Content: []byte(fill.Replace(before))}.Without(keys(key))
	if diff := cmp.Diff(fill.Replace(after), string(got.Content)); diff != "" {
		t.Errorf("(-want +got)\n%s\nleft: %+v", show.Replace(strings.ReplaceAll(diff, key, "§")), got.Left)
	}
	if strings.Contains(after, "§") != (len(got.Left) > 0) {
		t.Errorf("left: %+v", got.Left)
	}
	for _, p := range got.Left {
		if p.What == "" || p.Line == 0 {
			t.Errorf("left without a reason or a line: %+v", p)
		}
	}
	if got := len(got.Taken); got == 0 && before != after {
		t.Error("nothing is told of what was taken")
	}
}
