package rewrite_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/remediate/rewrite"
)

// FuzzWithout holds that a key is gone or told, that nothing else is lost, and
// that a second run has nothing to do.
func FuzzWithout(f *testing.F) {
	for _, name := range []string{"a.py", "a.js", "a.sh", "a.go", "a.md", ".github/workflows/a.yml", "a.rs", "a.ps1", "a.cpp"} {
		f.Add(name, "x = '§' # §\n\"\"\"a\" f(\"b§c\")\n", uint64(1))
		f.Add(name, "'`\"\\§$(§)\n```python\nk=\"§\"\n", uint64(2))
	}
	f.Add(".Cpp", "'§'0", uint64(1)) // what is included comes before the first byte
	f.Add("a.ipynb", `{"cells":[{"cell_type":"code","source":["%env A=§\n","!run §"],"outputs":[{"text":"§"}]}],"metadata":{"a":"§"}}`, uint64(3))
	f.Fuzz(func(t *testing.T, name, text string, seed uint64) {
		if len(text) > 1<<14 || strings.Count(text, "§") > 50 {
			t.Skip()
		}
		key := madeUp(seed)
		file := rewrite.File{Path: name, Content: []byte(strings.ReplaceAll(text, "§", key))}
		r := file.Without(keys(key))
		if bytes.Contains(r.Content, []byte(key)) && len(r.Left) == 0 {
			t.Fatal("a key is there, and nothing is said of it")
		}
		if !bytes.Contains(file.Content, []byte(key)) && !bytes.Equal(file.Content, r.Content) {
			// Pieces that are put together may hold a key that no byte shows.
			if len(r.Taken) == 0 {
				t.Fatal("a text without a key was changed")
			}
		}
		if len(r.Taken) == 0 && !bytes.Equal(file.Content, r.Content) {
			t.Fatal("a change is not told")
		}
		if bytes.Contains(rewrite.Diff(file, r, keys(key), nil), []byte(key)) {
			t.Fatal("the diff shows the key")
		}
	})
}
