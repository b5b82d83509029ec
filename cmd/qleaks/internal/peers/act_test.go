package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/peertest"
)

// workflowsOf are the workflows that a page shows, as it shows them.
func workflowsOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(block[1], "name: ") {
			found = append(found, block[1])
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s shows no workflow", page)
	}
	return found
}

// actLab is a repository whose workflow act runs on this machine, as GitHub would
// on its own.
type actLab struct {
	*hooked
	act, root string
}

func newActLab(t *testing.T, workflow string) *actLab {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	l := &actLab{act: peertest.Workflows(t, root, peertest.Act), root: committed(t, root)}
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	goEnv, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	caches := strings.Fields(string(goEnv))
	l.hooked = &hooked{t: t, dir: filepath.Join(home, "lab"), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, "GOMODCACHE=" + caches[0], "GOCACHE=" + caches[1], "GOFLAGS=-mod=mod",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org",
	}}
	l.put(".github/workflows/qleaks.yml", workflow)
	l.put("clean.py", "print('clean')\n")
	l.git("init", "-q", "-b", "main")
	l.git("add", ".")
	l.git("commit", "-q", "-m", "workflow")
	return l
}

// committed is a copy of what Git has, or would add, of a working tree. act copies the
// whole directory of an action, with all that lies about there, for every run.
func committed(t *testing.T, root string) string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not yet in the index
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// commit commits files, a key in each whose text is empty, and returns the commit.
func (l *actLab) commit(files map[string]string) string {
	l.t.Helper()
	for name, text := range files {
		if text == "" {
			text = l.leak()
		}
		l.put(name, text)
	}
	l.git("add", ".")
	l.git("commit", "-q", "-m", "::error title=hostile::a message")
	return l.head()
}

func (l *actLab) head() string {
	l.t.Helper()
	return strings.TrimSpace(l.in(l.dir, "git", "rev-parse", "HEAD"))
}

// run runs the workflow for an event, and returns whether it is green. No key is
// in what act shows: try sees to it.
func (l *actLab) run(event string, payload any) (log string, green bool) {
	l.t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		l.t.Fatal(err)
	}
	file := filepath.Join(l.t.TempDir(), "event.json")
	l.write(file, string(text))
	log, err = l.try(l.dir, l.act, event, "--eventpath", file, "--platform", "ubuntu-latest=-self-hosted", "--action-offline-mode", "--pull=false",
		"--local-repository", "qleaks/qleaks@v1="+l.root, "--workflows", ".github/workflows/qleaks.yml")
	if strings.Contains(log, "Job succeeded") == (err != nil) || strings.Contains(log, "Job failed") == (err == nil) {
		l.t.Fatalf("%s: neither green nor red: %v\n%s", event, err, log)
	}
	return log, err == nil
}

type event map[string]any

func pushed(before, after string) event {
	return event{"before": before, "after": after, "ref": "refs/heads/main", "repository": event{"full_name": "lab/vqe"}}
}

func outputOf(log, name string) string {
	found := regexp.MustCompile(`::set-output:: `+regexp.QuoteMeta(name)+`=(\S*)`).FindAllStringSubmatch(log, -1)
	if len(found) == 0 {
		return "none"
	}
	return found[len(found)-1][1]
}

// TestTheActionFromItsPage does what a new user does: the workflow as the
// Action's page shows it, then a clean push, and one with a key. The program is
// built from the tree of the action.
func TestTheActionFromItsPage(t *testing.T) {
	l := newActLab(t, workflowsOf(t, filepath.Join("..", "..", "..", "..", "action", "README.md"))[0])
	first := l.head()
	second := l.commit(map[string]string{"clean.py": "print('still clean')\n"})
	if log, green := l.run("push", pushed(first, second)); !green || outputOf(log, "findings") != "0" {
		t.Fatalf("a clean push is not green:\n%s", log)
	}
	third := l.commit(map[string]string{"bell.py": ""})
	log, green := l.run("push", pushed(second, third))
	if green || outputOf(log, "findings") != "1" || outputOf(log, "exit-code") != "1" || !strings.Contains(log, "::error file=bell.py,line=2") {
		t.Errorf("a push with a key is not red:\n%s", log)
	}
}

// withBinary is the workflow with a program that is there already.
func withBinary(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("qleaks")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`name: qleaks
on: [push, pull_request, merge_group, workflow_dispatch, schedule]
permissions: {contents: read}
jobs:
  qleaks:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - uses: qleaks/qleaks/action@v1
        with: {binary: %s}
`, program)
}

