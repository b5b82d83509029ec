package github

import (
	"context"
	_ "embed"
	"errors"
	"time"
)

//go:embed secrets.schema.json
var secretsSchemaFile []byte

// Schema returns the JSON Schema (draft 2020-12) of a Document.
func Schema() []byte { return append([]byte(nil), secretsSchemaFile...) }

// documentSchema names the form of a Document.
const documentSchema = "qleaks/secrets/v1"

// Document is a list of secrets as a machine-readable report.
type Document struct {
	Schema string    `json:"schema"`
	Of     string    `json:"of"`
	Kinds  []Kind    `json:"kinds"`
	AsOf   time.Time `json:"asOf"`
	// Whole says that no secret of these kinds is missing.
	Whole   bool           `json:"whole"`
	Secrets []SecretRecord `json:"secrets"`
	Untold  []UntoldRecord `json:"untold"`
}

// SecretRecord is one secret; its times have the names that gh gives them.
type SecretRecord struct {
	Where string `json:"where"`
	Kind  Kind   `json:"kind"`
	Name  string `json:"name"`
	// Provider is whose key it holds, as far as its name says so.
	Provider string    `json:"provider,omitempty"`
	Created  time.Time `json:"createdAt,omitzero"`
	Updated  time.Time `json:"updatedAt,omitzero"`
	// Visibility is which repositories of an organisation get it.
	Visibility string `json:"visibility,omitempty"`
}

// UntoldRecord is a place whose secrets are not known.
type UntoldRecord struct {
	Where string `json:"where,omitempty"`
	What  string `json:"what,omitempty"`
	Why   string `json:"why"`
}

// Document reads the secrets of a scope; told hears how many there are. What is
// missing is in it. The error, if any, is the one that ended the reading.
func (c *Client) Document(ctx context.Context, s Scope, now time.Time, told func(n int)) (Document, error) {
	d := Document{Schema: documentSchema, Of: s.Owner, Kinds: s.Kinds, AsOf: now.UTC(), Secrets: []SecretRecord{}, Untold: []UntoldRecord{}}
	if s.Repository != "" {
		d.Of += "/" + s.Repository
	}
	var ended error
	for one, err := range c.Secrets(ctx, s) {
		if place, ok := errors.AsType[*PlaceError](err); ok {
			d.Untold = append(d.Untold, UntoldRecord{place.Where, place.What, place.Err.Error()})
			continue
		}
		if err != nil {
			ended = err
			d.Untold = append(d.Untold, UntoldRecord{Why: err.Error()})
			continue
		}
		d.Secrets = append(d.Secrets, SecretRecord{Where: one.Where, Kind: one.Kind, Name: one.Name, Created: one.Created, Updated: one.Updated, Visibility: one.Visibility})
		told(len(d.Secrets))
	}
	d.Whole = len(d.Untold) == 0
	return d, ended
}
