package page

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// fromJSON reads an array of objects, or an object with one array of objects
// in it.
func (r *reader) fromJSON(text string) ([]row, error) {
	if !json.Valid([]byte(text)) {
		var anything any
		err := json.Unmarshal([]byte(text), &anything)
		line := 0
		if bad, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // it comes from the call above
			line = lineAt(text, int(bad.Offset))
		}
		return nil, wrong(line, "it is not valid JSON")
	}
	begin := strings.IndexAny(text, "[{")
	if text[begin] == '{' {
		var outside map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &outside); err != nil {
			return nil, wrong(1, "it is not valid JSON")
		}
		begin = -1
		for _, name := range []string{"keys", "apikeys"} {
			if value := bytes.TrimSpace(outside[name]); len(value) > 0 && value[0] == '[' {
				return r.elements(text, strings.Index(text, string(value)))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(outside)) {
			value := bytes.TrimSpace(outside[name])
			if len(value) == 0 || value[0] != '[' {
				continue
			}
			if begin >= 0 {
				return nil, wrong(0, "there are several lists in it: leave only the one with the keys")
			}
			begin = strings.Index(text, string(value))
		}
		if begin < 0 {
			return nil, wrong(0, "there is no list in it")
		}
	}
	return r.elements(text, begin)
}

func lineAt(text string, offset int) int {
	return 1 + strings.Count(text[:min(max(offset, 0), len(text))], "\n")
}

// elements reads the objects of an array that begins at an offset.
func (r *reader) elements(text string, begin int) ([]row, error) {
	decoder := json.NewDecoder(strings.NewReader(text[begin:]))
	if _, err := decoder.Token(); err != nil {
		return nil, wrong(lineAt(text, begin), "it is not valid JSON")
	}
	var rows []row
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, wrong(lineAt(text, begin+int(decoder.InputOffset())), "it is not valid JSON")
		}
		line := lineAt(text, begin+int(decoder.InputOffset())-len(raw))
		var object map[string]any
		if json.Unmarshal(raw, &object) != nil || object == nil {
			return nil, wrong(line, "key number %d is no object", len(rows)+1)
		}
		one := row{line: line}
		if err := r.members(&one, "", object); err != nil {
			return nil, err
		}
		rows = append(rows, one)
	}
	return rows, nil
}

// members fills a row with the members of an object; those of an object inside
// of it are named after both: owner.email is "owner email".
func (r *reader) members(one *row, above string, object map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		full := strings.TrimSpace(above + " " + name)
		if inner, ok := object[name].(map[string]any); ok && above == "" {
			if err := r.members(one, wrapped(name), inner); err != nil {
				return err
			}
			continue
		}
		f := columnOf(full)
		if f == fieldUnknown {
			r.leaveOut(full)
			if text, ok := textOf(object[name]); ok {
				r.stray(one.line, text)
			}
			continue
		}
		text, ok := textOf(object[name])
		if !ok {
			return wrong(one.line, "the %s is neither text nor number", f)
		}
		if one.cells[f] != "" && text != "" && one.cells[f] != text {
			return wrong(one.line, "two members tell the %s", f)
		}
		if text != "" {
			r.fill(one, f, text, one.line)
		}
	}
	return nil
}

// wrapped is what the members of an inner object are named after: those of
// "key", "dates" and the like, as qleaks itself writes them, after nothing.
func wrapped(name string) string {
	switch plainName(name) {
	case "key", "dates", "state", "use", "activity":
		return ""
	}
	return name
}

// textOf writes a value as a cell; nothing is "".
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool, float64:
		text, err := json.Marshal(v)
		return strings.Trim(string(text), `"`), err == nil
	case []any:
		var parts []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return "", false
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, ", "), true
	}
	return "", false
}
