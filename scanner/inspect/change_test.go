package inspect_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/runs"
)

// FuzzChangesAreInspectedLikeTheWhole builds a chain of texts, each made from
// the one before by random edits, out of keys in all disguises and what stands
// around them, and compares the inspection of the changes with that of every
// view of the whole.
func FuzzChangesAreInspectedLikeTheWhole(f *testing.F) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		f.Add(seed, uint8(8))
	}
	f.Add(uint64(94), uint8(8))   // the zones of two cells overlap
	f.Add(uint64(255), uint8(8))  // UTF-16 in a notebook's cell
	f.Add(uint64(1173), uint8(8)) // escaped tags
	f.Add(uint64(5258), uint8(0)) // a keyword that could read on into another cell
	set, err := rules.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	x := &inspect.Inspector{Rules: set, Zones: inspect.NewZones()}
	f.Fuzz(func(t *testing.T, seed uint64, length uint8) {
		c := newChain(set, seed)
		var base, known inspect.Known
		c.begin()
		var last []byte
		// Go's fuzzer takes an input of more than ten seconds for a hang.
		for step := range int(length)%16 + 1 {
			var got inspect.Result
			if step == 0 {
				got = x.InspectChange(c.text, nil, nil, &known)
			} else {
				got = x.InspectChange(c.text, c.parts, &base, &known)
			}
			want := x.InspectAll(c.text, "", inspect.Position{})
			if g, w := told(x, got), told(x, want); !slices.Equal(g, w) {
				t.Fatalf("seed %d, step %d: changes show %q, all shows %q\nparts %v\nbefore:\n%q\nafter:\n%q", seed, step, g, w, c.parts, last, c.text)
			}
			last = c.text
			base, known = known, base
			c.edit()
		}
	})
}

func told(x *inspect.Inspector, r inspect.Result) []string {
	var out []string
	for _, record := range r.Records {
		place := record.Location
		var cell finding.Cell
		if place.Notebook != nil {
			cell, place.Notebook = *place.Notebook, nil
		}
		out = append(out, fmt.Sprintf("%d %+v %+v %s", record.Start, place, cell, x.Fingerprints.Of(record.Secret)))
	}
	for _, note := range r.Notes {
		// How deep encodings are nested in each other depends on what stands
		// anywhere, so that this may be noted of text that was read.
		if !strings.Contains(note.Reason, "nested deeper") {
			out = append(out, note.Error())
		}
	}
	return append(out, fmt.Sprintf("%d images", r.Images))
}

// chain makes texts of which each is a change of the one before.
type chain struct {
	random *rand.Rand
	values *sample.Values
	rules  []*rules.Rule
	text   []byte
	parts  []inspect.Part
}

func newChain(set *rules.Set, seed uint64) *chain {
	return &chain{random: rand.New(rand.NewPCG(seed, 7)), values: sample.NewValues(seed), rules: set.Rules()}
}

func (c *chain) begin() {
	for range c.random.IntN(8) {
		c.text = append(c.text, c.block()...)
	}
	switch c.random.IntN(5) {
	case 0:
		c.text = c.notebook(string(c.text))
	case 1:
		c.text = append([]byte("Content-Transfer-Encoding: quoted-printable\n"), c.text...)
	}
}

// edit replaces some stretches of the text, and tells the parts as a pack
// would: in pieces.
func (c *chain) edit() {
	old := c.text
	var text []byte
	c.parts = c.parts[:0]
	at := 0
	for range 1 + c.random.IntN(3) {
		cut := at + c.random.IntN(len(old)-at+1)
		text = c.take(text, old, at, cut)
		var fresh []byte
		switch c.random.IntN(8) {
		case 0: // nothing new
		case 1: // what stood elsewhere
			from := c.random.IntN(len(old) + 1)
			text = c.take(text, old, from, from+c.random.IntN(len(old)-from+1))
		case 2:
			const marks = " \n\"'=:;,<>&%\\abc019_-/+[]{}()\x00\x1b"
			fresh = []byte{marks[c.random.IntN(len(marks))]}
		case 3:
			fresh = []byte(strings.Repeat(" \n", c.random.IntN(600)))
		case 4:
			fresh = c.encoded(c.filler())
		default:
			fresh = c.block()
		}
		if len(fresh) > 0 {
			text = append(text, fresh...)
			c.parts = append(c.parts, inspect.Part{From: inspect.New, Len: uint32(len(fresh))})
		}
		at = min(len(old), cut+[]int{0, 0, 1, c.random.IntN(40), c.random.IntN(2000)}[c.random.IntN(5)])
		if len(old) > 8<<10 {
			at += (len(old) - at) / 2 // lest the texts grow without end
		}
	}
	c.text = c.take(text, old, at, len(old))
}

// take copies a stretch of the old text, in one piece or in two.
func (c *chain) take(text, old []byte, from, to int) []byte {
	if from < to && c.random.IntN(4) == 0 {
		middle := from + c.random.IntN(to-from)
		text = c.take(text, old, from, middle)
		from = middle
	}
	if from == to {
		return text
	}
	c.parts = append(c.parts, inspect.Part{From: uint32(from), Len: uint32(to - from)})
	return append(text, old[from:to]...)
}

