package inspect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestAKeyThatNamesPutTogetherIsTheLiteralsAndAGuess(t *testing.T) {
	k := key(11)
	f := only(t, fmt.Sprintf("import os\np = '%s'\n\nq = '%s'\nprovider = IonQProvider(p + q)\n", k[:16], k[16:]), source.Origin{Path: "a.py"})
	l := f.Occurrences[0].Location
	if f.Secret.Reveal() != k || f.Confidence != rules.Medium || at(l) != "2:6-4:22" || fmt.Sprint(l.Way) != "["+decode.Named+"]" {
		t.Errorf("%s at %s by %v", f.Confidence, at(l), l.Way)
	}
}

// TestNamesAreLookedUpInAllCellsOfANotebook: people run cells in any order.
func TestNamesAreLookedUpInAllCellsOfANotebook(t *testing.T) {
	k := key(12)
	content := fmt.Sprintf(`{"cells":[{"cell_type":"code","id":"a1b2c3d4","metadata":{},"outputs":[],"source":["provider = IonQProvider(f\"{p}{q}\")\n"]},
{"cell_type":"code","id":"a1b2c3d5","metadata":{},"outputs":[],"source":["x = 1\n","q = \"%s\"\n"]},
{"cell_type":"code","id":"a1b2c3d6","metadata":{},"outputs":[],"source":["y = 1\n","\n","p = \"%s\"\n"]}],
"metadata":{},"nbformat":4,"nbformat_minor":5}`, k[16:], k[:16])
	f := only(t, content, source.Origin{Path: "a.ipynb"})
	l := f.Occurrences[0].Location
	if f.Secret.Reveal() != k || l.Notebook == nil || l.Notebook.Cell != 3 || l.Notebook.Line != 3 || l.Line != 3 {
		t.Errorf("in %+v, line %d", l.Notebook, l.Line)
	}
}

func TestNamesAreLookedUpInTheWholeFileAfterAChange(t *testing.T) {
	k := key(13)
	x := inspector(t)
	before := fmt.Sprintf("p = '%s'\n%sq = ''\n%sIonQProvider(p + q)\n", k[:16], strings.Repeat("# words\n", 2000), strings.Repeat("# words\n", 2000))
	at := strings.Index(before, "q = '") + len("q = '")
	after := before[:at] + k[16:] + before[at:]
	var base, known inspect.Known
	if n := len(x.InspectChange([]byte(before), nil, nil, &base).Records); n != 0 {
		t.Fatalf("%d records", n)
	}
	parts := []inspect.Part{{From: 0, Len: uint32(at)}, {From: inspect.New, Len: 16}, {From: uint32(at), Len: uint32(len(before) - at)}}
	if len(x.InspectChange([]byte(after), parts, &base, &known).Records) == 0 {
		t.Error("the key is missed")
	}
}
