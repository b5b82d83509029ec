package rules

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The page that explains the rule language must know every word of it.
func TestTheDocumentationKnowsEveryKeyOfTheLanguage(t *testing.T) {
	page, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[File](), reflect.TypeFor[Rule](), reflect.TypeFor[Token](),
		reflect.TypeFor[Evidence](), reflect.TypeFor[Near](), reflect.TypeFor[Beside](), reflect.TypeFor[Example](),
	} {
		for field := range typ.Fields() {
			key := field.Tag.Get("toml")
			if !strings.Contains(string(page), key+" =") && !strings.Contains(string(page), "rule."+key+"]") && !strings.Contains(string(page), "["+key+"]") {
				t.Errorf("docs/rules.md does not show %q of %s", key, typ.Name())
			}
		}
	}
}

// The example on the page must be a rule file that works.
func TestTheDocumentationsExampleIsARule(t *testing.T) {
	page, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```toml\n")
	example, _, _ := strings.Cut(rest, "```")
	list, err := Parse("docs/rules.md", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSet(list); err != nil {
		t.Error(err)
	}
}
