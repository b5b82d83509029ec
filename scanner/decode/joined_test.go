package decode

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// joinedSpellings are programs in which A and B, or A, B and C, make a key.
func joinedSpellings() map[string][]string {
	return map[string][]string{
		"python": {
			`k = "A" + "B"`, `k = 'A'+'B'`, `k = "A" "B"`, "k = (\"A\"\n     'B'\n     \"C\")", "k = \"A\" \\\n  \"B\"", `k = f"A" f"B"`, `k = b'A' + rb'B'`, `k = "A" + f'B'`,
			`k = "".join(["A", "B"])`, `k = ''.join(('A', 'B', 'C',))`, "k = \"\".join([\n    \"A\",\n    \"B\",\n])", `k = str.join("", ["A", "B"])`, `k = """A""" + """B"""`,
			"k = (\"A\"  # the first half\n     \"B\")", `k = ("A") + ("B")`, `k = f"{'A'}{'B'}"`, `Client("A" + "B")`, "Client(\n  token=\"A\"\n  \"B\",\n)",
		},
		"javascript": {
			`const k = "A" + "B";`, "const k = `A` + 'B';", `k = ["A", "B"].join("")`, `k = ['A','B','C'].join('');`, `k = "A".concat("B")`, `k = "A".concat("B", "C")`,
			"k = \"A\" + // half\n  \"B\"", "k = `${'A'}${'B'}`", "const k = [\n  \"A\",\n  \"B\",\n].join(\"\")",
		},
		"c":      {`const char *k = "A" "B";`, "const char *k =\n  \"A\"\n  \"B\";", "char k[] = L\"A\" L\"B\";", "#define K \"A\" \\\n \"B\"", `std::string k = std::string("A") + "B";`, `out << "A" << "B";`, `k = strcat("A", "B");`},
		"java":   {`String k = "A" + "B";`, `String k = "A".concat("B");`, `k = new StringBuilder().append("A").append("B").toString();`, `k = new StringBuilder("A").append("B").toString();`, `k = String.join("", "A", "B");`, "k = new StringBuilder()\n    .append(\"A\")\n    .append(\"B\")\n    .toString();"},
		"csharp": {`var k = "A" + "B";`, `var k = string.Concat("A", "B");`, `var k = @"A" + $"B";`, `var k = string.Join("", new string[] { "A", "B" });`, `var k = string.Join("", new[] { "A", "B" });`},
		"go":     {`k := "A" + "B"`, "k := `A` + \"B\"", `k := strings.Join([]string{"A", "B"}, "")`, "k := \"A\" +\n\t\"B\""},
		"php":    {`$k = "A" . "B";`, `$k = 'A'.'B';`, `$k = implode("", ["A", "B"]);`, `$k = implode('', array('A', 'B'));`, `$k = join("", ["A", "B"]);`},
		"perl":   {`my $k = 'A' . 'B';`, `my $k = join("", "A", "B");`},
		"ruby":   {`k = "A" + "B"`, `k = "A" << "B"`, `k = "A" "B"`, `k = ["A", "B"].join`, `k = ["A", "B"].join("")`, "k = 'A' \\\n 'B'"},
		"julia":  {`k = "A" * "B"`, `k = string("A", "B")`, `k = join(["A", "B"])`},
		"rust":   {`let k = concat!("A", "B");`, `let k = ["A", "B"].concat();`, `let k = "A".to_owned() + "B";`, `let k = ["A", "B"].join("");`, `let k = vec!["A", "B"].join("");`},
		"other": {
			`k = "A" & "B"`, "k = \"A\" & _\n    \"B\"", `k = 'A' || 'B'`, `k = CONCAT('A', 'B')`, `k = "A" .. "B"`, `k = table.concat({"A", "B"})`, `k <> "A" <> "B"`, `k = "A" ++ "B"`, `k = "A" ^ "B"`, `k = 'A' // 'B'`,
			`k <- paste0("A", "B")`, `(def k (str "A" "B"))`, `val k = listOf("A", "B").joinToString("")`, `val k = Seq("A", "B").mkString`, `let k = ["A", "B"].joined()`, `k = join("", ["A", "B"])`,
			`K="A""B"`, `K='A'"B"`, `$k = "A" + "B"`, `$k = -join @("A", "B")`, `$k = ("A", "B") -join ""`, "$k = \"A\" + `\n  \"B\"", `let k = "A" ~ "B";`,
		},
	}
}

// split fills a spelling with the two or three parts of a key.
func split(spelling, key string) string {
	parts := []string{key[:len(key)/2], key[len(key)/2:]}
	if strings.Contains(spelling, `"C"`) || strings.Contains(spelling, "'C'") {
		third := len(key) / 3
		parts = []string{key[:third], key[third : 2*third], key[2*third:]}
	}
	for i, part := range parts {
		for _, quote := range []string{`"`, "'", "`"} {
			name := quote + string(rune('A'+i)) + quote
			spelling = strings.ReplaceAll(spelling, name, quote+part+quote)
		}
	}
	return spelling
}

func TestLiteralsThatAreJoinedAreSeenAndLocated(t *testing.T) {
	for language, spellings := range joinedSpellings() {
		for i, spelling := range spellings {
			t.Run(fmt.Sprint(language, i), func(t *testing.T) {
				for _, n := range []int{33, 45, 129} {
					key := sampleKey(n, "")
					text := split(spelling, key)
					first, last := strings.Index(text, key[:n/3]), strings.LastIndex(text, key[n-3:])
					content := strings.Repeat("x = 1\n", 500) + text + "\n" + strings.Repeat("y = 2\n", 500)
					views, _ := collect(t, []byte(content), "", Options{})
					wantPlace(t, views, key, place{way: "joined", encoded: text[first : last+3]})
				}
			})
		}
	}
}

func TestLiteralsThatAreTurnedRoundAreSeenAndLocated(t *testing.T) {
	for i, spelling := range []string{
		`K = "A"[::-1]`, `K = 'A'[:: -1]`, `k = "A".split("").reverse().join("")`, `k = "".join(reversed("A"))`, `$k = strrev('A');`, `k = reverse("A")`,
		`k = "A".reverse`, `let k: String = "A".chars().rev().collect();`,
	} {
		key := sampleKey(32, "")
		turned := []byte(key)
		slices.Reverse(turned)
		text := strings.Repeat("x = 1\n", 500) + strings.Replace(spelling, "A", string(turned), 1) + "\n"
		views, _ := collect(t, []byte(text), "", Options{})
		t.Run(fmt.Sprint(i), func(t *testing.T) { wantPlace(t, views, key, place{way: "reversed", encoded: string(turned)}) })
	}
	views, _ := collect(t, []byte(`k = "`+sampleKey(32, "")+`"[:-1]`), "", Options{})
	if len(views) > 1 {
		t.Errorf("a literal that is cut is turned round: %d views", len(views))
	}
}

func TestValuesThatArePutTogetherAreCountedAndTold(t *testing.T) {
	var text strings.Builder
	for range maxJoins + 10 {
		text.WriteString("x = \"" + sampleKey(12, "") + "\" + \"" + sampleKey(12, "") + "\"\n")
	}
	joined := 0
	var notes []string
	for v, err := range Views([]byte(text.String()), "", Options{}) {
		if err != nil {
			notes = append(notes, err.Error())
		} else if slices.Contains(v.Way, "joined") {
			joined++
		}
	}
	if joined != maxJoins || len(notes) != 1 || !strings.Contains(notes[0], "more values are put together") {
		t.Errorf("%d views of values, notes %q", joined, notes)
	}
}
