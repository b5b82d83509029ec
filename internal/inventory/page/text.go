package page

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/inventory"
)

// fromText finds the table of a text, and reads its rows.
func (r *reader) fromText(text string) ([]row, error) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for _, separator := range []string{",", ";"} {
			names, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(line, separator, ","))).Read()
			if err != nil {
				continue
			}
			if h, unknown, ok := headerOf(names); ok && len(unknown) <= len(h)/2+1 {
				return r.fromCSV(strings.Join(lines[i:], "\n"), rune(separator[0]), h, unknown, i)
			}
		}
		cells := split(line)
		if h, unknown, ok := headerOf(cells); ok && len(unknown)*2 < len(h) {
			return r.fromTable(lines, i, h, unknown)
		}
		if h, after := stackedHeader(lines, i); after > i {
			return r.fromStack(lines, after, h)
		}
		r.stray(i+1, line)
	}
	return nil, wrong(0, "there is no heading that names the columns, such as Name, Created and Last used: copy the page with the heading of its table")
}

// fromCSV reads separated values from the heading on; skipped is how many
// lines stood before.
func (r *reader) fromCSV(text string, separator rune, h header, unknown []string, skipped int) ([]row, error) {
	if f, ok := h.twice(); ok {
		return nil, wrong(skipped+1, "two columns tell the %s", f)
	}
	r.leaveOut(unknown...)
	c := csv.NewReader(strings.NewReader(text))
	c.Comma, c.FieldsPerRecord = separator, -1
	var rows []row
	for first := true; ; first = false {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, wrong(skipped+bad.Line, "its quotes do not match")
		}
		if err != nil {
			return nil, wrong(0, "it cannot be read")
		}
		line, _ := c.FieldPos(0)
		if first || len(cells) == 1 && strings.TrimSpace(cells[0]) == "" {
			continue
		}
		if len(cells) != len(h) {
			return nil, wrong(skipped+line, "%d fields, where the heading has %d", len(cells), len(h))
		}
		one := row{line: skipped + line}
		for i, cell := range cells {
			at, _ := c.FieldPos(i)
			r.fill(&one, h[i], unguarded(cell), skipped+at)
		}
		rows = append(rows, one)
	}
}

// unguarded takes away the quote that keeps spreadsheets from reading a
// formula.
func unguarded(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsAny(cell[1:2], "=+-@") {
		return cell[1:]
	}
	return cell
}

// fill puts a cell into a row, if its column is known. Of others, only a whole
// key is noted.
func (r *reader) fill(one *row, f field, text string, line int) {
	if f == fieldUnknown || f == fieldIgnored {
		r.stray(line, text)
		return
	}
	one.set(f, text, line)
}

// leaveOut notes columns that nobody knows.
func (r *reader) leaveOut(names ...string) {
	for _, name := range names {
		if len(inventory.Material(name)) == 0 && len(name) <= longestCell {
			r.page.LeftOut = append(r.page.LeftOut, plainText(name))
		}
	}
}

var wide = expression.Lazy(`\t| {2,}`)

// split divides a line of a copied table: at tabs, or else at two spaces or
// more, as terminals show tables.
func split(line string) []string {
	if strings.Contains(line, "\t") {
		return strings.Split(strings.TrimRight(line, " "), "\t")
	}
	return wide().Split(strings.TrimSpace(line), -1)
}

// fromTable reads the lines after a heading whose columns stand side by side.
func (r *reader) fromTable(lines []string, heading int, h header, unknown []string) ([]row, error) {
	if f, ok := h.twice(); ok {
		return nil, wrong(heading+1, "two columns tell the %s", f)
	}
	r.leaveOut(unknown...)
	var rows []row
	for i := heading + 1; i < len(lines); i++ {
		if r.furniture(lines[i]) || perPageOf(lines, i) {
			continue
		}
		if ended(lines, i) {
			break
		}
		cells := split(lines[i])
		for len(cells) > len(h) && button(cells[len(cells)-1]) {
			cells = cells[:len(cells)-1]
		}
		if len(cells) < len(h) && h[len(h)-1] == fieldIgnored {
			cells = append(cells, "")
		}
		if len(cells) != len(h) {
			return nil, wrong(i+1, "it has %d cells, where the heading has %d; if it is no key, delete the line", len(cells), len(h))
		}
		one := row{line: i + 1}
		for j, cell := range cells {
			r.fill(&one, h[j], cell, i+1)
		}
		rows = append(rows, one)
	}
	return rows, nil
}

