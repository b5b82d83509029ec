//go:build linux

package program_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// TestARealKeyringHoldsTheValue runs itself under a bus of its own, with a GNOME
// keyring that is unlocked for the occasion, and reads back with secret-tool. Where
// QLEAKS_REQUIRE names keyring, a missing one fails the test.
func TestARealKeyringHoldsTheValue(t *testing.T) {
	for _, name := range []string{"dbus-run-session", "gnome-keyring-daemon", "secret-tool"} {
		if _, err := exec.LookPath(name); err != nil {
			if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "keyring") {
				t.Fatalf("QLEAKS_REQUIRE names keyring, and %s is not installed", name)
			}
			t.Skipf("%s is not installed; QLEAKS_REQUIRE=keyring demands it", name)
		}
	}
	const inside = "QLEAKS_TEST_KEYRING"
	if os.Getenv(inside) == "" {
		script := `echo -n test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec "$0" -test.run '^TestARealKeyringHoldsTheValue$' -test.v`
		home := t.TempDir()
		c := exec.CommandContext(t.Context(), "dbus-run-session", "--", "/bin/sh", "-c", script, os.Args[0])
		c.Env = []string{inside + "=1", "HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_RUNTIME_DIR=" + home, "PATH=" + os.Getenv("PATH")}
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	s, err := declare(t, "keychain", said()["keychain"]).Open(store.Use{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		mark, err := s.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v := storetest.Value()
		if _, err := s.Put(t.Context(), v, mark); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "secret-tool", "lookup", "service", "qleaks", "username", "ionq").Output()
		if err != nil || string(out) != v.Reveal() {
			t.Errorf("secret-tool reads something else: %v", err)
		}
		if proved, err := s.Confirm(t.Context(), v); err != nil || !proved {
			t.Errorf("confirm: %v, %v", proved, err)
		}
	}
}