// block is an example of a rule, or some filler, as it is or encoded.
func (c *chain) block() []byte {
	text := c.filler()
	if c.random.IntN(2) == 0 {
		r := c.rules[c.random.IntN(len(c.rules))]
		if len(r.Examples) > 0 {
			e := r.Examples[c.random.IntN(len(r.Examples))]
			text = sample.Expand(e.Text, sample.Random(r, c.values), c.values)
		}
	}
	if c.random.IntN(3) == 0 {
		text = c.split(text)
	}
	return c.encoded(text)
}

// split cuts a literal of a text into some that are joined.
func (c *chain) split(text string) string {
	start, end := runs.Next([]byte(text), 0, 20)
	if start < 0 {
		return text
	}
	joints := []string{`" + "`, `" "`, "\"\n    \"", "\" \\\n\"", `', '`, `" . "`, `' + f'`, `").append("`, "`+`", `""" + """`, "\"  # part\n  \"", `\" + \"`}
	joint := joints[c.random.IntN(len(joints))]
	run := text[start:end]
	if c.random.IntN(4) == 0 {
		turned := []byte(run)
		slices.Reverse(turned)
		return text[:start] + string(turned) + `"[::-1]` + text[end:]
	}
	if start > 0 && end < len(text) && text[start-1] == '"' && text[end] == '"' && c.random.IntN(3) == 0 {
		return c.named(text[:start-1], run, text[end+1:])
	}
	size := 1 + c.random.IntN(len(run))
	var parts []string
	for ; len(run) > size; run = run[size:] {
		parts = append(parts, run[:size])
	}
	joined := strings.Join(append(parts, run), joint)
	switch c.random.IntN(4) {
	case 0:
		joined = `"".join(["` + joined + `"])`
	case 1:
		joined = `["` + joined + `"].join("")`
	}
	return text[:start] + joined + text[end:]
}

// named puts a value together from two names.
func (c *chain) named(before, value, after string) string {
	cut := 1 + c.random.IntN(len(value)-1)
	names := "p = \"" + value[:cut] + "\"\n" + strings.Repeat("\n", c.random.IntN(2)*3000) + "q = '" + value[cut:] + "'\n"
	uses := []string{"p + q", `f"{p}{q}"`, `"".join([p, q])`, `"%s%s" % (p, q)`, "\"$p$q\""}
	text := before + uses[c.random.IntN(len(uses))] + after
	if c.random.IntN(2) == 0 {
		return text + "\n" + names
	}
	return names + text
}

func (c *chain) filler() string {
	fillers := []string{
		"def test_a_method_with_a_long_name_2(self):\n    return 'x < y && z'\n",
		"import ionq\nfrom qbraid import QbraidProvider\nprovider = IonQProvider(\n",
		"api_key = \n", "# nothing here, only words of a comment that goes on for a while\n",
		"<tr><td style=\"color: red\">api key</td><td>", "\\n\\t\\\"", "%20%41", "\x1b[31m", "&quot;&nbsp;",
		c.values.From("abcdefghijklmnopqrstuvwxyz0123456789", 32), c.values.From("0123456789abcdef", 40), c.values.Base64(60),
		"\",\n    \"", "token: ", "Bearer ", "=\n",
	}
	return strings.Repeat(fillers[c.random.IntN(len(fillers))], 1+c.random.IntN(4))
}

// encoded disguises a text.
func (c *chain) encoded(text string) []byte {
	switch c.random.IntN(12) {
	case 0:
		return []byte(base64.StdEncoding.EncodeToString([]byte(text)) + "\n")
	case 1:
		return []byte(hex.EncodeToString([]byte(text)) + "\n")
	case 2:
		return []byte(url.QueryEscape(text) + "\n")
	case 3:
		return []byte(html.EscapeString(text))
	case 4:
		return []byte(strconv.Quote(text))
	case 5:
		return []byte(strings.Join(strings.SplitAfter(text, "e"), "<b></b>") + "</p>")
	case 6:
		return []byte(strings.Join(strings.SplitAfter(text, "a"), "\x1b[0m"))
	case 7:
		var wide []byte
		for i := range len(text) {
			wide = append(wide, text[i], 0)
			if len(text)%3 == 0 { // UTF-32
				wide = append(wide, 0, 0)
			}
		}
		return wide
	case 8:
		var escaped strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&escaped, `\u%04x`, text[i])
		}
		return []byte(escaped.String())
	case 9:
		return []byte(strings.ReplaceAll(text, "a", "=61"))
	}
	return []byte(text)
}

// notebook puts a text into the cells of a notebook.
func (c *chain) notebook(text string) []byte {
	type cell struct {
		Type    string           `json:"cell_type"`
		Source  []string         `json:"source"`
		Outputs []map[string]any `json:"outputs"`
	}
	var cells []cell
	for line := range strings.SplitAfterSeq(text, "\n") {
		if len(cells) == 0 || c.random.IntN(4) == 0 {
			cells = append(cells, cell{Type: "code"})
		}
		last := &cells[len(cells)-1]
		if c.random.IntN(4) == 0 {
			last.Outputs = append(last.Outputs, map[string]any{"output_type": "stream", "text": line, "data": map[string]any{"image/png": c.values.Base64(90)}})
		} else {
			last.Source = append(last.Source, line)
		}
	}
	out, err := json.MarshalIndent(map[string]any{"nbformat": 4, "metadata": map[string]any{"a": "b"}, "cells": cells}, "", " ")
	if err != nil {
		return []byte(err.Error())
	}
	return out
}
