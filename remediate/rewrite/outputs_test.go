package rewrite

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
)

func TestOnlyOutputsThatShowAKeyAreTakenOut(t *testing.T) {
	const key = "a value that is shown"
	keys := []Key{{Value: secret.New([]byte(key))}}
	for _, c := range []struct {
		text, want string
		outputs    []int
	}{
		{`{"cells":[{"source":["KEY"],"outputs":[{"text":"KEY"}]}]}`, `{"cells":[{"source":["KEY"],"outputs":[]}]}`, []int{1}},
		{`{"cells":[{"outputs":[{"text":"a"}, {"text":"KEY"}, {"text":"b"}]}]}`, `{"cells":[{"outputs":[{"text":"a"}, {"text":"b"}]}]}`, []int{1}},
		{`{"cells":[{"outputs":[{"text":"torn"}]},{"outputs":[{"text":"b"}]}]}`, `{"cells":[{"outputs":[]},{"outputs":[{"text":"b"}]}]}`, []int{1}},
		{`{"cells":[{"outputs":[{"text":"a"}]}], "metadata":"KEY"}`, `{"cells":[{"outputs":[{"text":"a"}]}], "metadata":"KEY"}`, nil},
		{`{"cells":[{"outputs":"KEY"}]}`, `{"cells":[{"outputs":"KEY"}]}`, []int{1}},
		{`KEY {`, `KEY {`, []int{1}},
		{``, ``, nil},
	} {
		fill := func(s string) string { return strings.ReplaceAll(s, "KEY", key) }
		got := File{Path: "a.ipynb", Content: []byte(fill(c.text)), Outputs: c.outputs}.WithoutOutputs(keys)
		if string(got.Content) != fill(c.want) {
			t.Errorf("%s becomes %s", c.text, strings.ReplaceAll(string(got.Content), key, "KEY"))
		}
		if (len(got.Taken) > 0) != (c.text != c.want) {
			t.Errorf("%s: taken are %v", c.text, got.Taken)
		}
	}
}
