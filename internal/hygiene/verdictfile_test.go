package hygiene_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
)

func asked(fingerprint string, status key.Status, at time.Time) finding.Finding {
	return finding.Finding{
		ID: "ql", Rule: &rules.Rule{ID: "r", Provider: "ionq"}, Fingerprint: secret.Fingerprint(fingerprint),
		Standing: finding.Standing{Status: status, Check: &finding.Check{Provider: "ionq", Verdict: key.Verdict{
			Status: status, Reason: "it said so", Evidence: key.Evidence{Asked: at}, Key: key.Key{Provider: "ionq", ID: "k"},
		}}},
	}
}

// checks are those of findings, as asking gives them.
func checks(found ...finding.Finding) map[secret.Fingerprint]*finding.Check {
	all := map[secret.Fingerprint]*finding.Check{}
	for _, f := range found {
		all[f.Fingerprint] = f.Check
	}
	return all
}

func TestTheNewestAnswerIsRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inventory")
	for _, found := range [][]finding.Finding{
		{asked("a", key.Active, noon), asked("b", key.Active, noon), asked("c", key.Unknown, noon)},
		{asked("a", key.Inactive, noon.Add(day)), asked("b", key.Unknown, noon.Add(day)), {ID: "never asked", Rule: &rules.Rule{}, Fingerprint: "d"}},
		{asked("a", key.Active, noon.Add(-day))}, // told late
	} {
		if err := hygiene.RememberVerdicts(dir, "public", checks(found...)); err != nil {
			t.Fatal(err)
		}
	}
	said, err := hygiene.Verdicts(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 2 || said[0].Status != key.Inactive || !said[0].Evidence.Asked.Equal(noon.Add(day)) || said[1].Status != key.Active || said[1].Told.ID != "k" {
		t.Errorf("%+v", said)
	}
	unasked := func(fingerprint string) finding.Finding {
		return finding.Finding{Rule: &rules.Rule{Provider: "ionq"}, Fingerprint: secret.Fingerprint(fingerprint), Standing: finding.Standing{Status: key.Unknown}}
	}
	found := []finding.Finding{unasked("a"), asked("a", key.Active, noon.Add(2*day)), asked("b", key.Unknown, noon.Add(2*day)), unasked("x")}
	foreign := unasked("a")
	foreign.Rule = &rules.Rule{Provider: "qbraid"}
	found = append(found, foreign)
	hygiene.Recall(found, said, "public")
	for i, want := range []key.Status{key.Inactive, key.Active, key.Active, key.Unknown, key.Unknown} {
		if found[i].Status != want {
			t.Errorf("finding %d: %s, want %s", i, found[i].Status, want)
		}
	}
	if found[0].Check == nil || found[0].Check.Key().ID != "k" || !found[0].Check.Verdict.Evidence.Asked.Equal(noon.Add(day)) {
		t.Errorf("%+v", found[0].Check)
	}
	other := []finding.Finding{unasked("a")}
	if hygiene.Recall(other, said, "private-x"); other[0].Check != nil {
		t.Error("a fingerprint under another salt is another one")
	}
}

func TestNothingToRememberWritesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inventory")
	if err := hygiene.RememberVerdicts(dir, "public", checks(asked("a", key.Unknown, noon))); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a directory was made")
	}
}

func TestNoKeyIsRemembered(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	material := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(3))
	f := asked("a", key.Active, noon)
	f.Secret = secret.New([]byte(material))
	f.Check.Verdict.Key.Description = "the old one was " + material
	dir := t.TempDir()
	if err := hygiene.RememberVerdicts(dir, "public", checks(f)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, hygiene.VerdictFile))
	if err != nil || strings.Contains(string(text), material[4:20]) {
		t.Errorf("%v: the file holds a key", err)
	}
}
