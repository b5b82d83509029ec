package peers

import (
	"slices"
	"strings"
	"testing"
)

// tokenRule and idRule are what most configurations of the walk have.
const (
	tokenRule = "[[rules]]\nid = \"acme-token\"\ndescription = \"A token of Acme\"\nregex = '''acme_[a-z]{6}[0-9]{2}'''\nkeywords = [\"acme_\"]\ntags = [\"acme\", \"token\"]\n"
	idRule    = "[[rules]]\nid = \"acme-id\"\nregex = '''(?:id = |key: |c: |secret_other = )(zk[0-9a-f]{20})'''\nsecretGroup = 1\n"
	pemRule   = "[[rules]]\nid = \"pem\"\ndescription = \"key file\"\npath = '''\\.pem$'''\n"
)

func (w *walk) configurations(t *testing.T) {
	t.Helper()
	required := func(more string) string {
		return tokenRule + more + "[[rules]]\nid = \"acme-id\"\nregex = '''zk[0-9a-f]{20}'''\nskipReport = true\n"
	}
	for name, text := range map[string]string{
		"plain":     "title = \"x\"\n" + tokenRule + idRule,
		"many":      tokenRule + idRule + pemRule + "[[rules]]\nid = \"block\"\nregex = '''(?s)-----BEGIN ACME-----.*?-----END ACME-----'''\n[[rules]]\nid = \"line\"\nregex = '''(?:three|nothing)\\n'''\npath = '''\\.(?:txt|pem)$'''\n",
		"generic":   tokenRule + idRule + "[[rules]]\nid = \"generic-thing\"\nregex = '''secret_[a-z]+ = (\\S+)'''\n[[rules]]\nid = \"Other-Generic\"\nregex = '''other = (\\S+)'''\n",
		"entropy":   "[[rules]]\nid = \"pw\"\nregex = '''pw=(\\S+)'''\nentropy = 3\n[[rules]]\nid = \"all\"\nregex = '''pw=(a)?(\\S+)'''\n[[rules]]\nid = \"second\"\nregex = '''pw=(a)?(\\S+)'''\nsecretGroup = 2\n",
		"optional":  "[[rules]]\nid = \"first\"\nregex = '''pw=(b)?(\\S+)'''\nsecretGroup = 1\n",
		"weak":      "[[rules]]\nid = \"pw\"\nregex = '''pw=(\\S+)'''\nentropy = \"3.0\"\nsecretGroup = \"1\"\nkeywords = \"pw,other\"\ntags = \"one,two\"\n[rules.allowlist]\npaths = \"nowhere\"\n",
		"case":      "TITLE = \"x\"\n[[Rules]]\nID = \"acme-token\"\nRegex = '''acme_[a-z]{6}[0-9]{2}'''\nKeyWords = [\"ACME_\"]\n[AllowList]\nStopWords = [\"ZZZZ\"]\n",
		"required":  required("[[rules.required]]\nid = \"acme-id\"\n"),
		"lines":     required("[[rules.required]]\nid = \"acme-id\"\nwithinLines = 2\n"),
		"columns":   required("[[rules.required]]\nid = \"acme-id\"\nwithinLines = 0\nwithinColumns = 40\n"),
		"both":      tokenRule + "[[rules.required]]\nid = \"acme-id\"\nwithinLines = 5\n[[rules.required]]\nid = \"pem\"\n" + idRule + pemRule,
		"duplicate": tokenRule + strings.Replace(tokenRule, "{6}", "{5}[a-z]", 1),
		"minimum":   "minVersion = \"v99.0.0\"\n" + tokenRule,

		"allow-path":     tokenRule + idRule + "[allowlist]\npaths = ['''(^|/)vendor/''', '''\\.py$''']\n",
		"allow-regex":    tokenRule + idRule + "[[allowlists]]\nregexes = ['''_[a-f]''', '''zk6''']\n",
		"allow-match":    tokenRule + idRule + "[[allowlists]]\nregexTarget = \"match\"\nregexes = ['''^id = ''']\n",
		"allow-line":     tokenRule + idRule + "[[allowlists]]\nregexTarget = \"line\"\nregexes = ['''token = ''', '''^t = ''']\n",
		"allow-stop":     tokenRule + idRule + "[[allowlists]]\nstopwords = [\"AB\", \"E\"]\n",
		"allow-and":      tokenRule + idRule + "[[allowlists]]\ncondition = \"and\"\npaths = ['''\\.txt$''']\nregexes = ['''_[a-m]''']\n",
		"allow-and3":     tokenRule + idRule + "[[allowlists]]\ncondition = \"&&\"\npaths = ['''\\.txt$''']\nregexes = ['''_''']\nstopwords = [\"i\"]\n",
		"allow-and-path": tokenRule + idRule + "[[allowlists]]\ncondition = \"AND\"\npaths = ['''\\.txt$''', '''sub''']\n",
		"allow-rule":     tokenRule + "[[rules.allowlists]]\nregexes = ['''_[a-m]''']\n[[rules.allowlists]]\ncondition = \"AND\"\nregexTarget = \"line\"\npaths = ['''txt$''']\nregexes = ['''token''']\n" + idRule,
		"allow-target":   tokenRule + idRule + "[[allowlists]]\ntargetRules = [\"acme-token\"]\npaths = ['''txt$''']\n",
		"allow-flags":    tokenRule + idRule + "[[allowlists]]\npaths = ['''(?i)upper''', '''B\\.PY''']\n",

		"extend-path":     "[extend]\npath = \"{conf}/plain.toml\"\n" + pemRule,
		"extend-change":   "[extend]\npath = \"{conf}/plain.toml\"\n[[rules]]\nid = \"acme-token\"\ndescription = \"changed\"\ntags = [\"more\"]\nkeywords = [\"token\"]\n[[rules.allowlists]]\npaths = ['''^a\\.txt''']\n[[rules]]\nid = \"acme-id\"\nregex = '''z(k[0-9a-f]{20})'''\npath = '''txt$'''\nentropy = 2.0\n",
		"extend-disabled": "[extend]\npath = \"{conf}/many.toml\"\ndisabledRules = [\"acme-id\", \"nothing\", \"block\"]\n[[allowlists]]\ntargetRules = [\"acme-token\"]\nstopwords = [\"q\"]\n",
		"extend-chain":    "[extend]\npath = \"{conf}/extend-path.toml\"\n[[rules]]\nid = \"own\"\nregex = '''text'''\n",
		"extend-chain3":   "[extend]\npath = \"{conf}/extend-chain.toml\"\n[[rules]]\nid = \"own3\"\nregex = '''more text'''\n",
		"extend-required": "[extend]\npath = \"{conf}/lines.toml\"\n[[rules]]\nid = \"acme-token\"\ndescription = \"changed\"\n",
		"extend-default":  "[extend]\nuseDefault = true\ndisabledRules = [\"generic-api-key\"]\n" + tokenRule,

		"wrong-toml":      "[[rules]\n",
		"wrong-regex":     "[[rules]]\nid = \"x\"\nregex = '''('''\n",
		"wrong-id":        "[[rules]]\nregex = '''x'''\n",
		"wrong-empty":     "[[rules]]\nid = \"x\"\n",
		"wrong-group":     "[[rules]]\nid = \"x\"\nregex = '''x'''\nsecretGroup = 1\n",
		"wrong-both":      "[allowlist]\npaths = ['''x''']\n[[allowlists]]\npaths = ['''y''']\n" + tokenRule,
		"wrong-allow":     tokenRule + "[[allowlists]]\ndescription = \"x\"\n",
		"wrong-condition": tokenRule + "[[allowlists]]\ncondition = \"xor\"\npaths = ['''x''']\n",
		"wrong-target":    tokenRule + "[[allowlists]]\nregexTarget = \"file\"\nregexes = ['''x''']\n",
		"wrong-rule":      tokenRule + "[[allowlists]]\ntargetRules = [\"nothing\"]\npaths = ['''x''']\n",
		"wrong-required":  tokenRule + "[[rules.required]]\nid = \"nothing\"\n",
		"wrong-extend":    "[extend]\nuseDefault = true\npath = \"{conf}/plain.toml\"\n" + tokenRule,
		"wrong-file":      "[extend]\npath = \"{conf}/nowhere.toml\"\n" + tokenRule,
	} {
		w.write(t, "conf/"+name+".toml", text)
	}
	w.write(t, "conf/short.tmpl", "{{range .}}{{.RuleID}} {{.File}}:{{.StartLine}}:{{.EndColumn}} {{.Secret}} {{.Tags}} {{printf \"%.2f\" .Entropy}}\n{{end}}")
	w.write(t, "conf/lines.tmpl", `[{{ $last := (sub (len .) 1) }}{{ range $i, $f := . }}
{{ quote .Line }} {{ .Match | trunc 20 | upper }} {{ .Message | replace "\n" " " | quote }} {{ join "," .Tags }} {{ default "none" .Link }}{{ if ne $i $last }},{{ end }}{{ end }}
]`)
	w.write(t, "own/.gitleaks.toml", "[[rules]]\nid = \"own\"\nregex = '''own_acme_[a-z]{6}'''\n")
	w.write(t, "own/a.txt", "own_{T0}\n")
	w.write(t, "own/sub/.gitleaks.toml", "[[rules]]\nid = \"below\"\nregex = '''below_acme_[a-z]{6}'''\n")
	w.write(t, "own/sub/b.txt", "below_{T1}\n")
	w.write(t, "data/ignore/.gitleaksignore", "# a comment\n\na.txt:acme-token:2\n  sub\\dir\\c.yaml:acme-token:2  \nco:lon.txt:acme-token:1\nnonsense\nb.py:acme-token:1 # why\nenc.txt:acme-token:2\n")
}

