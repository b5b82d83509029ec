package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func newCompletionCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Example: `  source <(qleaks completion bash)
  qleaks completion zsh > "${fpath[1]}/_qleaks"
  qleaks completion fish > ~/.config/fish/completions/qleaks.fish
  qleaks completion powershell | Out-String | Invoke-Expression`,
		Long:      "SHELL is bash, zsh, fish or powershell.",
		ValidArgs: shells(),
		Args:      oneArgument("a shell: " + strings.Join(shells(), ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompletion(env, cmd.Root(), args[0])
		},
	}
}

func runCompletion(env Env, root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(env.Stdout, true)
	case "zsh":
		return root.GenZshCompletion(env.Stdout)
	case "fish":
		return root.GenFishCompletion(env.Stdout, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(env.Stdout)
	}
	return wrongUsage(fmt.Sprintf("no completion for shell %q", shell), didYouMean(shell, shells())...)
}
