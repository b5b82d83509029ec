package pdf

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// maxPages bounds the pages that are sought in the tree of pages.
const maxPages = 1 << 17

// Pages calls yield for the text of each page, counted from 1, until it returns
// false.
func (f *File) Pages(yield func(number int, text []byte) bool) {
	for i, p := range f.pages() {
		d := f.dict(p)
		var content []byte
		for _, part := range f.list(d, "Contents") {
			content = append(append(content, f.content(part)...), '\n')
		}
		resources := f.inherited(d, "Resources")
		maps.Copy(f.known, f.dict(resources["Font"]))
		if text := f.page(content, resources); len(bytes.TrimSpace(text)) > 0 && !yield(i+1, text) {
			return
		}
	}
}

// content reads a stream of a page.
func (f *File) content(v any) []byte {
	if n, is := v.(ref); is {
		f.shown[n] = true
	}
	s, is := f.resolve(v).(*stream)
	if !is {
		return nil
	}
	data, err := f.decoded(s)
	f.fail(err)
	if !f.worth(len(data)) {
		return nil
	}
	return data
}

// pages lists the pages in the order in which they are shown, and then those
// that no tree has.
func (f *File) pages() (pages []any) {
	seen := map[ref]bool{}
	var walk func(v any)
	walk = func(v any) {
		n, is := v.(ref)
		if !is || seen[n] || len(seen) > maxPages {
			return
		}
		seen[n] = true
		d := f.dict(n)
		if d["Kids"] == nil {
			if d != nil {
				pages = append(pages, n)
			}
			return
		}
		for _, kid := range f.list(d, "Kids") {
			walk(kid)
		}
	}
	walk(f.dict(f.trailer["Root"])["Pages"])
	for _, n := range f.numbers {
		if !seen[n] {
			if d, is := f.resolve(n).(dict); is && d["Type"] == name("Page") {
				pages = append(pages, n)
			}
		}
	}
	return pages
}

// inherited returns what a page or those above it in the tree have.
func (f *File) inherited(d dict, key name) dict {
	for range maxResolved {
		if v := f.dict(d[key]); v != nil {
			return v
		}
		if d = f.dict(d["Parent"]); d == nil {
			break
		}
	}
	return nil
}

// Streams calls yield for the streams that are no part of a page, with a name: as
// text for those that are drawn on pages (text is true), as they are for others.
// Then come those that later ones replaced. Pictures and fonts are passed over.
func (f *File) Streams(yield func(name string, data []byte, text bool) bool) {
	for _, n := range f.numbers {
		if f.shown[n] {
			continue
		}
		if s, is := f.resolve(n).(*stream); is && !f.streamOf(s, fmt.Sprintf("object %d", n), yield) {
			return
		}
	}
	for i, o := range f.older {
		if s, is := f.parse(o).(*stream); is && !f.streamOf(s, fmt.Sprintf("earlier version %d", i+1), yield) {
			return
		}
	}
}

func (f *File) streamOf(s *stream, title string, yield func(name string, data []byte, text bool) bool) bool {
	if f.isPicture(s.dict) {
		return true
	}
	data, err := f.decoded(s)
	f.fail(err)
	drawn := f.resolve(s.dict["Subtype"]) == name("Form")
	resources := f.dict(s.dict["Resources"])
	if !drawn && bytes.Contains(data, []byte("BT")) && bytes.Contains(data, []byte("ET")) && bytes.Contains(data, []byte("Tf")) {
		drawn, resources = true, dict{"Font": f.known} // a page that was replaced
	}
	if drawn {
		data = f.page(data, resources)
	}
	return len(data) == 0 || yield(title, data, drawn)
}

// isPicture reports whether a stream has no text: a picture, a font, a table.
func (f *File) isPicture(d dict) bool {
	switch f.resolve(d["Type"]) {
	case name("XRef"), name("ObjStm"):
		return true
	}
	switch f.resolve(d["Subtype"]) {
	case name("Image"), name("Type1C"), name("CIDFontType0C"), name("OpenType"):
		return true
	}
	for _, filter := range f.list(d, "Filter") {
		switch f.resolve(filter) {
		case name("DCTDecode"), name("JPXDecode"), name("CCITTFaxDecode"), name("JBIG2Decode"):
			return true
		}
	}
	return d["Length1"] != nil || d["FunctionType"] != nil || d["ShadingType"] != nil
}

// Strings returns the strings of all objects that are no streams, those of an
// object in one line each: notes, links, what was filled into forms, titles.
func (f *File) Strings() (out []byte) {
	var objects []object
	for _, n := range f.numbers {
		objects = append(objects, f.objects[n])
	}
	for _, o := range append(objects, f.older...) {
		if v := f.parse(o); v != nil {
			before := len(out)
			if d, is := v.(dict); is {
				v = d
				if out = f.field(out, d); len(out) > before {
					v = dict{"A": d["A"], "TU": d["TU"], "DV": d["DV"]}
				}
			}
			before = len(out)
			if out = told(out, "", v, 0); len(out) > before {
				out = append(out, '\n')
			}
		}
	}
	return out
}

// field writes the field of a form like an assignment.
func (f *File) field(out []byte, d dict) []byte {
	title, is := f.resolve(d["T"]).(text)
	value, filled := f.resolve(d["V"]).(text)
	if !is || !filled {
		return out
	}
	out = append(append(out, plain(title)...), `: "`...)
	return append(append(out, plain(value)...), "\"\n"...)
}

// told writes the strings in a value with their names.
func told(out []byte, key name, v any, depth int) []byte {
	if depth > maxNesting {
		return out
	}
	switch v := v.(type) {
	case text:
		if key != "" && key != "T" && key != "V" {
			out = append(append(out, key...), ": "...)
		}
		return append(append(out, plain(v)...), ' ')
	case []any:
		for _, e := range v {
			out = told(out, key, e, depth+1)
		}
	case dict:
		keys := make([]name, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if k != "ID" {
				out = told(out, k, v[k], depth+1)
			}
		}
	}
	return out
}

// plain returns the text of a string outside of pages: UTF-16 or UTF-8 with a
// mark, else characters of one byte. Line ends become spaces.
func plain(s text) []byte {
	var out []byte
	switch {
	case bytes.HasPrefix(s, []byte("\xfe\xff")):
		out = []byte(utf16Text(s[2:]))
	case bytes.HasPrefix(s, []byte("\xef\xbb\xbf")):
		out = s[3:]
	default:
		for _, c := range s {
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, out)
}