// commands are command lines that both have.
func walkCases() []walkCase {
	var cases []walkCase
	add := func(more ...walkCase) { cases = append(cases, more...) }
	// Every configuration, on files and on a history.
	for name, least := range map[string]int{
		"many": 30, "generic": 28, "entropy": 2, "optional": 2, "weak": 1, "case": 18, "required": 4, "lines": 3, "columns": 1, "both": 0, "duplicate": 20, "minimum": 20,
		"allow-path": 20, "allow-regex": 8, "allow-match": 25, "allow-line": 18, "allow-stop": 3, "allow-and": 10, "allow-and3": 10, "allow-and-path": 6,
		"allow-rule": 10, "allow-target": 10, "allow-flags": 20, "extend-path": 25, "extend-change": 4, "extend-disabled": 10, "extend-chain": 25, "extend-chain3": 2, "extend-required": 3, "extend-default": 20,
	} {
		add(walkCase{name: name, args: "dir -c {conf}/" + name + ".toml", in: "tree", least: least + 1})
		add(walkCase{name: name + " in history", args: "git -c {conf}/" + name + ".toml", in: "repo", least: min(least/2, 2)})
	}
	for _, name := range []string{"toml", "regex", "id", "empty", "group", "both", "allow", "condition", "target", "rule", "required", "extend", "file"} {
		c := walkCase{name: "wrong " + name, args: "dir -c {conf}/wrong-" + name + ".toml", in: "tree", format: "none"}
		if name == "regex" {
			c.code = 2 // gitleaks panics
		}
		add(c)
	}
	return slices.Concat(cases, walkCommands(), walkLogs())
}
