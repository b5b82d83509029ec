package rewrite_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/remediate/rewrite"
)

// git runs git in a directory, alone on the machine.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.test", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.test")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestThePlanForAHistoryHoldsNoKeyAndTakesThemOut(t *testing.T) {
	key, other := madeUp(1), madeUp(2)
	dir := t.TempDir()
	from := filepath.Join(dir, "it's one")
	git(t, dir, "init", "-q", from)
	commit := func(name, text, message string) {
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		git(t, from, "add", name)
		git(t, from, "commit", "-q", "-m", message)
	}
	commit("a.py", "k = '"+key+"'\n", "one")
	commit("t.txt", "\x1b[31m"+other+"\x1b[0m and "+strings.Repeat("x", 500)+"\n", "two "+key)
	commit("a.py", "k = 1\n", "three")
	git(t, from, "tag", "-a", "v1", "-m", "with "+other)

	plan := rewrite.History{URL: from, Keys: keys(key, other), Packed: []string{"b.zip"}}.Plan()
	if strings.Contains(plan, key) || strings.Contains(plan, other) || !strings.Contains(plan, "--path 'b.zip'") {
		t.Fatalf("the plan shows a key, or does not drop the file that packs one:\n%s", plan)
	}
	if exec.Command("git", "filter-repo", "--version").Run() != nil {
		if demanded("filterrepo") {
			t.Fatal("QLEAKS_REQUIRE names filterrepo, and git here has none")
		}
		t.Skip("no git filter-repo here; QLEAKS_REQUIRE=filterrepo demands it")
	}
	commands := plan[:strings.Index(plan, "qleaks scan")]
	sh := exec.Command("sh", "-e", "-c", commands)
	sh.Dir = dir
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cleaned := filepath.Join(dir, "cleaned.git")
	everything := exec.Command("sh", "-c", "git cat-file --batch-all-objects --batch")
	everything.Dir = cleaned
	out, err := everything.Output()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte(key)) || bytes.Contains(out, []byte(other)) {
		t.Error("a key is still there")
	}
	for _, want := range []string{"k = '<" + variable + ">'", "\x1b[31m<" + variable + "_2>\x1b[0m and xxx", "two <" + variable + ">", "with <" + variable + "_2>", "k = 1"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%q is missing", want)
		}
	}
}
