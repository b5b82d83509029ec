package arch

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// exportedIsDocumented demands a comment for every exported function, method,
// type, constant and variable; those of functions and types begin with the
// name.
func exportedIsDocumented(m *module) []violation {
	var found []violation
	m.sources(func(_ *pkg, f *file) {
		for _, declaration := range f.ast.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && !describes(d.Doc, d.Name.Name) {
					found = append(found, m.at(f, d.Type.Pos(), "%s has no comment that begins with its name", d.Name.Name))
				}
			case *ast.GenDecl:
				found = append(found, undocumented(m, f, d)...)
			}
		}
	})
	return found
}

func undocumented(m *module, f *file, d *ast.GenDecl) []violation {
	var found []violation
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			doc := s.Doc
			if doc == nil && !d.Lparen.IsValid() {
				doc = d.Doc
			}
			if s.Name.IsExported() && !describes(doc, s.Name.Name) {
				found = append(found, m.at(f, s.Pos(), "type %s has no comment that begins with its name", s.Name.Name))
			}
		case *ast.ValueSpec:
			exported := slices.ContainsFunc(s.Names, (*ast.Ident).IsExported)
			if exported && d.Doc.Text() == "" && s.Doc.Text() == "" && s.Comment.Text() == "" {
				found = append(found, m.at(f, s.Pos(), "%s %s has no comment", d.Tok, s.Names[0].Name))
			}
		}
	}
	return found
}

// exportedReceiver reports whether d is a function or a method of an exported
// type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}

// describes reports whether a comment begins with the name it describes, after
// an article at most, and says something about it.
func describes(doc *ast.CommentGroup, name string) bool {
	words := strings.Fields(doc.Text())
	if len(words) > 0 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	return len(words) > 2 && strings.TrimRight(words[0], ",:;") == name
}

// packagesAreDocumented demands one package comment for each package, which
// begins with its name.
func packagesAreDocumented(m *module) []violation {
	var found []violation
	for _, p := range m.sorted() {
		var first *file
		comments := 0
		for _, f := range p.files {
			if f.test {
				continue
			}
			if first == nil {
				first = f
			}
			if f.ast.Doc.Text() == "" {
				continue
			}
			if comments++; comments > 1 {
				found = append(found, m.at(f, f.ast.Name.Pos(), "a second package comment: one file carries it"))
			} else if want := commentBegins(p, f); !strings.HasPrefix(f.ast.Doc.Text(), want) {
				found = append(found, m.at(f, f.ast.Name.Pos(), "the package comment does not begin with %q", want))
			}
		}
		if first != nil && comments == 0 {
			found = append(found, m.at(first, first.ast.Name.Pos(), "package %s has no package comment", p.path))
		}
	}
	return found
}

func commentBegins(p *pkg, f *file) string {
	if f.ast.Name.Name == "main" {
		return "Command " + path.Base(p.path) + " "
	}
	return "Package " + f.ast.Name.Name + " "
}
