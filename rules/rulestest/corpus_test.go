package rulestest_test

import (
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/rulestest"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
)

const corpus = "../../testdata/corpus"

// eachFile calls visit with every file below a folder of the corpus.
func eachFile(t *testing.T, folder string, visit func(name, text string)) {
	t.Helper()
	files := os.DirFS(path.Join(corpus, folder))
	n := 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		n++
		visit(name, string(text))
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestEveryKeyOfTheLeakyCorpusIsFound(t *testing.T) {
	set := builtin(t)
	eachFile(t, "leaky", func(name, text string) {
		content, wanted := rulestest.Plant(set, text, sample.NewValues(uint64(len(name))))
		if len(wanted) == 0 {
			t.Errorf("%s expects nothing", name)
		}
		list := rulestest.Scan(t.Context(), set, name, []byte(content))
		for i, w := range wanted {
			f, ok := of(list, w.Key)
			switch {
			case !ok:
				t.Errorf("%s: key %d (%s) is not found", name, i+1, w.Rule)
			case f.Rule.ID != w.Rule || f.Confidence < w.Confidence:
				t.Errorf("%s: key %d is %s %s (%s), want %s %s", name, i+1, f.Rule.ID, f.Confidence, f.Evidence, w.Rule, w.Confidence)
			}
		}
		for _, f := range list {
			if f.Confidence >= rules.Medium && !isPlanted(f, wanted) {
				t.Errorf("%s: line %d is taken for a key by %s (%s)", name, f.Occurrences[0].Location.Line, f.Rule.ID, f.Evidence)
			}
		}
	})
}

func of(list []finding.Finding, key string) (finding.Finding, bool) {
	for _, f := range list {
		if f.Secret.Equal(secret.New([]byte(key))) {
			return f, true
		}
	}
	return finding.Finding{}, false
}

func isPlanted(f finding.Finding, wanted []rulestest.Planted) bool {
	for _, w := range wanted {
		if f.Secret.Equal(secret.New([]byte(w.Key))) {
			return true
		}
	}
	return false
}

func TestTheCleanCorpusIsClean(t *testing.T) {
	set := builtin(t)
	eachFile(t, "clean", func(name, text string) {
		for seed := range uint64(20) {
			content := sample.Expand(text, "", sample.NewValues(seed))
			for _, f := range rulestest.Scan(t.Context(), set, name, []byte(content)) {
				if f.Confidence >= rules.Medium {
					t.Errorf("%s: line %d is taken for a key by %s (%s)", name, f.Occurrences[0].Location.Line, f.Rule.ID, f.Evidence)
				}
			}
		}
	})
}
