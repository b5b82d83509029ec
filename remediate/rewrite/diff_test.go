package rewrite_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/rewrite"
)

func TestADiffShowsNoKeyEncodedOrNot(t *testing.T) {
	f := rewrite.File{Path: "a.txt", Content: []byte("one\nPLAIN here\nRU5DT0RFRA and more\nfour\n")}
	r := rewrite.Result{Content: []byte("one\nfour\n")}
	list := []rewrite.Key{{Value: secret.New([]byte("PLAIN")), Variable: "IONQ_API_KEY"}}
	got := rewrite.Diff(f, r, list, []int{3})
	for _, hidden := range []string{"PLAIN", "RU5DT0RFRA", "and more"} {
		if bytes.Contains(got, []byte(hidden)) {
			t.Errorf("%q is shown:\n%s", hidden, got)
		}
	}
	if !strings.Contains(string(got), "-[the key IONQ_API_KEY] here\n-[a line with a key that is encoded]\n") {
		t.Errorf("%s", got)
	}
	if got := rewrite.Diff(f, r, list, nil); !bytes.Contains(got, []byte("RU5DT0RFRA")) {
		t.Error("the test proves nothing")
	}
}
