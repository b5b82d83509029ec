package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The lengths of passwords, in characters and in bytes.
const (
	ShortestPassword = 12
	longestPassword  = 1024
)

// ErrPassword says that a password cannot be taken; the text says why.
var ErrPassword = errors.New("the password cannot be taken")

// What a password costs to try: 19 MiB and two passes, as OWASP's cheat sheet on
// the storage of passwords says.
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashLanes  = 1
	hashSize   = 32
	saltSize   = 16
)

// HashPassword returns what a password is compared with: argon2id in the form that
// all programs write it ("PHC string").
func HashPassword(password string) (string, error) {
	switch {
	case len(password) > longestPassword:
		return "", fmt.Errorf("%w: it is longer than %d bytes", ErrPassword, longestPassword)
	case utf8.RuneCountInString(password) < ShortestPassword:
		return "", fmt.Errorf("%w: it has less than %d characters", ErrPassword, ShortestPassword)
	}
	salt := random(saltSize)
	return written(salt, argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashLanes, hashSize)), nil
}

func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return b
}

// written is the text of what a password is compared with.
func written(salt, sum []byte) string {
	code := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes, code.EncodeToString(salt), code.EncodeToString(sum))
}

// isPassword reports whether a password is the one of which the digest is.
func isPassword(digest, password string) bool {
	parts := strings.Split(digest, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || memory > 1<<20 || passes < 1 || passes > 100 || lanes < 1 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	sum, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(sum) < hashSize || len(sum) > 2*hashSize || len(password) > longestPassword {
		return false
	}
	return subtle.ConstantTimeCompare(sum, argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(sum)))) == 1
}

// hashers is how many passwords are tried at once: each takes its memory.
const hashers = 2

// tries tries passwords, a few at once.
type tries struct {
	places chan struct{}
	// decoy is what passwords of users who do not exist are compared with, so that
	// an answer takes as long for them.
	decoy string
}

// newTries makes a decoy of no password: what is compared with it costs the same.
func newTries() *tries {
	return &tries{places: make(chan struct{}, hashers), decoy: written(random(saltSize), random(hashSize))}
}

// matches waits for its turn, and compares. A digest that is "" matches nothing.
func (t *tries) matches(ctx context.Context, digest, password string) (bool, error) {
	select {
	case t.places <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-t.places }()
	if digest == "" {
		isPassword(t.decoy, password)
		return false, nil
	}
	return isPassword(digest, password), nil
}
