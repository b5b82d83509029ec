package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
)

// What is told of refs changes with every ref, that of a pull request too, and with
// nothing else.
func TestRefsChangeWithTheRepository(t *testing.T) {
	p := newPlace(t)
	open := p.client.Git("acme", "lab")
	seen := map[string]string{}
	look := func(when string) string {
		t.Helper()
		word, err := mirror.Refs(t.Context(), open)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if again, err := mirror.Refs(t.Context(), open); err != nil || again != word {
			t.Errorf("%s: %s, then %s, %v", when, word, again, err)
		}
		if before, ok := seen[word]; ok {
			t.Errorf("%s it is as %s", when, before)
		}
		seen[word] = when
		return word
	}
	look("empty")
	p.commit("refs/heads/trunk", "one")
	look("with a branch")
	p.commit("refs/pull/7/head", "two")
	look("with a pull request")
	p.commit("refs/pull/7/head", "three")
	look("with another commit of the pull request")
	if _, err := mirror.Refs(t.Context(), p.client.Git("acme", "none")); !mirror.Absent(err) {
		t.Errorf("of what is not there: %v", err)
	}
}

func TestWhatIsNoListOfRefs(t *testing.T) {
	line := func(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
	id := strings.Repeat("a", 40)
	good := line("# service=git-upload-pack\n") + "0000" + line(id+" HEAD\x00agent=git/1\n") + line(id+" refs/heads/main\n") + "0000"
	ask := func(status int, kind, body string) (string, error) {
		return mirror.Refs(t.Context(), func(context.Context, httpx.Request) (*httpx.Stream, error) {
			return &httpx.Stream{Status: status, Type: kind, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
	}
	const kind = "application/x-git-upload-pack-advertisement"
	first, err := ask(200, kind, good)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := ask(200, kind, strings.Replace(good, "git/1", "git/2", 1)); err != nil || second != first {
		t.Errorf("another server of the same repository says %s, not %s, %v", second, first, err)
	}
	for n := range len(good) {
		if _, err := ask(200, kind, good[:n]); err == nil {
			t.Errorf("%d of %d bytes were taken", n, len(good))
		}
	}
	for _, bad := range []string{"", "0001", "0004", "zzzz", "fff5", "-001", "<html>", strings.Repeat("0", 3)} {
		if _, err := ask(200, kind, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := ask(200, "text/html", good); !errors.Is(err, mirror.ErrNoRepository) {
		t.Error(err)
	}
	if _, err := ask(302, kind, good); !errors.Is(err, httpx.ErrRedirected) {
		t.Error(err)
	}
	if _, err := ask(404, kind, good); !mirror.Absent(err) {
		t.Error(err)
	}
}
