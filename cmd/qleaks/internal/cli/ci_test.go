package cli_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
	"github.com/qleaks/qleaks/internal/ci"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// runner is a runner of GitHub with a checkout.
type runner struct {
	t      *testing.T
	dir    string
	values *sample.Values
	keys   []string
	// variables are those of the runner, besides the event's.
	variables map[string]string
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	r := &runner{t: t, dir: filepath.Join(t.TempDir(), "vqe"), values: sample.NewValues(7), variables: map[string]string{}}
	must(t, os.Mkdir(r.dir, 0o700))
	r.git("init", "-q", "-b", "main")
	r.write("readme.md", "# VQE\n")
	r.commit("first")
	return r
}

func (r *runner) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_ALLOW_PROTOCOL=file")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

func (r *runner) write(name, text string) {
	r.t.Helper()
	must(r.t, os.MkdirAll(filepath.Dir(filepath.Join(r.dir, name)), 0o700))
	must(r.t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600))
}

// leak writes a file with a new key.
func (r *runner) leak(name string) {
	r.t.Helper()
	set, err := rules.Builtin()
	must(r.t, err)
	key := sample.Key(set.Rule("ionq-api-key"), r.values)
	r.keys = append(r.keys, key)
	r.write(name, "from qiskit_ionq import IonQProvider\nprovider = IonQProvider(\""+key+"\")\n")
}

func (r *runner) commit(message string) string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.git("rev-parse", "HEAD")
}

// answer is what a run of ci says.
type answer struct {
	out, log, summary string
	outputs           map[string]string
	code              int
}

// event runs ci for an event, and looks for material in all that it left.
func (r *runner) event(name string, event any, args ...string) answer {
	r.t.Helper()
	text, err := json.Marshal(event)
	must(r.t, err)
	dir := r.t.TempDir()
	variables := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": filepath.Join(dir, "event.json"),
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary.md"), "GITHUB_SHA": r.git("rev-parse", "HEAD"),
	}
	must(r.t, os.WriteFile(variables["GITHUB_EVENT_PATH"], text, 0o600))
	maps.Copy(variables, r.variables)
	var out, log bytes.Buffer
	env := cli.Process()
	env.Args = append([]string{"ci", r.dir}, args...)
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &out, &log
	env.Getenv = func(name string) string { return variables[name] }
	env.ConfigDir = func() (string, error) { return dir, nil }
	a := answer{code: cli.Main(r.t.Context(), env), outputs: map[string]string{}}
	a.out, a.log = out.String(), log.String()
	summary, _ := os.ReadFile(variables["GITHUB_STEP_SUMMARY"])
	outputs, _ := os.ReadFile(variables["GITHUB_OUTPUT"])
	a.summary = string(summary)
	lines := strings.Split(string(outputs), "\n")
	for i, line := range lines {
		if name, delimiter, ok := strings.Cut(line, "<<"); ok && i+2 < len(lines) && lines[i+2] == delimiter {
			a.outputs[name] = lines[i+1]
		}
	}
	for _, key := range r.keys {
		if strings.Contains(a.out+a.log+a.summary+string(outputs), key) {
			r.t.Errorf("%s: a key is shown", name)
		}
	}
	return a
}

// brings checks how many keys a run found, and that all its voices agree.
func (r *runner) brings(a answer, keys int) {
	r.t.Helper()
	code := 0
	if keys > 0 {
		code = 1
	}
	marks := strings.Count(a.out, "\n::error file=")
	if strings.HasPrefix(a.out, "::error file=") {
		marks++
	}
	if a.code != code || a.outputs["findings"] != strconv.Itoa(keys) || a.outputs["exit-code"] != strconv.Itoa(code) || marks != keys {
		r.t.Errorf("exit code %d, %d annotations, outputs %v; want %d keys\n%s\n%s", a.code, marks, a.outputs, keys, a.out, a.log)
	}
}

type object = map[string]any

func push(before, after string) object {
	return object{"before": before, "after": after, "ref": "refs/heads/main", "repository": object{"full_name": "acme/vqe"}}
}

func pull(base, head, from string) object {
	return object{"pull_request": object{
		"number": 7, "title": "::error::x", "base": object{"sha": base}, "head": object{"sha": head, "ref": "a\n::set-output name=x::y", "repo": object{"full_name": from}},
	}, "repository": object{"full_name": "acme/vqe"}}
}

var zeros = strings.Repeat("0", 40)

