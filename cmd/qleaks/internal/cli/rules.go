package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/report"
)

func newRulesCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "Say what is looked for, and why",
		Example: "  qleaks rules list\n  qleaks rules explain ionq-api-key\n  qleaks rules check acme.toml",
		RunE:    onlyCommands,
		Args:    cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newRulesListCommand(env), newRulesExplainCommand(env), newRulesCheckCommand(env))
	return cmd
}

func newRulesListCommand(env Env) *cobra.Command {
	asJSON, files := false, []string(nil)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the rules",
		Example: "  qleaks rules list\n  qleaks rules list --json\n  qleaks rules list --rules acme.toml",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return runRulesList(env, files, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	addRulesFlag(cmd, &files)
	return cmd
}

func newRulesExplainCommand(env Env) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:     "explain ID",
		Short:   "Explain a rule: what it looks for, and how to fix what it finds",
		Example: "  qleaks rules explain ibm-cloud-api-key\n  qleaks rules explain --rules acme.toml acme-key",
		Args:    oneArgument("the id of a rule"),
		RunE:    func(_ *cobra.Command, args []string) error { return runRulesExplain(env, files, args[0]) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			set, err := rulesHere(env, files)
			if err != nil || len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return ruleIDs(set), cobra.ShellCompDirectiveNoFileComp
		},
	}
	addRulesFlag(cmd, &files)
	return cmd
}

func addRulesFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVar(files, "rules", nil, "with the rules of `FILE`, too, which may be given several times")
}

func ruleIDs(set *rules.Set) []string {
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

// listedRule is a rule in `rules list --json`.
type listedRule struct {
	ID         string `json:"id"`
	Provider   string `json:"provider"`
	Title      string `json:"title"`
	Severity   string `json:"severity"`
	Confidence string `json:"confidence"`
	Page       string `json:"page"`
}

func runRulesList(env Env, files []string, asJSON bool) error {
	set, err := rulesHere(env, files)
	if err != nil {
		return err
	}
	list := []listedRule{}
	for _, r := range set.Rules() {
		list = append(list, listedRule{r.ID, r.Provider, r.Title, string(r.Severity), bestConfidence(r).String(), r.Page})
	}
	if asJSON {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tUP TO\tWHAT")
	for _, r := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\n", report.Clean(r.ID), r.Confidence, report.Clean(r.Title))
	}
	return table.Flush()
}

// bestConfidence is the highest confidence that a rule can reach.
func bestConfidence(r *rules.Rule) rules.Confidence {
	best := rules.None
	for _, e := range r.Evidence {
		best = max(best, e.Confidence)
	}
	return best
}

func runRulesExplain(env Env, files []string, id string) error {
	set, err := rulesHere(env, files)
	if err != nil {
		return err
	}
	r := set.Rule(id)
	if r == nil {
		hints := append(didYouMean(id, ruleIDs(set)), "all rules: qleaks rules list")
		return wrongUsage(fmt.Sprintf("there is no rule %q", id), hints...)
	}
	return explain(env.Stdout, r, set.WidthOf(r.ID))
}

func explain(w io.Writer, r *rules.Rule, width int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nprovider %s, severity %s\n\n", r.ID, r.Title, r.Provider, r.Severity)
	fmt.Fprintf(&b, "%s\n\nWhat the value looks like\n", wrap(r.Description, ""))
	for _, line := range describeToken(r.Token) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\nWhat must stand with it, and how sure that makes\n")
	for _, e := range r.Evidence {
		fmt.Fprintf(&b, "  %-6s  %s\n", e.Confidence, e.Name)
	}
	fmt.Fprintf(&b, "  (within %d bytes of the value, or anywhere in a file that mentions it)\n", width)
	fmt.Fprintf(&b, "\nWhat to do about a leaked one\n%s\n", wrap(r.Fix, "  "))
	if len(r.Counterexamples) > 0 {
		fmt.Fprintf(&b, "\nNot reported: %s of the same shape, which the tests of the rule hold\n", plural(len(r.Counterexamples), "example"))
	}
	fmt.Fprintf(&b, "\nTo accept one on its line, in a repository that you trust: qleaks:ignore[%s]\n", r.ID)
	fmt.Fprintf(&b, "The provider's page: %s\n", r.Page)
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, report.Clean(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

func describeToken(t rules.Token) []string {
	var lines []string
	length := fmt.Sprintf("%d to %d characters", t.Min, t.Max)
	if t.Min == t.Max {
		length = plural(t.Min, "character")
	}
	switch {
	case t.Alphabet != "":
		lines = append(lines, fmt.Sprintf("%s of %s", length, t.Alphabet))
	default:
		lines = append(lines, fmt.Sprintf("%s, beside %s", length, strings.Join(t.Keywords, ", ")))
	}
	if t.Public != "" {
		lines = append(lines, fmt.Sprintf("it begins with %s, the same for every key", t.Public))
	}
	if t.Entropy > 0 {
		lines = append(lines, fmt.Sprintf("random: at least %.1f bits of entropy a character", t.Entropy))
	}
	return lines
}

// wrapWidth is how many columns running text takes.
const wrapWidth = 78

// wrap breaks text into lines.
func wrap(text, indent string) string {
	var lines []string
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > wrapWidth && line != indent {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
