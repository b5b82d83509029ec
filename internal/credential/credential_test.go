package credential_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/provider/all"
)

func TestReferencesAreRead(t *testing.T) {
	for text, shown := range map[string]string{
		"env:IONQ_API_KEY":                    "env:IONQ_API_KEY",
		"keychain:ibm":                        "keychain:qleaks/ibm",
		"keychain:lab/ibm":                    "keychain:lab/ibm",
		"file:~/keys/ibm.json":                "file:~/keys/ibm.json",
		"vault:secret/quantum#ibm":            "vault:secret/quantum#ibm",
		"op://Quantum/IBM/credential":         "op://Quantum/IBM/credential",
		`cmd:pass show "quantum keys/ibm" ''`: "cmd:pass",
	} {
		r, err := credential.Parse(text)
		if err != nil || r.String() != shown {
			t.Errorf("%s: %q, %v", text, r, err)
		}
	}
}

func TestWhatIsNoReferenceIsRefusedUnseen(t *testing.T) {
	texts := []string{
		"", "env:", "env:1X", "env:A B", "keychain:", "keychain:-s", "keychain:/x", "file:", "vault:x", "vault:#x", "vault:-x#y", "op:x", "op://x", "cmd:", "cmd:''", "cmd:a 'b",
		"https://example.org", "env:A\x00B", "file:a\nb", "ENV:HOME", "env",
	}
	for _, kit := range all.Kits() {
		value := kit.Sample().Reveal()
		texts = append(texts, value, "env:"+value+"-", "key:"+value, "op:"+value)
	}
	for _, text := range texts {
		_, err := credential.Parse(text)
		if err == nil {
			t.Errorf("a text of %d characters is taken for a reference", len(text))
		} else if len(text) > 12 && strings.Contains(err.Error(), text[4:]) {
			t.Error("the error tells the text")
		}
	}
}

// resolver has a home and a directory of programs, of which tests write some.
func resolver(t *testing.T, programs map[string]string) credential.Resolver {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	dir := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return credential.Resolver{Getenv: os.Getenv, Dir: dir, Home: dir}
}

func TestCredentialsAreFetched(t *testing.T) {
	value := all.Kits()[0].Sample().Reveal()
	t.Setenv("QLEAKS_TEST_KEY", value)
	r := resolver(t, map[string]string{
		"secret-tool": `test "$*" = "lookup service lab username ibm" && printf %s "$QLEAKS_TEST_KEY"`,
		"vault":       `test "$*" = "kv get -field=ibm secret/quantum" && echo "$QLEAKS_TEST_KEY"`,
		"op":          `test "$*" = "read --no-newline op://Quantum/IBM/credential" && printf %s "$QLEAKS_TEST_KEY"`,
		"pass":        `test "$1" = "quantum keys" -a "$#" = 2 && printf '%s\r\n' "$QLEAKS_TEST_KEY"`,
	})
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("plain", value+"\n")
	write("apikey.json", `{"name":"lab","description":"","createdAt":"2026-01-01T00:00+0000","apikey":"`+value+`"}`)
	references := []string{
		"env:QLEAKS_TEST_KEY", "file:plain", "file:~/apikey.json", "file:" + filepath.Join(r.Dir, "plain"), "vault:secret/quantum#ibm", "op://Quantum/IBM/credential", `cmd:pass "quantum keys" ''`,
	}
	if runtime.GOOS == "linux" {
		references = append(references, "keychain:lab/ibm")
	}
	for _, text := range references {
		at, err := credential.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := r.Resolve(t.Context(), at); err != nil || v.Reveal() != value {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhyThereIsNoCredentialIsToldWithoutIt(t *testing.T) {
	value := all.Kits()[0].Sample().Reveal()
	t.Setenv("QLEAKS_TEST_KEY", value)
	t.Setenv("QLEAKS_TEST_TWO", value+" "+value)
	r := resolver(t, map[string]string{
		"loud":        `echo "$QLEAKS_TEST_KEY"; echo "$QLEAKS_TEST_KEY" >&2; exit 3`,
		"hangs":       `sleep 60 & sleep 60`,
		"silent":      `exit 0`,
		"secret-tool": `exit 1`,
		"endless":     `yes "$QLEAKS_TEST_KEY" | head -c 1000000`,
	})
	r.Timeout = 200 * time.Millisecond
	for name, mode := range map[string]os.FileMode{"open": 0o644, "group": 0o640} {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(value), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(r.Dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]error{
		"env:QLEAKS_TEST_UNSET": credential.ErrUnset, "env:QLEAKS_TEST_TWO": credential.ErrNoValue, "file:absent": os.ErrNotExist, "file:/": credential.ErrNotRegular,
		"file:/dev/zero": credential.ErrNotRegular, "file:open": credential.ErrReadable, "file:group": credential.ErrReadable, "cmd:no-such-program": credential.ErrNoProgram,
		"cmd:hangs": credential.ErrTimeout,
	} {
		check(t, r, text, value, want)
	}
	r.Timeout = time.Minute
	for text, want := range map[string]error{
		"cmd:loud": credential.ErrFailed, "cmd:silent": credential.ErrEmpty, "cmd:endless": credential.ErrNoValue,
	} {
		check(t, r, text, value, want)
	}
	if runtime.GOOS == "linux" {
		check(t, r, "keychain:nobody", value, credential.ErrNotFound)
	}
}

func TestLookingFetchesNothing(t *testing.T) {
	value := all.Kits()[0].Sample().Reveal()
	t.Setenv("QLEAKS_TEST_KEY", value)
	r := resolver(t, map[string]string{"vault": "touch started", "mine": "touch started"})
	t.Setenv("PATH", r.Dir)
	for name, mode := range map[string]os.FileMode{"own": 0o600, "open": 0o644, "unreadable": 0} {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(value), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(r.Dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]struct {
		known bool
		err   error
	}{
		"env:QLEAKS_TEST_KEY": {true, nil}, "env:QLEAKS_TEST_UNSET": {true, credential.ErrUnset},
		"file:own": {true, nil}, "file:~/own": {true, nil}, "file:unreadable": {true, nil}, "file:open": {true, credential.ErrReadable}, "file:absent": {true, os.ErrNotExist}, "file:/": {true, credential.ErrNotRegular},
		"keychain:lab/ibm": {false, nil}, "vault:secret/quantum#ibm": {false, nil}, "cmd:mine": {false, nil},
		"op://Quantum/IBM/credential": {true, credential.ErrNoProgram}, "cmd:no-such-program": {true, credential.ErrNoProgram},
	} {
		at, err := credential.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if known, err := r.Look(at); known != want.known || !errors.Is(err, want.err) {
			t.Errorf("%s: %t, %v", text, known, err)
		}
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "started")); err == nil {
		t.Error("a program was started")
	}
}

func check(t *testing.T, r credential.Resolver, text, value string, want error) {
	t.Helper()
	at, err := credential.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Resolve(t.Context(), at)
	if !errors.Is(err, want) || !v.IsZero() || strings.Contains(err.Error(), value) {
		t.Errorf("%s: want %v, got an error %t", text, want, err != nil)
	}
}

func TestAnInterruptedProgramEndsWithTheCause(t *testing.T) {
	r := resolver(t, map[string]string{"hangs": `sleep 60`})
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	at, err := credential.Parse("cmd:hangs")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(ctx, at); !errors.Is(err, stop) {
		t.Error(err)
	}
}
