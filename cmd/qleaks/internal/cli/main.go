package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Main runs one command and returns the exit code. When ctx ends, the command
// writes what it has and the code is 130.
func Main(ctx context.Context, env Env) int {
	// net/http writes there, in some cases, what a server sent.
	log.SetOutput(io.Discard)
	env.Args = commandFirst(gitleaksCommands(env), env.Args)
	root := newRootCommand(env)
	if isCompletion(env.Args) {
		completeOwn(env, root)
	}
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	say := messages{w: env.Stderr}
	var said exitStatusError
	switch {
	case code == exitInterrupted:
		say.line("error", "interrupted")
	case err != nil && !errors.As(err, &said):
		say.error(err)
	}
	return code
}

func newRootCommand(env Env) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "qleaks",
		Short: "Find quantum-cloud keys where they should not be",
		Long: `qleaks finds keys of IonQ, IBM and qBraid in code, notebooks, archives and the
whole history of Git repositories. It works offline and never shows a key.`,
		Example: `  qleaks scan                       this repository with its whole history
  qleaks scan ~/notebooks           a directory, and every repository in it
  qleaks scan --verify              ask providers whether keys still work
  qleaks hook install               stop keys before they are committed
  qleaks rules list                 what is looked for
  qleaks                            where you stand, and what to do next`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return runVersion(env)
			}
			return runStanding(cmd.Context(), env, cmd.Help)
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.Flags().BoolVar(&version, "version", false, "say which qleaks this is, as qleaks version does")
	root.AddCommand(slices.Concat(ownCommands(env), sweepCommands(env), hiddenCommands(env), gitleaksCommands(env))...)
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(helpTemplate)
	root.SetFlagErrorFunc(flagError)
	return root
}

// ownCommands are for one person, and one repository or account at a time.
func ownCommands(env Env) []*cobra.Command {
	return []*cobra.Command{
		newScanCommand(env),
		newHookCommand(env),
		newInitCommand(env),
		newCICommand(env),
		newVerifyCommand(env),
		newBaselineCommand(env),
		newIgnoreCommand(env),
		newTrustCommand(env),
		newKeysCommand(env),
		newRulesCommand(env),
		newConfigCommand(env),
		newSchemaCommand(env),
		newCompletionCommand(env),
		newVersionCommand(env),
		newMigrateCommand(env),
		newDemoCommand(env),
		newAuditCommand(env),
		newIncidentCommand(env),
		newRemediateCommand(env),
		newRevokeCommand(env),
		newRotateCommand(env),
		newLendCommand(env),
		newRunCommand(env),
		newHandoffCommand(env),
		newFixCommand(env),
		newConsoleCommand(env),
		newStoresCommand(env),
		newGitHubCommand(env),
		newDoctorCommand(env),
	}
}

// sweepCommands are about sweeps of an organisation, and their records.
func sweepCommands(env Env) []*cobra.Command {
	return []*cobra.Command{newSweepCommand(env), newWorkerCommand(env), newServeCommand(env), newRecordsCommand(env), newNotifyCommand(env), newReportCommand(env)}
}

// hiddenCommands are those with which qleaks starts itself, and is packaged.
func hiddenCommands(env Env) []*cobra.Command {
	return []*cobra.Command{newReaderCommand(env), newSweepListCommand(env), newSweepReadCommand(env), newManCommand(env)}
}

// helpTemplate shows examples first: most people copy one.
const helpTemplate = `{{.Short}}.
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}
Usage:
{{- if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}
{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{end}}{{if .Long}}
{{.Long}}
{{end}}{{if .HasAvailableSubCommands}}
"{{.CommandPath}} COMMAND --help" tells more about a command.
{{end}}`

// knownCommand refuses arguments of the bare program.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	hints := didYouMean(args[0], names)
	if _, err := os.Lstat(args[0]); err == nil || isURL(args[0]) {
		hints = []string{"to scan it: " + cmd.CommandPath() + " scan " + args[0]}
	}
	if len(hints) == 0 {
		hints = []string{"the commands are: " + strings.Join(names, ", ")}
	}
	return wrongUsage(fmt.Sprintf("unknown command %q", args[0]), hints...)
}

// onlyCommands is for commands that do nothing without a subcommand.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if err := knownCommand(cmd, args); err != nil {
		return err
	}
	return wrongUsage(fmt.Sprintf("%q needs a command", cmd.CommandPath()), fmt.Sprintf("see %s --help", cmd.CommandPath()))
}

// noArguments is cobra.NoArgs with our words and exit code.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrongUsage(fmt.Sprintf("%q takes no argument, but got %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// oneArgument demands one argument and names it.
func oneArgument(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return wrongUsage(fmt.Sprintf("%q needs one argument, %s", cmd.CommandPath(), name), fmt.Sprintf("see %s --help", cmd.CommandPath()))
		}
		return nil
	}
}

// flagError puts a wrong flag in our words, with the flag that was meant.
func flagError(cmd *cobra.Command, err error) error {
	var hints []string
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		for _, hint := range didYouMean(name, names) {
			hints = append(hints, strings.Replace(hint, `"`, `"--`, 1))
		}
	}
	if len(hints) == 0 {
		hints = []string{fmt.Sprintf("see %s --help", cmd.CommandPath())}
	}
	return wrongUsage(err.Error(), hints...)
}
