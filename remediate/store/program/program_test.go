package program_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/program"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// TestMain lets this program be the programs that are started: the test makes
// links to it with their names.
func TestMain(m *testing.M) {
	if dir := os.Getenv("QLEAKS_TEST_WORLD"); dir != "" {
		os.Exit(pretend(filepath.Base(os.Args[0]), dir))
	}
	os.Exit(m.Run())
}

// kept is what a program keeps, in a file of its world.
type kept struct {
	Value   string
	Version int
	Other   string
}

func load(dir string) (kept, bool) {
	text, err := os.ReadFile(filepath.Join(dir, "kept"))
	if err != nil {
		return kept{}, false
	}
	var k kept
	return k, json.Unmarshal(text, &k) == nil
}

func save(dir string, k kept) {
	k.Version++
	text, err := json.Marshal(k)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "kept"), text, 0o600)
	}
	if err != nil {
		panic(err)
	}
}

// pretend is one of the programs; it writes down how it was started.
func pretend(name, dir string) int {
	trace, err := os.OpenFile(filepath.Join(dir, "trace"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 9
	}
	fmt.Fprintln(trace, os.Args, os.Environ())
	_ = trace.Close()
	input, _ := io.ReadAll(os.Stdin)
	fault, _ := os.ReadFile(filepath.Join(dir, "fault"))
	switch string(fault) {
	case "fails":
		fmt.Fprintln(os.Stderr, "no", string(input))
		return 3
	case "fails silently":
		return 1
	case "babbles":
		fmt.Print("<html>\nno\n")
		return 0
	case "says nothing":
		return 0
	}
	var out bytes.Buffer
	k, there := load(dir)
	code := programs()[name](&out, strings.Join(os.Args[1:], " "), input, dir, k, there)
	if string(fault) == "fails afterwards" {
		return 4
	}
	_, _ = os.Stdout.Write(out.Bytes())
	return code
}

type pretended func(out io.Writer, args string, input []byte, dir string, k kept, there bool) int

func programs() map[string]pretended {
	return map[string]pretended{"secret-tool": secretTool, "lpass": lpass, "op": op, "kubectl": kubectl, "put-key": putKey}
}

func secretTool(out io.Writer, args string, input []byte, dir string, k kept, there bool) int {
	switch args {
	case "lookup service qleaks username ionq":
		if !there {
			return 1
		}
		fmt.Fprint(out, k.Value)
		return 0
	case "store --label=qleaks/ionq service qleaks username ionq":
		save(dir, kept{Value: string(input)})
		return 0
	}
	return 2
}

func lpass(out io.Writer, args string, input []byte, dir string, k kept, there bool) int {
	switch {
	case !there:
		return 1
	case args == "show --sync=now --password Quantum/IonQ":
		fmt.Fprintln(out, k.Value)
		return 0
	case args == "edit --sync=now --non-interactive --password Quantum/IonQ":
		k.Value = strings.TrimSuffix(string(input), "\n")
		save(dir, k)
		return 0
	}
	return 2
}

func op(out io.Writer, args string, input []byte, dir string, k kept, _ bool) int {
	switch args {
	case "item get IonQ --vault Quantum --format json":
		return encode(out, map[string]any{
			"id": "x", "version": k.Version, "large": json.Number("12345678901234567890"),
			"fields": []any{map[string]any{"id": "notes", "value": "kept"}, map[string]any{"id": "credential", "type": "CONCEALED", "value": k.Value}},
		})
	case "read --no-newline op://Quantum/IonQ/credential":
		fmt.Fprint(out, k.Value)
		return 0
	case "item edit IonQ --vault Quantum":
		var item struct {
			Large  json.Number
			Fields []struct{ ID, Value string }
		}
		if json.Unmarshal(input, &item) != nil || item.Large != "12345678901234567890" || len(item.Fields) != 2 || item.Fields[0].Value != "kept" {
			return 5
		}
		save(dir, kept{Value: item.Fields[1].Value, Version: k.Version})
		return 0
	}
	return 2
}

func encode(out io.Writer, v map[string]any) int {
	text, err := json.Marshal(v)
	if err != nil {
		return 9
	}
	_, _ = out.Write(text)
	return 0
}

// kubectl has one Secret, which another program applied once.
func kubectl(out io.Writer, args string, input []byte, dir string, k kept, there bool) int {
	b64 := base64.StdEncoding.EncodeToString
	var secretObject struct {
		Kind     string
		Metadata struct {
			Name, Namespace, ResourceVersion string
			Annotations                      map[string]string
		}
		Data map[string]string
	}
	switch args {
	case "get secret quantum --ignore-not-found --output json --namespace lab --context c":
		if !there {
			return 0
		}
		return encode(out, map[string]any{
			"kind": "Secret", "metadata": map[string]any{"name": "quantum", "resourceVersion": fmt.Sprint(k.Version), "annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": k.Value, "team": "lab"}},
			"data": map[string]any{"IONQ_API_KEY": b64([]byte(k.Value)), "OTHER": b64([]byte("kept"))},
		})
	case "replace --filename - --namespace lab --context c", "create --filename - --namespace lab --context c":
		creates := strings.HasPrefix(args, "create")
		if json.Unmarshal(input, &secretObject) != nil || secretObject.Kind != "Secret" || creates == there || !creates && secretObject.Metadata.ResourceVersion != fmt.Sprint(k.Version) {
			return 1
		}
		if !creates && (secretObject.Data["OTHER"] != b64([]byte("kept")) || len(secretObject.Metadata.Annotations) != 1) {
			return 5
		}
		value, _ := base64.StdEncoding.DecodeString(secretObject.Data["IONQ_API_KEY"])
		save(dir, kept{Value: string(value), Version: k.Version})
		return 0
	}
	return 2
}

