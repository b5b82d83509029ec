package gitleaks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules/gitleaks"
)

// compile makes a set of a configuration that extends nothing.
func compile(t *testing.T, config string) *gitleaks.Set {
	t.Helper()
	c, err := gitleaks.Parse([]byte(config), gitleaks.Files{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// found lists what a set finds as "rule line:column-line:column entropy".
func found(t *testing.T, s *gitleaks.Set, f gitleaks.Fragment) []string {
	t.Helper()
	var out []string
	for _, f := range s.Detect(t.Context(), f, gitleaks.Options{DecodeDepth: 5}) {
		mark := ""
		if f.Marked {
			mark = " marked"
		}
		out = append(out, fmt.Sprintf("%s %d:%d-%d:%d%s", f.Rule.ID, f.StartLine, f.StartColumn, f.EndLine, f.EndColumn, mark))
	}
	return out
}

const plain = `
[[rules]]
id = "acme"
regex = '''acme_([a-z]{6}[0-9]{2})'''
keywords = ["ACME_"]
tags = ["tag"]
`

func TestFinds(t *testing.T) {
	for _, c := range []struct{ name, config, text, path, want string }{
		{"a match in the first line", plain, "x acme_abcdef12", "", "[acme 1:3-1:15]"},
		{"columns of later lines are one more", plain, "\nx acme_abcdef12\n", "", "[acme 2:4-2:16]"},
		{"the last line without an end", plain, "\n\nacme_abcdef12", "", "[acme 3:2-3:14]"},
		{"two on a line", plain, "acme_abcdef12 acme_abcdef13", "", "[acme 1:1-1:13 acme 1:15-1:27]"},
		{"nothing without a keyword", strings.ReplaceAll(plain, "ACME_", "other"), "acme_abcdef12", "", "[]"},
		{"a keyword elsewhere", strings.ReplaceAll(plain, "ACME_", "other"), "acme_abcdef12\nOTHER", "", "[acme 1:1-1:13]"},
		{"base64", plain, "YWNtZV9hYmNkZWYxMg==", "", "[acme 1:1-1:20]"},
		{"base64 of percent", plain, "YWNtZSU1RmFiY2RlZjEy", "", "[acme 1:1-1:20]"},
		{"hex", plain, "2020202020202061636d655f6162636465663132", "", "[acme 1:1-1:40]"},
		{"escapes", plain, `\u0061cme_abcdef12`, "", "[acme 1:1-1:18]"},
		{"code points", plain, "U+0061 U+0063 U+006d U+0065 U+005f U+0061 U+0062 U+0063 U+0064 U+0065 U+0066 U+0031 U+0032 ", "", "[acme 1:1-1:91]"},
		{"a mark", plain, "acme_abcdef12 # gitleaks:allow", "", "[acme 1:1-1:13 marked]"},
		{"another tool's mark", plain, "acme_abcdef12 # pragma: allowlist secret", "", "[acme 1:1-1:13 marked]"},
		{"a mark in the line before", plain, "# pragma: allowlist nextline secret\nacme_abcdef12", "", "[acme 2:2-2:14 marked]"},
		{"no entropy", plain + "entropy = 9.0\n", "acme_abcdef12", "", "[]"},
		{"a path", plain + "path = '''\\.env$'''\n", "acme_abcdef12", "a/.env", "[acme 1:1-1:13]"},
		{"another path", plain + "path = '''\\.env$'''\n", "acme_abcdef12", "a/.envy", "[]"},
		{"a path alone", "[[rules]]\nid = \"p\"\npath = '''\\.p12$'''\n", "x", "k.p12", "[p 0:0-0:0]"},
		{"stopwords see the secret", plain + "[[rules.allowlists]]\nstopwords = [\"CDE\"]\n", "acme_abcdef12", "", "[]"},
		{"regexes see the secret", plain + "[[rules.allowlists]]\nregexes = ['''acme''']\n", "acme_abcdef12", "", "[acme 1:1-1:13]"},
		{"or the match", plain + "[[rules.allowlists]]\nregexTarget = \"match\"\nregexes = ['''acme''']\n", "acme_abcdef12", "", "[]"},
		{"or the line", plain + "[rules.allowlist]\nregexTarget = \"line\"\nregexes = ['''^x''']\n", "x acme_abcdef12", "", "[]"},
		{
			"all conditions", plain + "[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''test''']\nstopwords = [\"abc\"]\n",
			"acme_abcdef12", "src/a", "[acme 1:1-1:13]",
		},
		{
			"all conditions hold", plain + "[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''test''']\nstopwords = [\"abc\"]\n",
			"acme_abcdef12", "test/a", "[]",
		},
		{"a global path", plain + "[allowlist]\npaths = ['''^test''']\n", "acme_abcdef12", "test/a", "[]"},
		{"a global list for one rule", plain + "[[allowlists]]\ntargetRules = [\"acme\"]\nstopwords = [\"abc\"]\n", "acme_abcdef12", "", "[]"},
		{
			"the flag of a list holds for what follows", plain + "[[rules.allowlists]]\nregexes = ['''(?i)nothing''', '''ABC''']\n",
			"acme_abcdef12", "", "[]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := found(t, compile(t, c.config), gitleaks.Fragment{Text: []byte(c.text), Path: c.path, Line: 1})
			if path := c.want == "[p 0:0-0:0]"; fmt.Sprint(got) != c.want && !path || path && len(got) != 1 {
				t.Errorf("found %v, want %s", got, c.want)
			}
		})
	}
}

func TestCommitsAreAllowed(t *testing.T) {
	s := compile(t, plain+"[[rules.allowlists]]\ncommits = [\"ABC123\"]\n")
	for commit, want := range map[string]int{"abc123": 0, "abc124": 1, "": 1} {
		if got := found(t, s, gitleaks.Fragment{Text: []byte("acme_abcdef12"), Commit: commit}); len(got) != want {
			t.Errorf("commit %q: %v", commit, got)
		}
	}
}

func TestRequiredRulesMustFindSomethingNearBy(t *testing.T) {
	s := compile(t, plain+`
[[rules.required]]
id = "id"
withinLines = 2
[[rules]]
id = "id"
regex = '''id-[0-9]+'''
skipReport = true
`)
	for text, want := range map[string]string{
		"acme_abcdef12\n\nid-1":      "[acme 1:1-1:13]",
		"acme_abcdef12\n\n\nid-1":    "[]",
		"acme_abcdef12":              "[]",
		"id-7 acme_abcdef12 id-8 \n": "[acme 1:6-1:18]",
	} {
		if got := fmt.Sprint(found(t, s, gitleaks.Fragment{Text: []byte(text), Line: 1})); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestGenericRulesGiveWay(t *testing.T) {
	s := compile(t, plain+"[[rules]]\nid = \"generic-x\"\nregex = '''[a-z]{6}[0-9]{2}'''\n")
	if got := found(t, s, gitleaks.Fragment{Text: []byte("acme_abcdef12"), Line: 1}); fmt.Sprint(got) != "[acme 1:1-1:13]" {
		t.Error(got)
	}
}

func TestExtensions(t *testing.T) {
	files := gitleaks.Files{
		Path: func(name string) ([]byte, error) {
			return []byte("[[rules]]\nid = \"from-" + name + "\"\nregex = 'x'\n"), nil
		},
		Default: func() ([]byte, error) { return []byte(plain + "[[rules]]\nid = \"zeta\"\nregex = 'z'\n"), nil },
	}
	ids := func(config string) string {
		c, err := gitleaks.Parse([]byte(config), files)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, r := range c.Rules {
			out = append(out, r.ID+strings.Join(r.Tags, "+"))
		}
		return strings.Join(out, " ")
	}
	for config, want := range map[string]string{
		"[extend]\nuseDefault = true\n":                                              "acmetag zeta",
		"[extend]\nuseDefault = true\ndisabledRules = [\"zeta\"]\n":                  "acmetag",
		"[extend]\nusedefault = true\n[[rules]]\nid = \"acme\"\ntags = [\"more\"]\n": "acmetag+more zeta",
		"[extend]\npath = \"other\"\n[[rules]]\nid = \"own\"\npath = 'a'\n":          "from-other own",
		"[extend]\npath = \"other\"\nuseDefault = true\n":                            "[extend]: path and useDefault do not go together",
		"[[rules]]\nregex = 'x'\n":                                                   "a rule has no id",
		"[[rules]]\nid = \"x\"\n":                                                    "x: it has neither regex nor path, so it would find nothing",
		"[[rules]]\nid = \"x\"\nregex = '(a)'\nsecretGroup = 2\n":                    "x: secretGroup is 2, and the regex has 1",
		"[[rules]]\nid = \"x\"\nregex = 'a'\n[[rules.required]]\nid = \"y\"\n":       "x: [[rules.required]] names the rule \"y\", which does not exist",
		"[[allowlists]]\ntargetRules = [\"y\"]\nstopwords = [\"a\"]\n":               "[[allowlists]] targets the rule \"y\", which does not exist",
		"[allowlist]\ndescription = \"empty\"\n":                                     "[[allowlists]]: it has no commits, paths, regexes or stopwords",
		"[[rules]]\nid = \n":                                                         "line 2: wrong TOML, or a value of the wrong kind",
		"[[rules]]\nid = 3\n":                                                        "a value has the wrong kind",
		"[[allowlists]]\ncondition = \"xor\"\nstopwords = [\"a\"]\n":                 "[[allowlists]]: condition \"xor\" is neither AND nor OR",
		"[[allowlists]]\nregexTarget = \"commit\"\nstopwords = [\"a\"]\n":            "[[allowlists]]: regexTarget \"commit\" is not one of secret, match, line",
		"[[rules]]\nid = \"x\"\nregex = '('\n":                                       "x: regex: error parsing regexp: missing closing ): `(`",
	} {
		if got := ids(config); got != want {
			t.Errorf("%s: %s, want %s", config, got, want)
		}
	}
}

func TestWhatIsNotKnownIsTold(t *testing.T) {
	c, err := gitleaks.Parse([]byte(plain+"validate = \"x\"\n"), gitleaks.Files{})
	if err != nil || !slices.Equal(c.Passed, []string{"rules.validate"}) {
		t.Errorf("%v, %v", c.Passed, err)
	}
}

func TestTheDefaultConfigurationMustBeThere(t *testing.T) {
	_, err := gitleaks.Parse([]byte("[extend]\nuseDefault = true\n"), gitleaks.Files{})
	if !errors.Is(err, gitleaks.ErrNoDefault) {
		t.Error(err)
	}
}

func TestOnlySomeRules(t *testing.T) {
	c, err := gitleaks.Parse([]byte(plain+"[[rules]]\nid = \"b\"\nregex = 'b'\n"), gitleaks.Files{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile([]string{"b"})
	if err != nil || len(s.Rules()) != 1 {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := c.Compile([]string{"c"}); err == nil {
		t.Error("a rule that is not there is no error")
	}
}

func TestAFindingFromAnywhereIsJudgedByItsPath(t *testing.T) {
	s := compile(t, plain+"path = 'src'\n[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''test''']\nstopwords = [\"abc\"]\n")
	all := s.Detect(t.Context(), gitleaks.Fragment{Text: []byte("acme_abcdef12"), Anywhere: true}, gitleaks.Options{})
	if len(all) != 1 {
		t.Fatal(all)
	}
	for path, want := range map[string]bool{"src/a": true, "src/test": false, "a": false} {
		if got := s.In(all[0], path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

func TestRulesThatSayMoreReport(t *testing.T) {
	rule := func(id, more string) string {
		return "[[rules]]\nid = \"" + id + "\"\nregex = '''acme_[a-z]{6}'''\n" + more
	}
	for want, config := range map[string]string{
		"a b":         rule("a", "") + rule("b", ""),
		"b":           rule("generic-a", "") + rule("b", ""),
		"a":           rule("a", "specificity = 101\n") + rule("b", ""),
		"b a":         rule("b", "specificity = 50\n") + rule("a", "specificity = \"50\"\n"),
		"generic-a":   rule("generic-a", "specificity = 200\n") + rule("generic-b", ""),
		"second":      rule("first", "specificity = 1\n") + rule("second", ""),
		"one another": rule("one", "specificity = 1\n") + strings.Replace(rule("another", ""), "acme_", "_", 1),
	} {
		c, err := gitleaks.Parse([]byte(config), gitleaks.Files{})
		if err != nil {
			t.Fatal(err)
		}
		set, err := c.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range set.Detect(t.Context(), gitleaks.Fragment{Text: []byte("x acme_abcdef"), Line: 1}, gitleaks.Options{}) {
			got = append(got, f.Rule.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q report, want %q", got, want)
		}
	}
}

func TestStringsForOtherKinds(t *testing.T) {
	for more, right := range map[string]bool{
		"keywords = \"a,b\"\n": true, "keywords = [1, \"b\"]\n": true, "keywords = [[1]]\n": false, "keywords = 1\n": false,
		"entropy = \"3.5\"\n": true, "entropy = 3\n": true, "entropy = \"high\"\n": false, "entropy = [1]\n": false,
		"secretGroup = \"0\"\n": true, "secretGroup = 0.0\n": true, "secretGroup = true\n": false,
	} {
		_, err := gitleaks.Parse([]byte("[[rules]]\nid = \"x\"\nregex = '''x'''\n"+more), gitleaks.Files{})
		if (err == nil) != right {
			t.Errorf("%s: %v", more, err)
		}
	}
}
