package inventory

import (
	_ "embed"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

//go:embed keys.schema.json
var keysSchemaFile []byte

// Schema returns the JSON Schema (draft 2020-12) of a Document.
func Schema() []byte { return append([]byte(nil), keysSchemaFile...) }

// documentSchema names the form of a Document.
const documentSchema = "qleaks/keys/v1"

// Document is an inventory as a machine-readable report. It holds no material.
type Document struct {
	Schema string         `json:"schema"`
	Lists  []ListRecord   `json:"lists"`
	Keys   []EntryRecord  `json:"keys"`
	Failed []FailedRecord `json:"failed"`
}

// ListRecord is a list that a document was made of.
type ListRecord struct {
	Account Account   `json:"account"`
	AsOf    time.Time `json:"asOf"`
	Taken   time.Time `json:"taken"`
	Origin  Origin    `json:"origin"`
	Extent  Extent    `json:"extent"`
	Whole   bool      `json:"whole"`
	Gaps    []string  `json:"gaps,omitempty"`
}

// EntryRecord is one key.
type EntryRecord struct {
	Key        key.Key              `json:"key"`
	Accounts   []string             `json:"accounts"`
	AsOf       time.Time            `json:"asOf"`
	Origin     Origin               `json:"origin"`
	Registered []RegistrationRecord `json:"registered,omitempty"`
}

// RegistrationRecord is a value that is known to be the key's.
type RegistrationRecord struct {
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	Salt        string             `json:"salt"`
	How         How                `json:"how"`
	Since       time.Time          `json:"since"`
	Place       string             `json:"place,omitempty"`
}

// FailedRecord is an account whose keys could not be asked for just now.
type FailedRecord struct {
	Account string `json:"account"`
	Why     string `json:"why"`
}

// Document makes the report of an inventory.
func (inv *Inventory) Document() Document {
	d := Document{Schema: documentSchema, Lists: []ListRecord{}, Keys: []EntryRecord{}, Failed: []FailedRecord{}}
	for _, l := range inv.Lists {
		d.Lists = append(d.Lists, ListRecord{Account: l.Account, AsOf: l.AsOf, Taken: l.Taken, Origin: l.Origin, Extent: l.Extent, Whole: l.Whole, Gaps: l.Gaps})
	}
	for _, e := range inv.Entries {
		d.Keys = append(d.Keys, e.Record())
	}
	return d
}

// Record makes the part of a report that is about one key.
func (e *Entry) Record() EntryRecord {
	record := EntryRecord{Key: e.Key, Accounts: e.Accounts, AsOf: e.AsOf, Origin: e.Origin}
	for _, r := range e.Registered {
		record.Registered = append(record.Registered, RegistrationRecord{Fingerprint: r.Fingerprint, Salt: r.Salt, How: r.How, Since: r.Since, Place: r.Place})
	}
	return record
}

// Only returns the part of an inventory that is about some accounts: those of
// which keep says yes.
func (inv *Inventory) Only(keep func(Account) bool) Inventory {
	part := Inventory{Registered: inv.Registered}
	kept := map[string]bool{}
	for _, l := range inv.Lists {
		if keep(l.Account) {
			part.Lists = append(part.Lists, l)
			kept[l.Account.Provider+"\x00"+l.Account.Name] = true
		}
	}
	for _, e := range inv.Entries {
		for _, name := range e.Accounts {
			if kept[e.Key.Provider+"\x00"+name] {
				part.Entries = append(part.Entries, e)
				break
			}
		}
	}
	return part
}

// shortestPrefix is how much of an id names a key.
const shortestPrefix = 6

// Named returns the entries that a word means: the one with that id or
// registered fingerprint, or else those with that name, or else those whose ids
// begin with it.
func (inv *Inventory) Named(word string) []*Entry {
	for _, means := range []func(e *Entry) bool{
		func(e *Entry) bool { return e.Key.ID == word || e.hasFingerprint(word) },
		func(e *Entry) bool { return e.Key.Name == word },
		func(e *Entry) bool { return len(word) >= shortestPrefix && strings.HasPrefix(e.Key.ID, word) },
	} {
		var found []*Entry
		for _, e := range inv.Entries {
			if word != "" && means(e) {
				found = append(found, e)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func (e *Entry) hasFingerprint(word string) bool {
	return slices.ContainsFunc(e.Registered, func(r Registration) bool { return string(r.Fingerprint) == word })
}
