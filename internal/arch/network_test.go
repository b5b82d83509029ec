package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayAsk lists the packages under the scanner that may reach the network: they
// are called by name, and nothing that finds imports them.
func mayAsk() []string { return []string{"scanner/verify", "scanner/githubsource"} }

// target is what a package graph is read for.
type target struct{ goos, cgo string }

func targets() []target {
	return []target{{"linux", "0"}, {"linux", "1"}, {"windows", "0"}, {"darwin", "0"}, {"darwin", "1"}}
}

// graph maps import paths to what they import.
type graph map[string][]string

// readGraph asks the go tool for everything that the packages import, directly
// or not, on a target.
func readGraph(t *testing.T, dir string, on target, packages ...string) graph {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-json=ImportPath,Imports,ImportMap"}, packages...)...)
	list.Dir = dir
	list.Env = append(os.Environ(), "GOWORK=off", "GOARCH=amd64", "GOOS="+on.goos, "CGO_ENABLED="+on.cgo)
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &complaint)
	}
	g := graph{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			ImportMap  map[string]string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		for _, imported := range p.Imports {
			if mapped, ok := p.ImportMap[imported]; ok {
				imported = mapped
			}
			g[p.ImportPath] = append(g[p.ImportPath], imported)
		}
	}
}

// way returns the shortest chain of imports between two packages, or nil.
func (g graph) way(from, to string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		here := queue[0]
		if here == to {
			var chain []string
			for ; here != ""; here = before[here] {
				chain = append(chain, here)
			}
			slices.Reverse(chain)
			return chain
		}
		for _, next := range g[here] {
			if _, seen := before[next]; !seen {
				before[next] = here
				queue = append(queue, next)
			}
		}
	}
	return nil
}

func TestFindingCannotReachTheNetwork(t *testing.T) {
	m := loadModule(t)
	var offline []string
	for _, p := range m.sorted() {
		if matches(p.path, "rules/...", "scanner/...") && !matches(p.path, mayAsk()...) && slices.ContainsFunc(p.files, func(f *file) bool { return !f.test }) {
			offline = append(offline, m.path+"/"+p.path)
		}
	}
	if len(offline) < 4 {
		t.Fatalf("only %d packages to look at", len(offline))
	}
	for _, on := range targets() {
		t.Run(on.goos+" with cgo="+on.cgo, func(t *testing.T) {
			t.Parallel()
			g := readGraph(t, m.dir, on, offline...)
			for _, p := range offline {
				if chain := g.way(p, "net"); chain != nil {
					t.Errorf("%s reaches the network: %s", p, strings.Join(chain, " → "))
				}
			}
		})
	}
}

func TestTheNetworkIsSeenBehindOtherPackages(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":               "module example.test/m\n\ngo 1.26\n",
		"rules/rules.go":       "package rules\n\nimport _ \"net/url\"\n",
		"scanner/scanner.go":   "package scanner\n\nimport _ \"example.test/m/inner\"\n",
		"scanner/windows.go":   "//go:build windows\n\npackage scanner\n\nimport _ \"net/smtp\"\n",
		"inner/inner.go":       "package inner\n\nimport _ \"net/netip\"\n",
		"inner/inner_linux.go": "package inner\n\nimport _ \"net/mail\"\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for on, want := range map[target]string{
		{"linux", "0"}:   "[example.test/m/scanner example.test/m/inner net/mail net]",
		{"windows", "0"}: "[example.test/m/scanner net/smtp net]",
		{"darwin", "0"}:  "[]",
	} {
		g := readGraph(t, dir, on, "./...")
		if got := fmt.Sprint(g.way("example.test/m/scanner", "net")); got != want {
			t.Errorf("on %s the way to the network is %s, want %s", on.goos, got, want)
		}
		if chain := g.way("example.test/m/rules", "net"); chain != nil {
			t.Errorf("net/url counts as the network: %v", chain)
		}
	}
}