func TestTheActionReadsWhatAnEventBrings(t *testing.T) {
	l := newActLab(t, withBinary(t))
	leaky := l.commit(map[string]string{"old.py": ""})
	clean := l.commit(map[string]string{"clean.py": "print('more')\n"})
	expect := func(event string, payload any, findings string, green bool) string {
		t.Helper()
		log, ok := l.run(event, payload)
		if ok != green || outputOf(log, "findings") != findings {
			t.Errorf("%s: green %t, %s findings; want %t, %s\n%s", event, ok, outputOf(log, "findings"), green, findings, log)
		}
		return log
	}
	// What was there before is no reason for red, but a schedule reads everything.
	expect("push", pushed(leaky, clean), "0", true)
	expect("schedule", event{"schedule": "17 3 * * *", "repository": event{"full_name": "lab/vqe"}}, "1", false)
	expect("workflow_dispatch", event{"inputs": nil, "ref": "refs/heads/main", "repository": event{"full_name": "lab/vqe"}}, "1", false)
	group := func(base, head string) event {
		return event{"action": "checks_requested", "merge_group": event{"base_sha": base, "head_sha": head, "head_ref": "refs/heads/gh-readonly-queue/main/pr-1"}, "repository": event{"full_name": "lab/vqe"}}
	}
	expect("merge_group", group(leaky, clean), "0", true)

	// A pull request that does all it can to be overlooked: a configuration that
	// switches everything off and names an endpoint, marks, commands of the runner
	// in names, messages, titles and contents.
	l.git("checkout", "-q", "-b", "x;$(touch${IFS}owned)")
	head := l.commit(map[string]string{
		"::error title=x::y.py": "",
		"marked.py":             strings.TrimSuffix(l.leak(), "\n") + " # qleaks:ignore gitleaks:allow ::stop-commands::all\n",
		".qleaks.toml":          "[scan]\nexclude = [\"**\"]\nconfidence = \"high\"\nfail-on = \"none\"\n\n[accounts.x]\nprovider = \"ionq\"\ncredential = \"env:GITHUB_TOKEN\"\n",
		".qleaks-baseline":      "::add-mask::a\n",
		".gitattributes":        "* filter=x diff=x\n",
		"notes.txt":             "::set-output name=exit-code::0\n::notice::nothing to see\n",
	})
	l.git("checkout", "-q", "main")
	l.git("merge", "-q", "--no-ff", "-m", "Merge of the host", head)
	hostile := "::set-output name=findings::0\n::add-mask::1\r\n$(touch owned) `touch owned`"
	log := expect("pull_request", event{"action": "opened", "number": 7, "repository": event{"full_name": "lab/vqe"}, "pull_request": event{
		"number": 7, "title": hostile, "body": hostile, "base": event{"sha": clean, "ref": "main", "repo": event{"full_name": "lab/vqe"}},
		"head": event{"sha": head, "ref": hostile, "label": hostile, "repo": event{"full_name": "mallory/vqe", "fork": true}},
	}}, "2", false)
	for _, command := range []string{"::error title=x::", "::notice::", "::stop-commands", "::add-mask"} {
		for line := range strings.Lines(log) {
			if _, shown, _ := strings.Cut(line, "| "); strings.HasPrefix(strings.TrimSpace(shown), command) {
				t.Errorf("something of the pull request began a line: %s", line)
			}
		}
	}
	if owned, _ := filepath.Glob(filepath.Join(filepath.Dir(l.dir), "*", "owned")); len(owned) > 0 {
		t.Error("something of the event was run")
	}
	expect("merge_group", group(clean, l.head()), "2", false)
}

// TestWorkflowsAreValid reads every workflow that the pages show, and our own, as
// GitHub does.
func TestWorkflowsAreValid(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	program := peertest.Workflows(t, root, peertest.ActionLint)
	dir := t.TempDir()
	var names []string
	keep := func(text string) {
		name := filepath.Join(dir, fmt.Sprintf("%d.yml", len(names)))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	for _, page := range []string{"action/README.md"} {
		for _, text := range workflowsOf(t, filepath.Join(root, page)) {
			keep(text)
		}
	}
	own, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	own = append(own, filepath.Join(root, "deploy", "actions.yaml"))
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-no-color", "-shellcheck=", "-pyflakes="}, append(names, own...)...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
