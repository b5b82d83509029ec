package cli

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/leaks"
)

func gitleaksDirCommand() gitleaksCommand {
	return gitleaksCommand{
		use: "dir [PATH]", aliases: []string{"file", "directory"}, short: "Find leaks in files, as gitleaks does",
		example: `  qleaks dir
  qleaks dir --config rules.toml --report-path leaks.json src`,
		flags: func(cmd *cobra.Command, o *gitleaksOptions) {
			cmd.Flags().BoolVar(&o.Reading.Follow, "follow-symlinks", false, "read the files that links lead to")
		},
		run: runGitleaksDir,
	}
}

func runGitleaksDir(ctx context.Context, g *gitleaksRun) (leaks.Result, error) {
	result, err := g.scanner.Files(ctx, g.options.Source)
	if errors.Is(err, fs.ErrNotExist) {
		return result, couldNot("there is no file or directory "+g.options.Source, nil)
	}
	return result, err
}

func gitleaksStdinCommand() gitleaksCommand {
	return gitleaksCommand{
		use: "stdin", short: "Find leaks in standard input, as gitleaks does",
		example: "  git diff | qleaks stdin -v",
		run:     runGitleaksStdin,
	}
}

func runGitleaksStdin(ctx context.Context, g *gitleaksRun) (leaks.Result, error) {
	return g.scanner.Reader(ctx, g.env.Stdin)
}
