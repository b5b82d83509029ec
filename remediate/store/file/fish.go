package file

import (
	"bytes"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// fish is an exported variable in a configuration of fish.
type fish struct{ name string }

// token is a word of a line, without its quotes.
type token struct {
	start, end int
	text       string
	quoted     bool
}

// read finds the lines that set the variable.
func (f fish) read(text []byte) ([]place, error) {
	var places []place
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		words, ok := tokens(text, at, end)
		at = end + 1
		if len(words) == 0 || words[0].text != "set" || words[0].quoted {
			continue
		}
		words = words[1:]
		sets := true
		for len(words) > 0 && strings.HasPrefix(words[0].text, "-") && !words[0].quoted {
			sets = sets && !removes(words[0].text)
			words = words[1:]
		}
		if len(words) == 0 || words[0].text != f.name || !sets {
			continue
		}
		if !ok || len(words) != 2 || !words[1].quoted && strings.ContainsAny(words[1].text, "$(\\*?{") || words[1].quoted && strings.ContainsAny(words[1].text, "$\\") {
			return nil, ErrIndirect
		}
		places = append(places, place{start: words[1].start, end: words[1].end, value: secret.New([]byte(words[1].text))})
	}
	return places, nil
}

// removes reports whether an option makes set erase or ask, not set.
func removes(option string) bool {
	if strings.HasPrefix(option, "--") {
		return option == "--erase" || option == "--query"
	}
	return strings.ContainsAny(option, "eq")
}

// tokens are the words of a line up to a comment or the end of the command; ok
// is false where a quote does not end on it.
func tokens(text []byte, at, end int) (words []token, ok bool) {
	for {
		at = blanks(text[:end], at)
		switch {
		case at >= end || slices.Contains([]byte("#;\r"), text[at]):
			return words, true
		case text[at] == '"' || text[at] == '\'':
			n := bytes.IndexByte(text[at+1:end], text[at])
			if n < 0 {
				return words, false
			}
			words = append(words, token{at + 1, at + 1 + n, string(text[at+1 : at+1+n]), true})
			at += n + 2
			if at < end && strings.IndexByte(" \t;\r", text[at]) < 0 {
				return words, false // a word of several parts
			}
		default:
			from := at
			for at < end && strings.IndexByte(" \t;\r\"'", text[at]) < 0 {
				at++
			}
			words = append(words, token{from, at, string(text[from:at]), false})
			if at < end && (text[at] == '"' || text[at] == '\'') {
				return words, false
			}
		}
	}
}

// add implements format.
func (f fish) add(text []byte, value string) ([]byte, error) {
	return appendLine(text, "set -gx "+f.name+" "+value), nil
}
