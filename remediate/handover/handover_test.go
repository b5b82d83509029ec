package handover_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/handover"
	"github.com/qleaks/qleaks/rules/sample"
)

// asked is the variable in which the test program, which is this one, is told what
// to do.
const asked = "QLEAKS_TEST_CHILD"

func TestMain(m *testing.M) {
	if do := os.Getenv(asked); do != "" {
		child(do)
		return
	}
	os.Exit(m.Run())
}

// child is the program that gets a key.
func child(do string) {
	key := os.Getenv("IONQ_API_KEY")
	switch do {
	case "print":
		for _, text := range shown(key) {
			for i := range len(text) { // byte by byte
				fmt.Print(text[i : i+1])
			}
			fmt.Println(" end")
			fmt.Fprintln(os.Stderr, text)
		}
	case "part":
		fmt.Print("a", key[:len(key)-1])
	case "environment":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "exit":
		os.Exit(7)
	case "signal":
		got := make(chan os.Signal, 1)
		signal.Notify(got, syscall.SIGTERM)
		fmt.Println("ready")
		<-got
		os.Exit(3)
	case "die":
		p, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = p.Kill()
		}
		time.Sleep(time.Minute)
		fmt.Println(err)
	}
}

// shown are ways in which a key comes into an output.
func shown(key string) []string {
	return []string{
		key, `{"key": "` + key + `"}`, url.QueryEscape(key), hex.EncodeToString([]byte(key)),
		base64.StdEncoding.EncodeToString([]byte(key)), base64.StdEncoding.EncodeToString([]byte("u:" + key)), base64.URLEncoding.EncodeToString([]byte("apikey:" + key + "@")),
	}
}

func program(t *testing.T, do string) (handover.Program, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asked, do)
	var out, errs bytes.Buffer
	v := secret.New([]byte(sample.NewValues(4).From(sample.Alphabet("A-Za-z0-9"), 40) + "+/"))
	return handover.Program{Words: []string{self}, Variable: "IONQ_API_KEY", Value: v, Stdout: &out, Stderr: &errs}, &out, &errs
}

func run(t *testing.T, p handover.Program) int {
	t.Helper()
	r, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	code, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestTheProgramGetsTheKeyAndNoneOfTheOperatorsOwn(t *testing.T) {
	t.Setenv("IONQ_OPERATOR", "of the operator")
	t.Setenv("IONQ_API_KEY", "another")
	p, out, _ := program(t, "environment")
	p.Without = []string{"IONQ_OPERATOR"}
	if code := run(t, p); code != 0 {
		t.Fatal(code)
	}
	if strings.Count(out.String(), "IONQ_API_KEY=") != 1 || !strings.Contains(out.String(), "IONQ_API_KEY="+p.Value.Reveal()+"\n") {
		t.Error("the program did not get the key, or got another one, too")
	}
	if strings.Contains(out.String(), "IONQ_OPERATOR") || !strings.Contains(out.String(), "PATH=") {
		t.Error("the environment is not what it should be")
	}
}

func TestAMaskHidesTheKeyInWhateverFormItIsWritten(t *testing.T) {
	p, out, errs := program(t, "print")
	p.Mask = true
	run(t, p)
	for name, text := range map[string]string{"stdout": out.String(), "stderr": errs.String()} {
		if n := strings.Count(text, "***"); n != 7 {
			t.Errorf("%s: %d of 7 are masked", name, n)
		}
		key := p.Value.Reveal()
		for i := range len(key) - 12 {
			if strings.Contains(text, key[i:i+12]) {
				t.Fatalf("%s shows the key", name)
			}
		}
	}
	if strings.Count(out.String(), " end\n") != 7 {
		t.Error("what is no key was lost")
	}
	p, out, _ = program(t, "part")
	p.Mask = true
	if run(t, p); out.String() != "a***" {
		t.Error("all but the last character is shown")
	}
	p, out, _ = program(t, "part")
	if run(t, p); !strings.Contains(out.String(), p.Value.Reveal()[:20]) {
		t.Error("masked without being asked")
	}
}

func TestCodesAndSignalsAreHandedOn(t *testing.T) {
	p, _, _ := program(t, "exit")
	if code := run(t, p); code != 7 {
		t.Errorf("code %d, want 7", code)
	}
	for _, words := range [][]string{{"there-is-no-such-program"}, {t.TempDir()}} {
		p.Words = words
		if _, err := p.Start(); !errors.Is(err, handover.ErrNoProgram) {
			t.Errorf("%v", err)
		}
	}
	for _, name := range []string{"", "A=B", "1A", "A B"} {
		p.Variable = name
		if _, err := p.Start(); !errors.Is(err, handover.ErrVariable) {
			t.Errorf("a variable called %q: %v", name, err)
		}
	}
}

func TestAKeyIsShownInALine(t *testing.T) {
	var out bytes.Buffer
	if err := handover.Show(&out, secret.New([]byte("value"))); err != nil || out.String() != "value\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
