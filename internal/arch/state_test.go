package arch

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noPackageState forbids package variables but errors, lazy expressions,
// embedded files, interface assertions, provider kits and tables that nobody
// writes to. Expressions that compile when the program starts would make every
// hook wait for them.
func noPackageState(m *module) []violation {
	var found []violation
	tables := map[*pkg]map[string]bool{}
	m.sources(func(p *pkg, f *file) {
		for _, declaration := range f.ast.Decls {
			variables, ok := declaration.(*ast.GenDecl)
			if !ok || variables.Tok != token.VAR {
				continue
			}
			for _, spec := range variables.Specs {
				spec := spec.(*ast.ValueSpec)
				if isTable(spec) {
					remember(tables, p, spec)
				} else if !allowedState(m, p, f, variables, spec) {
					found = append(found, m.at(f, spec.Pos(), "package variable %s: allowed are errors, expressions of internal/expression, embedded files and unexported tables of literals", spec.Names[0].Name))
				}
			}
		}
	})
	return append(found, writtenTables(m, tables)...)
}

func remember(tables map[*pkg]map[string]bool, p *pkg, spec *ast.ValueSpec) {
	if tables[p] == nil {
		tables[p] = map[string]bool{}
	}
	for _, name := range spec.Names {
		tables[p][name.Name] = true
	}
}

func allowedState(m *module, p *pkg, f *file, variables *ast.GenDecl, spec *ast.ValueSpec) bool {
	if spec.Names[0].Name == "_" {
		return true
	}
	if embeds(variables.Doc) || embeds(spec.Doc) {
		return true
	}
	if matches(p.path, "internal/provider/...") && spec.Names[0].Name == "Kit" {
		return true
	}
	if len(spec.Values) != len(spec.Names) {
		return false
	}
	for _, value := range spec.Values {
		lazy := f.calls(value, m.path+"/internal/expression.Lazy")
		if lazy && !compiles(value) || !lazy && !f.calls(value, "errors.New", "fmt.Errorf") {
			return false
		}
	}
	return true
}

// compiles reports whether the argument of a call is a regular expression,
// written as literals.
func compiles(value ast.Expr) bool {
	pattern, ok := literalText(value.(*ast.CallExpr).Args[0])
	_, err := regexp.Compile(pattern)
	return ok && err == nil
}

// literalText returns the text of a literal, or of literals that are added.
func literalText(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literalText(e.X)
		right, also := literalText(e.Y)
		return left + right, ok && also
	}
	return "", false
}

func embeds(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if strings.HasPrefix(comment.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// calls reports whether e is a call of one of the named functions.
func (f *file) calls(e ast.Expr, names ...string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := function.X.(*ast.Ident)
	if !ok {
		return false
	}
	called := f.imports()[x.Name] + "." + function.Sel.Name
	return slices.Contains(names, called)
}

// isTable reports whether spec is an unexported array, slice or map that is
// written down entry by entry.
func isTable(spec *ast.ValueSpec) bool {
	if len(spec.Values) != len(spec.Names) {
		return false
	}
	for i, value := range spec.Values {
		composite, ok := value.(*ast.CompositeLit)
		if !ok || spec.Names[i].IsExported() || !written(composite) {
			return false
		}
		switch composite.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
		default:
			return false
		}
	}
	return true
}

// written reports whether e holds nothing but literals, names and composites
// of them; a conversion such as []byte("x") counts as a literal.
func written(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		for _, element := range e.Elts {
			if !written(element) {
				return false
			}
		}
		return true
	case *ast.KeyValueExpr:
		return written(e.Key) && written(e.Value)
	case *ast.BasicLit, *ast.Ident, *ast.SelectorExpr:
		return true
	case *ast.UnaryExpr:
		return e.Op != token.AND && written(e.X)
	case *ast.BinaryExpr:
		return written(e.X) && written(e.Y)
	case *ast.ParenExpr:
		return written(e.X)
	case *ast.CallExpr:
		_, conversion := e.Fun.(*ast.ArrayType)
		return conversion && len(e.Args) == 1 && written(e.Args[0])
	}
	return false
}

// writtenTables finds assignments to a package's tables. A local variable of
// the same name is complained about as well: it hides the table.
func writtenTables(m *module, tables map[*pkg]map[string]bool) []violation {
	var found []violation
	m.sources(func(p *pkg, f *file) {
		complain := func(target ast.Expr) {
			if name := root(target); tables[p][name] {
				found = append(found, m.at(f, target.Pos(), "table %s is written to, or hidden: package tables are read only", name))
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, target := range n.Lhs {
					complain(target)
				}
			case *ast.IncDecStmt:
				complain(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					complain(n.X)
				}
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (name.Name == "delete" || name.Name == "clear") {
					complain(n.Args[0])
				}
			}
			return true
		})
	})
	return found
}

// root is the variable that an assignable expression begins with.
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	}
	return ""
}
