package file

import (
	"bytes"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/qleaks/qleaks/internal/secret"
)

// shell is a variable in a profile of bash, zsh or another Bourne shell.
type shell struct {
	name string
	lang syntax.LangVariant
}

// read finds every assignment that stays: one before a command is gone with it.
func (s shell) read(text []byte) ([]place, error) {
	program, err := syntax.NewParser(syntax.Variant(s.lang)).Parse(bytes.NewReader(text), "")
	if err != nil {
		return nil, ErrForm // the parser's own error quotes the file
	}
	var places []place
	syntax.Walk(program, func(n syntax.Node) bool {
		var assigns []*syntax.Assign
		switch n := n.(type) {
		case *syntax.DeclClause:
			assigns = n.Args
		case *syntax.CallExpr:
			if len(n.Args) == 0 {
				assigns = n.Assigns
			}
		}
		for _, a := range assigns {
			if a.Name == nil || a.Name.Value != s.name || a.Naked {
				continue
			}
			p, ok := assigned(a)
			if !ok || a.Append || a.Index != nil {
				err = ErrIndirect
				continue
			}
			places = append(places, p)
		}
		return true
	})
	return places, err
}

// assigned is the place of a value that is written down, with or without
// quotes.
func assigned(a *syntax.Assign) (place, bool) {
	if a.Value == nil {
		end := int(a.End().Offset())
		return place{start: end, end: end}, a.Array == nil
	}
	if len(a.Value.Parts) != 1 {
		return place{}, false
	}
	p := place{start: int(a.Value.Pos().Offset()), end: int(a.Value.End().Offset())}
	switch part := a.Value.Parts[0].(type) {
	case *syntax.Lit:
		if strings.Contains(part.Value, `\`) {
			return place{}, false
		}
		p.value = secret.New([]byte(part.Value))
	case *syntax.SglQuoted:
		if part.Dollar {
			return place{}, false
		}
		p.start, p.end, p.value = p.start+1, p.end-1, secret.New([]byte(part.Value))
	case *syntax.DblQuoted:
		p.start, p.end = p.start+1, p.end-1
		if len(part.Parts) == 0 {
			return p, !part.Dollar
		}
		lit, ok := part.Parts[0].(*syntax.Lit)
		if !ok || len(part.Parts) != 1 || part.Dollar {
			return place{}, false
		}
		p.value = secret.New([]byte(lit.Value))
	default:
		return place{}, false
	}
	return p, true
}

// add implements format.
func (s shell) add(text []byte, value string) ([]byte, error) {
	return appendLine(text, "export "+s.name+`="`+value+`"`), nil
}
