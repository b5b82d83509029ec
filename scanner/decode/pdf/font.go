package pdf

import (
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// font says what the codes of a string stand for, and how wide they are.
type font struct {
	// wide says that codes have two bytes.
	wide bool
	// ranges map codes to text, those of the font's own table.
	ranges []codes
	names  [256]string
	widths map[int]float64
	// spans are widths of codes in a row.
	spans        []widthSpan
	missingWidth float64
}

// codes are those from low to high, which stand for text, the last character
// of which is counted on.
type codes struct {
	low, high int
	text      string
}

type widthSpan struct {
	low, high int
	width     float64
}

// maxRanges bounds the entries of a font's tables.
const maxRanges = 1 << 17

// font reads a font once.
func (f *File) font(v any) *font {
	n, isRef := v.(ref)
	if known, ok := f.fonts[n]; ok && isRef {
		return known
	}
	made := f.readFont(f.dict(v))
	if isRef {
		f.fonts[n] = made
	}
	return made
}

func (f *File) readFont(d dict) *font {
	made := &font{missingWidth: 500, widths: map[int]float64{}}
	if d == nil {
		return made
	}
	if to, ok := f.resolve(d["ToUnicode"]).(*stream); ok {
		if n, is := d["ToUnicode"].(ref); is {
			f.shown[n] = true
		}
		data, err := f.decoded(to)
		f.fail(err)
		made.readMap(data)
	}
	if d["Subtype"] == name("Type0") {
		made.wide = true
		if below := f.list(d, "DescendantFonts"); len(below) > 0 {
			f.wideWidths(made, f.dict(below[0]))
		}
		return made
	}
	first, _ := f.resolve(d["FirstChar"]).(float64)
	for i, w := range f.list(d, "Widths") {
		if n, ok := f.resolve(w).(float64); ok && i < 256 {
			made.widths[int(first)+i] = n
		}
	}
	f.readNames(made, d)
	return made
}

// readNames takes over the names that an encoding gives to codes.
func (f *File) readNames(made *font, d dict) {
	encoding, _ := f.resolve(d["Encoding"]).(dict)
	code := 0
	for _, v := range f.list(encoding, "Differences") {
		switch v := v.(type) {
		case float64:
			code = int(v)
		case name:
			if code >= 0 && code < 256 {
				made.names[code] = glyphText(string(v))
			}
			code++
		}
	}
}

// wideWidths reads the widths of a font with codes of two bytes.
func (f *File) wideWidths(made *font, d dict) {
	made.missingWidth = 1000
	if n, ok := f.resolve(d["DW"]).(float64); ok {
		made.missingWidth = n
	}
	list := f.list(d, "W")
	for i := 0; i+1 < len(list) && len(made.spans) < maxRanges; {
		low, _ := list[i].(float64)
		if each, is := f.resolve(list[i+1]).([]any); is {
			for k, w := range each {
				if n, ok := w.(float64); ok && k < 1<<16 {
					made.widths[int(low)+k] = n
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(list) {
			break
		}
		high, _ := list[i+1].(float64)
		width, _ := list[i+2].(float64)
		made.spans = append(made.spans, widthSpan{int(low), int(high), width})
		i += 3
	}
	sort.SliceStable(made.spans, func(i, j int) bool { return made.spans[i].low < made.spans[j].low })
}

// readMap reads the table from codes to text.
func (t *font) readMap(data []byte) {
	l := lexer{src: data}
	var before []any
	for len(t.ranges) < maxRanges {
		v, ok := l.next()
		if !ok {
			break
		}
		op, is := v.(operator)
		if !is {
			if before = append(before, v); len(before) > 3*256 {
				before = before[3:]
			}
			continue
		}
		switch op {
		case "endbfchar":
			for i := 0; i+1 < len(before); i += 2 {
				t.addRange(before[i], before[i], before[i+1])
			}
		case "endbfrange":
			for i := 0; i+2 < len(before); i += 3 {
				t.addRange(before[i], before[i+1], before[i+2])
			}
		case "endcodespacerange":
			if low, is := last(before).(text); is && len(low) > 0 {
				t.wide = len(low) == 2
			}
		}
		before = before[:0]
	}
	sort.SliceStable(t.ranges, func(i, j int) bool { return t.ranges[i].low < t.ranges[j].low })
}

func last(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[len(values)-1]
}

func (t *font) addRange(low, high, to any) {
	from, isLow := low.(text)
	until, isHigh := high.(text)
	if !isLow || !isHigh || len(from) > 4 || len(until) > 4 {
		return
	}
	first, end := number(from), number(until)
	switch to := to.(type) {
	case text:
		t.ranges = append(t.ranges, codes{first, end, utf16Text(to)})
	case []any:
		for i, v := range to {
			if s, is := v.(text); is && first+i <= end {
				t.ranges = append(t.ranges, codes{first + i, first + i, utf16Text(s)})
			}
		}
	}
}

func number(b []byte) int {
	n := 0
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n
}

// utf16Text decodes big-endian UTF-16 without a mark.
func utf16Text(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, uint16(b[0])<<8|uint16(b[1]))
	}
	return asKeysHave(utf16.Decode(units))
}

// asKeysHave writes ligatures and the hyphens and spaces of typographers as keys
// have them.
func asKeysHave(chars []rune) string {
	var b strings.Builder
	for _, r := range chars {
		switch r {
		case '\ufb00', '\ufb01', '\ufb02', '\ufb03', '\ufb04':
			b.WriteString([...]string{"ff", "fi", "fl", "ffi", "ffl"}[r-'\ufb00'])
		case '\u00ad', '\u2010', '\u2011':
			b.WriteByte('-')
		case '\u00a0':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// decode calls found for each code of a string with its text and its width.
func (t *font) decode(s text, found func(said string, width float64, space bool)) {
	size := 1
	if t.wide {
		size = 2
	}
	for ; len(s) >= size; s = s[size:] {
		code := number(s[:size])
		found(t.said(code), t.width(code), code == ' ' && size == 1)
	}
}

func (t *font) said(code int) string {
	n := sort.Search(len(t.ranges), func(i int) bool { return t.ranges[i].low > code })
	if n > 0 && code <= t.ranges[n-1].high {
		r := t.ranges[n-1]
		if code == r.low {
			return r.text
		}
		end, size := utf8.DecodeLastRuneInString(r.text)
		return r.text[:len(r.text)-size] + string(end+rune(code-r.low))
	}
	if code < 256 && t.names[code] != "" {
		return t.names[code]
	}
	if t.wide && code > utf8.RuneSelf || code < ' ' {
		return ""
	}
	if code < utf8.RuneSelf || !t.wide {
		return string(rune(code))
	}
	return ""
}

func (t *font) width(code int) float64 {
	if w, ok := t.widths[code]; ok {
		return w
	}
	n := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].low > code })
	if n > 0 && code <= t.spans[n-1].high {
		return t.spans[n-1].width
	}
	return t.missingWidth
}

// glyphText returns the text of a glyph's name, as far as keys can have it.
func glyphText(glyph string) string {
	if len(glyph) == 1 {
		return glyph
	}
	if k := strings.IndexByte(glyph, '.'); k > 0 {
		glyph = glyph[:k]
	}
	for i := range glyphNames {
		if glyphNames[i] == glyph {
			return string(rune(' ' + i))
		}
	}
	if len(glyph) == 7 && glyph[:3] == "uni" {
		return utf16Text(unhex([]byte(glyph[3:])))
	}
	switch glyph {
	case "ff", "fi", "fl", "ffi", "ffl":
		return glyph
	case "quoteright", "quoteleft":
		return "'"
	case "quotedblleft", "quotedblright":
		return `"`
	case "minus", "endash", "hyphenminus":
		return "-"
	}
	return ""
}

// glyphNames are the names of the characters from the space on; letters are
// their own.
var glyphNames = [...]string{
	"space", "exclam", "quotedbl", "numbersign", "dollar", "percent", "ampersand", "quotesingle", "parenleft", "parenright",
	"asterisk", "plus", "comma", "hyphen", "period", "slash", "zero", "one", "two", "three", "four", "five", "six", "seven",
	"eight", "nine", "colon", "semicolon", "less", "equal", "greater", "question", "at",
	"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z",
	"bracketleft", "backslash", "bracketright", "asciicircum", "underscore", "grave",
	"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
	"braceleft", "bar", "braceright", "asciitilde",
}
