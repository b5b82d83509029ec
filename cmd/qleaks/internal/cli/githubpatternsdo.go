package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/scanner/report"
)

// typedPattern is a pattern with the names that GitHub's API has for its fields.
type typedPattern struct {
	Name         string   `json:"name"`
	Pattern      string   `json:"pattern"`
	Start        string   `json:"start_delimiter"`
	End          string   `json:"end_delimiter"`
	MustMatch    []string `json:"must_match"`
	MustNotMatch []string `json:"must_not_match"`
}

func runPatternsShow(_ context.Context, p *patterns) error {
	if p.options.Of != "" {
		return p.compare()
	}
	if p.options.JSON {
		var body struct {
			Patterns []typedPattern `json:"patterns"`
		}
		for _, w := range p.wanted {
			body.Patterns = append(body.Patterns, typedPattern{w.Name, w.Format, w.Before, w.After, append([]string{}, w.MustMatch...), append([]string{}, w.MustNotMatch...)})
		}
		return writeIndented(p.env.Stdout, body)
	}
	var b strings.Builder
	for _, w := range p.wanted {
		fmt.Fprintf(&b, "%s\n  Secret format   %s\n  Before secret   %s\n  After secret    %s\n", w.Name, w.Format, w.Before, w.After)
		for _, e := range w.MustMatch {
			fmt.Fprintf(&b, "  Must match      %s\n", e)
		}
		for _, e := range w.MustNotMatch {
			fmt.Fprintf(&b, "  Must not match  %s\n", e)
		}
		b.WriteString("\n")
	}
	if _, err := fmt.Fprint(p.env.Stdout, b.String()); err != nil {
		return fmt.Errorf("write the patterns: %w", err)
	}
	p.say.hint("type them on GitHub's page under Settings, Advanced Security, Custom patterns; or: qleaks github patterns apply OWNER")
	return nil
}

// compare says how GitHub's patterns differ from ours.
func (p *patterns) compare() error {
	var b strings.Builder
	pushes, unpublished := 0, 0
	for _, h := range p.here {
		if h.PushProtection {
			pushes++
		}
		if !h.Published {
			unpublished++
		}
	}
	fmt.Fprintf(&b, "%s: %d of %s are there, %d of these stop pushes\n", p.options.Of, len(p.wanted)-len(p.missing), plural(len(p.wanted), "pattern"), pushes)
	for _, m := range p.missing {
		fmt.Fprintf(&b, "  missing      %s\n", m.Name)
	}
	for _, d := range p.wrong {
		fmt.Fprintf(&b, "  differs      %s\n", report.Clean(d.there.Name))
	}
	for _, h := range p.here {
		switch {
		case p.old(h):
			fmt.Fprintf(&b, "  of no rule   %s\n", report.Clean(h.Name))
		case !h.Published:
			fmt.Fprintf(&b, "  unpublished  %s\n", report.Clean(h.Name))
		}
	}
	if _, err := fmt.Fprint(p.env.Stdout, b.String()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	if unpublished > 0 {
		p.say.hint("GitHub looks for a pattern once it is published, on its page: Settings, Advanced Security, Custom patterns")
	}
	if len(p.missing)+len(p.wrong) > 0 {
		p.say.hint("to make it so: qleaks github patterns apply %s", p.options.Of)
		return exitStatusError(exitFindings)
	}
	return nil
}

// old reports whether a pattern was made of a rule, or of evidence, that there is
// no more.
func (p *patterns) old(there github.CustomPattern) bool {
	return !slices.ContainsFunc(p.wanted, func(w github.CustomPattern) bool { return w.Name == there.Name })
}

func runPatternsApply(ctx context.Context, p *patterns) error {
	var plan []string
	for _, m := range p.missing {
		plan = append(plan, "make    "+m.Name)
	}
	for _, d := range p.wrong {
		plan = append(plan, "change  "+report.Clean(d.there.Name))
	}
	if p.options.Push {
		plan = append(plan, "stop pushes to "+p.scope.Owner+" that hold what they find")
	}
	if len(plan) == 0 {
		p.say.note("%s has all of them already", p.options.Of)
		return nil
	}
	if ok, err := p.agreed(plan); err != nil || !ok {
		return err
	}
	if len(p.missing) > 0 {
		if err := p.client.AddPatterns(ctx, p.scope, p.missing); err != nil {
			return p.failed(ctx, "GitHub did not make the patterns", err)
		}
	}
	for _, d := range p.wrong {
		if err := p.client.ChangePattern(ctx, p.scope, d.there, d.wanted); err != nil {
			return p.failed(ctx, "GitHub did not change the pattern "+d.there.Name, err)
		}
	}
	p.say.note("%s: %d made, %d changed", p.options.Of, len(p.missing), len(p.wrong))
	if p.options.Push {
		if err := p.client.ProtectPushes(ctx, p.scope.Owner, p.wanted); err != nil {
			return p.failed(ctx, "pushes are not stopped for all patterns", err)
		}
		p.say.note("pushes that hold what they find are stopped where GitHub has push protection")
	} else {
		p.say.hint("GitHub tells first what a pattern finds; to stop pushes: --push-protection, or for one repository on GitHub's page")
	}
	return nil
}

func runPatternsRemove(ctx context.Context, p *patterns) error {
	var plan []string
	for _, h := range p.here {
		plan = append(plan, "remove  "+report.Clean(h.Name))
	}
	if len(plan) == 0 {
		p.say.note("%s has no pattern that qleaks made", p.options.Of)
		return nil
	}
	if ok, err := p.agreed(plan); err != nil || !ok {
		return err
	}
	if err := p.client.RemovePatterns(ctx, p.scope, p.here); err != nil {
		return p.failed(ctx, "GitHub did not remove the patterns", err)
	}
	p.say.note("%s: %d removed; their alerts are resolved, not deleted", p.options.Of, len(p.here))
	return nil
}

// agreed shows what would be done, and asks.
func (p *patterns) agreed(plan []string) (bool, error) {
	if _, err := fmt.Fprintf(p.env.Stdout, "%s\n", strings.Join(plan, "\n")); err != nil {
		return false, fmt.Errorf("write the plan: %w", err)
	}
	if p.options.Yes {
		return true, nil
	}
	if !p.env.isTerminal(p.env.Stdin) || !p.env.isTerminal(p.env.Stderr) {
		p.say.hint("nothing was done; to do it: --yes")
		return false, nil
	}
	yes, err := askYes(p.env, "do this at "+p.options.Of+"?")
	if err != nil {
		return false, couldNot("cannot ask", err)
	}
	return yes, nil
}

func (p *patterns) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	hints := patternHints()
	if _, ok := errors.AsType[*github.PatternError](err); ok || errors.Is(err, github.ErrNoSetting) {
		hints = []string{"what is there now: qleaks github patterns show " + p.options.Of}
	}
	return couldNot(what, err, hints...)
}
