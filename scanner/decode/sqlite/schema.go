package sqlite

import (
	"slices"
	"strings"
)

// schema reads the tables and passes over the indexes, whose values stand in
// the tables.
func (d *DB) schema() {
	var indexes []uint32
	w := walker{d: d, yield: func(_ int64, row []Value) bool {
		if len(row) < 4 || row[3].Kind != Int || row[3].Int <= 0 || row[3].Int >= int64(len(d.visited)) {
			return true // a view or a trigger
		}
		root := uint32(row[3].Int)
		if string(row[0].Bytes) != "table" {
			indexes = append(indexes, root)
			return true
		}
		t := Table{Name: string(row[1].Bytes), root: root}
		at := (int(root) - 1) * d.pageSize
		t.index = at < len(d.data) && (d.data[at] == leafIndex || d.data[at] == interiorIndex)
		if len(row) > 4 {
			t.Columns = columns(string(row[4].Bytes), t.index)
		}
		d.tables = append(d.tables, t)
		return true
	}}
	w.tree(1, 0)
	for _, root := range indexes {
		w := walker{d: d}
		w.tree(root, 0)
	}
	d.lists()
}

// columns returns the names of the columns of a table as they are stored: of
// one without rows' ids, those of its key come first.
func columns(sql string, keyFirst bool) []string {
	_, body, found := strings.Cut(sql, "(")
	if !found {
		return nil
	}
	var names, keys []string
	for _, definition := range definitions(body) {
		words := definition
		if len(words) == 0 {
			continue
		}
		upper := strings.ToUpper(strings.Join(words, " "))
		switch first := strings.ToUpper(words[0]); first {
		case "PRIMARY", "CONSTRAINT", "UNIQUE", "CHECK", "FOREIGN":
			if strings.Contains(upper, "PRIMARY KEY") && len(keys) == 0 {
				keys = inBrackets(words)
			}
			continue
		}
		if computed := strings.Contains(upper, " AS ("); computed && !strings.Contains(upper, "STORED") {
			continue
		}
		name := unquoted(words[0])
		names = append(names, name)
		if strings.Contains(upper, "PRIMARY KEY") {
			keys = []string{name}
		}
	}
	if !keyFirst {
		return names
	}
	rest := slices.DeleteFunc(names, func(n string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, n) })
	})
	return append(keys, rest...)
}

// inBrackets returns the names in the first brackets.
func inBrackets(words []string) (names []string) {
	from := slices.Index(words, "(")
	if from < 0 {
		return nil
	}
	fresh := true
	for _, word := range words[from+1:] {
		switch word {
		case ")":
			return names
		case ",":
			fresh = true
		default:
			if fresh {
				names = append(names, unquoted(word))
			}
			fresh = false
		}
	}
	return names
}

// definitions splits the body of CREATE TABLE at its commas, and each part into
// words.
func definitions(body string) [][]string {
	var all [][]string
	var words []string
	depth := 0
	for len(body) > 0 {
		word := nextWord(body)
		body = body[len(word):]
		switch {
		case strings.TrimSpace(word) == "" || strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*"):
			continue
		case word == ")" && depth == 0:
			return append(all, words)
		case word == "," && depth == 0:
			all, words = append(all, words), nil
			continue
		case word == "(":
			depth++
		case word == ")":
			depth--
		}
		words = append(words, word)
	}
	return append(all, words)
}

// nextWord returns the word, quoted name, comment or sign that sql begins with.
func nextWord(sql string) string {
	behind := func(begin int, end string) string {
		if k := strings.Index(sql[begin:], end); k >= 0 {
			return sql[:begin+k+len(end)]
		}
		return sql
	}
	switch c := sql[0]; {
	case c == '"' || c == '`' || c == '\'':
		return behind(1, sql[:1])
	case c == '[':
		return behind(1, "]")
	case strings.HasPrefix(sql, "--"):
		return behind(2, "\n")
	case strings.HasPrefix(sql, "/*"):
		return behind(2, "*/")
	}
	n := strings.IndexAny(sql, " \t\r\n(),\"`'[-/")
	if n < 0 {
		return sql
	}
	return sql[:max(n, 1)]
}

func unquoted(name string) string {
	if len(name) > 1 && strings.IndexByte("\"`'[", name[0]) >= 0 {
		return name[1 : len(name)-1]
	}
	return name
}
