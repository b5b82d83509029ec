package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

func newRulesCheckCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check rules of your own, and try their examples",
		Long: `FILE is ".qleaks.toml" by default. Its rules must be valid; each example, with
a key that is made for the occasion, must be found with the confidence that it
says, and no counterexample may be reported.

Exit codes: 0 all is well, 1 an example is not as it says, 2 the file is not valid.`,
		Example: "  qleaks rules check\n  qleaks rules check acme.toml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := configName
			if len(args) > 0 {
				file = args[0]
			}
			return runRulesCheck(cmd.Context(), env, file)
		},
	}
}

func runRulesCheck(ctx context.Context, env Env, file string) error {
	list, err := readRules(file)
	if err != nil {
		return err
	}
	set, err := rules.With(list)
	if err != nil {
		return &problem{code: exitUsage, message: "the rules do not go together", err: err}
	}
	var out strings.Builder
	wrong := 0
	for _, r := range list {
		faults := tryRule(ctx, set, r)
		wrong += len(faults)
		fmt.Fprintf(&out, "%s: %s, %s\n", r.ID, plural(len(r.Examples), "example"), plural(len(r.Counterexamples), "counterexample"))
		for _, fault := range faults {
			fmt.Fprintf(&out, "  wrong: %s\n", report.Clean(fault))
		}
		for _, advice := range lint(r) {
			fmt.Fprintf(&out, "  advice: %s\n", advice)
		}
	}
	if _, err := fmt.Fprint(env.Stdout, out.String()); err != nil {
		return err
	}
	if wrong > 0 {
		return exitStatusError(exitFindings)
	}
	return nil
}

// tryRule says which examples of a rule are not as they should be.
func tryRule(ctx context.Context, set *rules.Set, r *rules.Rule) []string {
	var faults []string
	for i, e := range r.Examples {
		want := e.Confidence
		if want == rules.None {
			want = rules.High
		}
		if best := surest(ctx, set, r, e, uint64(i)); best < want {
			faults = append(faults, fmt.Sprintf("example %d (%s) is found with confidence %s, not %s", i+1, e.Path, best, want))
		}
	}
	for i, e := range r.Counterexamples {
		if best := surest(ctx, set, r, e, uint64(i)); best >= rules.Medium {
			faults = append(faults, fmt.Sprintf("counterexample %d (%s) is reported with confidence %s", i+1, e.Path, best))
		}
	}
	return faults
}

// surest is the highest confidence with which a rule reports an example.
func surest(ctx context.Context, set *rules.Set, r *rules.Rule, e rules.Example, seed uint64) rules.Confidence {
	v := sample.NewValues(seed)
	key := sample.Key(r, v)
	text := sample.Expand(e.Text, key, v)
	s := scanner.Scanner{Inspector: &inspect.Inspector{Rules: set}, Jobs: 1}
	best := rules.None
	for f, err := range finding.Merge(s.Scan(ctx, source.Reader{Name: e.Path, R: bytes.NewReader([]byte(text))})) {
		own := !strings.Contains(e.Text, "{{KEY}}") || f.Secret.Equal(secret.New([]byte(key)))
		if err == nil && f.Rule.ID == r.ID && own {
			best = max(best, f.Confidence)
		}
	}
	return best
}

// shortKeyword is the length below which keywords stand in too much text.
const shortKeyword = 4

// lint says what is allowed and unwise.
func lint(r *rules.Rule) []string {
	var advice []string
	if len(r.Examples) == 0 {
		advice = append(advice, "an [[rule.example]] would prove that it finds something")
	}
	if len(r.Counterexamples) == 0 {
		advice = append(advice, "a [[rule.counterexample]] would prove that it leaves something alone")
	}
	for _, k := range r.Token.Keywords {
		if len(k) < shortKeyword {
			advice = append(advice, fmt.Sprintf("the keyword %q is short: longer ones are rarer, and make scans faster", k))
		}
	}
	if r.Token.Entropy == 0 && len(r.Token.Needs) == 0 {
		advice = append(advice, "entropy or needs would tell values from words")
	}
	return advice
}
