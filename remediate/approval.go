package remediate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// ApprovalNamespace is what `ssh-keygen -Y sign -n` is given, so that a signature
// made for something else is none here.
const ApprovalNamespace = "qleaks-remediate"

// approvalLife is how long an approval counts.
const approvalLife = time.Hour

// Approval is a text that says yes to a plan, and its signature in OpenSSH's
// form.
type Approval struct {
	Text, Signature []byte
}

const approvalTitle = "qleaks approval 1"

// ApprovalText is what a second person signs: the plan's hash and the time.
func ApprovalText(p Plan, now time.Time) []byte {
	return fmt.Appendf(nil, "%s\nplan %s\nat %s\n", approvalTitle, p.Hash(), now.UTC().Format(time.RFC3339))
}

// Signers are those who may approve: who they are, and their public keys.
type Signers []Signer

// Signer is one line of an allowed signers file of OpenSSH.
type Signer struct {
	Principals []string
	Key        ssh.PublicKey
	// After and Before bound when the key counts; zero is open.
	After, Before time.Time
}

var errSigners = errors.New("this is no line of allowed signers: principals, options, key type, key")

// ReadSigners reads an allowed signers file as ssh-keygen(1) describes it.
// Certificate authorities are refused.
func ReadSigners(text []byte) (Signers, error) { return SignersFor(text, ApprovalNamespace) }

// SignersFor is ReadSigners for signatures of another namespace.
func SignersFor(text []byte, namespace string) (Signers, error) {
	var all Signers
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		s, err := readSigner(line, namespace)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if s.Key != nil {
			all = append(all, s)
		}
	}
	return all, nil
}

func readSigner(line []byte, namespace string) (Signer, error) {
	principals, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return Signer{}, errSigners
	}
	// What follows has the form of authorized_keys.
	public, _, options, _, err := ssh.ParseAuthorizedKey(bytes.TrimSpace(rest))
	if err != nil {
		return Signer{}, errSigners
	}
	s := Signer{Principals: strings.Split(strings.Trim(string(principals), `"`), ","), Key: public}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "namespaces":
			if !slices.Contains(strings.Split(value, ","), namespace) {
				return Signer{}, nil // a key for something else
			}
		case "valid-after":
			s.After, err = signerTime(value)
		case "valid-before":
			s.Before, err = signerTime(value)
		default:
			return Signer{}, fmt.Errorf("the option %s is not supported", strings.ToLower(name))
		}
		if err != nil {
			return Signer{}, err
		}
	}
	return s, nil
}

// signerTime reads YYYYMMDD[HHMM[SS]][Z]; without Z it is local time.
func signerTime(text string) (time.Time, error) {
	where := time.Local //nolint:gosmopolitan // so says ssh-keygen(1)
	if digits, ok := strings.CutSuffix(text, "Z"); ok {
		text, where = digits, time.UTC
	}
	for _, form := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(form) == len(text) {
			return time.ParseInLocation(form, text, where)
		}
	}
	return time.Time{}, errors.New("a time of validity is not YYYYMMDD[HHMM[SS]][Z]")
}

// ErrApproval says that an approval does not count; the text says why.
var ErrApproval = errors.New("the approval does not count")

// Approver returns who approved a plan: a signer who is not its requester, not
// longer than an hour ago.
func (s Signers) Approver(p Plan, a Approval, now time.Time) (string, error) {
	lines := strings.Split(string(a.Text), "\n")
	if len(lines) != 4 || lines[0] != approvalTitle || lines[3] != "" {
		return "", fmt.Errorf("%w: its text is not that of qleaks remediate approve", ErrApproval)
	}
	at, err := time.Parse(time.RFC3339, strings.TrimPrefix(lines[2], "at "))
	switch {
	case lines[1] != "plan "+p.Hash():
		return "", fmt.Errorf("%w: it is for another plan", ErrApproval)
	case err != nil || !strings.HasPrefix(lines[2], "at "):
		return "", fmt.Errorf("%w: its time cannot be read", ErrApproval)
	case now.Sub(at) > approvalLife:
		return "", fmt.Errorf("%w: it is older than an hour", ErrApproval)
	case at.Sub(now) > skew:
		return "", fmt.Errorf("%w: its time is in the future", ErrApproval)
	}
	signature, err := sshsig.Unarmor(a.Signature)
	if err != nil {
		return "", fmt.Errorf("%w: its signature cannot be read", ErrApproval)
	}
	for _, signer := range s {
		if !signer.counts(now) || !bytes.Equal(signer.Key.Marshal(), signature.PublicKey.Marshal()) {
			continue
		}
		if err := sshsig.Verify(bytes.NewReader(a.Text), signature, signer.Key, signature.HashAlgorithm, ApprovalNamespace); err != nil {
			return "", fmt.Errorf("%w: its signature is wrong", ErrApproval)
		}
		if slices.ContainsFunc(signer.Principals, func(name string) bool { return strings.EqualFold(name, p.Requester) }) {
			return "", fmt.Errorf("%w: it is by the requester of the plan", ErrApproval)
		}
		return signer.Principals[0], nil
	}
	return "", fmt.Errorf("%w: its signer is not one of yours", ErrApproval)
}

func (s Signer) counts(now time.Time) bool {
	return (s.After.IsZero() || !now.Before(s.After)) && (s.Before.IsZero() || now.Before(s.Before))
}

// approved returns who approved a row that needs that, or why nobody did.
func (x *run) approved(p Plan, row Row, approvals []Approval) ([]string, string) {
	if !row.Approval && !matches(x.Policy.Approve, row.Key) {
		return nil, ""
	}
	var names []string
	why := "a second person must approve the plan: qleaks remediate approve"
	for _, a := range approvals {
		name, err := x.Policy.Signers.Approver(p, a, time.Now())
		if err != nil {
			why = err.Error()
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, why
	}
	return names, ""
}
