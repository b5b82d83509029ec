package remediate_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/remediate"
)

// program is a program of the operator's, as a script.
func program(t *testing.T, script string) remediate.Command {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	return remediate.Command{Words: []string{sh, "-c", script, "program"}}
}

// says is a program that reads its task and writes a text.
func says(t *testing.T, text string) remediate.Command {
	t.Helper()
	file := filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := program(t, `cat > /dev/null; cat "$1"`)
	c.Words = append(c.Words, file)
	return c
}

// marked is a value that must be nowhere.
const marked = "a value that was just made"

func issuing() remediate.Task {
	target := remediate.Target{Provider: "ionq", Account: "lab", Name: "laptop", Project: key.Party{ID: "p"}}
	return remediate.Task{Deed: remediate.Issuing, Target: target, Name: "laptop--qleaks-1", Description: "d"}
}

func TestAProgramMakesAKey(t *testing.T) {
	asked := filepath.Join(t.TempDir(), "asked")
	c := program(t, `cat > "$1"; printf '%s' '{"version": 1, "outcome": "done", "key": {"provider": "x", "id": "k1", "name": "laptop--qleaks-1", "owner": {"name": "Ada"}}, "value": "`+marked+`"}'`)
	c.Words = append(c.Words, asked)
	done, err := c.Do(t.Context(), issuing())
	if err != nil || !done.Value.In(marked) || done.Key.ID != "k1" || done.Key.Provider != "ionq" {
		t.Fatalf("%+v, %v", done.Key, err)
	}
	text, err := os.ReadFile(asked)
	want := `{"version":1,"deed":"issue","provider":"ionq","account":"lab","name":"laptop--qleaks-1","description":"d","project":{"id":"p"}}`
	if err != nil || string(text) != want {
		t.Errorf("it is asked for %s, %v", text, err)
	}
}

// TestNobodyKnowsWhatAHostileProgramDid holds that only a clear "not done" is one.
func TestNobodyKnowsWhatAHostileProgramDid(t *testing.T) {
	const value = `, "value": "` + marked + `"`
	for name, text := range map[string]string{
		"nothing":            ``,
		"no JSON":            `done`,
		"another version":    `{"version": 2, "outcome": "done"` + value + `}`,
		"no version":         `{"outcome": "done"` + value + `}`,
		"no outcome":         `{"version": 1` + value + `}`,
		"unknown":            `{"version": 1, "outcome": "unknown"` + value + `}`,
		"another outcome":    `{"version": 1, "outcome": "DONE"` + value + `}`,
		"no value":           `{"version": 1, "outcome": "done", "key": {"provider": "ionq", "id": "k"}}`,
		"an empty value":     `{"version": 1, "outcome": "done", "value": ""}`,
		"an unknown member":  `{"version": 1, "outcome": "done", "then": "rm"` + value + `}`,
		"two answers":        `{"version": 1, "outcome": "done"` + value + `}{"version": 1, "outcome": "not done"}`,
		"something behind":   `{"version": 1, "outcome": "not done"} oops`,
		"cut":                `{"version": 1, "outcome": "not done"`,
		"a list":             `[{"version": 1, "outcome": "not done"}]`,
		"a value of another": `{"version": 1, "outcome": "done", "value": {"a": "` + marked + `"}}`,
		"deep":               strings.Repeat(`{"key":`, 20_000),
		"too much":           `{"version": 1, "outcome": "not done", "value": "` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := says(t, text)
			_, err := c.Do(t.Context(), issuing())
			if err == nil || errors.Is(err, remediate.ErrNotDone) {
				t.Errorf("it counts as settled: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), marked) {
				t.Error("the error tells the value")
			}
			if _, err := c.Seek(t.Context(), issuing()); err == nil && !strings.Contains(text, `"done"`) {
				t.Error("it counts as a list")
			}
		})
	}
	if _, err := says(t, `{"version": 1, "outcome": "not done"}`).Do(t.Context(), issuing()); !errors.Is(err, remediate.ErrNotDone) {
		t.Errorf("not done: %v", err)
	}
	if _, err := (remediate.Command{Words: []string{filepath.Join(t.TempDir(), "absent")}}).Do(t.Context(), issuing()); err == nil {
		t.Error("a program that is not there did it")
	}
	suspending := issuing()
	suspending.Deed = remediate.Suspending
	if _, err := says(t, ``).Do(t.Context(), suspending); !errors.Is(err, remediate.ErrNotDone) {
		t.Errorf("a deed that it cannot do: %v", err)
	}
}

