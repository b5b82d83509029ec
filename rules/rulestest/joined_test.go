package rulestest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/rulestest"
	"github.com/qleaks/qleaks/rules/sample"
)

// joinedLeaks are programs in which A and B make an IonQ key.
func joinedLeaks() map[string]string {
	return map[string]string{
		"bell.py":    `provider = IonQProvider("A" + "B")`,
		"bell2.py":   "provider = IonQProvider(\n    token=\"A\"\n          \"B\",\n)\n",
		"env.py":     `os.environ["IONQ_API_KEY"] = "A" "B"`,
		"list.py":    `IONQ_API_KEY = "".join(["A", "B"])`,
		"run.js":     `const ionqKey = ["A", "B"].join("");`,
		"run.ts":     "const ionqApiKey: string =\n  \"A\" +\n  \"B\";\n",
		"Run.java":   `String ionqApiKey = new StringBuilder().append("A").append("B").toString();`,
		"run.c":      "static const char *ionq_api_key =\n    \"A\"\n    \"B\";\n",
		"run.php":    `$ionq_api_key = 'A' . 'B';`,
		"run.jl":     `ionq_api_key = "A" * "B"`,
		"run.rs":     `const IONQ_API_KEY: &str = concat!("A", "B");`,
		"run.go":     `ionqAPIKey := "A" + "B"`,
		"run.rb":     `ionq_api_key = ["A", "B"].join`,
		"run.lua":    `local ionq_api_key = "A" .. "B"`,
		"run.sh":     `export IONQ_API_KEY="A""B"`,
		"run.vb":     "Const ionqApiKey = \"A\" & _\n    \"B\"\n",
		"ci.yml":     "steps:\n  - run: |\n      python -c 'IonQProvider(\"A\" + \"B\")'\n",
		"log.jsonl":  `{"text": "provider = IonQProvider(\"A\" + \"B\")\n"}`,
		"page.html":  `<pre>IonQProvider(<span class="s2">&quot;A&quot;</span> <span class="o">+</span> <span class="s2">&quot;B&quot;</span>)</pre>`,
		"bell.ipynb": `{"cells": [{"cell_type": "code", "source": ["k = (\"A\"\n", "     \"B\")\n", "ionq_key = (\"A\" +\n", "     \"B\")\n"]}], "nbformat": 4}`,
	}
}

func TestKeysInPartsAreFound(t *testing.T) {
	set := builtin(t)
	for name, text := range joinedLeaks() {
		for seed := range uint64(3) {
			key := sample.NewValues(seed).From(sample.Alphabet("A-Za-z0-9"), 32)
			for _, cut := range []int{3, 16, 20, 31} {
				content := strings.NewReplacer("A\"", key[:cut]+"\"", "A\\\"", key[:cut]+"\\\"", "A'", key[:cut]+"'", "A&", key[:cut]+"&",
					"\"B", "\""+key[cut:], "'B", "'"+key[cut:], ";B", ";"+key[cut:]).Replace(text)
				f, ok := of(rulestest.Scan(t.Context(), set, name, []byte(content)), key)
				if !ok || f.Confidence < rules.High {
					t.Errorf("%s cut at %d: %v %s by %q", name, cut, ok, f.Confidence, f.Evidence)
					continue
				}
				if way := f.Occurrences[0].Location.Way; len(way) == 0 || way[len(way)-1] != "joined" {
					t.Errorf("%s cut at %d: seen by way of %q", name, cut, way)
				}
			}
		}
	}
}

