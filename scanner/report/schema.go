package report

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed schema/findings.schema.json
var findingsSchemaFile []byte

// Schemas returns the names of the published JSON Schemas.
func Schemas() []string { return []string{"findings"} }

// Schema returns a JSON Schema (draft 2020-12) by its name in Schemas. That of
// "findings" describes the json format, and in "#/$defs/line" each line of the
// jsonl format.
func Schema(name string) ([]byte, error) {
	if name != "findings" {
		return nil, fmt.Errorf("report: schema %q is not one of %s", name, strings.Join(Schemas(), ", "))
	}
	return append([]byte(nil), findingsSchemaFile...), nil
}
