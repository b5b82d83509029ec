package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// system is an operating system and its processor, as Go names them.
type system struct{ os, processor string }

// TestOtherSystemsAreMeant holds the code, and its tests, to the types of the other
// systems that there are releases for. Compiling all that is imported for each
// would take a hundred times as long.
func TestOtherSystemsAreMeant(t *testing.T) {
	root := moduleRoot(t)
	for _, s := range []system{{"windows", "amd64"}, {"darwin", "arm64"}} {
		checked := 0
		for _, p := range typesFor(t, s, root, "./...") {
			if strings.HasSuffix(p.ID, ".test") {
				continue // what go test makes
			}
			checked += len(p.CompiledGoFiles)
			for _, err := range p.Errors {
				t.Errorf("%s: %v", s.os, err)
			}
		}
		if checked < 1000 {
			t.Errorf("%s: only %d files were read", s.os, checked)
		}
	}
}

func TestWhatAnotherSystemLacksIsFound(t *testing.T) {
	for s, wrong := range map[system]bool{{"windows", "amd64"}: true, {"linux", "arm64"}: false} {
		found := 0
		for _, p := range typesFor(t, s, filepath.Join("testdata", "systems"), ".") {
			found += len(p.Errors)
		}
		if (found > 0) != wrong {
			t.Errorf("%s: %d faults were found", s.os, found)
		}
	}
}

// typesFor reads packages, and what they import, as they are for a system. Of what
// is imported from elsewhere only the declarations are read.
func typesFor(t *testing.T, s system, dir, pattern string) []*packages.Package {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	root := moduleRoot(t)
	read, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedModule,
		Dir: dir, Tests: true,
		Env: append(os.Environ(), "GOOS="+s.os, "GOARCH="+s.processor, "CGO_ENABLED=0"),
		ParseFile: func(fset *token.FileSet, name string, source []byte) (*ast.File, error) {
			f, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
			if err == nil && !strings.HasPrefix(name, root+string(filepath.Separator)) {
				withoutBodies(f)
			}
			return f, err
		},
	}, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func withoutBodies(f *ast.File) {
	for _, d := range f.Decls {
		if function, ok := d.(*ast.FuncDecl); ok {
			function.Body = nil
		}
	}
}
