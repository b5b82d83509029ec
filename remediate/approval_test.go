package remediate_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/qleaks/qleaks/remediate"
)

type signer struct {
	ssh.Signer

	line string
}

func newSigner(t *testing.T, principals string) signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer{s, principals + " " + string(ssh.MarshalAuthorizedKey(s.PublicKey()))}
}

func (s signer) sign(t *testing.T, text []byte, namespace string) remediate.Approval {
	t.Helper()
	signature, err := sshsig.Sign(bytes.NewReader(text), s, sshsig.HashSHA512, namespace)
	if err != nil {
		t.Fatal(err)
	}
	return remediate.Approval{Text: text, Signature: sshsig.Armor(signature)}
}

func TestOnlyAnotherPersonApprovesAndOnlyThisPlan(t *testing.T) {
	plan, now := somePlan(), time.Now()
	ada, grace, eve := newSigner(t, "ada@lab,ada"), newSigner(t, "Grace"), newSigner(t, "eve")
	text := remediate.ApprovalText(plan, now)
	other := plan
	other.Requester = "somebody else"
	signers, err := remediate.ReadSigners([]byte("# who may\n\n" + ada.line + grace.line))
	if err != nil {
		t.Fatal(err)
	}
	if name, err := signers.Approver(plan, ada.sign(t, text, remediate.ApprovalNamespace), now.Add(59*time.Minute)); err != nil || name != "ada@lab" {
		t.Errorf("%q, %v", name, err)
	}
	good := ada.sign(t, text, remediate.ApprovalNamespace)
	for name, c := range map[string]struct {
		approval remediate.Approval
		at       time.Time
	}{
		"the requester":      {grace.sign(t, text, remediate.ApprovalNamespace), now},
		"a stranger":         {eve.sign(t, text, remediate.ApprovalNamespace), now},
		"another namespace":  {ada.sign(t, text, "git"), now},
		"another plan":       {ada.sign(t, remediate.ApprovalText(other, now), remediate.ApprovalNamespace), now},
		"an hour later":      {good, now.Add(61 * time.Minute)},
		"from the future":    {good, now.Add(-6 * time.Minute)},
		"another text":       {remediate.Approval{Text: remediate.ApprovalText(plan, now.Add(time.Second)), Signature: good.Signature}, now},
		"something appended": {ada.sign(t, append(bytes.Clone(text), "more\n"...), remediate.ApprovalNamespace), now},
		"no signature":       {remediate.Approval{Text: text}, now},
		"no text":            {remediate.Approval{Signature: good.Signature}, now},
	} {
		if _, err := signers.Approver(plan, c.approval, c.at); !errors.Is(err, remediate.ErrApproval) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAllowedSignersAreReadAsOpenSSHReadsThem(t *testing.T) {
	plan, now := somePlan(), time.Now()
	ada := newSigner(t, "ada")
	approval := ada.sign(t, remediate.ApprovalText(plan, now), remediate.ApprovalNamespace)
	rest := strings.TrimPrefix(ada.line, "ada ")
	for options, counts := range map[string]bool{
		"":                                   true,
		`namespaces="git" `:                  false,
		`namespaces="git,qleaks-remediate" `: true,
		`valid-before="20200101Z" `:          false,
		`valid-after="20200101" `:            true,
		`valid-after="209901010000Z" `:       false,
	} {
		signers, err := remediate.ReadSigners([]byte("ada " + options + rest))
		if err != nil {
			t.Errorf("%s: %v", options, err)
		}
		if _, err := signers.Approver(plan, approval, now); (err == nil) != counts {
			t.Errorf("%s: %v", options, err)
		}
	}
	for _, bad := range []string{"ada", "ada nonsense", "ada cert-authority " + rest, `ada valid-before="soon" ` + rest} {
		if _, err := remediate.ReadSigners([]byte(bad)); err == nil {
			t.Errorf("%.30q is taken", bad)
		}
	}
}

// TestSSHKeygenSignsApprovals needs OpenSSH. Where QLEAKS_REQUIRE names
// sshkeygen its absence fails the test, elsewhere it is skipped.
func TestSSHKeygenSignsApprovals(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "sshkeygen") {
			t.Fatal("QLEAKS_REQUIRE names sshkeygen, and there is no ssh-keygen")
		}
		t.Skip("there is no ssh-keygen; QLEAKS_REQUIRE=sshkeygen demands it")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "ssh-keygen", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
		}
	}
	plan, now := somePlan(), time.Now()
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		run("-q", "-t", kind, "-N", "", "-f", kind)
		text := remediate.ApprovalText(plan, now)
		name := filepath.Join(dir, kind+".txt")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		run("-q", "-Y", "sign", "-n", remediate.ApprovalNamespace, "-f", kind, name)
		public, err := os.ReadFile(filepath.Join(dir, kind+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := os.ReadFile(name + ".sig")
		if err != nil {
			t.Fatal(err)
		}
		signers, err := remediate.ReadSigners(fmt.Appendf(nil, "ada %s", public))
		if err != nil {
			t.Fatal(err)
		}
		if who, err := signers.Approver(plan, remediate.Approval{Text: text, Signature: signature}, now); err != nil || who != "ada" {
			t.Errorf("%s: %q, %v", kind, who, err)
		}
	}
}

func TestARowThatNeedsAnApprovalWaitsForIt(t *testing.T) {
	inWorld(t, "ibm", "break first", func(w *world) {
		ada := newSigner(w.t, "ada")
		signers, err := remediate.ReadSigners([]byte(ada.line))
		if err != nil {
			w.t.Fatal(err)
		}
		m := w.machine()
		m.Policy.Approve, m.Policy.Signers = []string{"lap*"}, signers
		c := remediate.Consent{Hash: w.plan.Hash(), Account: "lab"}
		result, err := m.Apply(w.t.Context(), w.plan, c)
		if err != nil || len(result.Refused) != 1 || !w.works(w.old) {
			w.t.Fatalf("%v %v", short(result), err)
		}
		c.Approvals = []remediate.Approval{ada.sign(w.t, remediate.ApprovalText(w.plan, time.Now()), remediate.ApprovalNamespace)}
		result, err = m.Apply(w.t.Context(), w.plan, c)
		w.done("approved", result, err)
	})
}
