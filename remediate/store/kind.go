package store

import (
	"context"
	"log/slog"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
)

// Kind is a kind of stores. Kinds are data, so that configuration, documentation
// and tests read the same list.
type Kind struct {
	// Name is how configurations call it: "env-file".
	Name string
	// Title is how people call it, as the end of "put it into …".
	Title string
	// Settings are what a declaration may say, besides kind and keys.
	Settings []Setting
	Traits   Traits
	// Example are lines of a declaration, for documentation.
	Example []string
	// After says what people have to do so that the new value counts; "" if
	// nothing.
	After string
	// Open opens a declared store. It connects to nothing.
	Open func(d Declaration, u Use) (Store, error)
}

// Traits are what can be expected of a kind.
type Traits struct {
	// Reads says that the store can be read back.
	Reads bool
	// Compares says that nobody else's write is lost: writing and comparing is
	// one step. Without it there is a moment between the two.
	Compares bool
	// Versions says that former values are kept.
	Versions bool
	// Runs says that a program is started.
	Runs bool
}

// Setting is something that a declaration says.
type Setting struct {
	Name string
	// Means says what it is, for documentation.
	Means    string
	Required bool
	// List says that it is a list of texts.
	List bool
	// Reference says that it is a reference to a credential, never the credential.
	Reference bool
	// Values are those that are allowed; none is any.
	Values []string
	// Valid says whether a text is one; nil is any. Means says how it must be.
	Valid func(text string) bool
}

// Declaration is a store as the operator's configuration has it.
type Declaration struct {
	// Name is the operator's name for it.
	Name string
	Kind Kind
	// Keys are globs over names and ids of keys, with or without the provider
	// before them: "ionq-*", "ibm/ci".
	Keys []string

	texts map[string]string
	lists map[string][]string
}

// Text is a setting, "" where the declaration does not say.
func (d Declaration) Text(name string) string { return d.texts[name] }

// Or is a setting, or a default.
func (d Declaration) Or(name, otherwise string) string {
	if text := d.texts[name]; text != "" {
		return text
	}
	return otherwise
}

// List is a setting that is a list.
func (d Declaration) List(name string) []string { return slices.Clone(d.lists[name]) }

// Reference is a setting that is a reference; zero where there is none.
func (d Declaration) Reference(name string) credential.Reference {
	r, err := credential.Parse(d.texts[name])
	if err != nil {
		return credential.Reference{} // it was parsed when it was declared
	}
	return r
}

// Holds reports whether the store is declared for a key, by any of its names.
func (d Declaration) Holds(provider string, names ...string) bool {
	return slices.ContainsFunc(d.Keys, func(glob string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			// The globs were validated when they were declared.
			return name != "" && (doublestar.MatchUnvalidated(glob, name) || doublestar.MatchUnvalidated(glob, provider+"/"+name))
		})
	})
}

// RunsPrograms reports whether the store starts a program that the declaration
// itself names.
func (d Declaration) RunsPrograms() bool {
	if d.Kind.Traits.Runs && len(d.lists) > 0 {
		return true
	}
	return slices.ContainsFunc(d.Kind.Settings, func(s Setting) bool { return s.Reference && d.Reference(s.Name).RunsProgram() })
}

// Open opens the store for a use.
func (d Declaration) Open(u Use) (Store, error) { return d.Kind.Open(d, u) }

// Use is what a store is opened for, and with what.
type Use struct {
	// Rotation is the id of the rotation, which stores that can keep such a thing
	// keep with the value; "" without one.
	Rotation string
	// Old are fingerprints of the value that is replaced, under the salt of
	// Fingerprints; a store with several places takes those that hold it.
	Old          []secret.Fingerprint
	Fingerprints secret.Fingerprinter
	// Credential fetches the operator's credentials.
	Credential func(ctx context.Context, at credential.Reference) (secret.Value, error)
	// Dir is where paths that are not absolute count from, Home what "~/" is.
	Dir, Home string
	// Locks is a directory for locks, which may be made.
	Locks string
	// Excludes is the file with the user's own ignore patterns of Git; "" is none.
	Excludes string
	// Proxy is that of httpx.Options; Rate replaces the rates at which services are
	// asked, in requests a second.
	Proxy string
	Rate  float64
	Log   *slog.Logger
}

// Held reports whether a value is the one that is replaced.
func (u Use) Held(v secret.Value) bool {
	return !v.IsZero() && slices.Contains(u.Old, u.Fingerprints.Of(v))
}

// Mark is the mark of a value that was read.
func (u Use) Mark(v secret.Value) string {
	if v.IsZero() {
		return Absent
	}
	return "fingerprint " + string(u.Fingerprints.Of(v))
}
