package gitsource

import (
	"net/url"
	"strings"
)

// gitConfig is a configuration file as "section.subsection.key" and values in
// order; section and key are in lower case. Includes are never followed.
type gitConfig map[string][]string

// get returns the last value, which is the one that holds.
func (c gitConfig) get(key string) (string, bool) {
	values := c[key]
	if len(values) == 0 {
		return "", false
	}
	return values[len(values)-1], true
}

// truth reads a boolean in Git's words.
func (c gitConfig) truth(key string) bool {
	value, _ := c.get(key)
	switch strings.ToLower(value) {
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// parseConfig reads a configuration file. It is more patient than Git: a line
// that makes no sense is passed over, since a file that Git refuses still
// stands beside objects that can be read.
func parseConfig(data []byte) gitConfig {
	p := configParser{rest: strings.TrimPrefix(string(data), "\ufeff"), values: gitConfig{}}
	for p.rest != "" {
		p.line()
	}
	return p.values
}

type configParser struct {
	rest    string
	section string
	values  gitConfig
}

func (p *configParser) line() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n\v\f")
	switch {
	case p.rest == "":
	case p.rest[0] == '[':
		p.header()
	case p.rest[0] == '#' || p.rest[0] == ';':
		p.skipLine()
	default:
		p.variable()
	}
}

func (p *configParser) skipLine() {
	_, p.rest, _ = strings.Cut(p.rest, "\n")
}

// header reads [section], [section "subsection"] or the old
// [section.subsection].
func (p *configParser) header() {
	rest := p.rest[1:]
	end := strings.IndexAny(rest, "]\"\n")
	if end < 0 || rest[end] == '\n' {
		p.skipLine()
		return
	}
	name := strings.ToLower(strings.TrimSpace(rest[:end]))
	if rest[end] == ']' {
		p.section, p.rest = name, rest[end+1:]
		return
	}
	var sub strings.Builder
	for i := end + 1; i < len(rest) && rest[i] != '\n'; i++ {
		switch rest[i] {
		case '\\':
			i++
			if i < len(rest) {
				sub.WriteByte(rest[i])
			}
		case '"':
			p.section = name + "." + sub.String()
			_, p.rest, _ = strings.Cut(rest[i:], "]")
			return
		default:
			sub.WriteByte(rest[i])
		}
	}
	p.skipLine()
}

func (p *configParser) variable() {
	end := 0
	for end < len(p.rest) && isKeyByte(p.rest[end]) {
		end++
	}
	if end == 0 {
		p.skipLine()
		return
	}
	key := p.section + "." + strings.ToLower(p.rest[:end])
	p.rest = strings.TrimLeft(p.rest[end:], " \t")
	value := "true" // a key without "=" is a boolean
	if strings.HasPrefix(p.rest, "=") {
		p.rest = p.rest[1:]
		value = p.value()
	} else {
		p.skipLine()
	}
	p.values[key] = append(p.values[key], value)
}

func isKeyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

// value reads to the end of the line, undoing quotes, escapes, comments and
// continuations.
func (p *configParser) value() string {
	var out strings.Builder
	quoted, kept := false, 0 // kept: the length that trimming may not touch
	p.rest = strings.TrimLeft(p.rest, " \t")
	i := 0
	for ; i < len(p.rest) && p.rest[i] != '\n'; i++ {
		c := p.rest[i]
		switch {
		case c == '"':
			quoted = !quoted
			kept = out.Len()
		case c == '\\' && i+1 < len(p.rest):
			i++
			if escaped, ok := unescaped(p.rest[i:]); ok {
				out.WriteByte(escaped)
				kept = out.Len()
			} else if p.rest[i] == '\r' {
				i++ // the line goes on after CR LF
			}
		case !quoted && (c == '#' || c == ';'):
			_, after, _ := strings.Cut(p.rest[i:], "\n")
			p.rest = after
			return trimValue(out.String(), kept)
		default:
			out.WriteByte(c)
			if quoted {
				kept = out.Len()
			}
		}
	}
	p.rest = p.rest[min(i, len(p.rest)):]
	return trimValue(out.String(), kept)
}

// unescaped is the byte for the escape that s begins with; false for an
// escaped line end.
func unescaped(s string) (byte, bool) {
	switch s[0] {
	case '\n', '\r':
		return 0, false
	case 'n':
		return '\n', true
	case 't':
		return '\t', true
	case 'b':
		return '\b', true
	}
	return s[0], true
}

func trimValue(s string, kept int) string {
	return s[:kept] + strings.TrimRight(s[kept:], " \t\r")
}

// normalRemote makes the identity of a repository from a remote's URL: host in
// lower case and path, without scheme, credentials, port and ".git". A local
// path is nobody's identity elsewhere and gives "".
func normalRemote(remote string) string {
	remote = strings.TrimSpace(remote)
	if scheme, rest, ok := strings.Cut(remote, "://"); ok {
		if strings.EqualFold(scheme, "file") {
			return ""
		}
		authority, path, _ := strings.Cut(rest, "/")
		path, _, _ = strings.Cut(path, "?")
		path, _, _ = strings.Cut(path, "#")
		return hostAndPath(authority, path)
	}
	head, _, _ := strings.Cut(remote, "/")
	if at := strings.LastIndexByte(head, '@'); at >= 0 {
		remote = remote[at+1:]
	}
	host, path, ok := strings.Cut(remote, ":")
	if !ok || len(host) < 2 || strings.ContainsAny(host, `/\`) {
		return ""
	}
	return hostAndPath(host, path)
}

func hostAndPath(authority, path string) string {
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host := (&url.URL{Host: authority}).Hostname()
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" || path == "" {
		return ""
	}
	return strings.ToLower(host) + "/" + strings.TrimRight(path, "/")
}
