package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
)

// program writes a shell script.
func program(t *testing.T, script string) inventory.Command {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	name := filepath.Join(t.TempDir(), "tell-keys")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return inventory.Command{Words: []string{name, "--org", "x"}}
}

var console = inventory.Account{Name: "lab", Provider: "ionq"}

func TestAProgramTellsTheKeys(t *testing.T) {
	c := program(t, `read question
test "$question" = '{"version":1,"account":{"name":"lab","provider":"ionq"}}' || exit 9
test "$*" = "--org x" || exit 8
echo '{"version":1,"asOf":"2026-03-01T00:00:00Z","extent":{"everybody":"yes"},"whole":true,"keys":[{"provider":"","id":"1","name":"ci","use":{"known":true}}]}'`)
	list, err := c.List(t.Context(), console, noon)
	if err != nil {
		t.Fatal(err)
	}
	if !list.Whole || list.Origin.Name != "tell-keys" || list.Extent.Everybody != key.Yes || list.AsOf.Day() != 1 || list.AsOf.Hour() != 0 || list.Keys[0].Provider != "ionq" || !list.Keys[0].Use.Known {
		t.Errorf("%+v", list)
	}
	c = program(t, `echo '{"version":1,"whole":false,"keys":[]}'`)
	if list, err = c.List(t.Context(), console, noon); err != nil || list.Whole || len(list.Gaps) != 1 || !list.AsOf.Equal(noon) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAProgramThatDoesNotAnswerTellsNoKeys(t *testing.T) {
	value := all.Kits()[1].Sample().Reveal()
	t.Setenv("QLEAKS_TEST_KEY", value)
	for name, c := range map[string]struct {
		script string
		want   error
	}{
		"fails":        {`echo "$QLEAKS_TEST_KEY" >&2; exit 3`, inventory.ErrProgram},
		"says nothing": {`:`, inventory.ErrAnswer},
		"says more":    {`echo '{"version":1,"whole":true,"keys":[],"more":1}'`, inventory.ErrAnswer},
		"of another":   {`echo '{"version":1,"whole":true,"keys":[{"provider":"qbraid","id":"1"}]}'`, inventory.ErrAnswer},
		"is newer":     {`echo '{"version":2,"whole":true,"keys":[]}'`, inventory.ErrAnswer},
		"tells a key":  {`echo '{"version":1,"whole":true,"keys":[{"provider":"ionq","id":"1","name":"'"$QLEAKS_TEST_KEY"'"}]}'`, inventory.ErrMaterial},
		"tells twice":  {`echo '{"version":1,"whole":true,"keys":[{"provider":"","id":"1"},{"provider":"","id":"1"}]}'`, inventory.ErrAnswer},
	} {
		_, err := program(t, c.script).List(t.Context(), console, noon)
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", name, err != nil)
		}
	}
	slow := program(t, `sleep 60`)
	slow.Timeout = 100 * time.Millisecond
	if _, err := slow.List(t.Context(), console, noon); !errors.Is(err, inventory.ErrSlow) {
		t.Error(err)
	}
	if _, err := (inventory.Command{Words: []string{"no-such-program-of-mine"}}).List(t.Context(), console, noon); !errors.Is(err, inventory.ErrNoProgram) {
		t.Error(err)
	}
}
