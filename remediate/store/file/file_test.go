package file

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

func declared(t *testing.T, said map[string]any) store.Declaration {
	t.Helper()
	d, err := store.Declare("here", said, Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// contents are files with one value, which is written {}; and without.
func contents() map[string]struct {
	said      map[string]any
	name      string
	with, raw string
} {
	return map[string]struct {
		said      map[string]any
		name      string
		with, raw string
	}{
		"env-file": {map[string]any{"kind": "env-file", "variable": "IONQ_API_KEY"}, ".env",
			"# mine\r\nOTHER=1\r\nexport IONQ_API_KEY = \"{}\" # the lab's\r\nIONQ_API_KEY_2=x\r\nLAST='a\nIONQ_API_KEY=no\n'\n", "OTHER=1"},
		"shell-profile": {map[string]any{"kind": "shell-profile", "variable": "IONQ_API_KEY"}, ".bashrc",
			"if true; then\n\texport A=1 IONQ_API_KEY='{}' B=2\nfi\ncat <<E\nIONQ_API_KEY=no\nE\nIONQ_API_KEY=yes run\n", "alias ll='ls -l'\n"},
		"zsh":         {map[string]any{"kind": "shell-profile", "variable": "IONQ_API_KEY"}, ".zshrc", "setopt autocd\nexport IONQ_API_KEY={}\n", ""},
		"fish":        {map[string]any{"kind": "shell-profile", "variable": "IONQ_API_KEY"}, "config.fish", "set -e IONQ_API_KEY\nif status is-interactive\n    set -gx IONQ_API_KEY \"{}\" # mine\nend\n", ""},
		"qiskit":      {map[string]any{"kind": "qiskit"}, "qiskit-ibm.json", "{\n    \"ibm\": {\n        \"channel\": \"ibm_quantum_platform\",\n        \"token\" :  \"{}\",\n \"plans\": [{\"token\": \"no\"}], \"url\": \"https://cloud.ibm.com\"\n    }\n}", ""},
		"qbraid":      {map[string]any{"kind": "qbraid"}, "qbraidrc", "; mine\n[other]\napi-key = no\n\n[default]\nurl = https://account.example\nApi-Key = {}\n", "[default]\nurl = x"},
		"pennylane":   {map[string]any{"kind": "pennylane"}, "config.toml", "[main]\nshots = 1000\n[ionq.global] # the lab's\napi_key = \"{}\" # mine\n[other]\napi_key = \"no\"\n", "[main]\nshots = 10\n"},
		"crlf qbraid": {map[string]any{"kind": "qbraid"}, "qbraidrc", "[default]\r\napi-key={}\r\n", "[default]\r\nurl = x\r\n"},
	}
}

func TestContract(t *testing.T) {
	for name, c := range contents() {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, old secret.Value) storetest.World {
				dir, locks := t.TempDir(), t.TempDir()
				path := filepath.Join(dir, c.name)
				write := func(text string) {
					if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				switch {
				case !old.IsZero():
					write(strings.ReplaceAll(c.with, "{}", old.Reveal()))
				case c.raw != "":
					write(c.raw)
				}
				c.said["path"] = path
				d := declared(t, c.said)
				use := store.Use{Old: []secret.Fingerprint{secret.Fingerprinter{}.Of(old)}, Locks: locks}
				world := storetest.World{Kind: d.Kind, Faults: map[string]func() func(){}}
				var opened []*file
				world.Open = func() store.Store {
					s, err := d.Open(use)
					if err != nil {
						t.Fatal(err)
					}
					opened = append(opened, s.(*file))
					return s
				}
				world.Set = func(v secret.Value) { write(strings.ReplaceAll(c.with, "{}", v.Reveal())) }
				world.Held = func() []secret.Value { return held(t, path, opened[0].format) }
				world.Traces = func() string { return beneath(t, path, dir, locks) }
				for _, step := range []string{"write", "sync", "rename", "directory"} {
					world.Faults[step] = func() func() {
						broken := opened[len(opened)-1]
						broken.step = func(at string) error {
							if at == step {
								return errors.New("no space left on device")
							}
							return nil
						}
						return func() { broken.step = func(string) error { return nil } }
					}
				}
				return world
			})
		})
	}
}

func held(t *testing.T, path string, f format) []secret.Value {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	places, err := f.read(text)
	if err != nil {
		t.Fatal(err)
	}
	var all []secret.Value
	for _, p := range places {
		all = append(all, p.value)
	}
	return all
}

