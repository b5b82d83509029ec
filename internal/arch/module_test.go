package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the parsed Go source of the repository, whatever its build
// constraints. Nested modules, such as tools, are not part of it.
type module struct {
	path     string
	dir      string
	fset     *token.FileSet
	packages map[string]*pkg
	budget   budget
}

// pkg is the source of one directory; its path is relative to the module's,
// "." for the root.
type pkg struct {
	path  string
	files []*file
}

type file struct {
	// path is relative to the module, with slashes.
	path  string
	test  bool
	lines int
	ast   *ast.File
}

// violation is one breach of a law.
type violation struct {
	file string
	line int
	text string
}

func (v violation) String() string { return fmt.Sprintf("%s:%d: %s", v.file, v.line, v.text) }

func newModule(modulePath, dir string) *module {
	return &module{path: modulePath, dir: dir, fset: token.NewFileSet(), packages: map[string]*pkg{}, budget: houseBudget()}
}

// loadModule parses the module that this test belongs to.
func loadModule(t *testing.T) *module {
	t.Helper()
	root := moduleRoot(t)
	m := newModule(modulePath(t, root), root)
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && notSource(name, entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasPrefix(entry.Name(), "_") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return m.add(filepath.ToSlash(relative), source)
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// notSource reports whether the go tool ignores a directory.
func notSource(name, base string) bool {
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above this test")
	return ""
}

func modulePath(t *testing.T, root string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^module (\S+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatal("go.mod names no module")
	}
	return string(found[1])
}

func (m *module) add(name string, source []byte) error {
	parsed, err := parser.ParseFile(m.fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	dir := path.Dir(name)
	if m.packages[dir] == nil {
		m.packages[dir] = &pkg{path: dir}
	}
	m.packages[dir].files = append(m.packages[dir].files, &file{
		path:  name,
		test:  strings.HasSuffix(name, "_test.go"),
		lines: strings.Count(string(source), "\n"),
		ast:   parsed,
	})
	return nil
}

// sorted returns the packages in order of their paths.
func (m *module) sorted() []*pkg {
	var all []*pkg
	for _, p := range m.packages {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return all
}

// sources calls visit for every file that is no test.
func (m *module) sources(visit func(p *pkg, f *file)) {
	for _, p := range m.sorted() {
		for _, f := range p.files {
			if !f.test {
				visit(p, f)
			}
		}
	}
}

func (m *module) at(f *file, pos token.Pos, format string, args ...any) violation {
	return violation{file: f.path, line: m.fset.Position(pos).Line, text: fmt.Sprintf(format, args...)}
}

// name is what the package's source calls the package.
func (p *pkg) name() string {
	for _, f := range p.files {
		if !f.test {
			return f.ast.Name.Name
		}
	}
	return path.Base(p.path)
}

// imports maps the names that f gives to its imports to their paths.
func (f *file) imports() map[string]string {
	named := map[string]string{}
	for _, spec := range f.ast.Imports {
		imported := importPath(spec)
		name := path.Base(imported)
		if regexp.MustCompile(`^v\d+$`).MatchString(name) {
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		named[name] = imported
	}
	return named
}

func importPath(spec *ast.ImportSpec) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return imported
}

// selections calls visit for every pkg.Name in f, with the import path of pkg.
func (f *file) selections(visit func(n *ast.SelectorExpr, imported, name string)) {
	named := f.imports()
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && named[x.Name] != "" {
				visit(s, named[x.Name], s.Sel.Name)
			}
		}
		return true
	})
}

// plainCalls calls visit for every call of a function by its bare name.
func (f *file) plainCalls(visit func(n *ast.CallExpr, name string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if name, ok := call.Fun.(*ast.Ident); ok {
				visit(call, name.Name)
			}
		}
		return true
	})
}

// matches reports whether a package path is one of the patterns: a path, or a
// path with "/..." for it and everything below.
func matches(packagePath string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		above, all := strings.CutSuffix(pattern, "/...")
		return packagePath == above || all && strings.HasPrefix(packagePath, above+"/")
	})
}
