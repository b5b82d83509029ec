package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/report"
)

func newSchemaCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:       "schema NAME",
		Short:     "Print the JSON Schema of a machine-readable report",
		Example:   "  qleaks schema findings > findings.schema.json",
		Long:      "NAME is findings: the report of `qleaks scan --json`, and the lines of jsonl.",
		ValidArgs: []string{"findings"},
		Args:      oneArgument("the name of a schema: findings"),
		RunE:      func(_ *cobra.Command, args []string) error { return runSchema(env, args[0]) },
	}
	return cmd
}

func runSchema(env Env, name string) error {
	schema, err := report.Schema(name)
	if err != nil {
		return wrongUsage(fmt.Sprintf("there is no schema %q", name), "the schemas are: findings")
	}
	_, err = env.Stdout.Write(schema)
	return err
}