func TestAPushBringsItsCommits(t *testing.T) {
	r := newRunner(t)
	r.leak("old.py")
	before := r.commit("old")
	r.leak("gone.py")
	r.commit("in between")
	must(t, os.Remove(filepath.Join(r.dir, "gone.py")))
	after := r.commit("and gone")
	r.brings(r.event("push", push(before, after)), 1)
	r.brings(r.event("push", push(after, after)), 0)
	// A new branch, whose remote has the rest.
	r.git("update-ref", "refs/remotes/origin/main", after)
	r.git("checkout", "-q", "-b", "topic")
	r.leak("new.py")
	topic := r.commit("new")
	r.brings(r.event("push", push(zeros, topic)), 1)
	// A forced push: what was there before is nowhere.
	r.brings(r.event("push", push(strings.Repeat("ab", 20), topic)), 1)
	a := r.event("push", object{"before": topic, "after": zeros, "deleted": true, "ref": "refs/heads/topic"})
	if a.code != 0 || !strings.Contains(a.log, "deleted") {
		t.Errorf("exit code %d: %s", a.code, a.log)
	}
	r.brings(r.event("merge_group", object{"merge_group": object{"base_sha": after, "head_sha": topic}}), 1)
	for _, whole := range []string{"schedule", "workflow_dispatch", "release"} {
		r.brings(r.event(whole, object{}, "--fail-on", "low"), 3)
	}
}

func TestAPullRequestBringsItsCommitsAndTheMergeOfThem(t *testing.T) {
	r := newRunner(t)
	r.leak("old.py")
	base := r.commit("old")
	r.git("checkout", "-q", "-b", "topic")
	r.write("fine.py", "print(1)\n")
	head := r.commit("fine")
	r.git("checkout", "-q", "main")
	r.leak("theirs.py")
	r.commit("meanwhile, on main")
	r.git("merge", "-q", "--no-ff", "--no-commit", "topic")
	r.leak("evil.py") // only the merge has it
	merge := r.commit("merge")
	r.git("checkout", "-q", "--detach", merge)
	r.brings(r.event("pull_request", pull(base, head, "acme/vqe")), 1)
	r.git("checkout", "-q", "topic") // ref: the head, as some workflows have it
	r.variables["GITHUB_SHA"] = strings.Repeat("cd", 20)
	r.brings(r.event("pull_request", pull(base, head, "acme/vqe")), 0)
}

func TestAPullRequestCannotHideWhatItBrings(t *testing.T) {
	r := newRunner(t)
	r.write(".qleaks.toml", "[scan]\nexclude = [\"vendor/**\"]\n")
	base := r.commit("configuration")
	r.leak("vendor/known.py")
	r.leak("app.py")
	r.write(".qleaks.toml", "[scan]\nexclude = [\"**\"]\nfail-on = \"none\"\n")
	head := r.commit("hide")
	a := r.event("pull_request", pull(base, head, "mallory/vqe"))
	r.brings(a, 1)
	r.brings(r.event("merge_group", object{"merge_group": object{"base_sha": base, "head_sha": head}}), 1)
	r.brings(r.event("push", push(base, head)), 0) // whoever pushed may write
	// Nobody tells who made what is checked out.
	r.brings(r.event("workflow_dispatch", object{}, "--base", base, "--head", head), 2)
	r.brings(r.event("workflow_run", object{}), 2)
}

func TestNothingOfARepositoryIsACommand(t *testing.T) {
	r := newRunner(t)
	before := r.git("rev-parse", "HEAD")
	r.leak("a\n::error::b,c:d%0A/e|`x`<b>.py")
	r.leak("::set-output name=findings::0.py")
	must(t, os.Rename(filepath.Join(r.dir, "::set-output name=findings::0.py"), filepath.Join(r.dir, "::set-output name="+r.keys[1]+".py")))
	after := r.commit("::add-mask::x\n::stop-commands::y")
	a := r.event("push", push(before, after))
	r.brings(a, 2)
	for line := range strings.Lines(a.out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") && !strings.HasPrefix(line, "::error file=") {
			t.Errorf("a command: %q", line)
		}
	}
	if strings.Contains(a.summary, "<b>") || strings.Contains(a.summary, "`x`") {
		t.Errorf("the summary:\n%s", a.summary)
	}
}

func TestKeysAreMaskedWhereARunnerReads(t *testing.T) {
	r := newRunner(t)
	before := r.git("rev-parse", "HEAD")
	r.leak("a.py")
	after := r.commit("a")
	key := r.keys[0]
	r.keys = nil
	r.variables = map[string]string{"GITHUB_WORKFLOW": "ci", "RUNNER_TEMP": t.TempDir()}
	a := r.event("push", push(before, after))
	if !strings.HasPrefix(a.out, "::add-mask::"+key+"\n") || strings.Count(a.out, key) != 1 {
		t.Error("the key is not masked before anything else is said, or is said again")
	}
	r.variables["ACT"] = "true"
	if a := r.event("push", push(before, after)); strings.Contains(a.out, key) {
		t.Error("the key is told to a runner that shows it")
	}
}

