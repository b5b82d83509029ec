package githooks

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestABlockIsTakenOutByteForByte(t *testing.T) {
	for _, text := range []string{"", "a\n", "a", "a\r\nb\r\n", "a\r\nb", "  a:\n    b\n", "\n\n", "no end\n  ", "a\n# qleaks\n"} {
		for name, changed := range map[string][]byte{
			"appended":     appended([]byte(text), "one", "two"),
			"at the begin": withBlock([]byte(text), 0, "", "one"),
			"indented":     withBlock([]byte(text), strings.IndexByte(text, '\n')+1, "    ", "one"),
		} {
			if !bytes.Contains(changed, []byte("one")) {
				t.Errorf("%s to %q: there is no block in %q", name, text, changed)
			}
			rest, found := withoutBlock(changed)
			if !found || string(rest) != text {
				t.Errorf("%s to %q: without the block it is %q", name, text, rest)
			}
			if strings.Contains(text, "\r\n") && bytes.Count(changed, []byte("\n")) != bytes.Count(changed, []byte("\r\n")) {
				t.Errorf("%s to %q: other line ends in %q", name, text, changed)
			}
		}
	}
	// What came after it later stays.
	text := append(appended([]byte("a"), "one"), "b\n"...)
	if rest, _ := withoutBlock(text); string(rest) != "a\nb\n" {
		t.Errorf("%q", rest)
	}
	for _, text := range []string{blockBegin, "a\n" + blockBegin + "\nb\n"} {
		if rest, found := withoutBlock([]byte(text)); found || string(rest) != text {
			t.Errorf("a block without an end is taken out of %q: %q", text, rest)
		}
	}
}

func TestLefthookGetsAJob(t *testing.T) {
	for _, c := range []struct{ before, want string }{
		{"", "pre-commit:\n  commands:\n    qleaks:\n      run: qleaks hook pre-commit\n"},
		{"pre-commit:\n  commands:\n    a:\n      run: x\n", "pre-commit:\n  commands:\n    qleaks:\n      run: qleaks hook pre-commit\n    a:\n      run: x\n"},
		{"pre-commit:\n    commands:   # all\n        a:\n            run: x\n", "pre-commit:\n    commands:   # all\n        qleaks:\n          run: qleaks hook pre-commit\n        a:\n            run: x\n"},
		{"pre-commit:\n  jobs:\n  - run: x\n", "pre-commit:\n  jobs:\n  - name: qleaks\n    run: qleaks hook pre-commit\n  - run: x\n"},
		{"pre-commit:\n  jobs:\n    - run: x\n", "pre-commit:\n  jobs:\n    - name: qleaks\n      run: qleaks hook pre-commit\n    - run: x\n"},
		{"pre-commit:\n  parallel: true\npre-push:\n  commands:\n    b:\n      run: x\n", "pre-commit:\n  commands:\n    qleaks:\n      run: qleaks hook pre-commit\n  parallel: true\npre-push:\n  commands:\n    b:\n      run: x\n"},
		{"pre-commit: {}\n", ""},
		{"\"pre-commit\":\n  commands: {}\n", ""},
		{"pre-commit:\n", ""},
		{"pre-commit:\n  commands:\nx: y\n", ""},
	} {
		got, err := withJob([]byte(c.before), "pre-commit")
		if c.want == "" {
			if !errors.Is(err, ErrForm) {
				t.Errorf("%q is changed to %q, %v", c.before, got, err)
			}
			continue
		}
		var plain []string
		for line := range strings.Lines(string(got)) {
			if !strings.Contains(line, "# qleaks ") {
				plain = append(plain, line)
			}
		}
		if text := strings.Join(plain, ""); err != nil || text != c.want {
			t.Errorf("%q becomes\n%s\nwant\n%s%v", c.before, text, c.want, err)
		}
		if rest, _ := withoutBlock(got); string(rest) != c.before {
			t.Errorf("%q comes back as %q", c.before, rest)
		}
	}
}

func TestHuskysLinesAreAtTheBegin(t *testing.T) {
	for text, want := range map[string]int{
		"npm test\n":            0,
		"#!/bin/sh\nnpm test\n": 10,
		"#!/bin/sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\nnpm test\n": 44,
		"#!/bin/sh\n\n. \"$(dirname -- \"$0\")/_/husky.sh\"\nnpm test\n": 45,
		"#!/bin/sh": 0,
	} {
		if got := afterHead([]byte(text)); got != want {
			t.Errorf("%q: the lines are put at %d, want %d", text, got, want)
		}
	}
}

