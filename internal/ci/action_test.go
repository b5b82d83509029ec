package ci_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const actionDir = "../../action"

// runAction runs the action's script, with the versions of the test, and returns
// what it printed.
func runAction(t *testing.T, versions string, inputs map[string]string, variables ...string) (printed string, err error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the test's programs are scripts")
	}
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "curl") {
				t.Fatalf("QLEAKS_REQUIRE names curl, and there is no %s", program)
			}
			t.Skipf("there is no %s; QLEAKS_REQUIRE=curl demands it", program)
		}
	}
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join(actionDir, "run.sh"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "run.sh"), script, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "VERSIONS"), []byte(versions), 0o600))
	cmd := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "run.sh"))
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "RUNNER_TEMP=" + t.TempDir()}, variables...)
	for name, value := range inputs {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// teller is a program that tells its arguments, one a line in quotes.
const teller = "#!/bin/sh\nfor a; do printf '<%s>\\n' \"$a\"; done\n"

func TestInputsAreArgumentsAndNothingElse(t *testing.T) {
	program, trace := filepath.Join(t.TempDir(), "qleaks"), filepath.Join(t.TempDir(), "trace")
	must(t, os.WriteFile(program, []byte(teller), 0o700))
	hostile := "$(touch " + trace + ")`touch " + trace + "`\"; touch " + trace + "; '"
	printed, err := runAction(t, "", map[string]string{
		"ACTION_BINARY": program, "ACTION_MODE": "diff", "ACTION_BASE": hostile, "ACTION_HEAD": "--output=x", "ACTION_PATH_TO_SCAN": "--help",
		"ACTION_ARGS": "--quiet\n\n" + hostile, "ACTION_SARIF": "a b.sarif", "ACTION_VERIFY": "true", "ACTION_COMMENT": "yes", "ACTION_SUMMARY": "false",
	})
	must(t, err)
	want := []string{"ci", "--mode=diff", "--base=" + hostile, "--head=--output=x", "--report=sarif=a b.sarif", "--verify", "--no-summary", "--quiet", hostile, "--", "--help"}
	if got := strings.Split(strings.TrimSuffix(strings.TrimPrefix(printed, "<"), ">\n"), ">\n<"); !slices.Equal(got, want) {
		t.Errorf("arguments %q, want %q", got, want)
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("an input was run")
	}
}

func TestOnlyTheReleasedArchiveIsRun(t *testing.T) {
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	files := tar.NewWriter(compressed)
	must(t, files.WriteHeader(&tar.Header{Name: "qleaks", Mode: 0o755, Size: int64(len(teller))}))
	_, err := files.Write([]byte(teller))
	must(t, err)
	must(t, files.Close())
	must(t, compressed.Close())
	served := archive.Bytes()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(served) }))
	defer server.Close()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	must(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	digest := fmt.Sprintf("%x", sha256.Sum256(served))
	machine := runtime.GOOS + "-" + runtime.GOARCH
	versions := fmt.Sprintf("# a comment\n0.9.0 %s %064d https://127.0.0.1:1/old.tar.gz\n1.0.0 other-cpu %s %s/other.tar.gz\n1.0.0 %s %s %s/qleaks.tar.gz\n",
		machine, 0, digest, server.URL, machine, digest, server.URL)
	printed, err := runAction(t, versions, map[string]string{"ACTION_PATH_TO_SCAN": "there"}, "CURL_CA_BUNDLE="+roots)
	if err != nil || !strings.HasPrefix(printed, "<ci>\n") || !strings.HasSuffix(printed, "<there>\n") {
		t.Errorf("%v: %s", err, printed)
	}
	served = append(bytes.Clone(served), 0)
	if printed, err := runAction(t, versions, nil, "CURL_CA_BUNDLE="+roots); err == nil || !strings.Contains(printed, "::error title=qleaks::") || strings.Contains(printed, "<ci>") {
		t.Errorf("another archive: %v: %s", err, printed)
	}
	plain := strings.ReplaceAll(versions, "https://", "http://")
	if printed, err := runAction(t, plain, nil, "PATH=/usr/bin:/bin"); err == nil || strings.Contains(printed, "<ci>") {
		t.Errorf("by plain HTTP: %v: %s", err, printed)
	}
}

// TestTheActionSaysWhatItTakes holds action.yml, its script and its page to each
// other.
func TestTheActionSaysWhatItTakes(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(actionDir, name))
		must(t, err)
		return string(text)
	}
	definition, script, page := read("action.yml"), read("run.sh"), read("README.md")
	between := func(begin, end string) string {
		_, rest, _ := strings.Cut(definition, begin)
		part, _, found := strings.Cut(rest, end)
		if !found {
			t.Fatalf("action.yml has no %q before %q", begin, end)
		}
		return part
	}
	name := regexp.MustCompile(`(?m)^  ([a-z-]+):$`)
	inputs := name.FindAllStringSubmatch(between("\ninputs:\n", "\noutputs:\n"), -1)
	outputs := name.FindAllStringSubmatch(between("\noutputs:\n", "\nruns:\n"), -1)
	if len(inputs) < 10 || len(outputs) < 4 {
		t.Fatalf("%d inputs, %d outputs", len(inputs), len(outputs))
	}
	for _, known := range slices.Concat(inputs, outputs) {
		if known[1] != "github-token" && !strings.Contains(page, "`"+known[1]+"`") {
			t.Errorf("README.md does not tell of %s", known[1])
		}
	}
	environment := between("      env:\n", "GITHUB_TOKEN")
	for variable := range strings.Lines(environment) {
		if v, _, _ := strings.Cut(strings.TrimSpace(variable), ":"); v != "" && v != "QLEAKS_ACTION" && !strings.Contains(script, v) {
			t.Errorf("run.sh takes no %s", v)
		}
	}
	for line := range strings.Lines(between("\nruns:\n", "      env:\n")) {
		if strings.Contains(line, "${{") {
			t.Errorf("an expression is part of what is run: %s", line)
		}
	}
}
