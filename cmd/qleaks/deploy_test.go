package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every command in deploy is read by this program: a flag that is not there any
// more would stop a service.
func TestWhatIsDeployedStarts(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "qleaks")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "deploy", "*"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range deployed(string(text)) {
			commands++
			if out, err := exec.CommandContext(t.Context(), program, append(words, "--help")...).CombinedOutput(); err != nil {
				t.Errorf("%s: qleaks %s: %v\n%s", filepath.Base(file), strings.Join(words, " "), err, out)
			}
		}
	}
	if commands < 7 {
		t.Errorf("only %d commands were found", commands)
	}
}

// Units of deploy are read by systemd itself. Where QLEAKS_REQUIRE names systemd its
// absence fails the test, elsewhere it is skipped.
func TestUnitsAreReadBySystemd(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "systemd") {
			t.Fatal("QLEAKS_REQUIRE names systemd, and there is no systemd-analyze")
		}
		t.Skip("no systemd-analyze here; QLEAKS_REQUIRE=systemd demands it")
	}
	units, err := filepath.Glob(filepath.Join("..", "..", "deploy", "qleaks-*"))
	if err != nil || len(units) < 4 {
		t.Fatal(units, err)
	}
	program, err := os.Executable() // any: systemd looks whether what a unit starts is there
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		units[i] = filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(units[i], []byte(strings.ReplaceAll(string(text), "/usr/bin/qleaks", program)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// deployed are the commands of qleaks in a file of deploy.
func deployed(text string) (all [][]string) {
	for _, m := range regexp.MustCompile(`(?m)(?:/usr/bin/qleaks|exec qleaks|run: qleaks) ([^\n\]]*?)"?(?:\]|$)`).FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Fields(strings.NewReplacer(`"`, "", "${QLEAKS_TARGET}", ".", "$OWNER", "acme").Replace(m[1])))
	}
	for _, m := range regexp.MustCompile(`(?:args|command): \[([^\]]*)\]`).FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Fields(strings.NewReplacer(`"`, "", ",", " ").Replace(m[1])))
	}
	return all
}
