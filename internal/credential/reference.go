// Package credential finds the operator's own credentials where a configuration
// says they are: in a variable, a file, the system's keychain, a vault, or told
// by a program. The configuration holds the reference, never the value.
package credential

import (
	"errors"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

// Scheme is a kind of place.
type Scheme string

// The schemes: an environment variable, the keychain of the operating system, a
// file that only its owner can read, HashiCorp Vault, 1Password, and a program
// of the operator's.
const (
	Env      Scheme = "env"
	Keychain Scheme = "keychain"
	File     Scheme = "file"
	Vault    Scheme = "vault"
	OP       Scheme = "op"
	Cmd      Scheme = "cmd"
)

// Forms are the ways to write a reference, for messages.
const Forms = "env:NAME, keychain:NAME, file:PATH, vault:PATH#FIELD, op://VAULT/ITEM/FIELD, cmd:PROGRAM ARGUMENT…"

// Errors of references. They hold nothing of the text: it may be a key that
// somebody wrote where a reference goes.
var (
	ErrNoReference = errors.New("it is no reference to a credential")
	errEnv         = errors.New("env: wants the name of a variable")
	errKeychain    = errors.New("keychain: wants NAME, or SERVICE/NAME")
	errFile        = errors.New("file: wants a path")
	errVault       = errors.New("vault: wants PATH#FIELD")
	errOP          = errors.New("op: wants op://VAULT/ITEM/FIELD")
	errCmd         = errors.New("cmd: wants a program and its arguments, with quotes closed")
)

// Reference says where a credential is.
type Reference struct {
	scheme Scheme
	// words are the parts after the scheme.
	words []string
}

// Scheme returns the kind of place.
func (r Reference) Scheme() Scheme { return r.scheme }

// IsZero reports whether there is no reference.
func (r Reference) IsZero() bool { return r.scheme == "" }

// RunsProgram reports whether resolving starts a program that the reference
// itself names.
func (r Reference) RunsProgram() bool { return r.scheme == Cmd }

// String names the place, for people. Of a program, it is only the name: the
// arguments could be anything.
func (r Reference) String() string {
	switch r.scheme {
	case Cmd:
		return "cmd:" + r.words[0]
	case Vault:
		return "vault:" + r.words[0] + "#" + r.words[1]
	case Keychain:
		return "keychain:" + strings.Join(r.words, "/")
	case OP:
		return r.words[0]
	case Env, File:
		return string(r.scheme) + ":" + r.words[0]
	}
	return ""
}

var variableName = expression.Lazy(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// defaultService is the service of keychain:NAME.
const defaultService = "qleaks"

// Parse reads a reference. Its errors quote nothing.
func Parse(text string) (Reference, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Reference{}, ErrNoReference
	}
	r := Reference{scheme: Scheme(scheme), words: []string{rest}}
	switch r.scheme {
	case Env:
		if !variableName().MatchString(rest) {
			return Reference{}, errEnv
		}
	case Keychain:
		service, name, two := strings.Cut(rest, "/")
		if !two {
			service, name = defaultService, rest
		}
		if service == "" || name == "" || option(service) || option(name) {
			return Reference{}, errKeychain
		}
		r.words = []string{service, name}
	case File:
		if rest == "" {
			return Reference{}, errFile
		}
	case Vault:
		path, field, two := strings.Cut(rest, "#")
		if !two || path == "" || field == "" || option(path) {
			return Reference{}, errVault
		}
		r.words = []string{path, field}
	case OP:
		if path, ok := strings.CutPrefix(rest, "//"); !ok || strings.Count(path, "/") < 2 {
			return Reference{}, errOP
		}
		r.words = []string{text}
	case Cmd:
		words, ok := split(rest)
		if !ok {
			return Reference{}, errCmd
		}
		r.words = words
	default:
		return Reference{}, ErrNoReference
	}
	return r, nil
}

// option reports whether a program would take a word for an option.
func option(word string) bool { return strings.HasPrefix(word, "-") }

// split divides a command line at spaces; single and double quotes keep what
// is in them together. There is no other escape.
func split(line string) ([]string, bool) {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words, quote == 0 && len(words) > 0 && words[0] != ""
}
