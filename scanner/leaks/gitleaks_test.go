package leaks_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/leaks"
)

// peer is gitleaks itself.
type peer struct{ peertest.Leaks }

func newPeer(t *testing.T) peer {
	t.Helper()
	return peer{peertest.Gitleaks(t, "../..")}
}

// found runs gitleaks and returns its report's leaks as text.
func (p peer) found(t *testing.T, args ...string) []string {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	args = append(args, "--no-banner", "--exit-code=0", "--log-level=error", "--config", p.Config, "--report-format=json", "--report-path", report)
	cmd := exec.CommandContext(t.Context(), p.Program, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gitleaks %v: %v\n%s", args, err, out)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	return listed(t, text)
}

// scanner is ours with gitleaks' rules.
func (p peer) scanner(t *testing.T) *leaks.Scanner {
	t.Helper()
	text, err := os.ReadFile(p.Config)
	if err != nil {
		t.Fatal(err)
	}
	config, err := gitleaks.Parse(text, gitleaks.Files{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := config.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &leaks.Scanner{Set: set, Options: gitleaks.Options{DecodeDepth: 5}}
}

// listed are the leaks of a report, each as its JSON.
func listed(t *testing.T, report []byte) []string {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal(report, &list); err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(list))
	for _, l := range list {
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	slices.Sort(out)
	return out
}

func ours(t *testing.T, r leaks.Result, err error) []string {
	t.Helper()
	if err != nil || len(r.Notes) > 0 {
		t.Fatal(err, r.Notes)
	}
	var text bytes.Buffer
	report := leaks.Report{Format: "json", Showing: leaks.Showing{Secrets: true}}
	if err := report.Write(&text, r.Leaks); err != nil {
		t.Fatal(err)
	}
	return listed(t, text.Bytes())
}

// same compares two lists and tells rules and places of what differs, never
// values.
func same(t *testing.T, got, want []string, least int) {
	t.Helper()
	if len(want) < least {
		t.Errorf("gitleaks finds only %d: that proves little", len(want))
	}
	tell := func(who string, list, other []string) {
		told := 0
		for _, l := range list {
			if slices.Contains(other, l) || told > 4 {
				continue
			}
			var form struct{ Fingerprint string }
			if json.Unmarshal([]byte(l), &form) == nil {
				t.Errorf("only %s: %s", who, form.Fingerprint)
				told++
			}
		}
	}
	tell("qleaks", got, want)
	tell("gitleaks", want, got)
	if len(got) != len(want) {
		t.Errorf("%d leaks, gitleaks finds %d", len(got), len(want))
	}
}

// text draws a text that an expression describes.
func text(r *rand.Rand, re *syntax.Regexp, out *strings.Builder) {
	switch re.Op {
	case syntax.OpLiteral:
		out.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		var plain []rune
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := max(re.Rune[i], ' '); c <= min(re.Rune[i+1], '~'); c++ {
				plain = append(plain, c)
			}
		}
		if len(plain) > 0 {
			out.WriteRune(plain[r.IntN(len(plain))])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteByte("abcXYZ019 _"[r.IntN(11)])
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			text(r, sub, out)
		}
	case syntax.OpAlternate:
		text(r, re.Sub[r.IntN(len(re.Sub))], out)
	case syntax.OpQuest:
		repeat(r, re.Sub[0], 0, 1, out)
	case syntax.OpStar:
		repeat(r, re.Sub[0], 0, 3, out)
	case syntax.OpPlus:
		repeat(r, re.Sub[0], 1, 4, out)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 || most > re.Min+12 {
			most = re.Min + 12
		}
		repeat(r, re.Sub[0], re.Min, most, out)
	default: // what has no length
	}
}

func repeat(r *rand.Rand, re *syntax.Regexp, least, most int, out *strings.Builder) {
	for range least + r.IntN(most-least+1) {
		text(r, re, out)
	}
}

// samples draws texts for every rule of a configuration, in the ways in which
// they stand in files.
func samples(t *testing.T, config string, seed uint64) []string {
	t.Helper()
	var form struct {
		Rules []struct {
			ID, Regex string
			Keywords  []string
		}
	}
	if _, err := toml.DecodeFile(config, &form); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	var out []string
	for _, rule := range form.Rules {
		if rule.Regex == "" {
			continue
		}
		re, err := syntax.Parse(rule.Regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			var b strings.Builder
			text(r, re, &b)
			value := b.String()
			switch {
			case i == 3:
				value = base64.StdEncoding.EncodeToString([]byte("x = " + value + " "))
			case i == 4:
				value = hex.EncodeToString([]byte("x = " + value + " "))
			case i == 5:
				value = strings.ReplaceAll(value, "e", "%65")
			case i == 6:
				value = strings.ReplaceAll(value, "a", `\u0061`)
			case i == 7:
				value = "{\"a\": 1, \"b\": \"" + value + "\"}"
			}
			word := ""
			if len(rule.Keywords) > 0 {
				word = rule.Keywords[r.IntN(len(rule.Keywords))]
			}
			out = append(out, fmt.Sprintf("# %s\nvalue = 1\n\t%s \nend\n", word, value), value+"\n")
		}
	}
	return out
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesHoldWhatGitleaksFinds(t *testing.T) {
	p := newPeer(t)
	dir := t.TempDir()
	extensions := []string{".txt", ".yaml", ".py", ".tf", ".php", ".kt", ".config", ".md"}
	for i, s := range samples(t, p.Config, 1) {
		write(t, filepath.Join(dir, fmt.Sprint(i%7), fmt.Sprintf("f%d%s", i, extensions[i%len(extensions)])), s)
	}
	write(t, filepath.Join(dir, "all.txt"), strings.Join(samples(t, p.Config, 2)[:200], "\n"))
	got, err := p.scanner(t).Files(t.Context(), dir)
	same(t, ours(t, got, err), p.found(t, "dir", dir), 500)
}

func TestHistoryHoldsWhatGitleaksFinds(t *testing.T) {
	p := newPeer(t)
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=Ada L", "-c", "user.email=a@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	all := samples(t, p.Config, 3)
	for commit := range 20 {
		for i := commit; i < len(all); i += 20 {
			name := fmt.Sprintf("%d/f%d.txt", i%5, i%40)
			if old, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err == nil && commit%3 != 0 {
				all[i] = string(old) + all[i]
			}
			write(t, filepath.Join(dir, filepath.FromSlash(name)), all[i])
		}
		git("add", "-A")
		git("commit", "-q", "-m", "a title\nof two lines\n\n\nbody\n  indented\n\n\nend")
		switch commit {
		case 7:
			git("mv", "1", "moved")
			git("commit", "-q", "-m", "moved")
		case 12:
			git("checkout", "-q", "-b", "side")
		case 14:
			git("checkout", "-q", "main")
			git("merge", "-q", "--no-ff", "-m", "merge", "side")
		}
	}
	repository, err := gitsource.Discover(dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.scanner(t)
	got, err := s.History(t.Context(), repository, gitsource.PatchLog{}, leaks.Links{})
	same(t, ours(t, got, err), p.found(t, "git", dir), 500)
	write(t, filepath.Join(dir, "staged.txt"), strings.Join(all[:100], "\n"))
	git("add", "-A")
	got, err = s.Staged(t.Context(), repository, "", "", false)
	same(t, ours(t, got, err), p.found(t, "git", "--staged", dir), 20)
}