func TestWhatAShallowCheckoutLacksIsFetched(t *testing.T) {
	r := newRunner(t)
	before := r.git("rev-parse", "HEAD")
	r.leak("first.py")
	r.commit("first of the push")
	must(t, os.Remove(filepath.Join(r.dir, "first.py")))
	after := r.commit("second")
	origin := r.dir
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	r.dir = filepath.Join(t.TempDir(), "shallow")
	must(t, os.Mkdir(r.dir, 0o700))
	r.git("clone", "-q", "--depth=1", "file://"+origin, ".")
	a := r.event("push", push(before, after), "--no-fetch")
	if a.code != 4 || !strings.Contains(a.log, "fetch-depth: 0") || a.outputs["exit-code"] != "4" {
		t.Errorf("exit code %d, %v: %s", a.code, a.outputs, a.log)
	}
	r.brings(r.event("push", push(before, after)), 1)
}

// A forced push took away what was there before, and the remote tidied up: then
// there is nothing to compare with, and all that is new is read.
func TestABaseThatIsGoneLeavesNothingUnread(t *testing.T) {
	r := newRunner(t)
	r.leak("old.py")
	r.commit("known to the branch topic")
	r.git("branch", "topic")
	r.write("b.md", "b\n")
	r.commit("what was there before the push")
	before := r.git("rev-parse", "HEAD")
	r.git("reset", "-q", "--hard", "HEAD^")
	r.leak("first.py")
	r.commit("first of the push")
	must(t, os.Remove(filepath.Join(r.dir, "first.py")))
	after := r.commit("second")
	r.git("reflog", "expire", "--expire=now", "--all")
	r.git("gc", "-q", "--prune=now")
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	origin := r.dir
	checkout := func(refs string) {
		r.dir = filepath.Join(t.TempDir(), "shallow")
		must(t, os.Mkdir(r.dir, 0o700))
		r.git("clone", "-q", "--depth=1", "file://"+origin, ".")
		r.git("config", "remote.origin.fetch", "+refs/heads/"+refs+":refs/remotes/origin/"+refs)
	}
	checkout("*")
	a := r.event("push", push(before, after))
	r.brings(a, 1)
	if !strings.Contains(a.log, "does not give "+before[:7]+" any more") || strings.Contains(a.log, "fetch-depth: 0") {
		t.Errorf("it says: %s", a.log)
	}
	// A checkout that fetches this branch only knows no others: all of it is read.
	checkout("main")
	r.brings(r.event("push", push(before, after)), 2)
	// Where more may be there, and is not fetched, the run stays incomplete.
	checkout("*")
	if a := r.event("push", push(before, after), "--no-fetch"); !strings.Contains(a.log, "so that not all was read") {
		t.Errorf("exit code %d: %s", a.code, a.log)
	}
}

// Some remotes give only what a branch leads to, which the base is.
func TestABaseThatIsNotGivenByItsNameIsFetchedByItsBranch(t *testing.T) {
	r := newRunner(t)
	r.leak("old.py")
	before := r.commit("old")
	for i := range 60 {
		r.commit(strconv.Itoa(i))
	}
	r.leak("new.py")
	after := r.commit("new")
	r.git("config", "uploadpack.allowAnySHA1InWant", "false")
	origin := r.dir
	r.dir = filepath.Join(t.TempDir(), "shallow")
	must(t, os.Mkdir(r.dir, 0o700))
	r.git("-c", "protocol.version=0", "clone", "-q", "--depth=1", "file://"+origin, ".")
	r.git("config", "protocol.version", "0")
	a := r.event("push", push(before, after))
	r.brings(a, 1)
	if strings.Contains(a.log, "does not give") {
		t.Errorf("it says: %s", a.log)
	}
}

func TestAWholeRunMayBeIncomplete(t *testing.T) {
	r := newRunner(t)
	origin := r.dir
	r.commit("second")
	r.dir = filepath.Join(t.TempDir(), "shallow")
	must(t, os.Mkdir(r.dir, 0o700))
	r.git("clone", "-q", "--depth=1", "file://"+origin, ".")
	r.git("remote", "set-url", "origin", "file:///nowhere")
	if a := r.event("schedule", object{}); a.code != 4 || !strings.Contains(a.log, "git fetch") {
		t.Errorf("exit code %d: %s", a.code, a.log)
	}
}