// beneath is every other file of some directories, by name and content.
func beneath(t *testing.T, but string, dirs ...string) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all.WriteString(e.Name() + "\n")
			if path := filepath.Join(dir, e.Name()); path != but {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				all.Write(text)
			}
		}
	}
	return all.String()
}

// put puts a value into a file with a text, and returns what the file is then.
func put(t *testing.T, said map[string]any, name, text string, use store.Use, v secret.Value) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said["path"] = path
	use.Locks = t.TempDir()
	s, err := declared(t, said).Open(use)
	if err != nil {
		t.Fatal(err)
	}
	mark, err := s.Check(t.Context())
	if err == nil {
		_, err = s.Put(t.Context(), v, mark)
	}
	after, failed := os.ReadFile(path)
	if failed != nil {
		t.Fatal(failed)
	}
	if err != nil && string(after) != text {
		t.Errorf("%q was changed to %q in spite of %v", text, after, err)
	}
	return string(after), err
}

func TestEveryOtherByteStays(t *testing.T) {
	for name, c := range contents() {
		old, v := storetest.Value(), storetest.Value()
		for end, text := range map[string]string{"as it is": c.with, "without its last line end": strings.TrimRight(c.with, "\r\n"), "with carriage returns": strings.ReplaceAll(strings.ReplaceAll(c.with, "\r\n", "\n"), "\n", "\r\n")} {
			if end == "with carriage returns" && (name == "zsh" || name == "shell-profile") {
				continue // no shell reads that
			}
			use := store.Use{Old: []secret.Fingerprint{secret.Fingerprinter{}.Of(old)}}
			got, err := put(t, c.said, c.name, strings.ReplaceAll(text, "{}", old.Reveal()), use, v)
			if want := strings.ReplaceAll(text, "{}", v.Reveal()); err != nil || got != want {
				t.Errorf("%s, %s: %v\n%q\nwant\n%q", name, end, err, got, want)
			}
		}
	}
}

