package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/internal/githooks"
	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// planted is what a story hid: values, and the files that may hold them.
type planted struct {
	keys  []string
	files []string
}

type plantedKey struct{}

// setUpStory gives a story a home of its own and a Git that knows nobody.
func setUpStory(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	env.Values[plantedKey{}] = &planted{}
	env.Values[cloudKey{}] = new(*cloud)
	env.Values[worldKey{}] = &running{}
	env.Values[hubKey{}] = &hub{}
	env.Values[deskKey{}] = &desk{}
	env.Values[inboxKey{}] = inboxes{}
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "AppData": home, "XDG_CONFIG_HOME": filepath.Join(home, ".config"),
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull,
		"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2024-05-01T12:00:00Z",
		"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_COMMITTER_DATE": "2024-05-01T12:00:00Z",
	} {
		env.Setenv(name, value)
	}
	return nil
}

// storyCondition knows [git-2.54]: this Git runs hooks of its configuration, and
// before those of the repository.
func storyCondition(name string) (bool, error) {
	if name != "git-2.54" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	return githooks.AtLeast(context.Background(), 2, 54)
}

func storyCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"seed":       seed,
		"planted":    mayHold,
		"quiet":      quiet,
		"exits":      exits,
		"valid":      valid,
		"mode":       mode,
		"rename":     rename,
		"showing":    showing,
		"identify":   identify,
		"simulate":   simulate,
		"inbox":      inbox,
		"submit":     submit,
		"issue":      issue,
		"received":   received,
		"reached":    reached,
		"breaks":     breaks,
		"world":      world,
		"sourced":    sourced,
		"github":     github,
		"keeps":      keeps,
		"hosts":      hosts,
		"secured":    secured,
		"writes":     writes,
		"hides":      hides,
		"raises":     raises,
		"resolved":   resolved,
		"fault":      fault,
		"console":    console,
		"desk":       deskCommand,
		"borrowed":   borrowed,
		"revoked":    revoked,
		"rotation":   rotation,
		"signer":     signer,
		"staffed":    staffed,
		"copied":     copied,
		"documented": documented,
	}
}

// seed RULE FILE... fills the templates in files with one new key of a rule and
// remembers it.
func seed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: seed RULE FILE...")
	}
	set, err := rules.Builtin()
	ts.Check(err)
	rule := set.Rule(args[0])
	if rule == nil {
		ts.Fatalf("no rule %s", args[0])
	}
	var random [8]byte
	_, err = rand.Read(random[:])
	ts.Check(err)
	values := sample.NewValues(binary.NativeEndian.Uint64(random[:]))
	key := sample.Key(rule, values)
	p := ts.Value(plantedKey{}).(*planted)
	p.keys = append(p.keys, strings.TrimPrefix(key, rule.Token.Public))
	for _, file := range args[1:] {
		name := ts.MkAbs(file)
		p.files = append(p.files, name)
		text := sample.Expand(ts.ReadFile(file), key, values)
		ts.Check(os.WriteFile(name, []byte(text), 0o600))
	}
}

// planted PATH... says which other files and directories may hold keys.
func mayHold(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(plantedKey{}).(*planted)
	for _, a := range args {
		p.files = append(p.files, ts.MkAbs(a))
	}
}

// quiet asserts that no planted key is in the last output or in any file that
// was not planted. `! quiet` asserts that the last output holds every key.
func quiet(ts *testscript.TestScript, neg bool, _ []string) {
	p := ts.Value(plantedKey{}).(*planted)
	if len(p.keys) == 0 {
		ts.Fatalf("nothing is planted, so quiet proves nothing")
	}
	for _, key := range p.keys {
		for _, stream := range []string{"stdout", "stderr"} {
			told := sample.Tells(ts.ReadFile(stream), key)
			if told && !neg {
				ts.Fatalf("%s tells a planted key", stream)
			}
			if !told && neg && stream == "stdout" {
				ts.Fatalf("stdout does not tell a planted key")
			}
		}
	}
	if !neg {
		p.searchFiles(ts)
	}
}

func (p *planted) searchFiles(ts *testscript.TestScript) {
	root := ts.Getenv("WORK")
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(p.files, path) || entry.Name() == ".git" || strings.HasSuffix(entry.Name(), ".git") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, key := range p.keys {
			if sample.Tells(string(content), key) || sample.Tells(path, key) {
				ts.Fatalf("%s holds a planted key", path)
			}
		}
		return nil
	}))
}

// exits CODE COMMAND... runs a command and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit interface{ ExitCode() int }
		if !asExit(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func asExit(err error, exit *interface{ ExitCode() int }) bool {
	e, ok := err.(interface{ ExitCode() int })
	*exit = e
	return ok
}

// identify VARIABLE PATH sets a variable to the id of the finding that the
// last output, a report as json, has in a path.
func identify(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: identify VARIABLE PATH")
	}
	var report struct {
		Findings []struct{ ID, Path string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &report))
	for _, f := range report.Findings {
		if f.Path == args[1] {
			ts.Setenv(args[0], f.ID)
			return
		}
	}
	ts.Fatalf("no finding in %s", args[1])
}

// valid SCHEMA DOCUMENT checks a document, or each line of a jsonl file.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: valid SCHEMA DOCUMENT")
	}
	schema, err := schematest.Read([]byte(ts.ReadFile(args[0])), "")
	ts.Check(err)
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1])))
	documents := 0
	for decoder.More() {
		var raw json.RawMessage
		ts.Check(decoder.Decode(&raw))
		if err := schema.Check(string(raw)); (err != nil) != neg {
			ts.Fatalf("valid: %v", err)
		}
		documents++
	}
	if documents == 0 {
		ts.Fatalf("%s holds no document", args[1])
	}
}

// mode PERMISSIONS FILE checks the permissions of a file.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != fs.FileMode(want) {
		ts.Fatalf("mode %v, want %v", info.Mode().Perm(), fs.FileMode(want))
	}
}

// rename FILE NAME gives a file a name with Go escapes, such as a\x1b[2Jb.
func rename(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rename FILE NAME")
	}
	name, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	old, renamed := ts.MkAbs(args[0]), ts.MkAbs(name)
	ts.Check(os.Rename(old, renamed))
	p := ts.Value(plantedKey{}).(*planted)
	p.files = append(p.files, renamed)
}

// showing asserts (by `! showing`) that the last output has no control
// character and no line that a CI runner obeys.
func showing(ts *testscript.TestScript, neg bool, _ []string) {
	if !neg {
		ts.Fatalf("usage: ! showing")
	}
	for _, stream := range []string{"stdout", "stderr"} {
		for line := range strings.Lines(ts.ReadFile(stream)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "::") || strings.Contains(line, "##[") {
				ts.Fatalf("%s has a line that a runner obeys", stream)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				ts.Fatalf("%s has a control character: %q", stream, line)
			}
		}
	}
}
