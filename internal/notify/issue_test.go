package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	githubsim "github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/records"
)

// issuesAt makes a sender of issues at a simulated GitHub.
func issuesAt(t *testing.T, l *lab, i notify.Issues) (*githubsim.Sim, notify.Sender) {
	t.Helper()
	s := githubsim.New(githubsim.Options{})
	s.Found("acme", "one")
	s.Found("acme", "two")
	s.Found("acme", "security")
	address := serve(t, s)
	client, err := github.New(provider.Config{Credential: s.Token("acme"), Origins: map[string]string{"api": address + s.Base()}, Rate: 1e6, Patience: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	i.Client, i.Store = client, l.store
	sender, err := notify.NewIssues(i)
	if err != nil {
		t.Fatal(err)
	}
	return s, sender
}

func TestOneIssueForEachRepositoryIsKeptUpToDate(t *testing.T) {
	l := newLab(t)
	s, sender := issuesAt(t, l, notify.Issues{})
	n := l.notifier(notify.Channel{Name: "issues", Kind: notify.Issue, Sender: sender})
	const one, private = "github:acme/one", `{"visibility":"private"}`
	check := func(want ...string) {
		t.Helper()
		var got []string
		for _, i := range s.Opened("acme/one") {
			got = append(got, fmt.Sprint(i["state"], " ", i["title"]))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	sweep := func(keys ...string) {
		t.Helper()
		run := l.begin()
		l.found(run, one, private, keys...)
		for range 2 {
			if _, err := n.After(t.Context(), run); err != nil {
				t.Fatal(err)
			}
		}
		l.end(run)
	}
	// A stranger's issue that looks like ours is left alone.
	s.Write("acme/one", "issues", map[string]any{"number": 1, "title": "mine", "state": "open", "body": "<!-- qleaks: leaked keys, 0 -->\n", "labels": []any{map[string]any{"name": "qleaks"}}, "user": map[string]any{"login": "eve", "type": "User"}, "author_association": "NONE"})
	sweep("live", "second")
	check("open mine", "open qleaks: 2 open findings in github:acme/one, 0 with a key that works")
	run := l.begin()
	l.answered(run, "live", records.Active)
	l.end(run)
	sweep("live", "second")
	check("open mine", "open qleaks: 2 open findings in github:acme/one, 1 with a key that works")
	if body := fmt.Sprint(s.Opened("acme/one")[1]["body"]); !strings.Contains(body, "- **works**: `ionq live in conf.py") {
		t.Error(body)
	}
	sweep()
	check("open mine", "closed qleaks: no open finding in github:acme/one")
	sweep("third")
	check("open mine", "open qleaks: 1 open findings in github:acme/one, 0 with a key that works")
}

func TestHostileNamesDoNothingInAnIssue(t *testing.T) {
	l := newLab(t)
	s, sender := issuesAt(t, l, notify.Issues{Repository: "acme/security"})
	n := l.notifier(notify.Channel{Name: "issues", Kind: notify.Issue, Sender: sender})
	run := l.begin()
	for i, name := range hostile() {
		l.found(run, fmt.Sprint(name, i), "", "live "+name)
	}
	if _, err := n.After(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	opened := s.Opened("acme/security")
	if len(opened) != len(hostile()) {
		t.Errorf("%d issues for %d repositories", len(opened), len(hostile()))
	}
	for _, i := range opened {
		_, body, _ := strings.Cut(fmt.Sprint(i["body"]), "\n")
		body = strings.Replace(body, "Dashboard: <https://qleaks.example>", "", 1)
		if strings.Contains(outsideCode(body), "evil") || strings.Contains(outsideCode(body), "acme/security #1") || strings.Contains(outsideCode(body), "<") {
			t.Errorf("a name is not code: %s", body)
		}
	}
}

// outsideCode is what Markdown reads of a text: all but its code spans.
func outsideCode(text string) string {
	var b strings.Builder
	for text != "" {
		at := strings.IndexByte(text, '`')
		if at < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:at])
		text = text[at:]
		fence := text[:len(text)-len(strings.TrimLeft(text, "`"))]
		rest := text[len(fence):]
		end := -1
		for i := 0; i < len(rest); {
			run := len(rest[i:]) - len(strings.TrimLeft(rest[i:], "`"))
			if run == len(fence) {
				end = i
				break
			}
			i += max(1, run)
		}
		if end < 0 {
			return b.String() + text
		}
		text = rest[end+len(fence):]
	}
	return b.String()
}

func TestNoIssueTellsEverybodyWhereKeysAre(t *testing.T) {
	l := newLab(t)
	for about, want := range map[string]int{`{"visibility":"public"}`: 0, "": 0, `{"visibility":"internal"}`: 1, `{"visibility":"private","archived":true}`: 0} {
		s, sender := issuesAt(t, l, notify.Issues{})
		n := l.notifier(notify.Channel{Name: "issues" + about, Kind: notify.Issue, Sender: sender})
		run := l.begin()
		l.found(run, "github:acme/two", about, fmt.Sprint("key", want, about))
		_, err := n.After(t.Context(), run)
		if quiet := want == 1 || strings.Contains(about, "archived"); (err == nil) != quiet || len(s.Opened("acme/two")) != want {
			t.Errorf("%s: %d issues, %v", about, len(s.Opened("acme/two")), err)
		}
		l.end(run)
	}
	for _, bad := range []string{"acme", "acme/", "a b/c", "../x", "acme/one/two"} {
		if _, err := notify.NewIssues(notify.Issues{Repository: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
