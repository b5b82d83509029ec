package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/auditreport"
	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/incident"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/verify"
)

// schemas are the published JSON Schemas, by name.
func schemas() []string {
	return append(report.Schemas(), "requests", "keys", "secrets", "audit", "incident")
}

func newSchemaCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema NAME",
		Short: "Print the JSON Schema of a machine-readable report",
		Example: `  qleaks schema findings > findings.schema.json
  qleaks schema audit > audit.schema.json`,
		Long: `NAME is findings: the report of ` + "`qleaks scan --json`" + `, and the lines of jsonl;
requests: the preview of ` + "`qleaks scan --verify --explain-network --json`" + `;
keys: the list of ` + "`qleaks keys list --json`" + `;
secrets: that of ` + "`qleaks github secrets --json`" + `;
audit: that of ` + "`qleaks audit --json`" + `;
incident: that of ` + "`qleaks incident --json`" + `;
or plan: that of ` + "`qleaks remediate plan --json`.",
		ValidArgs: schemas(),
		Args:      oneArgument("the name of a schema: " + strings.Join(schemas(), ", ")),
		RunE:      func(_ *cobra.Command, args []string) error { return runSchema(env, args[0]) },
	}
	return cmd
}

func runSchema(env Env, name string) error {
	schema, err := schemaNamed(name)
	if err != nil {
		return wrongUsage(fmt.Sprintf("there is no schema %q", name), "the schemas are: "+strings.Join(schemas(), ", "))
	}
	_, err = env.Stdout.Write(schema)
	return err
}

func schemaNamed(name string) ([]byte, error) {
	switch name {
	case "requests":
		return verify.Schema(), nil
	case "keys":
		return inventory.Schema(), nil
	case "secrets":
		return github.Schema(), nil
	case "audit":
		return auditreport.Schema(), nil
	case "incident":
		return incident.Schema(), nil
	case "plan":
		return remediate.Schema(), nil
	}
	return report.Schema(name)
}
