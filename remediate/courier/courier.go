// Package courier is what passes between the process that reads a tree and the
// one that holds credentials: found keys one way, sealed to whom the other process
// made for this run; what became of them the other way, without material.
//
// Whoever reads a hostile tree may have been taken over by it. What it hands over
// is bounded, has a fixed shape, and is believed in nothing but this: that somebody
// found such a value.
package courier

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// The bounds of a courier.
const (
	// MaxKeys is how many keys are handed over; the rest is counted.
	MaxKeys = 4096
	// MaxValue is the longest value, in bytes.
	MaxValue = 8 << 10
	// MaxCount is the largest count of places; more are not counted.
	MaxCount = 1000
	// MaxPlaces is how many places of a key are told.
	MaxPlaces = 10
	// maxWord and maxLine are the longest word and the longest line, in bytes;
	// maxLines is how many lines belong to one thing.
	maxWord  = 128
	maxLine  = 512
	maxLines = 32
)

// ErrMessage says that a message is not one that this version hands over. Errors
// hold nothing of the message.
var ErrMessage = errors.New("the message is not one that is handed over")

// Found is what was found.
type Found struct {
	// Salt names the salt of the fingerprints.
	Salt string
	Keys []Key
	// More counts the keys that did not fit.
	More int
	// Gaps are what was not read, for people; only for those who take texts.
	Gaps []string
}

// Key is one found value. Without Told it holds no name of a file and no text of a
// tree.
type Key struct {
	Provider string
	// Rule is the one that says whose key it is.
	Rule        string
	Fingerprint secret.Fingerprint
	Value       secret.Value
	// Places is in how many places it stands, Leaked in how many of them it should
	// not.
	Places, Leaked int
	// Reach is who can see it, in the words of a plan; Since is from when on, zero
	// if nobody knows.
	Reach string
	Since time.Time
	// Told is what a person wants to see of it; nil where no person looks.
	Told *Told
}

// Told is text of a tree, for people. It is bounded, one line each, and nothing is
// decided by it.
type Told struct {
	Places []Place `json:"places"`
	// By are who brought the value, Seen when, at the latest.
	By   []string  `json:"by,omitempty"`
	Seen time.Time `json:"seen,omitzero"`
}

// Place is where a value stands: the id of a finding, and its path with a line.
type Place struct {
	Finding string `json:"finding"`
	Text    string `json:"text"`
}

// Reaches are the words for who can see a value.
func Reaches() []string { return []string{"public", "private", "local", "unclear", "nowhere"} }

// validate says what of a message cannot be so. prints must have made the
// fingerprints; texts says whether text of a tree may be in it.
func (f Found) validate(prints secret.Fingerprinter, texts bool) error {
	for _, gap := range f.Gaps {
		if !texts || !isLine(gap) {
			return wrong("it tells more than is asked for")
		}
	}
	switch {
	case f.Salt != prints.Salt():
		return wrong("its fingerprints are made with another salt")
	case len(f.Keys) > MaxKeys, len(f.Gaps) > maxLines, f.More < 0, f.More > 0 && len(f.Keys) < MaxKeys:
		return wrong("the number of its keys cannot be")
	}
	seen := map[secret.Fingerprint]bool{}
	for i, k := range f.Keys {
		if what := cmp.Or(k.wrong(prints), k.Told.wrong(texts)); what != "" {
			return wrong(fmt.Sprintf("key number %d: %s", i+1, what))
		}
		if seen[k.Fingerprint] {
			return wrong(fmt.Sprintf("key number %d comes twice", i+1))
		}
		seen[k.Fingerprint] = true
	}
	return nil
}

func (k Key) wrong(prints secret.Fingerprinter) string {
	switch {
	case !isWord(k.Provider):
		return "its provider is no word"
	case !isWord(k.Rule):
		return "its rule is no word"
	case k.Value.IsZero(), k.Value.Len() > MaxValue:
		return "its value is empty, or too long"
	case prints.Of(k.Value) != k.Fingerprint:
		return "its fingerprint is not that of its value"
	case k.Places < 1, k.Places > MaxCount, k.Leaked < 0, k.Leaked > k.Places:
		return "its counts cannot be"
	case !slices.Contains(Reaches(), k.Reach):
		return "who can see it is in no word that is known"
	case !k.Since.IsZero() && (k.Since.Year() < 1970 || k.Since.Year() > 9999):
		return "its time cannot be"
	}
	return ""
}

func (t *Told) wrong(texts bool) string {
	switch {
	case t == nil:
		return ""
	case !texts:
		return "it tells more than is asked for"
	case len(t.Places) > maxLines, len(t.By) > maxLines:
		return "it tells of too much"
	case slices.ContainsFunc(t.By, func(who string) bool { return !isLine(who) }), slices.ContainsFunc(t.Places, func(p Place) bool { return !isWord(p.Finding) || !isLine(p.Text) }):
		return "a text in it is none"
	}
	return ""
}

func wrong(what string) error { return fmt.Errorf("%w: %s", ErrMessage, what) }

// isWord reports whether a text is an identifier of ours.
func isWord(text string) bool {
	return text != "" && len(text) <= maxWord && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

// isLine reports whether a text is one line that can be shown.
func isLine(text string) bool {
	return text != "" && len(text) <= maxLine && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// Line makes a text one that can be handed over; "" stays what it is.
func Line(text string) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine-len("…")], "") + "…"
	}
	return text
}

// Check is what a provider said of a value.
type Check struct {
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	Provider    string             `json:"provider"`
	Account     string             `json:"account,omitempty"`
	Withheld    bool               `json:"withheld,omitempty"`
	Verdict     key.Verdict        `json:"verdict"`
	Known       *key.Description   `json:"known,omitempty"`
}

// Outcome is what became of the keys, for reports. It holds no material.
type Outcome struct {
	Schema string `json:"schema"`
	// Mode is that of the policy.
	Mode string `json:"mode"`
	// Result is one of the Result constants.
	Result string `json:"result"`
	// Plan is the hash of the plan, File where it was written; "" without one.
	Plan string `json:"plan,omitempty"`
	File string `json:"file,omitempty"`
	// Keys are those of the plan, Left those of which nothing was planned, or that
	// were not begun.
	Keys []Became `json:"keys"`
	Left []Left   `json:"left,omitempty"`
	// Gaps are what is not known.
	Gaps []string `json:"gaps,omitempty"`
}

// OutcomeSchema names the form of an Outcome.
const OutcomeSchema = "qleaks.remediation/1"

// The results.
const (
	// Nothing was to be done.
	Nothing = "nothing"
	// Planned says that a plan was written, and the policy allows no more.
	Planned = "planned"
	// Done says that every key of the plan is done, and that is proved.
	Done = "done"
	// Partly says that something waits, is blocked, was refused, or failed.
	Partly = "partly"
)

// Became is one key of the plan.
type Became struct {
	Provider    string             `json:"provider"`
	Account     string             `json:"account,omitempty"`
	Key         string             `json:"key"`
	Fingerprint secret.Fingerprint `json:"fingerprint,omitempty"`
	Rotation    string             `json:"rotation"`
	Order       string             `json:"order"`
	// State is that of the rotation; "planned" for one that was not begun.
	State string    `json:"state"`
	Why   string    `json:"why,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Done  int       `json:"done"`
	Steps int       `json:"steps"`
	// New is the new key's id or name.
	New string `json:"new,omitempty"`
}

// Left is a key of which nothing is done, and why.
type Left struct {
	Provider string `json:"provider"`
	Key      string `json:"key"`
	Why      string `json:"why"`
}
