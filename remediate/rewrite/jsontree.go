package rewrite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// node is a value of a JSON text, with where it stands.
type node struct {
	start, end int
	// kind is '{', '[' or '"', and 0 for everything else.
	kind byte
	// name is that of the member of an object.
	name string
	// text is what a string says.
	text     string
	children []*node
}

// maxNesting is how deep a JSON text may be nested.
const maxNesting = 200

var errNested = errors.New("it is nested too deep")

// parseJSON reads a whole JSON text.
func parseJSON(text []byte) (*node, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is no JSON")
	}
	p := parsing{text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	return p.value("", 0)
}

type parsing struct {
	text    []byte
	decoder *json.Decoder
	at      int
}

// next reads a token, and returns it with where it begins.
func (p *parsing) next() (json.Token, int, error) {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[p.at]) >= 0 {
		p.at++
	}
	start := p.at
	t, err := p.decoder.Token()
	if err != nil {
		return nil, 0, fmt.Errorf("read a notebook: %w", err)
	}
	p.at = int(p.decoder.InputOffset())
	return t, start, nil
}

func (p *parsing) value(name string, depth int) (*node, error) {
	t, start, err := p.next()
	if err != nil {
		return nil, err
	}
	n := &node{start: start, end: p.at, name: name}
	switch t := t.(type) {
	case string:
		n.kind, n.text = '"', t
	case json.Delim:
		n.kind = byte(t)
		if depth >= maxNesting {
			return nil, errNested
		}
		if err := p.members(n, depth); err != nil {
			return nil, err
		}
		n.end = p.at
	}
	return n, nil
}

// members reads what is in an object or an array, and its end.
func (p *parsing) members(n *node, depth int) error {
	for p.decoder.More() {
		name := ""
		if n.kind == '{' {
			t, _, err := p.next()
			if err != nil {
				return err
			}
			name, _ = t.(string)
		}
		c, err := p.value(name, depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
	}
	_, _, err := p.next()
	return err
}

// member finds a member of an object; nil where there is none.
func (n *node) member(name string) *node {
	if n == nil || n.kind != '{' {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// whole is the text of a string, or of the strings of an array put together.
func (n *node) whole() string {
	if n.kind == '"' {
		return n.text
	}
	var all strings.Builder
	for _, c := range n.children {
		all.WriteString(c.whole())
	}
	return all.String()
}
