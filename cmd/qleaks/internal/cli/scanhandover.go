package cli

import (
	"context"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/courier"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/verify"
)

// handOver is scan --remediate in the process that reads: it hands over what it
// found, and gets to know what became of it. It holds no credential.
func (r *scanRun) handOver(ctx context.Context, found, excluded []finding.Finding) error {
	asker := r.asker()
	plan := asker.plan(r.claims(found, excluded))
	rules := map[secret.Fingerprint]string{}
	for _, q := range plan.Questions {
		rules[q.Fingerprint] = q.Rule
	}
	i := &inquiry{audit: audit{env: r.env, say: r.say, repositories: r.repositories()}}
	options := planOptions{Public: r.options.Remedy.Public, Private: r.options.Remedy.Private}
	prints, err := fingerprinter(r.env)
	if err != nil {
		return err
	}
	keys, err := i.handed(ctx, found, func(f finding.Finding) (string, bool) { rule, ok := rules[f.Fingerprint]; return rule, ok }, options, false)
	if err != nil {
		return err
	}
	sealed, err := courier.Seal(r.options.Remedy.HandOver, courier.Found{Salt: prints.Salt(), Keys: keys})
	if err == nil {
		err = courier.WriteFrame(r.env.Stdout, sealed)
	}
	if err != nil {
		return couldNot("cannot hand over what was found", err)
	}
	if err := r.hear(keys, plan, found, excluded); err != nil {
		return couldNot("nobody told what became of the keys", err)
	}
	asker.advise(found)
	return nil
}

// hear takes what providers said, and what became of the keys, into the findings.
func (r *scanRun) hear(keys []courier.Key, plan verify.Plan, found, excluded []finding.Finding) error {
	said, err := courier.ReadChecks(r.env.Stdin, keys)
	if err != nil {
		return err
	}
	checks := plan.Withheld
	for _, c := range said {
		checks[c.Fingerprint] = &finding.Check{Provider: c.Provider, Account: c.Account, Withheld: c.Withheld, Verdict: c.Verdict, Known: c.Known}
	}
	outcome, err := courier.ReadOutcome(r.env.Stdin)
	if err != nil {
		return err
	}
	for _, b := range outcome.Keys {
		if c := checks[b.Fingerprint]; c != nil && b.State == string(remediate.StateDone) {
			c.Verdict.Status, c.Verdict.Reason = key.Inactive, "it worked, and was revoked just now: its provider refuses it, asked twice"
		}
	}
	verify.Apply(found, checks)
	verify.Apply(excluded, checks)
	r.options.Remedy.outcome = &outcome
	return nil
}

// handNothing tells whoever waits for a message that there is none.
func (r *scanRun) handNothing() error { return courier.WriteFrame(r.env.Stdout, nil) }

func (r *scanRun) repositories() []*gitsource.Repository {
	var list []*gitsource.Repository
	for _, t := range r.targets {
		if t.repository != nil {
			list = append(list, t.repository)
		}
	}
	return list
}