func TestNobodyIsAskedWhereStrangersMeetSecrets(t *testing.T) {
	r := newRunner(t)
	base := r.git("rev-parse", "HEAD")
	head := r.commit("x")
	for name, event := range map[string]object{"pull_request_target": pull(base, head, "mallory/vqe"), "issue_comment": {}, "workflow_run": {}} {
		if a := r.event(name, event, "--verify"); a.code != 2 || !strings.Contains(a.log, "--allow-untrusted") {
			t.Errorf("%s: exit code %d: %s", name, a.code, a.log)
		}
	}
}

func TestThePullRequestHasOneComment(t *testing.T) {
	hub := sim.New(sim.Options{})
	server := httptest.NewServer(hub)
	defer server.Close()
	hub.Found("acme", "vqe")
	r := newRunner(t)
	base := r.git("rev-parse", "HEAD")
	head := r.commit("fine")
	r.variables = map[string]string{"GITHUB_TOKEN": hub.Token("acme").Reveal(), "GITHUB_API_URL": server.URL + hub.Base()}
	r.brings(r.event("pull_request", pull(base, head, "acme/vqe"), "--comment"), 0)
	if got := hub.Comments("acme/vqe/7"); len(got) > 0 {
		t.Errorf("a comment about nothing: %q", got)
	}
	r.leak("a.py")
	leaky := r.commit("leak")
	r.brings(r.event("pull_request", pull(base, leaky, "mallory/vqe"), "--comment"), 1)
	if got := hub.Comments("acme/vqe/7"); len(got) > 0 {
		t.Errorf("a run for a fork commented: %q", got)
	}
	for range 2 {
		r.brings(r.event("pull_request", pull(base, leaky, "acme/vqe"), "--comment"), 1)
	}
	got := hub.Comments("acme/vqe/7")
	if len(got) != 1 || !strings.Contains(got[0], "1 leaked key") || strings.Contains(got[0], r.keys[0]) {
		t.Errorf("%d comments: %.200q", len(got), got)
	}
	r.git("checkout", "-q", head)
	r.brings(r.event("pull_request", pull(base, head, "acme/vqe"), "--comment"), 0)
	if got := hub.Comments("acme/vqe/7"); len(got) != 1 || !strings.Contains(got[0], "no leaked keys") {
		t.Errorf("it was not brought up to date: %.200q", got)
	}
}

func TestAnEventThatNobodyUnderstandsIsRefused(t *testing.T) {
	r := newRunner(t)
	head := r.git("rev-parse", "HEAD")
	for name, event := range map[string]any{
		"push": object{"before": "--output=x", "after": head}, "merge_group": object{}, "pull_request": object{"pull_request": object{"number": 1}}, "pull_request_target": []int{1},
	} {
		if a := r.event(name, event); a.code != 2 || a.outputs["findings"] != "" {
			t.Errorf("%s: exit code %d, %v", name, a.code, a.outputs)
		}
	}
}

func TestReportsAreWrittenBesides(t *testing.T) {
	r := newRunner(t)
	before := r.git("rev-parse", "HEAD")
	r.leak("a.py")
	after := r.commit("a")
	dir := t.TempDir()
	r.brings(r.event("push", push(before, after), "--report", "sarif="+filepath.Join(dir, "o.sarif"), "--report", "json="+filepath.Join(dir, "o.json")), 1)
	for _, name := range []string{"o.sarif", "o.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !json.Valid(text) || !bytes.Contains(text, []byte("ionq-api-key")) || bytes.Contains(text, []byte(r.keys[0])) {
			t.Errorf("%s: %v, %d bytes", name, err, len(text))
		}
	}
	if a := r.event("push", push(before, after), "--report", "docx=x"); a.code != 2 {
		t.Errorf("exit code %d", a.code)
	}
}

func TestGitLabsVariablesSayWhatIsNew(t *testing.T) {
	a, b := strings.Repeat("ab", 20), strings.Repeat("cd", 20)
	for _, c := range []struct {
		variables map[string]string
		ranges    string
		whole     bool
	}{
		{map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA": a, "CI_COMMIT_SHA": b}, a + ".." + b, false},
		{map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": zeros, "CI_COMMIT_SHA": b}, zeros + ".." + b, false},
		{map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BEFORE_SHA": zeros, "CI_COMMIT_SHA": b}, "", true},
		{map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": "$(x)", "CI_COMMIT_SHA": b}, "", true},
	} {
		s := ci.GitLab(func(name string) string { return c.variables[name] })
		if got := strings.Join(s.Ranges(), " "); got != c.ranges || s.Whole != c.whole {
			t.Errorf("%v: %q, %v", c.variables, got, s.Whole)
		}
	}
}