// TestScriptsRunWhatTheyName runs the scripts: with odd paths, with and without
// a hook before, and with and without the program.
func TestScriptsRunWhatTheyName(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	dir := filepath.Join(t.TempDir(), "it's a $place")
	program := filepath.Join(dir, "bin", "qleaks")
	write(t, program, "#!/bin/sh\necho \"program $*\"; cat\n")
	for _, c := range []struct{ event, before, want string }{
		{"pre-commit", "", "program hook pre-commit\n"},
		{"pre-commit", "echo before \"$@\"", "before\nprogram hook pre-commit\n"},
		{"pre-commit", "exit 7", "exit status 7"},
		{"pre-push", "", "program hook pre-push origin u r\na b\nc d\n"},
		{"pre-push", "cat; echo before \"$@\"", "a b\nc d\nbefore origin u r\nprogram hook pre-push origin u r\na b\nc d\n"},
		{"pre-push", "cat; exit 7", "exit status 7"},
		{"pre-receive", "", "program hook pre-receive\na b\nc d\n"},
	} {
		hooks := filepath.Join(t.TempDir(), "hooks")
		if c.before != "" {
			write(t, filepath.Join(hooks, c.event), "#!/bin/sh\n"+c.before+"\n")
		}
		aside, err := Install(hooks, c.event, program)
		if err != nil || (aside != "") != (c.before != "") {
			t.Fatalf("%s: put aside %q, %v", c.event, aside, err)
		}
		cmd := exec.Command(filepath.Join(hooks, c.event))
		stdin := ""
		if readsRefs(c.event) {
			stdin = "a b\nc d\n"
		}
		if c.event == "pre-push" {
			cmd.Args = append(cmd.Args, "origin", "u r")
		}
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		got := string(out)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s after %q: %q, want %q", c.event, c.before, got, c.want)
		}
		state, err := Look(hooks, c.event)
		if err != nil || !state.Guarded || state.Program != program || (state.Before != "") != (c.before != "") {
			t.Errorf("%s: %+v, %v", c.event, state, err)
		}
		done, back, err := Uninstall(hooks, c.event)
		if err != nil || !done || (back != "") != (c.before != "") {
			t.Errorf("%s: taken away %v, back %q, %v", c.event, done, back, err)
		}
		text, err := os.ReadFile(filepath.Join(hooks, c.event))
		if c.before == "" && err == nil || c.before != "" && string(text) != "#!/bin/sh\n"+c.before+"\n" {
			t.Errorf("%s: left is %q, %v", c.event, text, err)
		}
	}
}

func TestAHookThatWasPutAsideIsNeverOverwritten(t *testing.T) {
	hooks := t.TempDir()
	write(t, filepath.Join(hooks, "pre-commit"), "#!/bin/sh\nnew\n")
	write(t, filepath.Join(hooks, "pre-commit"+suffix), "#!/bin/sh\nold\n")
	if _, err := Install(hooks, "pre-commit", ""); !errors.Is(err, ErrBothThere) {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(hooks, "pre-commit")); string(text) != "#!/bin/sh\nnew\n" {
		t.Errorf("%q", text)
	}
}

func TestAHookThatPreCommitPutAsideIsOurs(t *testing.T) {
	hooks := t.TempDir()
	if _, err := Install(hooks, "pre-commit", "/old/qleaks"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(hooks, "pre-commit"), filepath.Join(hooks, "pre-commit.legacy")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(hooks, "pre-commit"), "#!/bin/sh\nexec pre-commit\n")
	if _, err := Install(hooks, "pre-commit", "/new/qleaks"); err != nil {
		t.Fatal(err)
	}
	state, err := Look(hooks, "pre-commit")
	if err != nil || !state.Guarded || state.Program != "/new/qleaks" {
		t.Errorf("%+v, %v", state, err)
	}
	if done, _, err := Uninstall(hooks, "pre-commit"); !done || err != nil || there(filepath.Join(hooks, "pre-commit.legacy")) {
		t.Errorf("taken away %v, %v", done, err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
