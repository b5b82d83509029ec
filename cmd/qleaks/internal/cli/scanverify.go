package cli

import (
	"context"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/verify"
)

// asker asks providers about what this scan found.
func (r *scanRun) asker() asker {
	return asker{env: r.env, say: r.say, log: r.log, options: r.options.Verifying}
}

// claims are the findings as the plan of questions sees them. What is not shown
// for its low confidence is not asked about either, unless that is wanted.
func (r *scanRun) claims(found, excluded []finding.Finding) []verify.Claim {
	var claims []verify.Claim
	for _, f := range found {
		hidden := f.Confidence < r.settings.Confidence && !r.options.Verifying.also.Low
		claims = append(claims, verify.Claim{Finding: f, Suppressed: hidden || !r.content.keeps(f)})
	}
	for _, f := range excluded {
		claims = append(claims, verify.Claim{Finding: f, Suppressed: true})
	}
	return claims
}

// ask asks providers about the findings, or hands these over to the process that
// does.
func (r *scanRun) ask(ctx context.Context, found, excluded []finding.Finding) error {
	over := r.options.Remedy.HandOver != ""
	switch {
	case over && ctx.Err() != nil:
		return r.handNothing()
	case over:
		return r.handOver(ctx, found, excluded)
	case r.options.Verifying.Verify && ctx.Err() == nil:
		return r.verify(ctx, found, excluded)
	}
	return nil
}

// verify asks providers about the findings, and gives these the answers. It
// comes before the ignores are applied: a key that works is never ignored.
func (r *scanRun) verify(ctx context.Context, found, excluded []finding.Finding) error {
	asker := r.asker()
	out, err := asker.ask(ctx, asker.plan(r.claims(found, excluded)))
	if err != nil {
		return err
	}
	verify.Apply(found, out.Checks)
	verify.Apply(excluded, out.Checks)
	asker.advise(found)
	return nil
}

// unanswered reports whether a key was to be verified and is not.
func unanswered(result finding.Result) bool {
	for _, f := range result.Findings {
		if f.Unanswered() {
			return true
		}
	}
	for _, s := range result.Suppressed {
		if s.Finding.Unanswered() {
			return true
		}
	}
	return false
}
