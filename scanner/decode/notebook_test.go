package decode

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// notebookOf writes a notebook of nbformat 4 with one cell.
func notebookOf(t testing.TB, cell map[string]any, metadata any) []byte {
	t.Helper()
	return marshal(t, map[string]any{"cells": []any{map[string]any{"cell_type": "markdown", "source": "first"}, cell}, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func output(o map[string]any) map[string]any {
	return map[string]any{"cell_type": "code", "source": []string{}, "outputs": []any{o}}
}

// partCase is a text in a part of a notebook.
type partCase struct {
	name     string
	notebook []byte
	text     string
	want     place
}

func sourceCases(t *testing.T) []partCase {
	t.Helper()
	key := sampleKey(32, "")
	return []partCase{
		{
			"source as a list", notebookOf(t, map[string]any{"source": []string{"a = 1\n", "token = \"" + key + "\"\n"}}, nil),
			key, place{part: "source", cell: 2, line: 2, encoded: key},
		},
		{
			"source as a string", notebookOf(t, map[string]any{"source": "a\nb\np('" + key + "')\n"}, nil),
			key, place{part: "source", cell: 2, line: 3, encoded: key},
		},
		{
			"quotes undone", notebookOf(t, map[string]any{"source": "t = \"" + key + "\""}, nil),
			`t = "` + key + `"`, place{part: "source", cell: 2, line: 1, encoded: `t = \"` + key + `\"`},
		},
		{
			"a literal over two strings of the list", notebookOf(t, map[string]any{"source": []string{"'" + key[:9], key[9:] + "'"}}, nil),
			key, place{part: "source", cell: 2, line: 1, encoded: key[:9] + "\",\n    \"" + key[9:]},
		},
		{
			"nbformat 3", marshal(t, map[string]any{"worksheets": []any{
				map[string]any{"cells": []any{map[string]any{"cell_type": "code", "input": "x"}}},
				map[string]any{"cells": []any{map[string]any{"cell_type": "code", "input": []string{"\n", key}}}},
			}, "nbformat": 3}),
			key, place{part: "source", cell: 2, line: 2, encoded: key},
		},
	}
}

func outputCases(t *testing.T) []partCase {
	t.Helper()
	key := sampleKey(32, "")
	esc := "\x1b"
	return []partCase{
		{
			"stream", notebookOf(t, output(map[string]any{"output_type": "stream", "text": []string{"x\n", "apiKey " + key + "\n"}}), nil),
			"apiKey " + key, place{part: "output", cell: 2, line: 2, encoded: "apiKey " + key},
		},
		{
			"plain text", notebookOf(t, output(map[string]any{"data": map[string]any{"text/plain": []string{"{'token': '" + key + "'}"}}}), nil),
			key, place{part: "output", cell: 2, line: 1, encoded: key},
		},
		{
			"HTML as it is", notebookOf(t, output(map[string]any{"data": map[string]any{"text/html": "<b data-key='" + key + "'></b>"}}), nil),
			"data-key='" + key, place{part: "output", cell: 2, line: 1, encoded: "data-key='" + key},
		},
		{
			"HTML without tags", []byte(`{"cells":[{"outputs":[{"data":{"text/html":["<b>IonQ key</b>: ","<code>` + key + `</code>"]}}]}],"nbformat":4}`),
			"IonQ key: " + key, place{way: "html", part: "output", cell: 1, line: 1, encoded: `IonQ key</b>: ","<code>` + key},
		},
		{
			"JSON output", notebookOf(t, output(map[string]any{"data": map[string]any{"application/json": map[string]any{"a": map[string]any{"token": key}}}}), nil),
			`token: "` + key + `"`, place{part: "output", cell: 2, line: 1, encoded: `token": "` + key + `"`},
		},
		{
			"error value", notebookOf(t, output(map[string]any{"output_type": "error", "ename": "E", "evalue": "bad key " + key}), nil),
			`evalue: "bad key ` + key, place{part: "output", cell: 2, line: 2, encoded: `evalue": "bad key ` + key},
		},
		{
			"traceback", notebookOf(t, output(map[string]any{"traceback": []string{"one", esc + "[0;32m--> 1" + esc + "[0m token=" + esc + "[38;5;124m" + key + esc + "[39m"}}), nil),
			"token=" + key, place{way: "ansi", part: "traceback", cell: 2, line: 2, encoded: `token=\u001b[38;5;124m` + key},
		},
		{
			"colours in a stream", notebookOf(t, output(map[string]any{"text": "a\n" + esc + "[31m" + key + esc + "[0m"}), nil),
			key, place{way: "ansi", part: "output", cell: 2, line: 2, encoded: key},
		},
	}
}

func otherCases(t *testing.T) []partCase {
	t.Helper()
	key := sampleKey(32, "")
	return []partCase{
		{
			"papermill", notebookOf(t, map[string]any{"source": ""}, map[string]any{"papermill": map[string]any{"parameters": map[string]any{"ionq_token": key}}}),
			`ionq_token: "` + key + `"`, place{part: "metadata", line: 1, encoded: `ionq_token": "` + key + `"`},
		},
		{
			"cell metadata", notebookOf(t, map[string]any{"metadata": map[string]any{"a": "b", "k": []any{1, nil, key}}}, nil),
			`k: "` + key, place{part: "metadata", cell: 2, line: 2, encoded: "k\": [\n     1,\n     null,\n     \"" + key},
		},
		{
			"widget state", notebookOf(t, map[string]any{}, map[string]any{"widgets": map[string]any{"application/vnd.jupyter.widget-state+json": map[string]any{"state": map[string]any{"1f": map[string]any{"state": map[string]any{"description": "IonQ key", "value": key}}}}}}),
			"description: \"IonQ key\"\nvalue: \"" + key, place{part: "metadata", line: 1, encoded: "description\": \"IonQ key\",\n       \"value\": \"" + key},
		},
		{
			"attachment", notebookOf(t, map[string]any{"attachments": map[string]any{"a.txt": map[string]any{"text/plain": key}}}, nil),
			key, place{part: "attachment", cell: 2, line: 1, encoded: key},
		},
		{
			"key as a name", notebookOf(t, map[string]any{}, map[string]any{key: "x"}),
			key + `: "x"`, place{part: "metadata", line: 1, encoded: key + `": "x"`},
		},
		{
			"escaped characters", []byte(`{"nbformat":4,"cells":[{"source":["\u0061 = '` + escapeAll(key) + `'"]}]}`),
			key, place{part: "source", cell: 1, line: 1, encoded: escapeAll(key)},
		},
		{
			"escapes in the source itself", notebookOf(t, map[string]any{"source": `f("{\"token\": \"` + key + `\"}")`}, nil),
			`"token": "` + key, place{way: "escapes", part: "source", cell: 2, line: 1, encoded: `"token\\\": \\\"` + key},
		},
	}
}

func TestNotebookPartsAreSeenAndLocated(t *testing.T) {
	for _, test := range slices.Concat(sourceCases(t), outputCases(t), otherCases(t)) {
		t.Run(test.name, func(t *testing.T) {
			views, notes := collect(t, test.notebook, "nb.ipynb", Options{})
			wantPlace(t, views, test.text, test.want)
			wantNote(t, notes)
		})
	}
}

func escapeAll(s string) (out string) {
	for _, r := range s {
		out += fmt.Sprintf(`\u%04X`, r)
	}
	return out
}

func TestImagesInNotebooksAreCountedAndGiveNoView(t *testing.T) {
	data := strings.Repeat("iVBORw0KGgo", 50)
	nb := marshal(t, map[string]any{"nbformat": 4, "metadata": map[string]any{}, "cells": []any{
		map[string]any{"cell_type": "code", "outputs": []any{
			map[string]any{"data": map[string]any{"image/png": data, "text/plain": "<Figure>"}},
			map[string]any{"data": map[string]any{"image/svg+xml": []string{"<svg>", "</svg>"}}},
			map[string]any{"png": data},
		}},
		map[string]any{"cell_type": "markdown", "source": "![x](data:image/png;base64," + data + ")", "attachments": map[string]any{"x.png": map[string]any{"image/png": data}}},
	}})
	images := 1
	views, notes := collect(t, nb, "", Options{Images: &images})
	wantNote(t, notes)
	if images != 1+5 {
		t.Errorf("%d images", images-1)
	}
	for _, v := range views[1:] {
		if strings.Contains(v.text, "svg") || len(v.Way) > 0 {
			t.Errorf("view %v %v: %q", v.Part, v.Way, v.text)
		}
	}
}

func TestNotebooksOfOtherProgramsAreRead(t *testing.T) {
	key := sampleKey(32, "")
	for name, nb := range map[string]string{
		"byte order mark":        "\ufeff" + `{"cells":[{"source":"` + key + `"}],"nbformat":4}`,
		"NaN":                    `{"cells":[{"x":NaN,"y":-Infinity,"source":"` + key + `"}],"nbformat":4}`,
		"duplicate keys":         `{"cells":[{"source":"a","source":"` + key + `"}],"nbformat":4}`,
		"lone surrogate":         `{"cells":[{"source":"\ud800 \udc00` + key + `\ud83d"}],"nbformat":4}`,
		"raw control characters": "{\"cells\":[{\"source\":\"\t\n\x01" + key + "\"}],\"nbformat\":4}",
		"unknown escape":         `{"cells":[{"source":"\q\u12zz` + key + `\u"}],"nbformat":4}`,
		"cells of other types":   `{"cells":[null,3,"x",{"source":3,"outputs":{"a":1},"metadata":[]},{"source":["` + key + `",4,null,{"a":"b"}]}],"nbformat":4,"metadata":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			views, notes := collect(t, []byte(nb), "", Options{})
			wantNote(t, notes)
			found := placesOf(views, key)
			if len(found) < 2 || found[len(found)-1].part != "source" || found[len(found)-1].encoded != key {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestBrokenNotebooksAreReadAsTextWithANote(t *testing.T) {
	key := sampleKey(32, "")
	const note = "excluded: : the notebook was read as text: it is not well-formed JSON"
	broken := `{"cells":[{"cell_type":"code","source":["p = IonQ(\"` + key + `\")\n","backend = pro`
	views, notes := collect(t, []byte(broken), "", Options{})
	wantNote(t, notes, note)
	wantPlace(t, views, `IonQ("`+key+`"`, place{way: "escapes", encoded: `IonQ(\"` + key + `\"`})
	wantPlace(t, views, key, place{part: "source", cell: 1, line: 1, encoded: key})

	_, notes = collect(t, []byte("<<<<<<< HEAD\n"+broken), "a/nb.IPYNB", Options{})
	wantNote(t, notes, note)
	_, notes = collect(t, []byte(" \n"), "nb.ipynb", Options{})
	wantNote(t, notes)

	deep := `{"cells":[{"source":"` + key + `"}],"nbformat":4,"metadata":` + strings.Repeat("[", 100_000)
	views, notes = collect(t, []byte(deep), "", Options{})
	wantNote(t, notes, "excluded: : the notebook was read as text: its JSON is nested too deep")
	wantPlace(t, views, key, place{part: "source", cell: 1, line: 1, encoded: key})
}

func TestANotebookCutAnywhereKeepsItsKeysAndIsNoted(t *testing.T) {
	key := sampleKey(32, "")
	whole := notebookOf(t, map[string]any{"source": []string{"# ü\n", "token = \"" + key + "\"\n"}, "outputs": []any{map[string]any{"text": []string{"a\u2028", key}}}}, map[string]any{"a": key})
	first := strings.Index(string(whole), key) + len(key)
	for cut := range whole {
		views, notes := collect(t, whole[:cut], "nb.ipynb", Options{})
		if cut > 0 && len(notes) == 0 {
			t.Fatalf("no note at %d", cut)
		}
		if found := placesOf(views, key); cut >= first && len(found) < 2 {
			t.Fatalf("cut at %d: %+v", cut, found)
		}
	}
}

func TestLongPartsComeInPiecesThatOverlap(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	key := sampleKey(32, "")
	line := strings.Repeat("x", 99) + "\n"
	at := 25_001
	source := strings.Repeat(line, at-1) + "k = \"" + key + "\"\n" + strings.Repeat(line, 3*at)
	nb := []byte(`{"nbformat":4,"cells":[{"source":` + string(marshal(t, source)) + `}]}`)
	views, notes := collect(t, nb, "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, `k = "`+key, place{part: "source", cell: 1, line: at, encoded: `k = \"` + key})
	for _, v := range views[1:] {
		if len(v.text) > 3*partBytes/2 {
			t.Errorf("a piece of %d bytes", len(v.text))
		}
	}
	// Wherever the pieces are cut, each key is whole in one of them.
	var many []string
	for range 60_000 {
		many = append(many, sampleKey(32, ""))
	}
	nb = marshal(t, map[string]any{"nbformat": 4, "cells": []any{map[string]any{"source": many}}})
	next := 0
	for v := range Views(nb, "", Options{}) {
		if v.Part.Name == "" {
			continue
		}
		rest := string(v.Text)
		for next < len(many) {
			i := strings.Index(rest, many[next])
			if i < 0 {
				break
			}
			rest, next = rest[i:], next+1
		}
	}
	if next < len(many) {
		t.Errorf("key %d is cut", next)
	}
}

// TestNotebookReaderAgreesWithEncodingJSON compares what the parts say with
// what a common reader of JSON makes of random notebooks.
func TestNotebookReaderAgreesWithEncodingJSON(t *testing.T) {
	for range 300 {
		want := map[Part]string{}
		var cells []any
		for n := range 1 + rand.IntN(4) {
			source, text, back := randomStrings(), randomStrings(), randomStrings()
			cells = append(cells, map[string]any{"cell_type": "code", "source": source, "outputs": []any{
				map[string]any{"output_type": "stream", "text": strings.Join(text, "")}, map[string]any{"traceback": back},
			}})
			want[Part{n + 1, "source"}] = strings.Join(source, "")
			want[Part{n + 1, "output"}] = strings.Join(text, "")
			want[Part{n + 1, "traceback"}] = strings.Join(back, "\n")
		}
		nb := marshal(t, map[string]any{"cells": cells, "nbformat": 4})
		got := map[Part]string{}
		views, notes := collect(t, nb, "", Options{})
		wantNote(t, notes)
		for _, v := range views[1:] {
			if len(v.Way) == 0 {
				got[v.Part] = v.text
			}
		}
		for part, text := range want {
			if strings.Trim(text, "\n") != "" && got[part] != text {
				t.Fatalf("%v\nwant %q\ngot  %q\nin %s", part, text, got[part], nb)
			}
		}
	}
}

func randomStrings() []string {
	out := make([]string, rand.IntN(4))
	for i := range out {
		var s strings.Builder
		for range rand.IntN(12) {
			s.WriteString([]string{"\n", "\"", "\\", "/", "ü", "🔑", "a", "<b>", "\t", "\u2028", "k = ", "'", "&", "x9"}[rand.IntN(14)])
		}
		out[i] = s.String()
	}
	return out
}