// stackedHeader finds a heading whose names stand one a line, and returns the
// line after it.
func stackedHeader(lines []string, from int) (header, int) {
	var names []string
	i := from
	for ; i < len(lines); i++ {
		name := strings.TrimSpace(lines[i])
		if name == "" {
			continue
		}
		if f := columnOf(name); f == fieldUnknown {
			break
		}
		names = append(names, name)
	}
	h, _, ok := headerOf(names)
	if _, twice := h.twice(); !ok || twice {
		return nil, from
	}
	return h, i
}

// fromStack reads keys whose cells stand one a line.
func (r *reader) fromStack(lines []string, from int, h header) ([]row, error) {
	var fields []field
	for _, f := range h {
		if f != fieldIgnored {
			fields = append(fields, f)
		}
	}
	var rows []row
	var one row
	filled := 0
	for i := from; i < len(lines); i++ {
		if r.furniture(lines[i]) || perPageOf(lines, i) {
			continue
		}
		if filled == 0 && ended(lines, i) {
			break
		}
		if filled == 0 {
			one = row{line: i + 1}
		}
		r.fill(&one, fields[filled], lines[i], i+1)
		if filled++; filled == len(fields) {
			rows, filled = append(rows, one), 0
		}
	}
	if filled > 0 {
		return nil, wrong(one.line, "the last key has %d of %d cells; an empty cell leaves no line when a page is copied: write - in its place", filled, len(fields))
	}
	return rows, nil
}

var (
	pager   = expression.Lazy(`(?i)^(?:showing )?(\d+) ?(?:-|–|—|to) ?(\d+) of (\d+)(?: (?:keys|entries|results|items|rows))?$`)
	paging  = expression.Lazy(`(?i)^(?:rows|items|results) per page:?(?: ?\d+)?$|^page \d+(?: of \d+)?$|^(?:previous|next|first|last)(?: page)?$`)
	perPage = expression.Lazy(`(?i)^(?:rows|items|results) per page:?$`)
	sized   = expression.Lazy(`^\d{1,4}$`)
	footer  = expression.Lazy(`(?i)^(?:©|\(c\)|copyright\b).*|^(?:privacy(?: policy| notice)?|terms(?: of (?:use|service))?|cookies?(?: policy| settings| preferences)?|status|support|help|contact(?: us)?|feedback|documentation|docs|legal|accessibility)$`)
)

// ended reports whether nothing of a table follows a line: what stands below it
// at the foot of a page.
func ended(lines []string, from int) bool {
	for _, line := range lines[from:] {
		if line = strings.TrimSpace(line); line != "" && !footer().MatchString(line) {
			return false
		}
	}
	return true
}

// perPageOf reports whether a line is the number below "Items per page".
func perPageOf(lines []string, i int) bool {
	return i > 0 && perPage().MatchString(strings.TrimSpace(lines[i-1])) && sized().MatchString(strings.TrimSpace(lines[i]))
}

// furniture reports whether a line is no part of a table: empty, a button, or
// what stands below it. How many keys there are is noted.
func (r *reader) furniture(line string) bool {
	line = strings.TrimSpace(line)
	if m := pager().FindStringSubmatch(line); m != nil {
		if n, err := strconv.Atoi(m[3]); err == nil {
			r.page.Total = max(r.page.Total, n)
		}
		return true
	}
	return line == "" || button(line) || paging().MatchString(line)
}

// button reports whether a text is what consoles write on buttons.
func button(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "revoke", "delete", "edit", "copy", "view", "rotate", "refresh", "regenerate", "regenerate key", "more", "details", "disable", "enable", "lock", "unlock", "...", "…", "⋮", "⋯", "×":
		return true
	}
	return false
}
