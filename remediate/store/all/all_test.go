package all_test

import (
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/all"
)

func TestEveryKindIsDocumentedAndItsExampleHolds(t *testing.T) {
	text, err := os.ReadFile("../../../docs/stores.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range all.Kinds() {
		if seen[k.Name] || k.Title == "" || k.Open == nil || len(k.Example) == 0 {
			t.Errorf("%s is there twice, or not whole", k.Name)
		}
		seen[k.Name] = true
		if !strings.Contains(string(text), "| `"+k.Name+"` |") || !strings.Contains(string(text), `kind = "`+k.Name+`"`) {
			t.Errorf("docs/stores.md does not tell of %s, in its table and by an example", k.Name)
		}
		for _, s := range k.Settings {
			if s.Means == "" || !strings.Contains(string(text), s.Name) {
				t.Errorf("%s, %s: nobody says what it means", k.Name, s.Name)
			}
		}
		var said map[string]any
		if _, err := toml.Decode("kind = \""+k.Name+"\"\n"+strings.Join(k.Example, "\n"), &said); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Declare("here", said, all.Kinds()); err != nil {
			t.Errorf("the example of %s: %v", k.Name, err)
		}
	}
}

func TestEveryExampleOfTheDocumentationHolds(t *testing.T) {
	text, err := os.ReadFile("../../../docs/stores.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, part := range strings.Split(string(text), "```toml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		var file struct{ Stores map[string]map[string]any }
		if _, err := toml.Decode(block, &file); err != nil {
			t.Errorf("%v:\n%s", err, block)
		}
		for name, said := range file.Stores {
			count++
			if _, err := store.Declare(name, said, all.Kinds()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if count < len(all.Kinds()) {
		t.Errorf("only %d examples", count)
	}
}
