package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/paper"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweepreport"
)

const pdfFormat = "pdf"

// reportOptions are the flags of report.
type reportOptions struct {
	Format   string
	Since    string
	Run      int64
	Browser  string
	Output   outputOptions
	Database databaseOptions
	Pack     packOptions
	Talking  talkOptions
}

// packOptions say where an evidence pack goes, and who signs it.
type packOptions struct {
	Evidence string
	SignKey  string
}

func reportFormats() []string { return append(sweepreport.Formats(), pdfFormat) }

func newReportCommand(env Env) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Report what sweeps found, for people and auditors",
		Long: `From the records of sweeps: findings by life and how long keys took to be revoked,
keys and how long nobody used them, decisions with who and why, how far each
repository was read, sweeps, and what was done. No key is in it.

--evidence makes a pack: the report, each list as a table, the proof of coverage,
the verified head of the log of remediation, and what all that shows of CIS IBM
Cloud Foundations 1.2 and 1.3, SOC 2 CC6.1 and ISO 27001 A.5.17, and what not. A
manifest has the SHA-256 of each file; --sign-key signs it with your SSH key.

Exit codes: 0 the report is written · 2 wrong command line · 3 it could not be
written`,
		Example: `  qleaks report -o report.html                      the last 90 days
  qleaks report --since 2026-07-01 --format pdf -o q3.pdf
  qleaks report --run 12 --format json
  qleaks report --evidence audit-2026.zip --sign-key ~/.ssh/id_ed25519
  qleaks report verify audit-2026.zip --signers allowed_signers`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runReport(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Format, "format", "html", "`NAME`: "+strings.Join(reportFormats(), ", ")+"; csv has the findings")
	f.StringVar(&o.Since, "since", "90d", "from this `TIME` on, such as 90d, 12w or 2026-07-01")
	f.Int64Var(&o.Run, "run", 0, "of the one sweep `N`, as qleaks sweep status numbers them")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the report to `FILE`, in one step")
	f.StringVar(&o.Pack.Evidence, "evidence", "", "make an evidence pack: a new `DIR`, or FILE.zip")
	f.StringVar(&o.Pack.SignKey, "sign-key", "", "sign the pack with the SSH key of this `FILE`, by ssh-keygen")
	f.StringVar(&o.Browser, "browser", "", "the Chromium that prints PDF, a `PROGRAM`")
	addDatabaseFlag(cmd, &o.Database)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "format", reportFormats()...)
	cmd.AddCommand(newReportVerifyCommand(env))
	return cmd
}

// since is the begin of the time that a report is about.
func (o reportOptions) since(now time.Time) (time.Time, error) {
	if day, err := time.Parse("2006-01-02", o.Since); err == nil {
		return day, nil
	}
	span, err := parseTime(o.Since)
	if err != nil {
		return now, wrongUsage("--since " + clipped(o.Since) + " is no time such as 90d, 12w or 2026-07-01")
	}
	return now.Add(-span), nil
}

func (o reportOptions) validate() error {
	switch {
	case !slices.Contains(reportFormats(), o.Format):
		return wrongUsage(fmt.Sprintf("--format %q is not one of %s", clipped(o.Format), strings.Join(reportFormats(), ", ")), didYouMean(o.Format, reportFormats())...)
	case o.Pack.Evidence != "" && o.Output.File != "":
		return wrongUsage("--evidence and --output are two things", "the pack has the report in all formats")
	case o.Pack.SignKey != "" && o.Pack.Evidence == "":
		return wrongUsage("--sign-key signs an evidence pack", "--evidence DIR, or FILE.zip")
	case o.Run < 0:
		return wrongUsage("--run is the number of a sweep", "qleaks sweep status lists them")
	}
	return nil
}

func runReport(ctx context.Context, env Env, o reportOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	now := env.Now().UTC()
	p := sweepreport.Period{Made: now, Version: thisVersion().Version, Run: o.Run}
	if p.Since, err = o.since(now); err != nil {
		return err
	}
	if o.Output.File == "-" {
		o.Output.File = ""
	}
	if o.Format == pdfFormat && o.Output.File == "" && o.Pack.Evidence == "" && env.isTerminal(env.Stdout) {
		return wrongUsage("a PDF is not for a terminal", "-o report.pdf")
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	r, err := sweepreport.Gather(ctx, store, p)
	if err = errors.Join(err, store.Close()); err != nil {
		if errors.Is(err, records.ErrNotFound) {
			return wrongUsage(fmt.Sprintf("there is no sweep %d", o.Run), "qleaks sweep status lists them")
		}
		return couldNot("cannot read the records", err)
	}
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	if o.Pack.Evidence != "" {
		return o.Pack.write(ctx, env, say, r)
	}
	return o.write(ctx, env, say, r)
}

func (o reportOptions) write(ctx context.Context, env Env, say messages, r sweepreport.Report) error {
	format := o.Format
	if format == pdfFormat {
		format = "html"
	}
	var text bytes.Buffer
	if err := sweepreport.Write(&text, format, r); err != nil {
		return couldNot("cannot write the report", err)
	}
	page := text.Bytes()
	if o.Format == pdfFormat {
		printed, err := paper.Print(ctx, o.Browser, page)
		if errors.Is(err, paper.ErrNoBrowser) {
			return couldNot("cannot make a PDF", err, "install Chromium or Chrome, or name one with --browser", "or print the page of --format html from any browser: it is made for paper, too")
		}
		if err != nil {
			return couldNot("cannot make a PDF", err)
		}
		page = printed
	}
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	if _, err := out.Write(page); err != nil {
		return errors.Join(couldNot("cannot write the report", err), out.abandon())
	}
	if err := out.finish(); err != nil {
		return err
	}
	for _, cut := range r.Cut {
		say.warning("%s", cut)
	}
	if o.Output.File != "" {
		say.note("the report is in %s", o.Output.File)
	}
	return nil
}
