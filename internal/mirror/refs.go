package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/httpx"
)

// What a list of refs may be, in bytes: a million refs, each with a name.
const (
	maxRefs = 256 << 20
	maxLine = 65516 // the longest line of the protocol
)

// Refs asks which refs a repository has, and where they lead, and returns a word
// that changes when one of them does. It costs one request, and brings nothing
// here. Refs of pull requests are among them, so that it changes with their
// commits, too.
func Refs(ctx context.Context, open Opener) (string, error) {
	answer, err := open(ctx, httpx.Request{
		Method: http.MethodGet, Path: []string{"info", "refs"}, Query: url.Values{"service": {"git-upload-pack"}}, Limit: maxRefs,
	})
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	switch {
	case answer.Status >= 300 && answer.Status < 400:
		return "", httpx.ErrRedirected
	case answer.Status != http.StatusOK:
		return "", &StatusError{answer.Status, answer.RetryAfter}
	case answer.Type != "application/x-git-upload-pack-advertisement":
		return "", ErrNoRepository
	}
	return digestOfRefs(answer.Body)
}

// digestOfRefs reads what a server tells of its refs: the name of the service, a
// pause, a line for each ref, a pause. What the server says of itself comes behind
// the first ref and a NUL, and changes with every server that answers.
func digestOfRefs(from io.Reader) (string, error) {
	h := sha256.New()
	for pauses := 0; pauses < 2; {
		line, pause, err := packet(from)
		if err != nil {
			return "", err
		}
		switch {
		case pause:
			pauses++
		case strings.HasPrefix(line, "# service="), strings.HasPrefix(line, "version "):
		default:
			ref, _, _ := strings.Cut(line, "\x00")
			_, _ = io.WriteString(h, strings.TrimSuffix(ref, "\n")+"\n") // a hash takes everything
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

var errRefs = errors.New("the list of refs broke off, or is none")

// packet reads a line of Git's protocol: four digits say how long it is, 0000 is a
// pause.
func packet(from io.Reader) (line string, pause bool, err error) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return "", false, broken(err)
	}
	n, err := strconv.ParseUint(string(size[:]), 16, 16)
	switch {
	case err != nil || n > 0 && n < 5 || n > maxLine+4:
		return "", false, errRefs
	case n == 0:
		return "", true, nil
	}
	text := make([]byte, n-4)
	if _, err := io.ReadFull(from, text); err != nil {
		return "", false, broken(err)
	}
	return string(text), false, nil
}

// broken keeps what the connection says, if it was that.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errRefs
	}
	return fmt.Errorf("read the list of refs: %w", err)
}