func TestAProgramThatFailsOrHangsIsNotBelieved(t *testing.T) {
	const good = `{"version": 1, "outcome": "done", "value": "` + marked + `"}`
	for name, script := range map[string]string{
		"it fails":              `printf '%s' '` + good + `'; echo '` + marked + `' >&2; exit 1`,
		"it dies":               `printf '%s' '` + good + `'; kill -9 $$`,
		"it hangs":              `printf '%s' '` + good + `'; exec sleep 20`,
		"it does not end":       `trap '' TERM INT; printf '%s' '` + good + `'; while :; do sleep 20; done`,
		"its child hangs":       `printf '%s' '` + good + `'; sleep 20 & exit 1`,
		"it reads nothing":      `exec sleep 20`,
		"it writes without end": `exec yes '` + marked + `'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := program(t, script)
			c.Timeout = 2 * time.Second
			_, err := c.Do(t.Context(), issuing())
			if !errors.Is(err, remediate.ErrProgram) || errors.Is(err, remediate.ErrNotDone) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), marked) {
				t.Error("the error tells what it wrote")
			}
		})
	}
}

func TestAnInterruptedProgramIsNobodyKnows(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	begun := filepath.Join(t.TempDir(), "begun")
	c := program(t, `: > "$1"; exec sleep 20`)
	c.Words = append(c.Words, begun)
	over := make(chan error)
	go func() { _, err := c.Do(ctx, issuing()); over <- err }()
	for {
		if _, err := os.Stat(begun); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-over; !errors.Is(err, remediate.ErrProgram) || errors.Is(err, remediate.ErrNotDone) {
		t.Errorf("%v", err)
	}
}

func TestARecordDoesNotTakeTheValueIntoTheJournal(t *testing.T) {
	for name, record := range map[string]string{
		"as id": `{"provider": "ionq", "id": "` + marked + `", "name": "n"}`, "in the name": `{"provider": "ionq", "id": "i", "name": "key ` + marked + `"}`,
		"in the rest": `{"provider": "ionq", "id": "i", "name": "n", "description": "` + marked + `", "owner": {"name": "` + marked + `"}}`,
		"a long id":   `{"provider": "ionq", "id": "` + strings.Repeat("i", 10_000) + `", "name": "n"}`,
		"a control":   `{"provider": "ionq", "id": "i", "name": "n\u001b[2J"}`,
	} {
		done, err := says(t, `{"version": 1, "outcome": "done", "key": `+record+`, "value": "`+marked+`"}`).Do(t.Context(), issuing())
		if err != nil || !done.Value.In(marked) {
			t.Fatalf("%s: %v", name, err)
		}
		for _, text := range []string{done.Key.ID, done.Key.Name, done.Key.Description, done.Key.Owner.Name} {
			if done.Value.In(text) || len(text) > 512 || strings.Contains(text, "\x1b") {
				t.Errorf("%s: it is kept", name)
			}
		}
	}
	list := `{"version": 1, "outcome": "done", "keys": [{"provider": "x", "id": "k1", "name": "laptop--qleaks-1"}, {"provider": "x", "id": "k2", "name": "laptop"}]}`
	found, err := says(t, list).Seek(t.Context(), issuing())
	if err != nil || len(found) != 1 || found[0].ID != "k1" {
		t.Errorf("%+v, %v", found, err)
	}
}
