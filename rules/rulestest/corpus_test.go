package rulestest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/rulestest"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
)

const corpus = "../../testdata/corpus"

// eachFile calls visit with every file below a folder of the corpus.
func eachFile(t *testing.T, folder string, visit func(name, text string)) {
	t.Helper()
	files := os.DirFS(path.Join(corpus, folder))
	n := 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		n++
		visit(name, string(text))
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestEveryKeyOfTheLeakyCorpusIsFound(t *testing.T) {
	set := builtin(t)
	eachFile(t, "leaky", func(name, text string) {
		content, wanted := rulestest.Plant(set, text, sample.NewValues(uint64(len(name))))
		if len(wanted) == 0 {
			t.Errorf("%s expects nothing", name)
		}
		list := rulestest.Scan(t.Context(), set, name, []byte(content))
		for i, w := range wanted {
			f, ok := of(list, w.Key)
			switch {
			case !ok:
				t.Errorf("%s: key %d (%s) is not found", name, i+1, w.Rule)
			case f.Rule.ID != w.Rule || f.Confidence < w.Confidence:
				t.Errorf("%s: key %d is %s %s (%s), want %s %s", name, i+1, f.Rule.ID, f.Confidence, f.Evidence, w.Rule, w.Confidence)
			}
		}
		for _, f := range list {
			if f.Confidence >= rules.Medium && !isPlanted(f, wanted) {
				t.Errorf("%s: line %d is taken for a key by %s (%s)", name, f.Occurrences[0].Location.Line, f.Rule.ID, f.Evidence)
			}
		}
	})
}

func of(list []finding.Finding, key string) (finding.Finding, bool) {
	for _, f := range list {
		if f.Secret.Equal(secret.New([]byte(key))) {
			return f, true
		}
	}
	return finding.Finding{}, false
}

func isPlanted(f finding.Finding, wanted []rulestest.Planted) bool {
	for _, w := range wanted {
		if f.Secret.Equal(secret.New([]byte(w.Key))) {
			return true
		}
	}
	return false
}

func TestTheCleanCorpusIsClean(t *testing.T) {
	set := builtin(t)
	eachFile(t, "clean", func(name, text string) {
		for seed := range uint64(20) {
			content := sample.Expand(text, "", sample.NewValues(seed))
			for _, f := range rulestest.Scan(t.Context(), set, name, []byte(content)) {
				if f.Confidence >= rules.Medium {
					t.Errorf("%s: line %d is taken for a key by %s (%s)", name, f.Occurrences[0].Location.Line, f.Rule.ID, f.Evidence)
				}
			}
		}
	})
}

// shape is one line of contexts.jsonl: a shape in which keys, or what looks
// like keys, were seen.
type shape struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Kind     string `json:"kind"`
	Path     string `json:"path_hint"`
	Template string `json:"template"`
	Class    string `json:"key_class"`
	Note     string `json:"note"`
}

// beyond lists shapes that the scanner does not reach yet, each with its
// reason. A shape that is found all the same must be taken out.
func beyond() map[string]string {
	return map[string]string{
		"P028": "joined from two literals",
		"P030": "joined from a list",
		"P032": "written backwards",
		"P219": "says token and nothing of IBM",
		"P161": "split over the events of a terminal recording",
		"P241": "inside compiled Python, where the next field touches it",
		"N095": "another scanner's report of a key says key and has its shape: a person must ignore it",
	}
}

func keyOf(class string, v *sample.Values) string {
	switch class {
	case "ionq":
		return v.From(sample.Alphabet("A-Za-z0-9"), 32)
	case "ibm_cloud":
		return v.From(sample.Alphabet("A-Za-z0-9_-"), 44)
	case "ibm_quantum_legacy":
		return v.From(sample.Alphabet("0-9a-f"), 128)
	case "qbraid":
		return "qbr_" + v.From(sample.Alphabet("A-Za-z0-9"), 40)
	case "dwave":
		return "DEV-" + v.From(sample.Alphabet("0-9a-f"), 40)
	case "bluequbit":
		return v.From(sample.Alphabet("A-Za-z0-9"), 32)
	case "qbraid_legacy", "alice_bob", "aqt", "azure_quantum", "quantinuum", "strangeworks", "superstaq":
		return v.From(sample.Alphabet("A-Za-z0-9"), 40)
	}
	return ""
}

func TestShapesInWhichKeysLeak(t *testing.T) {
	set := builtin(t)
	data, err := os.ReadFile(path.Join(corpus, "contexts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var s shape
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		classes := []string{s.Class}
		if s.Class == "qbraid" {
			classes = append(classes, "qbraid_legacy")
		}
		for _, class := range classes {
			if s.Kind == "negative" || keyOf(class, sample.NewValues(0)) != "" {
				tried++
				s.try(t, set, class)
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d shapes were tried", tried)
	}
}

func (s shape) try(t *testing.T, set *rules.Set, class string) {
	t.Helper()
	for seed := range uint64(3) {
		v := sample.NewValues(seed)
		key := keyOf(class, v)
		content := sample.Expand(s.Template, key, v)
		f, ok := s.best(rulestest.Scan(t.Context(), set, s.Path, []byte(content)), key)
		reason, isBeyond := beyond()[s.ID]
		if s.Kind == "negative" {
			ok = !ok
		}
		switch {
		case !ok && !isBeyond:
			t.Errorf("%s %s %s (%s), %s: %s by %q", s.ID, s.Provider, s.Path, class, s.Note, s.Kind, f.Evidence)
		case ok && isBeyond:
			t.Errorf("%s is right now: take it out of the list (%s)", s.ID, reason)
		}
	}
}

// best returns the finding that counts: of a positive the exact key at medium
// or above, of a negative anything at medium or above.
func (s shape) best(list []finding.Finding, key string) (finding.Finding, bool) {
	for _, f := range list {
		exact := s.Kind == "negative" || f.Secret.Equal(secret.New([]byte(key))) && providerIs(f, s)
		if f.Confidence >= rules.Medium && exact {
			return f, true
		}
	}
	return finding.Finding{}, false
}

// providerOf is our name of a provider that the shapes name otherwise.
func providerOf(name string) string {
	switch name {
	case "azure_quantum":
		return "azure"
	}
	return strings.ReplaceAll(name, "_", "-")
}

// providerIs compares providers; a few shapes hand an IonQ key to another SDK.
func providerIs(f finding.Finding, s shape) bool {
	return f.Rule.Provider == providerOf(s.Provider) || s.Class == f.Rule.Provider && strings.HasPrefix(s.Class, "ionq")
}
