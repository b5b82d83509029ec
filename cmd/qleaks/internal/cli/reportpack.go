package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/evidence"
	"github.com/qleaks/qleaks/internal/sweepreport"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
	"github.com/qleaks/qleaks/scanner/report"
)

// write makes an evidence pack.
func (o packOptions) write(ctx context.Context, env Env, say messages, r sweepreport.Report) error {
	files, err := evidence.Documents(r)
	if err != nil {
		return couldNot("cannot make the pack", err)
	}
	m := evidence.Manifest{Made: r.Made, Version: r.Version, Since: r.Since}
	if m.AuditLog, err = verifiedHead(env); err != nil {
		return err
	}
	text, err := evidence.Seal(m, files)
	if err != nil {
		return couldNot("cannot make the pack", err)
	}
	files[evidence.ManifestName] = text
	if o.SignKey != "" {
		if files[evidence.SignatureName], err = signText(ctx, env, text, evidence.Namespace, o.SignKey); err != nil {
			return err
		}
	}
	if err := evidence.Write(o.Evidence, files, r.Made); err != nil {
		return couldNot("cannot write the pack "+o.Evidence, rootCause(err))
	}
	say.note("the pack is in %s: %s", o.Evidence, plural(int64(len(files)), "file"))
	if o.SignKey == "" {
		say.warning("it is not signed: whoever has it could change it")
		say.hint("--sign-key ~/.ssh/id_ed25519 signs the manifest")
	}
	for _, c := range r.Checked() {
		if _, err := fmt.Fprintf(env.Stdout, "%s %s: %s\n", c.Standard, c.ID, c.Result); err != nil {
			return couldNot("cannot write", err)
		}
	}
	return nil
}

// verifiedHead is the head of the log of remediation. A log that was changed makes
// no pack.
func verifiedHead(env Env) (string, error) {
	r, err := newRemedy(env, remedyOptions{})
	if err != nil {
		return "", err
	}
	_, log, err := r.place()
	if err != nil {
		return "", err
	}
	f, err := os.Open(filepath.Join(log.Dir, "audit.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no log of remediation on the machine that made this pack", nil
	}
	if err != nil {
		return "", couldNot("cannot read the log of remediation", rootCause(err))
	}
	defer f.Close()
	at, err := auditlog.Verify(f, head.Head{})
	if err != nil {
		return "", couldNot("the log of remediation is not what was written", err, "docs/journal.md says what to do")
	}
	return at.String(), nil
}

// signText has ssh-keygen sign a text, with a key, an agent or a token of the
// operator's.
func signText(ctx context.Context, env Env, text []byte, namespace, key string) (signature []byte, err error) {
	dir, err := os.MkdirTemp("", "qleaks-sign-")
	if err != nil {
		return nil, couldNot("cannot sign", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := filepath.Join(dir, "text")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return nil, couldNot("cannot sign", rootCause(err))
	}
	program := exec.CommandContext(ctx, "ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key, name)
	program.Stdin, program.Stderr = env.Stdin, env.Stderr
	if err := program.Run(); err != nil {
		return nil, couldNot("cannot sign the pack", errors.New("ssh-keygen failed"), "--sign-key is the file of an SSH key, private, or public if an agent has the other half")
	}
	if signature, err = os.ReadFile(name + ".sig"); err != nil {
		return nil, couldNot("cannot sign the pack", rootCause(err))
	}
	return signature, nil
}

func newReportVerifyCommand(env Env) *cobra.Command {
	var signers string
	cmd := &cobra.Command{
		Use:   "verify PACK",
		Short: "Check that an evidence pack is what was signed",
		Long: `Each file is held to the manifest, and the manifest to its signature. --signers
says who may sign, see ssh-keygen(1); without it the key is told, and nobody says
whose it is.

Exit codes: 0 it is whole, and signed · 1 it was changed, or the signature does not
count · 2 wrong command line · 3 it cannot be read · 4 it is whole, and nobody
vouches for its signature`,
		Example: `  qleaks report verify audit-2026.zip --signers allowed_signers
  qleaks report verify audit-2026/`,
		Args: oneArgument("PACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runReportVerify(env, args[0], signers)
		},
	}
	cmd.Flags().StringVar(&signers, "signers", "", "the `FILE` of allowed signers")
	return cmd
}

func runReportVerify(env Env, name, signersFile string) error {
	var signers remediate.Signers
	if signersFile != "" {
		text, err := os.ReadFile(signersFile)
		if err != nil {
			return couldNot("cannot read the signers", rootCause(err))
		}
		if signers, err = remediate.SignersFor(text, evidence.Namespace); err != nil {
			return wrongUsage(signersFile+": "+err.Error(), "the form is that of allowed signers in ssh-keygen(1)")
		}
	}
	c, err := evidence.Check(name)
	if err != nil {
		return couldNot("cannot check "+name, rootCause(err))
	}
	var b strings.Builder
	for _, s := range []struct {
		words string
		names []string
	}{{"changed", c.Changed}, {"missing", c.Missing}, {"not in the manifest", c.Added}} {
		for _, file := range s.names {
			fmt.Fprintf(&b, "%s: %s\n", s.words, report.Clean(file))
		}
	}
	code := exitClean
	if !c.Whole() {
		code = exitFindings
	} else {
		fmt.Fprintf(&b, "%s, each as the manifest of %s says\n", plural(int64(len(c.Manifest.Files)), "document"), minute(c.Manifest.Made))
	}
	words, signed := signedBy(c, signers)
	b.WriteString(words + "\n")
	if code == exitClean {
		code = signed
	}
	if _, err := fmt.Fprint(env.Stdout, b.String()); err != nil {
		return couldNot("cannot write", err)
	}
	if code != exitClean {
		return exitStatusError(code)
	}
	return nil
}

// signedBy says who signed a pack, and the exit code for that.
func signedBy(c evidence.Checked, signers remediate.Signers) (string, int) {
	if c.Signature == nil {
		return "not signed: whoever had the pack could have changed it with its manifest", exitIncomplete
	}
	fingerprint, who, err := signers.Signed(c.Text, c.Signature, evidence.Namespace, c.Manifest.Made)
	switch {
	case err != nil:
		return err.Error(), exitFindings
	case who == "" && len(signers) > 0:
		return "signed with " + fingerprint + ", which is not among the signers", exitFindings
	case who == "":
		return "signed with " + fingerprint + "; --signers FILE says whose key that is", exitIncomplete
	}
	return "signed by " + report.Clean(who) + ", with " + fingerprint, exitClean
}
