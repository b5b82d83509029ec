package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/textpage"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
)

// standingText is one rotation in a line.
func standingText(s remediate.Standing) string {
	if s.State == remediate.StateAbandoned && s.Row.Order != remediate.Lend {
		return s.Row.Key.Called() + ": undone, the old key is as it was"
	}
	text := fmt.Sprintf("%s: %s, %d of %d steps", s.Row.Key.Called(), s.State, s.Done, len(s.Row.Steps))
	if s.Why != "" && s.State != remediate.StateDone && s.State != remediate.StateAbandoned {
		text += "; " + s.Why
	}
	return text
}

func newRemediateStatusCommand(env Env) *cobra.Command {
	var o remedyOptions
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell where every rotation stands",
		Long: `Exit codes:
  0  nothing is open
  5  something is: qleaks remediate resume goes on
  3  a journal could not be read`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return runRemediateStatus(env, o, all, asJSON) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what is done")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

func runRemediateStatus(env Env, o remedyOptions, all, asJSON bool) error {
	r, err := newRemedy(env, o)
	if err != nil {
		return err
	}
	journals, err := r.journals()
	if err != nil {
		return err
	}
	page := textpage.New(0, false)
	open, shown := 0, []remediate.Standing{}
	var failed error
	for _, k := range journals {
		if k.err != nil {
			failed = errors.Join(failed, k.err)
			continue
		}
		for _, s := range k.standings {
			live := s.State != remediate.StateDone && s.State != remediate.StateAbandoned
			if live {
				open++
			}
			if !live && !all {
				continue
			}
			shown = append(shown, s)
			page.Wrapped(textpage.Plain, s.Row.ID+"  ", standingText(s))
			if s.Next >= 0 && live {
				page.Wrapped(textpage.Plain, "    next  ", s.Row.Steps[s.Next].Text)
			}
		}
	}
	switch {
	case len(shown) > 0:
	case failed != nil:
		page.Line(textpage.Plain, "Of what could be read nothing waits; not every journal could be.")
	default:
		page.Line(textpage.Plain, "Nothing is open.")
	}
	text := page.Bytes()
	if asJSON {
		if text, err = json.MarshalIndent(shown, "", "  "); err != nil {
			return err
		}
		text = append(text, '\n')
	}
	if _, err := env.Stdout.Write(text); err != nil {
		return err
	}
	switch {
	case failed != nil:
		return brokenJournals(journals, failed)
	case open > 0:
		return exitStatusError(exitPartly)
	}
	return nil
}

func newRemediateCheckCommand(env Env) *cobra.Command {
	var o remedyOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify the journals, the sealed values and the audit log",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			r, err := newRemedy(env, o)
			if err != nil {
				return err
			}
			return r.check()
		},
	}
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

func (r *remedy) check() error {
	journals, err := r.journals()
	if err != nil {
		return err
	}
	page := textpage.New(0, false)
	var failed error
	for _, k := range journals {
		switch v := k.view; {
		case k.err != nil:
			failed = errors.Join(failed, k.err)
			page.Wrapped(textpage.Plain, whose(k)+"  ", "refused: "+k.err.Error())
		case len(v.Missing) > 0:
			failed = errors.Join(failed, fmt.Errorf("%s: %d sealed values are missing", k.account, len(v.Missing)))
			page.Wrapped(textpage.Plain, k.account.String()+"  ", fmt.Sprintf("%d sealed values that are still needed are missing", len(v.Missing)))
		default:
			page.Wrapped(textpage.Plain, k.account.String()+"  ", fmt.Sprintf("whole: %d records, head %s", v.Head.Sequence, v.Head))
		}
	}
	if len(journals) == 0 {
		page.Line(textpage.Plain, "There is no journal yet.")
	}
	if _, err := r.env.Stdout.Write(page.Bytes()); err != nil {
		return err
	}
	if failed != nil {
		return couldNot("not everything is whole", failed, brokenHints(journals)...)
	}
	return nil
}

