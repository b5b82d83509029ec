package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand is for those who package qleaks.
func newManCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages of all commands",
		Long:    "DIR gets qleaks.1, and a page for each command, such as qleaks-scan.1. The same\nprogram always writes the same pages.",
		Example: "  qleaks man /usr/local/share/man/man1",
		Hidden:  true,
		Args:    oneArgument("a directory"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runMan(env, cmd.Root(), args[0]) },
	}
}

func runMan(env Env, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // everybody reads manuals
		return couldNot("cannot make "+dir, rootCause(err))
	}
	pages := 0
	var write func(cmd *cobra.Command) error
	write = func(cmd *cobra.Command) error {
		name := filepath.Join(dir, pageName(cmd)+".1")
		if err := os.WriteFile(name, manualPage(cmd), 0o644); err != nil { //nolint:gosec // everybody reads manuals
			return couldNot("cannot write "+name, rootCause(err))
		}
		pages++
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				if err := write(sub); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := write(root); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Stdout, "%s in %s\n", plural(pages, "page"), dir)
	return err
}

// pageName is qleaks-hook-install for `qleaks hook install`.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manualPage is the help of a command as roff. Our texts are laid out by hand, so
// they are set as they are.
func manualPage(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"qleaks %s\" \"qleaks\"\n", roff(strings.ToUpper(pageName(cmd))), roff(thisVersion().Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(cmd)), roff(cmd.Short))
	b.WriteString(".SH SYNOPSIS\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, ".B %s\n.br\n", roff(cmd.UseLine()))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, ".B %s COMMAND\n", roff(cmd.CommandPath()))
	}
	section(&b, "EXAMPLES", cmd.Example)
	section(&b, "DESCRIPTION", cmd.Long)
	if cmd.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(pageName(sub)), roff(sub.Short))
			}
		}
	}
	if cmd.HasAvailableLocalFlags() {
		b.WriteString(".SH OPTIONS\n")
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				option(&b, f)
			}
		})
	}
	if parent := cmd.Parent(); parent != nil {
		fmt.Fprintf(&b, ".SH SEE ALSO\n.BR %s (1)\n", roff(pageName(parent)))
	}
	return b.Bytes()
}

func option(b *bytes.Buffer, f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	b.WriteString(".TP\n\\fB")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\-%s\\fR, \\fB", f.Shorthand)
	}
	fmt.Fprintf(b, "\\-\\-%s\\fR", roff(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && !strings.Contains(usage, "default") {
		usage += " (default: " + d + ")"
	}
	fmt.Fprintf(b, "\n%s\n", roff(usage))
}

func section(b *bytes.Buffer, title, text string) {
	if text == "" {
		return
	}
	fmt.Fprintf(b, ".SH %s\n.nf\n", title)
	for line := range strings.Lines(text) {
		b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
	b.WriteString(".fi\n")
}

// roff is text in which nothing is a command or an escape.
func roff(text string) string {
	text = strings.NewReplacer("\\", "\\e", "-", "\\-", "\n", " ", "…", "...").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = "\\&" + text
	}
	return text
}
