package decode

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedSpellings are programs that put A and B together by their names.
func namedSpellings() map[string][]string {
	return map[string][]string{
		"python": {
			"p = \"A\"\nq = \"B\"\nkey = p + q\n", "p = 'A'\nq = 'B'\nkey = f\"{p}{q}\"\n", "p, q = 'A', 'B'\nkey = p + q", "key = \"A\"\nkey += \"B\"\n", "key = \"A\"\nkey = key + \"B\"\n",
			"p = \"A\"\nkey = p + \"B\"\n", "q = \"B\"\nkey = \"A\" + q\n", "q = \"B\"\nkey = f\"A{q}\"\n", "p = \"A\"\nkey = f\"{p}B\"\n", "p = \"A\"\nq = \"B\"\nkey = \"{}{}\".format(p, q)",
			"p = \"A\"\nq = \"B\"\nkey = \"%s%s\" % (p, q)", "p = \"A\"\nq = \"B\"\nkey = \"\".join([p, q])", "parts = [\"A\", \"B\"]\nkey = \"\".join(parts)", "parts = ['A', 'B']\nkey = parts[0] + parts[1]",
			"p: str = \"A\"\nq: str = \"B\"\nuse(p + q)", "class C:\n    p = \"A\"\n    q = \"B\"\n\nuse(C.p + C.q)", "self.p = \"A\"\nself.q = \"B\"\nself.key = self.p + self.q",
			"c = {\"p\": \"A\", \"q\": \"B\"}\nkey = c[\"p\"] + c[\"q\"]", "c = dict(p=\"A\", q=\"B\")\nkey = c.get('p') + c.get('q')", "p = \"A\"\nq = p + \"B\"\nkey = q\n",
			"p = \"A\"\nq = \"B\"\nkey = \"{x}{y}\".format(x=p, y=q)", "p = \"A\"\nq = \"B\"\nkey = str(p) + str(q)", "p = \"A\"\nq = \"B\"\nkey = p.strip() + q.strip()",
			"key = p + q\np = \"A\"\nq = \"B\"\n", "p = \"A\"\nq = \"B\"\nuse(1, token=p + q, n=2)", "p = 'A' # first\nq = 'B'\nkey = (\n    p +\n    q\n)", "parts = []\nkey = 'A'\nkey += f'B'\nuse(key)",
		},
		"javascript": {
			"const p = \"A\";\nconst q = 'B';\nconst key = p + q;", "const p = \"A\", q = \"B\";\nconst key = `${p}${q}`;", "let key = 'A';\nkey += 'B';", "const p = 'A';\nconst key = `${p}B`;",
			"const p = 'A', q = 'B';\nconst key = [p, q].join('');", "const a = ['A', 'B'];\nconst key = a.join('');", "const p = 'A', q = 'B'; const key = p.concat(q);", "const c = {p: 'A', q: 'B'};\nuse(c.p + c.q);",
		},
		"shell": {
			"P=A\nQ=B\nKEY=\"$P$Q\"\n", "P='A'\nQ='B'\nexport KEY=${P}${Q}\n", "export P=\"A\"\nexport KEY=\"${P}B\"\n", "set P=A\nset Q=B\nset KEY=%P%%Q%\n", "$p = \"A\"\n$q = \"B\"\n$env:KEY = \"$p$q\"", "$p = 'A'\n$q = 'B'\n$key = $p + $q",
			"KEY=A\nKEY+=B\n", "P=A; Q=B; use --key \"$P$Q\"\n",
		},
		"other": {
			"let p = \"A\";\nlet q = \"B\";\nlet key = format!(\"{}{}\", p, q);", "let p = \"A\"; let q = \"B\"; let key = format!(\"{p}{q}\");", "const char *p = \"A\";\nconst char q[] = \"B\";\nstd::string key = std::string(p) + q;",
			"p := \"A\"\nq := \"B\"\nkey := fmt.Sprintf(\"%s%s\", p, q)", "var p = \"A\"\nconst q = \"B\"\nkey := p + q", "String p = \"A\";\nString q = \"B\";\nString key = p + q;", "p = \"A\"\nq = \"B\"\nkey = p * q", "p = \"A\"\nq = \"B\"\nkey = \"$p$q\"",
			"p = \"A\"\nq = \"B\"\nkey = \"#{p}#{q}\"", "let p = \"A\"\nlet q = \"B\"\nlet key = \"\\(p)\\(q)\"", "$p = 'A';\n$q = 'B';\n$key = $p . $q;", "$key = 'A';\n$key .= 'B';", "string p = \"A\";\nstring q = \"B\";\nvar key = $\"{p}{q}\";",
			"#define P \"A\"\n#define Q \"B\"\nconst char *key = P Q;", "p <- \"A\"\nq <- \"B\"\nkey <- paste0(p, q)", "Dim p As String = \"A\"\nDim q = \"B\"\nkey = p & q", "local p, q = \"A\", \"B\"\nlocal key = p .. q", "let mut key = String::from(\"A\");\nkey.push_str(\"B\");",
			"StringBuilder key = new StringBuilder(\"A\");\nkey.append(\"B\");", "strcpy(key, \"A\");\nstrcat(key, \"B\");", "String key = \"A\";\nkey = key.concat(\"B\");",
		},
	}
}

func TestValuesThatNamesPutTogetherAreSeenAndLocated(t *testing.T) {
	for language, spellings := range namedSpellings() {
		for i, spelling := range spellings {
			t.Run(fmt.Sprint(language, i), func(t *testing.T) {
				for _, n := range []int{32, 44, 128} {
					key := sampleKey(n, "")
					text := regexp.MustCompile(`\bA\b`).ReplaceAllString(spelling, key[:n/2])
					text = regexp.MustCompile(`\bB\b`).ReplaceAllString(text, key[n/2:])
					content := strings.Repeat("x = 1\n", 500) + text + "\n" + strings.Repeat("y = 2\n", 500)
					views, _ := collect(t, []byte(content), "", Options{})
					if !slices.ContainsFunc(views, func(v shown) bool { return slices.Contains(v.Way, Named) && strings.Contains(v.text, key) }) {
						t.Errorf("no view of %q shows the value", spelling)
					}
				}
			})
		}
	}
}
