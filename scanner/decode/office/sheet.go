package office

import (
	"path"
	"strconv"
	"strings"
)

const (
	// maxRows bounds the empty lines by which the line of a row is its number.
	maxRows = 1 << 20
	// longestRepeat is how much of a text is written again in a further cell,
	// in bytes.
	longestRepeat = 64
)

// Strings are the texts that the cells of Excel's sheets point to.
type Strings struct {
	texts []string
	used  []bool
}

// ReadStrings reads the part with the texts.
func ReadStrings(part []byte) *Strings {
	s := &Strings{}
	var b strings.Builder
	inside := false
	m := markup{src: part}
	for t, more := m.next(); more; t, more = m.next() {
		switch {
		case t.name == "" && inside:
			b.WriteString(t.said())
		case t.name == "t":
			inside = !t.end && !t.alone
		case t.name == "si" && (t.end || t.alone):
			s.texts = append(s.texts, b.String())
			b.Reset()
		}
	}
	s.used = make([]bool, len(s.texts))
	return s
}

// text returns the text with a number: of one that was asked for before, the
// beginning.
func (s *Strings) text(number string) string {
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if s == nil || err != nil || n < 0 || n >= len(s.texts) {
		return number
	}
	text := s.texts[n]
	if s.used[n] {
		return text[:min(len(text), longestRepeat)]
	}
	s.used[n] = true
	return text
}

// Rest returns the texts that no cell asked for, one in a line: they were
// deleted from the sheets.
func (s *Strings) Rest() []byte {
	var out []byte
	for i, text := range s.texts {
		if !s.used[i] {
			out = append(append(out, text...), '\n')
		}
	}
	return out
}

// Titles returns the titles of the sheets by the names of their parts, as the
// workbook and the part with its relations tell them.
func Titles(workbook, relations []byte) map[string]string {
	targets := map[string]string{}
	m := markup{src: relations}
	for t, more := m.next(); more; t, more = m.next() {
		if t.name == "Relationship" && !t.end {
			targets[t.attribute("Id")] = t.attribute("Target")
		}
	}
	titles := map[string]string{}
	m = markup{src: workbook}
	for t, more := m.next(); more; t, more = m.next() {
		if t.name != "sheet" || t.end {
			continue
		}
		part, title := targets[relation(t)], t.attribute("name")
		if part == "" || title == "" {
			continue
		}
		if strings.HasPrefix(part, "/") {
			part = part[1:]
		} else {
			part = path.Join("xl", part)
		}
		titles[part] = title
	}
	return titles
}

// relation returns the attribute r:id, which is not the sheet's own id.
func relation(t token) string {
	id := ""
	t.each(func(name, value []byte) {
		if strings.HasSuffix(string(name), ":id") {
			id = string(value)
		}
	})
	return id
}

// Sheet returns the rows of a sheet, each in the line that has its number. It
// returns false for a part without rows.
func Sheet(part []byte, texts *Strings) ([]byte, bool) {
	s := sheet{texts: texts, reader: reader{grid: grid{sheet: true}}}
	m := markup{src: part}
	for t, more := m.next(); more; t, more = m.next() {
		s.read(t)
	}
	if !s.found {
		return nil, false
	}
	return append(s.grid.finish(), s.rest...), true
}

// sheet reads the rows of a sheet.
type sheet struct {
	reader
	texts *Strings
	// kind is how the cell says its value.
	kind  string
	value []byte
	rows  int
}

func (s *sheet) read(t token) {
	ends := t.end || t.alone
	if t.name != "" && !t.end {
		s.attributes(t)
	}
	switch t.name {
	case "":
		if s.inside > 0 {
			s.value = append(s.value, t.said()...)
		}
	case "sheetData":
		if !t.alone {
			s.grid.table(!t.end)
		}
	case "row":
		s.row(t, ends)
	case "c":
		if !t.end {
			s.kind = t.attribute("t")
			s.place(t.attribute("r"))
		}
		if ends {
			s.grid.next(1)
		}
	case "v", "t", "f", "oddHeader", "oddFooter":
		switch {
		case t.alone:
		case !t.end:
			s.inside, s.value = 1, s.value[:0]
		default:
			s.inside = 0
			s.tell(t.name)
		}
	}
}

// tell writes what the cell says.
func (s *sheet) tell(element string) {
	switch {
	case element == "v" && s.kind == "s":
		s.grid.write(s.texts.text(string(s.value)))
	case element == "f":
		s.grid.write("=" + string(s.value) + " ")
	default:
		s.grid.write(string(s.value))
	}
}

// row begins or ends a row.
func (s *sheet) row(t token, ends bool) {
	if !t.end {
		s.found = true
		for number := count(t, "r", maxRows); s.rows < number-1; s.rows++ {
			s.grid.out = append(s.grid.out, '\n')
		}
	}
	if ends {
		s.grid.row()
		s.rows++
	}
}

// place passes over the cells before the one with a reference such as AB12.
func (s *sheet) place(reference string) {
	column := 0
	for _, c := range strings.ToUpper(reference) {
		if c < 'A' || c > 'Z' || column > maxColumns {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	s.grid.skip(column - 1)
}
