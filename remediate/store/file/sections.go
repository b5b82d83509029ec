package file

import (
	"bytes"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/internal/secret"
)

// ini is a key of a section, as Python's configparser reads it: qbraidrc.
type ini struct{ section, key string }

// read implements format.
func (i ini) read(text []byte) ([]place, error) {
	var places []place
	inside := false
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		line := string(bytes.TrimRight(text[at:end], " \t\r"))
		from := at
		at = end + 1
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			inside = trimmed[1:len(trimmed)-1] == i.section
			continue
		}
		equals := strings.IndexAny(line, "=:")
		if !inside || equals < 0 || !strings.EqualFold(strings.TrimSpace(line[:equals]), i.key) || line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if at < len(text) && (text[at] == ' ' || text[at] == '\t') && len(bytes.TrimSpace(text[at:lineEnd(text, at)])) > 0 {
			return nil, ErrForm // a value that goes on in the next line
		}
		start := blanks(text[:from+len(line)], from+equals+1)
		places = append(places, place{start: start, end: from + len(line), value: secret.New(text[start : from+len(line)])})
	}
	return places, nil
}

// add puts the key below the head of its section, which is made if need be.
func (i ini) add(text []byte, value string) ([]byte, error) {
	return below(text, i.section, i.key+" = "+value), nil
}

// below adds a line below the head of a section.
func below(text []byte, section, line string) []byte {
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		if string(bytes.TrimSpace(text[at:end])) != "["+section+"]" {
			at = end + 1
			continue
		}
		if end == len(text) {
			return appendLine(text, line)
		}
		if end > 0 && text[end-1] == '\r' {
			line += "\r"
		}
		return bytes.Join([][]byte{text[:end+1], []byte(line + "\n"), text[end+1:]}, nil)
	}
	return appendLine(appendLine(text, "["+section+"]"), line)
}

// table is a key of a table of TOML: PennyLane's configuration. What is found
// line by line is held against a real reader of TOML.
type table struct{ name, key string }

// read implements format.
func (t table) read(text []byte) ([]place, error) {
	var all map[string]any
	if _, err := toml.Decode(string(text), &all); err != nil {
		return nil, ErrForm // the reader's own error quotes the file
	}
	known, there := t.lookUp(all)
	inside := false
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		line := string(text[at:end])
		from := at
		at = end + 1
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "[") {
			head, _, _ := strings.Cut(trimmed, "#")
			inside = strings.TrimSpace(head) == "["+t.name+"]"
			continue
		}
		name, rest, ok := strings.Cut(line, "=")
		if !inside || !ok || strings.Trim(strings.TrimSpace(name), `"'`) != t.key {
			continue
		}
		quote := blanks(text[:end], from+len(line)-len(rest))
		if quote == end || text[quote] != '"' && text[quote] != '\'' {
			return nil, ErrForm
		}
		length := bytes.IndexByte(text[quote+1:end], text[quote])
		if length < 0 || !there || string(text[quote+1:quote+1+length]) != known {
			return nil, ErrForm
		}
		return []place{{start: quote + 1, end: quote + 1 + length, value: secret.New([]byte(known))}}, nil
	}
	if there {
		return nil, ErrForm // it is written in an unusual way
	}
	return nil, nil
}

// lookUp is the value as a reader of TOML has it.
func (t table) lookUp(all map[string]any) (string, bool) {
	for part := range strings.SplitSeq(t.name, ".") {
		inner, ok := all[part].(map[string]any)
		if !ok {
			return "", false
		}
		all = inner
	}
	if _, ok := all[t.key]; !ok {
		return "", false
	}
	text, _ := all[t.key].(string)
	return text, true
}

// add implements format.
func (t table) add(text []byte, value string) ([]byte, error) {
	return below(text, t.name, t.key+` = "`+value+`"`), nil
}
