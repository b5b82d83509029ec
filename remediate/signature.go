package remediate

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// ErrSignature says that a signature does not count; the text says why.
var ErrSignature = errors.New("the signature does not count")

// Signed checks a signature that ssh-keygen made of a text, for a namespace. It
// returns the key's fingerprint, and who of the signers it is, "" if it is none of
// them: then the text is what somebody signed, and nobody says who.
func (s Signers) Signed(text, armored []byte, namespace string, at time.Time) (fingerprint, who string, err error) {
	signature, err := sshsig.Unarmor(armored)
	if err != nil {
		return "", "", fmt.Errorf("%w: it cannot be read", ErrSignature)
	}
	if err := sshsig.Verify(bytes.NewReader(text), signature, signature.PublicKey, signature.HashAlgorithm, namespace); err != nil {
		return "", "", fmt.Errorf("%w: it is of another text, or for something else", ErrSignature)
	}
	fingerprint = ssh.FingerprintSHA256(signature.PublicKey)
	for _, signer := range s {
		if bytes.Equal(signer.Key.Marshal(), signature.PublicKey.Marshal()) && signer.counts(at) {
			return fingerprint, signer.Principals[0], nil
		}
	}
	return fingerprint, "", nil
}
