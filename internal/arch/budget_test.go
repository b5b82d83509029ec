package arch

import "go/ast"

// budget says how large things may grow before they must be divided.
type budget struct {
	functionLines, fileLines, testFileLines, structFields, interfaceMethods int
}

func houseBudget() budget {
	return budget{functionLines: 60, fileLines: 400, testFileLines: 600, structFields: 12, interfaceMethods: 3}
}

// insideTheBudget measures files, functions, structs and interfaces. Tests are
// measured by the file only.
func insideTheBudget(m *module) []violation {
	var found []violation
	for _, p := range m.sorted() {
		for _, f := range p.files {
			most := m.budget.fileLines
			if f.test {
				most = m.budget.testFileLines
			}
			if f.lines > most {
				found = append(found, m.at(f, f.ast.Name.Pos(), "the file has %d lines, at most %d", f.lines, most))
			}
			if !f.test {
				found = append(found, oversized(m, f)...)
			}
		}
	}
	return found
}

func oversized(m *module, f *file) []violation {
	var found []violation
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			lines := m.fset.Position(n.End()).Line - m.fset.Position(n.Type.Pos()).Line + 1
			if lines > m.budget.functionLines {
				found = append(found, m.at(f, n.Type.Pos(), "%s has %d lines, at most %d", n.Name.Name, lines, m.budget.functionLines))
			}
		case *ast.StructType:
			if count := members(n.Fields); count > m.budget.structFields {
				found = append(found, m.at(f, n.Pos(), "a struct of %d fields, at most %d", count, m.budget.structFields))
			}
		case *ast.InterfaceType:
			if count := members(n.Methods); count > m.budget.interfaceMethods {
				found = append(found, m.at(f, n.Pos(), "an interface of %d methods, at most %d", count, m.budget.interfaceMethods))
			}
		}
		return true
	})
	return found
}

// members counts names; what is embedded counts as one.
func members(list *ast.FieldList) int {
	count := 0
	for _, field := range list.List {
		count += max(1, len(field.Names))
	}
	return count
}
