package leaks_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/leaks"
)

// word draws a value.
func word(r *rand.Rand) string {
	out := make([]byte, 20)
	for i := range out {
		out[i] = byte('a' + r.IntN(26))
	}
	return string(out)
}

// leaksIn finds what one rule describes in a text of a commit.
func leaksIn(t *testing.T, rule, text, message string) []leaks.Leak {
	t.Helper()
	config, err := gitleaks.Parse([]byte("[[rules]]\nid = \"rule\"\n"+rule), gitleaks.Files{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := config.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []leaks.Leak
	for _, f := range set.Detect(t.Context(), gitleaks.Fragment{Text: []byte(text), Path: "a.txt", Line: 1}, gitleaks.Options{Lines: true}) {
		out = append(out, leaks.Leak{Finding: f, File: "a.txt", Commit: leaks.Commit{ID: "1", Message: message}})
	}
	if len(out) == 0 {
		t.Fatal("nothing was found")
	}
	return out
}

// everything shows all fields in every form.
func everything(t *testing.T, showing leaks.Showing, all []leaks.Leak) string {
	t.Helper()
	var out bytes.Buffer
	for _, format := range leaks.Formats() {
		r := leaks.Report{Format: format, Showing: showing, Template: "{{range .}}{{.Line}} {{.Match}} {{.Secret}} {{.Message}}{{end}} {{toJson .}}"}
		if err := r.Write(&out, all); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteText(&out, all, func(s string) string { return s }); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestNoReportShowsWhatIsHidden(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	a, b := word(r), word(r)
	text := "key=" + a + " key=" + b + "\n"
	message := "take " + a + " out, and " + b
	for name, rule := range map[string]string{
		"whole":          "regex = '''key=[a-z]{20}'''\n",
		"group":          "regex = '''key=([a-z]{20})'''\n",
		"an empty group": "regex = '''key=(9)?([a-z]{20})'''\nsecretGroup = 1\n",
	} {
		all := leaksIn(t, rule, text, message)
		if name != "group" { // what the message quotes is no secret of theirs
			all = leaksIn(t, rule, text, "no value")
		}
		if out := everything(t, leaks.Showing{}, all); strings.Contains(out, a) || strings.Contains(out, b) {
			t.Errorf("%s: a value is shown", name)
		}
		if out := everything(t, leaks.Showing{Secrets: true}, all); !strings.Contains(out, a) || !strings.Contains(out, "key="+b) {
			t.Errorf("%s: what is asked for is not shown", name)
		}
	}
}

func TestBaselinesWithHiddenMessages(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	a := word(r)
	all := leaksIn(t, "regex = '''key=([a-z]{20})'''\n", "key="+a+"\n", "take "+a+" out")
	var report bytes.Buffer
	if err := (leaks.Report{Format: "json"}).Write(&report, all); err != nil {
		t.Fatal(err)
	}
	for message, fresh := range map[string]int{"take " + a + " out": 0, "take it out": 0, "take " + a + " in": 1, "something": 1} {
		var known leaks.Known
		if err := known.AddBaseline(report.Bytes()); err != nil {
			t.Fatal(err)
		}
		all[0].Commit.Message = message
		if got, _, _ := known.Split(all); len(got) != fresh {
			t.Errorf("%d leaks of a commit with another message, want %d", len(got), fresh)
		}
	}
}

func TestTemplateFunctions(t *testing.T) {
	all := leaksIn(t, "regex = '''key=([a-z]{20})'''\ntags = [\"b\", \"a\"]\ndescription = \"A \\\"rule\\\"\"\n", "key="+word(rand.New(rand.NewPCG(5, 5)))+"\n", "one\ntwo")
	for template, want := range map[string]string{
		`{{range .}}{{quote .Description}}{{end}}`:                                               `"A \"rule\""`,
		`{{range .}}{{quote .RuleID .StartLine}} {{squote .File}}{{end}}`:                        `"rule" "1" 'a.txt'`,
		`{{range .}}{{.Message | replace "\n" " " | upper | trunc 5}}{{end}}`:                    `ONE T`,
		`{{range .}}{{join "," .Tags}} {{sortAlpha .Tags | first}}{{end}}`:                       `b,a a`,
		`{{range .}}{{has "a" .Tags}} {{has "c" .Tags}}{{end}}`:                                  `true false`,
		`{{sub (len .) 1}} {{add 1 2 3}} {{mul 2 3}} {{max 1 5 2}} {{add1 1}}`:                   `0 6 6 5 2`,
		`{{range .}}{{default "none" .Link}} {{empty .Link}}{{end}}`:                             `none true`,
		`{{ternary "yes" "no" true}} {{coalesce "" "x"}} {{trunc -2 "abcd"}}`:                    `yes x cd`,
		`{{$d := dict "a" 1}}{{$_ := set $d "b" 2}}{{keys $d}} {{hasKey $d "b"}} {{get $d "a"}}`: `[a b] true 1`,
		`{{splitList "/" "a/b" | last}} {{ext "a.txt"}} {{base "x/y"}} {{dir "x/y"}}`:            `b .txt y x`,
		`{{date "2006-01-02" "2024-05-01T12:00:00Z"}} {{int "3"}} {{round 1.256 2}}`:             `2024-05-01 3 1.26`,
		`{{nindent 2 "a\nb"}}|{{nospace "a b"}}|{{regexReplaceAll "b+" "abbc" "x"}}`:             "\n  a\n  b|ab|axc",
		`{{list 1 "a" | toJson}} {{toRawJson "<"}} {{cat "a" 1}} {{b64enc "a"}}`:                 `[1,"a"] "<" a 1 YQ==`,
		`{{(split "-" "a-b")._1}} {{uniq (list "b" "a" "b")}} {{first (list)}}`:                  `b [a b] <no value>`,
	} {
		var out bytes.Buffer
		if err := (leaks.Report{Format: "template", Template: template}).Write(&out, all); err != nil {
			t.Errorf("%s: %v", template, err)
		} else if out.String() != want {
			t.Errorf("%s: %q, want %q", template, out.String(), want)
		}
	}
	for _, template := range []string{"{{env \"HOME\"}}", "{{getHostByName \"x\"}}", "{{readFile \"x\"}}"} {
		if _, err := (leaks.Report{Template: template}).Parse(); err == nil {
			t.Errorf("%s is understood", template)
		}
	}
	var list []map[string]any
	var out bytes.Buffer
	if err := (leaks.Report{Format: "json"}).Write(&out, all); err != nil || json.Unmarshal(out.Bytes(), &list) != nil || list[0]["Line"] != nil {
		t.Error("the line of a leak is for templates alone", err)
	}
}
