package arch

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// tracked is one file of the repository.
type tracked struct {
	path string
	data []byte
}

// largest is how many bytes a file of the repository may have.
const largest = 1 << 20

// files returns what is or could be committed: tracked files and those that
// nothing ignores. Outside of a clone, such as in a module's zip, it is every
// file.
func files(t *testing.T) []tracked {
	t.Helper()
	root := moduleRoot(t)
	list := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	out, err := list.Output()
	names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if err != nil {
		names = everyFile(t, root)
	}
	var all []tracked
	for _, name := range names {
		full := filepath.Join(root, filepath.FromSlash(name))
		if info, err := os.Lstat(full); err != nil || !info.Mode().IsRegular() {
			continue // deleted but not yet committed, or a link
		}
		data, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tracked{name, data})
	}
	if len(all) < 10 {
		t.Fatalf("only %d files were read", len(all))
	}
	return all
}

func everyFile(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasPrefix(name, ".git/") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// isText reports whether a file is read as text; checksums are no text.
func (f tracked) isText() bool {
	return path.Base(f.path) != "go.sum" && utf8.Valid(f.data) && !bytes.ContainsRune(f.data, 0)
}

// tooLarge finds files that do not belong in a repository.
func tooLarge(all []tracked) []violation {
	var found []violation
	for _, f := range all {
		if len(f.data) > largest {
			found = append(found, violation{f.path, 1, fmt.Sprintf("%d bytes, at most %d: make it when the test runs", len(f.data), largest)})
		}
	}
	return found
}

// machinePaths finds paths of the machine that something was written on. A
// home directory in an example, such as a container's, belongs in testdata or
// in a rule's examples.
func machinePaths(all []tracked) []violation {
	const before, home = `(?:^|[^A-Za-z0-9_.~/-])`, `root`
	workPath := regexp.MustCompile(before + `/wor` + `k/`)
	homePath := regexp.MustCompile(before + `/` + home + `/`)
	return eachLine(all, func(f tracked, line string) string {
		example := strings.Contains(f.path, "testdata/") || matches(path.Dir(f.path), "rules/...") && path.Ext(f.path) == ".toml"
		if workPath.MatchString(line) || !example && homePath.MatchString(line) {
			return "a path of one machine"
		}
		return ""
	})
}

// unfinished finds marks of work that was put off, in the comments of source
// and anywhere after a comment sign elsewhere. Samples of other people's files
// may have them.
func unfinished(all []tracked) []violation {
	marks := regexp.MustCompile(`(?://|/\*|#|<!--|--)[^"'` + "`" + `\n]*\b(?:TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	return eachLine(all, func(f tracked, line string) string {
		if !strings.Contains(f.path, "testdata/") && marks.MatchString(line) {
			return "work that was put off: do it, or file an issue"
		}
		return ""
	})
}

// revealingTemplates finds templates that call for key material by name, which
// the check of the source cannot see.
func revealingTemplates(all []tracked) []violation {
	return eachLine(all, func(f tracked, line string) string {
		switch path.Ext(f.path) {
		case ".tmpl", ".gotmpl", ".html", ".txt":
			if strings.Contains(line, "{{") && strings.Contains(line, ".Reveal") {
				return "a template takes key material out of its type"
			}
		}
		return ""
	})
}

func eachLine(all []tracked, complaint func(f tracked, line string) string) []violation {
	var found []violation
	for _, f := range all {
		if !f.isText() {
			continue
		}
		for i, line := range strings.Split(string(f.data), "\n") {
			if text := complaint(f, line); text != "" {
				found = append(found, violation{f.path, i + 1, text})
			}
		}
	}
	return found
}

// repositoryChecks are laws over all files; each has texts it must complain
// about and texts it must not. Bad texts are put together here, so that this
// file is good.
func repositoryChecks() []repositoryCheck {
	return []repositoryCheck{
		{"files are small", tooLarge,
			[]tracked{{"docs/film.bin", make([]byte, largest+1)}},
			[]tracked{{"docs/picture.png", make([]byte, largest)}}},
		{"no path names a machine", machinePaths,
			texts("docs/a.md", "see /wor"+"k/main/x", "cd '/roo"+"t/go'", "/wor"+"k/x"),
			append(texts("docs/a.md", "https://example.com/wor"+"k/x", "./wor"+"k/x", "homework/x", "$HOME/go"),
				tracked{"rules/ibm.toml", []byte("COPY qiskit-ibm.json /roo" + "t/.qiskit/")})},
		{"nothing is put off", unfinished,
			texts("a.go", "// TO"+"DO: later", "x := 1 // FIX"+"ME", "/* XX"+"X */", "# HA"+"CK around it", "<!-- TO"+"DO -->"),
			append(texts("a.go", `token = "TO`+`DO"`, "xxx", "// no to-do here", "// hackers", `var re = "#" + "TO`+`DO"`),
				tracked{"testdata/corpus/leaky/a.py", []byte("# TO" + "DO remove the key")})},
		{"no template takes material out", revealingTemplates,
			texts("page.tmpl", "<p>{{.Secret.Reveal}}</p>"),
			texts("page.tmpl", "<p>{{.Secret}}</p>", "call .Reveal never")},
	}
}

type repositoryCheck struct {
	law       string
	find      func([]tracked) []violation
	bad, good []tracked
}

// texts makes one file of each text.
func texts(name string, contents ...string) []tracked {
	var all []tracked
	for _, text := range contents {
		all = append(all, tracked{name, []byte(text + "\n")})
	}
	return all
}

func TestTheRepositoryKeepsItsLaws(t *testing.T) {
	all := files(t)
	for _, c := range repositoryChecks() {
		t.Run(c.law, func(t *testing.T) {
			for _, v := range c.find(all) {
				t.Error(v)
			}
		})
	}
}

func TestEveryLawOfTheRepositoryComplainsOfItsBadExample(t *testing.T) {
	for _, c := range repositoryChecks() {
		t.Run(c.law, func(t *testing.T) {
			for _, f := range c.bad {
				if len(c.find([]tracked{f})) == 0 {
					t.Errorf("nothing is said about %.60q", f.data)
				}
			}
			for _, f := range c.good {
				for _, v := range c.find([]tracked{f}) {
					t.Errorf("%.60q is good: %s", f.data, v)
				}
			}
		})
	}
}

func TestFilesOutsideOfACloneAreReadToo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "in/b.txt", ".git/config"} {
		if err := os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(everyFile(t, dir)); got != "[a.txt in/b.txt]" {
		t.Errorf("read %s", got)
	}
}