// putKey is the example of docs/stores.md.
func putKey(out io.Writer, _ string, input []byte, dir string, k kept, there bool) int {
	var q struct{ Schema, Do, Store, Rotation, Mark, Value string }
	if json.Unmarshal(input, &q) != nil || q.Schema != "qleaks.store/1" || q.Store != "here" {
		return 5
	}
	mark := "absent"
	if there {
		mark = fmt.Sprint("version ", k.Version)
	}
	switch q.Do {
	case "put":
		if k.Value != q.Value {
			if mark != q.Mark {
				return encode(out, map[string]any{"error": "changed"})
			}
			save(dir, kept{Value: q.Value, Version: k.Version})
			k.Version++
		}
		mark = fmt.Sprint("version ", k.Version)
	case "confirm":
		if k.Value != q.Value {
			return encode(out, map[string]any{"error": "differs"})
		}
	}
	return encode(out, map[string]any{"mark": mark, "proved": q.Do == "confirm"})
}

func said() map[string]map[string]any {
	return map[string]map[string]any{
		"keychain":   {"name": "ionq"},
		"lastpass":   {"entry": "Quantum/IonQ"},
		"1password":  {"vault": "Quantum", "item": "IonQ"},
		"kubernetes": {"name": "quantum", "entry": "IONQ_API_KEY", "namespace": "lab", "context": "c"},
		"command":    {"command": []any{"put-key", "an argument"}},
	}
}

func declare(t *testing.T, kind string, more map[string]any) store.Declaration {
	t.Helper()
	all := maps.Clone(more)
	all["kind"] = kind
	d, err := store.Declare("here", all, program.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContract(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the programs are links, and the keychain is that of Linux")
	}
	for kind, more := range said() {
		if testing.Short() && kind != "command" {
			continue // every program is this test, which starts slowly under the race detector
		}
		t.Run(kind, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, old secret.Value) storetest.World {
				bin, dir := t.TempDir(), t.TempDir()
				for name := range programs() {
					if err := os.Symlink(os.Args[0], filepath.Join(bin, name)); err != nil {
						t.Fatal(err)
					}
				}
				t.Setenv("PATH", bin)
				t.Setenv("QLEAKS_TEST_WORLD", dir)
				set := func(v secret.Value) {
					k, _ := load(dir)
					save(dir, kept{Value: v.Reveal(), Version: k.Version})
				}
				if !old.IsZero() {
					set(old)
				}
				d := declare(t, kind, more)
				w := storetest.World{Kind: d.Kind, Set: set, Faults: map[string]func() func(){}}
				w.Open = func() store.Store {
					s, err := d.Open(store.Use{Rotation: "01J"})
					if err != nil {
						t.Fatal(err)
					}
					return s
				}
				w.Held = func() []secret.Value {
					if k, there := load(dir); there && k.Value != "" {
						return []secret.Value{secret.New([]byte(k.Value))}
					}
					return nil
				}
				w.Traces = func() string {
					text, err := os.ReadFile(filepath.Join(dir, "trace"))
					if err != nil && !errors.Is(err, os.ErrNotExist) {
						t.Fatal(err)
					}
					return string(text)
				}
				for _, fault := range []string{"fails", "fails silently", "fails afterwards", "babbles", "says nothing"} {
					w.Faults[fault] = func() func() {
						path := filepath.Join(dir, "fault")
						if err := os.WriteFile(path, []byte(fault), 0o600); err != nil {
							t.Fatal(err)
						}
						return func() { _ = os.Remove(path) }
					}
				}
				return w
			})
		})
	}
}

func TestAProgramThatIsNotThereIsToldApart(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for kind, more := range said() {
		if kind == "keychain" && runtime.GOOS != "linux" {
			continue
		}
		s, err := declare(t, kind, more).Open(store.Use{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Check(t.Context()); !errors.Is(err, credential.ErrNoProgram) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestNoSettingIsTakenForAnOption(t *testing.T) {
	for kind, more := range said() {
		for field := range more {
			if field == "command" {
				continue
			}
			bad := maps.Clone(more)
			bad["kind"], bad[field] = kind, "--vault=x"
			if _, err := store.Declare("here", bad, program.Kinds()); err == nil {
				t.Errorf("%s takes an option for its %s", kind, field)
			}
		}
	}
	if names := slices.Collect(maps.Keys(said())); len(names) != len(program.Kinds()) {
		t.Errorf("only %v are tried", names)
	}
}
