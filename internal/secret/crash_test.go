package secret_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
)

// crashVariable makes the test binary die on purpose, in the way it names.
const crashVariable = "QLEAKS_TEST_CRASH"

func TestMain(m *testing.M) {
	if way := os.Getenv(crashVariable); way != "" {
		material, err := io.ReadAll(os.Stdin)
		if err != nil {
			os.Exit(3)
		}
		crash(secret.New(material), way)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashes are the ways to die with a value at hand.
func crashes(v secret.Value) map[string]func() {
	return map[string]func(){
		"value":       func() { panic(v) },
		"pointer":     func() { panic(&v) },
		"struct":      func() { panic(unexported{"n", v}) },
		"text":        func() { panic(fmt.Sprint(v, exported{"n", v}, unexported{"n", v})) },
		"error":       func() { panic(failure{v}) },
		"wrapped":     func() { panic(fmt.Errorf("verify: %w", errors.Join(failure{v}, wrappedAsError(v)))) },
		"own type":    func() { panic(renamed(v)) },
		"function":    func() { panic(v.Reveal) },
		"nil pointer": func() { diesHolding(v, nil) },
		"in a deferred call": func() {
			defer func() { panic(fmt.Sprintf("%#v", deep{any: v})) }()
			diesHolding(v, nil)
		},
		"stack overflow": func() { dropsForEver(v, 0) },
	}
}

func crash(v secret.Value, way string) { crashes(v)[way]() }

//go:noinline
func diesHolding(v secret.Value, nowhere *int) int { return *nowhere + v.Len() }

//go:noinline
func dropsForEver(v secret.Value, depth int) int {
	return dropsForEver(v, depth+1) + v.Len() //nolint:staticcheck // the overflow is the point
}

func TestACrashDoesNotTellTheMaterial(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for way := range crashes(secret.Value{}) {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			m := material(t)
			n := needlesOf(m)
			child := exec.CommandContext(t.Context(), program)
			child.Env = append(os.Environ(), crashVariable+"="+way, "GOTRACEBACK=system")
			child.Dir = t.TempDir()
			child.Stdin = strings.NewReader(m)
			out, err := child.CombinedOutput()
			if _, ok := errors.AsType[*exec.ExitError](err); !ok {
				t.Fatalf("the child did not die: %v", err)
			}
			if text := string(out); !strings.Contains(text, "goroutine ") {
				t.Fatalf("the child died without a trace: %s", text)
			}
			if form := n.in(string(out)); form != "" {
				t.Errorf("the trace leaks the material (%s)", form)
			}
		})
	}
}
