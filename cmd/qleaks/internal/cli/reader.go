package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/courier"
	"github.com/qleaks/qleaks/scanner/finding"
)

// readerCommand is the command of a process that reads places for one that holds
// credentials.
const readerCommand = "reader"

type readerOptions struct {
	planOptions

	HandOver string
}

func newReaderCommand(env Env) *cobra.Command {
	var o readerOptions
	cmd := &cobra.Command{
		Use:    readerCommand,
		Short:  "Read places for a process of qleaks that holds credentials",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if courier.CheckRecipient(o.HandOver) != nil || env.isTerminal(env.Stdout) {
				return wrongUsage("this command is for qleaks itself", "to find keys: qleaks scan PATH")
			}
			return runReader(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.HandOver, "hand-over", "", "seal what is found to this `RECIPIENT`")
	f.StringArrayVar(&o.Scan, "scan", nil, "read `PATH`; may be repeated")
	f.StringArrayVar(&o.GitHub, "github", nil, "what `FILE` says of a repository counts")
	f.BoolVar(&o.Public, "public", false, "everybody can see what is found")
	f.BoolVar(&o.Private, "private", false, "few can see what is found")
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

// runReader scans as an audit does, and hands over what it found.
func runReader(ctx context.Context, env Env, o readerOptions) error {
	i := &inquiry{audit: audit{env: env, options: auditOptions{Talking: o.Talking}, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}}
	if err := i.scan(ctx, scanOptions{Paths: o.Scan}); err != nil {
		return err
	}
	if err := i.merge(); err != nil {
		return err
	}
	prints, err := fingerprinter(env)
	if err != nil {
		return err
	}
	found := courier.Found{Salt: prints.Salt()}
	all := func(f finding.Finding) (string, bool) { return f.Rule.ID, true }
	if found.Keys, err = i.handed(ctx, i.found, all, o.planOptions, true); err != nil {
		return err
	}
	for n, gap := range i.gaps {
		if n == courier.MaxPlaces {
			break
		}
		found.Gaps = append(found.Gaps, courier.Line(gap))
	}
	if ctx.Err() != nil {
		return exitStatusError(exitInterrupted)
	}
	sealed, err := courier.Seal(o.HandOver, found)
	if err == nil {
		err = courier.WriteFrame(env.Stdout, sealed)
	}
	if err != nil {
		return couldNot("cannot hand over what was found", err)
	}
	return nil
}
