package file

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// readers are programs that read a file as those do that use it; each writes the
// value.
func readers() map[string][]string {
	python := func(code string) []string { return []string{"python3", "-IS", "-c", code} }
	return map[string][]string{
		"env-file":      {"bash", "-c", `set -a; . "$0"; printf %s "$IONQ_API_KEY"`},
		"shell-profile": {"bash", "-c", `. "$0" >/dev/null 2>&1; printenv IONQ_API_KEY`},
		"zsh":           {"zsh", "-f", "-c", `. "$0"; printenv IONQ_API_KEY`},
		"fish":          {"fish", "--no-config", "-i", "-c", `source $argv[1]; printenv IONQ_API_KEY`, "--"},
		"qiskit":        python("import json,sys; print(json.load(open(sys.argv[1]))['ibm']['token'])"),
		"qbraid":        python("import configparser,sys; c=configparser.ConfigParser(); c.read(sys.argv[1]); print(c['default']['api-key'])"),
		"crlf qbraid":   python("import configparser,sys; c=configparser.ConfigParser(); c.read(sys.argv[1]); print(c['default']['api-key'])"),
		"pennylane":     python("import tomllib,sys; print(tomllib.load(open(sys.argv[1],'rb'))['ionq']['global']['api_key'])"),
	}
}

func TestProgramsThatUseTheFilesReadTheNewValue(t *testing.T) {
	for name, c := range contents() {
		t.Run(name, func(t *testing.T) {
			words := readers()[name]
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("%s is not installed", words[0])
			}
			if words[0] == "python3" && exec.CommandContext(t.Context(), "python3", "-IS", "-c", "import tomllib").Run() != nil {
				t.Skip("this Python is too old")
			}
			with := c.with
			if name == "env-file" {
				with = strings.ReplaceAll(strings.ReplaceAll(with, " = ", "="), "\r", "") // as a shell wants it
			}
			old, v := storetest.Value(), storetest.Value()
			path := filepath.Join(t.TempDir(), c.name)
			mustWrite(t, path, strings.ReplaceAll(with, "{}", old.Reveal()), 0o600)
			c.said["path"] = path
			s, err := declared(t, c.said).Open(store.Use{Old: []secret.Fingerprint{secret.Fingerprinter{}.Of(old)}, Locks: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			mark, err := s.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Put(t.Context(), v, mark); err != nil {
				t.Fatal(err)
			}
			reader := exec.CommandContext(t.Context(), words[0], append(words[1:], path)...)
			reader.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "TERM=dumb"}
			out, err := reader.Output()
			if err != nil || strings.TrimSpace(string(out)) != v.Reveal() {
				t.Errorf("%s reads something else, %d characters: %v", words[0], len(out), err)
			}
		})
	}
}