func TestOddFilesAreReadAsProgramsReadThem(t *testing.T) {
	v := secret.New([]byte("NEW"))
	env, bash, fishy := map[string]any{"kind": "env-file", "variable": "K"}, map[string]any{"kind": "shell-profile", "variable": "K"}, map[string]any{"kind": "shell-profile", "variable": "K", "shell": "fish"}
	rc, pl := map[string]any{"kind": "qbraid"}, map[string]any{"kind": "pennylane"}
	for _, c := range []struct {
		said       map[string]any
		text, want string
	}{
		{env, "K=a\nK='b'\nexport\tK=`c` # x\n", "K=NEW\nK='NEW'\nexport\tK=`NEW` # x\n"},
		{env, "\ufeffK=a", "\ufeffK=NEW"},
		{env, "K=", "K=NEW"}, {env, "K=\r\n", "K=NEW\r\n"}, {env, "K= #c\n", "K=NEW #c\n"}, {env, "#K=a\nKK=a\nK.K=a", "#K=a\nKK=a\nK.K=a\nK=NEW\n"},
		{env, "A=\"x\\\"\nK=no\"\nK=a", "A=\"x\\\"\nK=no\"\nK=NEW"}, {env, "K=it's\n", "K=NEW\n"}, {env, "K='open\nB=1", "K=NEW\nB=1"}, {env, "", "K=NEW\n"},
		{bash, "K=a; export K\n", "K=NEW; export K\n"}, {bash, "f() { export K=\"a\"; }", "f() { export K=\"NEW\"; }"}, {bash, "export K=\n", "export K=NEW\n"}, {bash, "export K\n", "export K\nexport K=\"NEW\"\n"},
		{bash, "typeset -x K=a", "typeset -x K=NEW"}, {bash, "# export K=a\n", "# export K=a\nexport K=\"NEW\"\n"}, {bash, "export K=\"\"", "export K=\"NEW\""},
		{fishy, "set --export --global K a; echo", "set --export --global K NEW; echo"}, {fishy, "set -q K\n", "set -q K\nset -gx K NEW\n"},
		{rc, "", "[default]\napi-key = NEW\n"}, {rc, "[default]", "[default]\napi-key = NEW\n"}, {rc, "[x]\napi-key=1\n", "[x]\napi-key=1\n[default]\napi-key = NEW\n"}, {rc, "[default]\napi-key:\n", "[default]\napi-key:NEW\n"},
		{pl, "", "[ionq.global]\napi_key = \"NEW\"\n"}, {pl, "[ionq.global]\r\nx = 1\r\n", "[ionq.global]\r\napi_key = \"NEW\"\r\nx = 1\r\n"}, {pl, "[ionq.global]\n\"api_key\" = 'a'", "[ionq.global]\n\"api_key\" = 'NEW'"},
	} {
		if got, err := put(t, c.said, "odd", c.text, store.Use{}, v); err != nil || got != c.want {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestWhatCannotBeReadSurelyIsNotTouched(t *testing.T) {
	bash, fishy := map[string]any{"kind": "shell-profile", "variable": "K"}, map[string]any{"kind": "shell-profile", "variable": "K", "shell": "fish"}
	rc, pl, ibm := map[string]any{"kind": "qbraid"}, map[string]any{"kind": "pennylane"}, map[string]any{"kind": "qiskit"}
	for _, c := range []struct {
		said map[string]any
		text string
		want error
	}{
		{bash, "export K=$(pass show ionq)\n", ErrIndirect}, {bash, "export K=\"$OTHER\"", ErrIndirect}, {bash, "export K=a'b'", ErrIndirect}, {bash, "K+=a", ErrIndirect}, {bash, "if", ErrForm}, {bash, "K=(a b)", ErrIndirect},
		{fishy, "set -gx K (pass ionq)", ErrIndirect}, {fishy, "set -gx K a b", ErrIndirect}, {fishy, "set -gx K", ErrIndirect}, {fishy, "set -gx K \"a", ErrIndirect},
		{map[string]any{"kind": "env-file", "variable": "K"}, "K=#c\n", ErrForm},
		{rc, "[default]\napi-key = a\n b\n", ErrForm},
		{pl, "[ionq]\nglobal.api_key = \"a\"\n", ErrForm}, {pl, "[ionq.global]\napi_key = 1\n", ErrForm}, {pl, "[ionq.global\n", ErrForm}, {pl, "[ionq.global]\napi_key = \"\"\"a\"\"\"\n", ErrForm}, {pl, "[ionq.global]\napi_key = \"\\u0041\"\n", ErrForm},
		{pl, "a = '''\n[ionq.global]\napi_key = \"b\"\n'''\n", ErrForm},
		{ibm, "", ErrForm}, {ibm, "{", ErrForm}, {ibm, "{}", errNoAccount}, {ibm, "[]", errNoAccount}, {ibm, strings.Repeat("[", 200) + strings.Repeat("]", 200), ErrForm},
		{ibm, `{"a":{"token":"1"},"b":{"token":"2"}}`, ErrSeveral},
	} {
		if _, err := put(t, c.said, "odd", c.text, store.Use{}, storetest.Value()); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.text, err, c.want)
		}
	}
}

func TestAccountsWithTheOldValueGetTheNewOne(t *testing.T) {
	old, v := storetest.Value(), storetest.Value()
	text := fmt.Sprintf(`{"a":{"token":"%[1]s"},"b":{"token":"other"},"c":{"x":{"token":"%[1]s"},"token":"%[1]s"}}`, old.Reveal())
	use := store.Use{Old: []secret.Fingerprint{secret.Fingerprinter{}.Of(old)}}
	got, err := put(t, map[string]any{"kind": "qiskit"}, "qiskit-ibm.json", text, use, v)
	want := fmt.Sprintf(`{"a":{"token":"%[2]s"},"b":{"token":"other"},"c":{"x":{"token":"%[1]s"},"token":"%[2]s"}}`, old.Reveal(), v.Reveal())
	if err != nil || got != want {
		t.Error("not exactly the accounts with the old value have the new one", err)
	}
	got, err = put(t, map[string]any{"kind": "qiskit", "account": "b"}, "qiskit-ibm.json", text, use, v)
	if err != nil || got != strings.Replace(text, "other", v.Reveal(), 1) {
		t.Error("not exactly the named account has the new one", err)
	}
}

func FuzzFormats(f *testing.F) {
	for _, c := range contents() {
		f.Add([]byte(c.with))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, format := range []format{dotenv{"IONQ_API_KEY"}, shell{name: "IONQ_API_KEY"}, fish{"IONQ_API_KEY"}, ini{"default", "api-key"}, table{"ionq.global", "api_key"}, qiskit{}} {
			places, err := format.read(text)
			if err != nil {
				continue
			}
			at := 0
			for _, p := range places {
				if p.start < at || p.end < p.start || p.end > len(text) {
					t.Fatalf("%T: a place from %d to %d, after %d, of %d", format, p.start, p.end, at, len(text))
				}
				at = p.end
			}
			if added, err := format.add(bytes.Clone(text), "NEW"); err == nil {
				_, _ = format.read(added) // must not panic; what does not fit is not written
			}
		}
	})
}