func newRemediateApproveCommand(env Env) *cobra.Command {
	var with, output string
	cmd := &cobra.Command{
		Use:   "approve PLAN",
		Short: "Approve somebody else's plan, with your SSH key",
		Long: `The plan is shown, and a text with its hash and the time is written. With --key it
is signed by ssh-keygen; otherwise sign it yourself. It counts for an hour, and
only if your public key stands among the approvers of whoever applies the plan:
  [remediate]
  approvers = "approvers"     a file of allowed signers, see ssh-keygen(1)
  keys = { approve = ["*prod*"] }`,
		Example: `  qleaks remediate approve plan.json --key ~/.ssh/id_ed25519 -o approval.txt`,
		Args:    oneArgument("the file of a plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runApprove(cmd.Context(), env, args[0], with, output)
		},
	}
	cmd.Flags().StringVar(&with, "key", "", "sign with the SSH key of this `FILE`")
	cmd.Flags().StringVarP(&output, "output", "o", "approval.txt", "write the text to `FILE`, and its signature beside it")
	return cmd
}

func runApprove(ctx context.Context, env Env, name, with, output string) error {
	plan, err := readPlan(name)
	if err != nil {
		return err
	}
	if err := plan.Text(env.Stdout, remediate.TextOptions{}); err != nil {
		return err
	}
	say := messages{w: env.Stderr}
	if err := os.WriteFile(output, remediate.ApprovalText(plan, env.Now()), 0o600); err != nil {
		return couldNot("cannot write the approval", rootCause(err))
	}
	sign := "ssh-keygen -Y sign -n " + remediate.ApprovalNamespace + " -f "
	if with == "" {
		say.note("the text is in %s, and not signed yet", output)
		say.hint("%s", sign+"KEY "+output)
		return nil
	}
	if err := os.Remove(output + ".sig"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return couldNot("cannot replace the signature", rootCause(err))
	}
	program := exec.CommandContext(ctx, "ssh-keygen", "-q", "-Y", "sign", "-n", remediate.ApprovalNamespace, "-f", with, output)
	program.Stdin, program.Stderr = env.Stdin, env.Stderr
	if err := program.Run(); err != nil {
		return couldNot("cannot sign the approval", errors.New("ssh-keygen failed"), "sign it by hand: "+sign+"KEY "+output)
	}
	say.note("signed: %s and %s.sig", output, output)
	say.hint("within an hour: qleaks remediate apply %s --approval %s", shellWord(name), shellWord(output))
	return nil
}

func newAuditVerifyLogCommand(env Env) *cobra.Command {
	var known string
	cmd := &cobra.Command{
		Use:   "verify-log [FILE]",
		Short: "Verify that nothing was cut off or changed in the log of remediation",
		Long: `Each line of the log holds the digest of the line before. With --head, which every
run tells at its end, it shows as well whether lines were cut off.`,
		Example: `  qleaks audit verify-log
  qleaks audit verify-log --head CHAIN:42:DIGEST`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := newRemedy(env, remedyOptions{})
			if err != nil {
				return err
			}
			_, log, err := r.place()
			if err != nil {
				return err
			}
			name := filepath.Join(log.Dir, "audit.jsonl")
			if len(args) == 1 {
				name = args[0]
			}
			return runVerifyLog(env.Stdout, name, known)
		},
	}
	cmd.Flags().StringVar(&known, "head", "", "the `HEAD` that was kept: CHAIN:NUMBER:DIGEST")
	return cmd
}

func runVerifyLog(out io.Writer, name, known string) error {
	var kept head.Head
	if known != "" {
		var err error
		if kept, err = head.Parse(known); err != nil {
			return wrongUsage("--head: " + err.Error())
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return couldNot("cannot read the log", rootCause(err))
	}
	defer f.Close()
	now, err := auditlog.Verify(f, kept)
	if err != nil {
		return couldNot("the log is not what was written", err, "docs/journal.md says what to do")
	}
	_, err = fmt.Fprintf(out, "The log is whole: %d lines, head %s\n", now.Sequence, now)
	return err
}
