package gitsource

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// pathspec chooses files by Git's pathspecs: names of files and directories,
// patterns in which * stands for slashes, too, and what is left out (:!name).
// The zero pathspec chooses all.
type pathspec struct{ in, out []pathPattern }

// pathPattern is one of a pathspec: a name, or an expression.
type pathPattern struct {
	name    string
	matches *regexp.Regexp
}

// newPathspec reads valid pathspecs, which count from the root.
func newPathspec(all []string) *pathspec {
	p := &pathspec{}
	for _, text := range all {
		pattern, out, err := parsePathspec(text)
		switch {
		case err != nil:
		case out:
			p.out = append(p.out, pattern)
		default:
			p.in = append(p.in, pattern)
		}
	}
	return p
}

// PathspecBelow makes a pathspec that counts from a directory count from the
// root of the repository.
func PathspecBelow(below, text string) string {
	magic, name := splitMagic(text)
	if slices.Contains(magic, "top") {
		below = ""
	}
	name = path.Join(regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(below, `\$0`), name)
	if name == "." {
		name = ""
	}
	if len(magic) == 0 && !strings.HasPrefix(name, ":") {
		return name
	}
	return ":(" + strings.Join(magic, ",") + ")" + name
}

// splitMagic takes :!name, :/name and :(word,word)name apart.
func splitMagic(text string) (magic []string, name string) {
	rest, ok := strings.CutPrefix(text, ":")
	if !ok {
		return nil, text
	}
	if words, ok := strings.CutPrefix(rest, "("); ok {
		if words, name, ok := strings.Cut(words, ")"); ok {
			return strings.FieldsFunc(words, func(r rune) bool { return r == ',' }), name
		}
		return []string{"("}, rest
	}
	for rest != "" && strings.IndexByte("!^/", rest[0]) >= 0 {
		magic = append(magic, map[byte]string{'!': "exclude", '^': "exclude", '/': "top"}[rest[0]])
		rest = rest[1:]
	}
	return magic, strings.TrimPrefix(rest, ":")
}

func parsePathspec(text string) (p pathPattern, out bool, err error) {
	magic, name := splitMagic(text)
	literal, whole := false, false
	flags := ""
	for _, word := range magic {
		switch word {
		case "exclude":
			out = true
		case "top":
		case "literal":
			literal = true
		case "glob":
			whole = true
		case "icase":
			flags = "(?i)"
		default:
			return p, out, fmt.Errorf("%q", word)
		}
	}
	name = strings.TrimSuffix(name, "/")
	if flags == "" && (literal || !strings.ContainsAny(name, `*?[\`)) {
		return pathPattern{name: name}, out, nil
	}
	expression, err := globText(name, whole)
	if err != nil {
		return p, out, err
	}
	p.matches, err = regexp.Compile(flags + "^(?:" + expression + ")$")
	return p, out, err
}

func (p pathPattern) has(name string) bool {
	if p.matches != nil {
		return p.matches.MatchString(name)
	}
	return p.name == "" || name == p.name || strings.HasPrefix(name, p.name+"/")
}

// wants reports whether a path is one of those asked for, or that of a
// directory in which there may be some.
func (p *pathspec) wants(name string, tree bool) bool {
	if slices.ContainsFunc(p.out, func(o pathPattern) bool { return o.has(name) }) {
		return false
	}
	return len(p.in) == 0 || slices.ContainsFunc(p.in, func(i pathPattern) bool {
		return i.has(name) || tree && (i.matches != nil || strings.HasPrefix(i.name, name+"/"))
	})
}

// globExpression is the expression of a pattern; if whole, * stops at slashes,
// and ** does not.
func globExpression(pattern string, whole bool) (*regexp.Regexp, error) {
	text, err := globText(pattern, whole)
	if err != nil {
		return nil, err
	}
	return regexp.Compile("^(?:" + text + ")$")
}

var errPattern = errors.New("a bracket or a backslash is not closed")

func globText(pattern string, whole bool) (string, error) {
	var out strings.Builder
	many, one := ".*", "."
	if whole {
		many, one = "[^/]*", "[^/]"
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			switch {
			case whole && strings.HasPrefix(pattern[i:], "**/"):
				out.WriteString("(?:.*/)?")
				i += 2
			case whole && strings.HasPrefix(pattern[i:], "**"):
				out.WriteString(".*")
				i++
			default:
				out.WriteString(many)
			}
		case '?':
			out.WriteString(one)
		case '[':
			end := strings.IndexByte(pattern[min(i+2, len(pattern)):], ']')
			if end < 0 {
				return "", errPattern
			}
			class := pattern[i+1 : i+2+end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			out.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 2
		case '\\':
			if i++; i == len(pattern) {
				return "", errPattern
			}
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return "(?s:" + out.String() + ")", nil
}
