// Package schematest holds documents against JSON Schemas, for tests.
package schematest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is what documents must follow.
type Schema struct{ compiled *jsonschema.Schema }

// Compile reads a schema; formats count. The test ends if it is none.
func Compile(t testing.TB, schema []byte) Schema {
	t.Helper()
	return Part(t, schema, "")
}

// Part is Compile for a part of a schema: a JSON pointer such as "/$defs/line".
func Part(t testing.TB, schema []byte, pointer string) Schema {
	t.Helper()
	s, err := Read(schema, pointer)
	if err != nil {
		t.Fatalf("the schema cannot be used: %v", err)
	}
	return s
}

// Read is Part for callers without a test.
func Read(schema []byte, pointer string) (Schema, error) {
	const name = "urn:schema"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return Schema{}, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, document); err != nil {
		return Schema{}, err
	}
	compiled, err := c.Compile(name + "#" + pointer)
	return Schema{compiled}, err
}

// Check says how a document fails to follow the schema; nil if it does.
func (s Schema) Check(document string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		return err
	}
	return s.compiled.Validate(v)
}