func TestAKeyThatIsWrittenBackwardsIsReportedTheRightWayRound(t *testing.T) {
	set := builtin(t)
	for _, text := range []string{`IONQ_API_KEY = "A"[::-1]`, `const ionqKey = "A".split("").reverse().join("")`, `{"text": "IONQ_API_KEY = \"A\"[::-1]\n"}`} {
		key := sample.NewValues(1).From(sample.Alphabet("A-Za-z0-9"), 32)
		turned := []byte(key)
		slices.Reverse(turned)
		list := rulestest.Scan(t.Context(), set, "a.py", []byte(strings.Replace(text, "\"A", "\""+string(turned), 1)))
		if strings.Contains(text, `\"A`) {
			list = rulestest.Scan(t.Context(), set, "a.jsonl", []byte(strings.Replace(text, "A\\\"", string(turned)+"\\\"", 1)))
		}
		f, ok := of(list, key)
		if !ok || len(list) != 1 || f.Confidence < rules.High {
			t.Errorf("%s: %d findings, %v, %s by %q", text, len(list), ok, f.Confidence, f.Evidence)
		}
	}
}

// strangers look like keys in parts and are none.
func strangers() map[string]string {
	return map[string]string{
		"table of hashes":      "import qiskit_ionq\nfrom qiskit_ibm_runtime import QiskitRuntimeService\nTOKENS = [\n    \"{{HEX32}}\",\n    \"{{HEX32}}\",\n]\n",
		"set of halves":        "# ionq\nIDS = {\"{{HEX16}}\", \"{{HEX16}}\", \"{{HEX16}}\"}\n",
		"image over lines":     "import cirq_ionq\nLOGO = (\n    \"{{B64_76}}\"\n    \"{{B64_76}}\"\n    \"{{B64_76}}\"\n)\n",
		"image in JavaScript":  "// IonQProvider\nconst png = \"data:image/png;base64,{{B64_76}}\" +\n  \"{{B64_76}}\" +\n  \"{{B64_76}}\";\n",
		"hash in parts":        "import qiskit_ionq\nchecksum = \"{{HEX16}}\" + \"{{HEX16}}\"\n",
		"hash of IBM's":        "import qiskit_ibm_runtime\nsha256 = (\"{{HEX32}}\"\n  \"{{HEX32}}\")\n",
		"placeholder":          `IONQ_API_KEY = "your_ionq_" + "api_key_goes_here12"`,
		"placeholder in lines": "ionq_key = (\"xxxxxxxxxxxxxxxx\"\n  \"xxxxxxxxxxxxxxxx\")\n",
		"words":                `ionq_key = "TheFirstPartOf" + "AnIdentifier2Name"`,
		"paths":                `ionq_key = "configs/ionqKeys/" + "provider2/Default"`,
		"a list not joined":    `ionq_keys = ["{{ALNUM16}}", "{{ALNUM16}}"]`,
		"arguments":            `ionq_key("{{ALNUM16}}", "{{ALNUM16}}")`,
		"joined by a comma":    `ionq_key = ",".join(["{{ALNUM16}}", "{{ALNUM16}}"])`,
		"two that are apart":   "ionq_key = \"{{ALNUM16}}\"\n# then\nother = \"{{ALNUM16}}\"\n",
	}
}

func TestWhatOnlyLooksLikeAKeyInPartsIsNotReported(t *testing.T) {
	set := builtin(t)
	for name, text := range strangers() {
		for seed := range uint64(20) {
			v := sample.NewValues(seed)
			text := strings.ReplaceAll(text, "{{B64_76}}", v.From(sample.Alphabet("A-Za-z0-9+/"), 76))
			for strings.Contains(text, "{{HEX16}}") || strings.Contains(text, "{{ALNUM16}}") {
				text = strings.Replace(text, "{{HEX16}}", v.From(sample.Alphabet("0-9a-f"), 16), 1)
				text = strings.Replace(text, "{{ALNUM16}}", v.From(sample.Alphabet("A-Za-z0-9"), 16), 1)
			}
			for _, f := range rulestest.Scan(t.Context(), set, "a.py", []byte(sample.Expand(text, "", v))) {
				if f.Confidence >= rules.Medium {
					t.Errorf("%s: taken for a key by %s (%s)", name, f.Rule.ID, f.Evidence)
				}
			}
		}
	}
}
