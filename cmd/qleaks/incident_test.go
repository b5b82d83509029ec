//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/demo"
	"github.com/qleaks/qleaks/rules/sample"
)

// TestTheIncidentIsAsThePageTellsIt types every command of docs/incident.md, as
// its reader does, and compares what comes with what the page shows.
func TestTheIncidentIsAsThePageTellsIt(t *testing.T) {
	for _, program := range []string{"git", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program)
		}
	}
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "incident.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	defer r.leave()
	commands := pageCommands(string(page))
	if len(commands) < 20 {
		t.Fatalf("only %d commands were found in the page", len(commands))
	}
	for _, c := range commands {
		r.types(c)
		if t.Failed() {
			return
		}
		if c.line == `eval "$(qleaks demo start)"` {
			r.learn()
		}
	}
	if len(r.keys) < 4 {
		t.Errorf("only %d keys were looked for", len(r.keys))
	}
	r.tellsNoKey()
}

// pageCommand is a command of a page, with the lines that it is to write.
type pageCommand struct {
	line string
	want []string
	code int
}

var codeLine = regexp.MustCompile(`^\(exit code (\d+)\)$`)

// pageCommands reads the blocks of a page that show a terminal.
func pageCommands(page string) (all []pageCommand) {
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case strings.HasPrefix(line, "$ "):
			all = append(all, pageCommand{line: line[2:]})
		case codeLine.MatchString(line):
			_, _ = fmt.Sscanf(line, "(exit code %d)", &all[len(all)-1].code) // it matches
		default:
			all[len(all)-1].want = append(all[len(all)-1].want, line)
		}
	}
	return all
}

// reader is somebody who types what a page says.
type reader struct {
	t *testing.T
	// home is their home, and shell what they have in the shell by now.
	home, shell string
	// rotation is the id of the last one that was shown; value is what the console
	// showed.
	rotation, value string
	// keys may be told nowhere; told is everything that was told.
	keys []string
	told strings.Builder
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, home: t.TempDir()}
	r.shell = filepath.Join(r.home, ".shell")
	var b strings.Builder
	for _, v := range []string{"HOME=" + r.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull} {
		fmt.Fprintf(&b, "export %s\n", v)
	}
	fmt.Fprintf(&b, "cd '%s'\n", r.home)
	if err := os.WriteFile(r.shell, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// leave takes the demonstration away, if the page did not come to that.
func (r *reader) leave() {
	cmd := exec.Command("bash", "-c", ". "+r.shell+"; cd; qleaks demo stop")
	_ = cmd.Run() // it is gone where all went well
}

// command is a command in the shell of the reader.
func (r *reader) command(line string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", ". "+r.shell+"\n"+line+"\ncode=$?\n{ export -p; printf 'cd %q\\n' \"$PWD\"; } > "+r.shell+"\nexit $code")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "QLEAKS_") && !strings.HasPrefix(v, "CI=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

var rotationName = regexp.MustCompile(`01[0-9A-HJKMNP-TV-Z]{24}`)

// now puts what is another one each time into a line of the page.
func (r *reader) now(line string) string {
	return rotationName.ReplaceAllLiteralString(line, r.rotation)
}

// types runs one command of the page.
func (r *reader) types(c pageCommand) {
	r.t.Helper()
	line := r.now(c.line)
	asks := (strings.HasPrefix(line, "qleaks remediate apply ") || line == "qleaks remediate resume") && !strings.Contains(line, "--yes")
	if asks {
		line += " --answers"
	}
	cmd := r.command(line)
	out := &terminal{changed: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if !asks {
		_ = in.Close() // nobody is asked
	}
	ended := make(chan error, 1)
	var waits conc.WaitGroup
	defer waits.Wait()
	waits.Go(func() { ended <- cmd.Wait() })
	killed := r.follows(c, cmd, out, in, ended)
	code := cmd.ProcessState.ExitCode()
	if !killed && code != c.code {
		r.t.Errorf("$ %s\nexit code %d, the page says %d:\n%s", c.line, code, c.code, out.text())
	}
	if found := rotationName.FindAllString(out.text(), -1); len(found) > 0 {
		r.rotation = found[len(found)-1]
	}
	r.told.WriteString(out.text())
}

// follows does what the page says while a command runs, and compares. It returns
// when the command has ended, and whether the page killed it.
func (r *reader) follows(c pageCommand, cmd *exec.Cmd, out *terminal, in io.Writer, ended <-chan error) (killed bool) {
	r.t.Helper()
	over := false
	at := 0
	skips := false
	deadline := time.After(3 * time.Minute)
	// shows waits until a text stands where the page has it.
	shows := func(text string) bool {
		want := r.steady(text)
		for {
			got := r.steady(out.text())
			at = min(at, len(got))
			if i := strings.Index(got[at:], want); i >= 0 && (skips || strings.TrimSpace(got[at:at+i]) == "") {
				at, skips = at+i+len(want), false
				return true
			}
			if over {
				r.t.Errorf("$ %s\nthe page shows\n  %s\nwhich does not come, or not there, in\n%s", c.line, text, out.text())
				return false
			}
			select {
			case <-out.changed:
			case <-ended:
				over = true
			case <-deadline:
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it hangs
				over = true
			}
		}
	}
	for _, line := range c.want {
		other, isOther := strings.CutPrefix(line, "other$ ")
		switch {
		case r.t.Failed():
		case line == "…":
			skips = true
		case strings.HasPrefix(other, "kill -9 "):
			// The page's command would find the processes of others, too.
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its end tells
			killed = true
		case isOther:
			if found := rotationName.FindString(out.text()[strings.LastIndex(out.text(), "--qleaks-")+1:]); found != "" {
				r.rotation = found
			}
			r.elsewhere(r.now(other))
			skips = true
		case strings.HasPrefix(line, "IonQ's console: "):
			// It stands in the other terminal.
		case strings.HasSuffix(line, "[yes/no] yes"):
			skips = true
			if shows(strings.TrimSuffix(line, " yes")) {
				_, _ = io.WriteString(in, "yes\n") // its end tells
			}
		case strings.HasPrefix(line, "The new value (it is not shown):"):
			skips = true
			if shows(line) {
				_, _ = io.WriteString(in, r.value+"\n") // its end tells
			}
		default:
			if before, _, cut := strings.Cut(line, "…"); cut {
				shows(before)
				skips = true
			} else {
				shows(line)
			}
		}
	}
	if !over {
		select {
		case <-ended:
		case <-deadline:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it hangs
			<-ended
			r.t.Errorf("$ %s\ndoes not end:\n%s", c.line, out.text())
		}
	}
	if rest := strings.TrimSpace(r.steady(out.text())[at:]); rest != "" && !skips && !killed {
		r.t.Errorf("$ %s\nthe page does not show this, or where lines are left out:\n%s", c.line, rest)
	}
	return killed
}

// elsewhere runs a command in the other terminal.
func (r *reader) elsewhere(line string) {
	cmd := r.command(line)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("other$ %s: %v\n%s", line, err, out)
	}
	if strings.HasPrefix(line, "qleaks demo console new ") {
		r.value = strings.TrimSpace(string(out))
		r.keys = append(r.keys, r.value)
	}
}

// steady leaves out of a text what is another one each time: times, ids, ports,
// and where lines end.
func (r *reader) steady(text string) string {
	text = strings.ReplaceAll(text, r.home, "~")
	text = uuid.ReplaceAllStringFunc(text, func(id string) string {
		if strings.HasPrefix(id, demo.StrangersJob[:8]) {
			return id // the jobs of the demonstration are always called the same
		}
		return "ID"
	})
	for _, v := range varying() {
		text = v.what.ReplaceAllLiteralString(text, v.is)
	}
	return text
}

// various is something that is another one each time.
type various struct {
	what *regexp.Regexp
	is   string
}

var uuid = regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

var varying = sync.OnceValue(func() (all []various) {
	for _, v := range []struct{ what, is string }{
		{`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( UTC|Z)?`, "TIME"}, {`\d{4}-\d\d-\d\d`, "DATE"},
		{`127\.0\.0\.1:\d+`, "ADDRESS"}, {rotationName.String(), "ROTATION"},
		{`\b[0-9a-f]{64}\b`, "HASH"}, {`\b[0-9a-f]{40}\b`, "COMMIT"}, {`\b[0-9a-f]{7}\b`, "COMMIT"},
		{`fingerprint [a-z2-7]{8}`, "FINGERPRINT"}, {`\bql[a-z2-7]{26}\b`, "FINDING"}, {`\d+(\.\d)? (bytes|kB)`, "SIZE"}, {`\s+`, " "},
	} {
		all = append(all, various{regexp.MustCompile(v.what), v.is})
	}
	return all
})

// learn finds the keys of the demonstration, which nothing may tell.
func (r *reader) learn() {
	r.t.Helper()
	place := filepath.Join(r.home, "qleaks-demo")
	for _, name := range []string{"ionq.key", "ibm.key"} {
		text, err := os.ReadFile(filepath.Join(place, "config", "qleaks", name))
		if err != nil {
			r.t.Fatal(err)
		}
		r.keys = append(r.keys, strings.TrimSpace(string(text)))
	}
	for repository, before := range map[string]string{"bell-lab": "apiKey ", "torino": `token=\\?"`} {
		text, err := exec.CommandContext(r.t.Context(), "git", "-C", filepath.Join(place, repository), "log", "-p", "--all").Output()
		if err != nil {
			r.t.Fatal(err)
		}
		found := regexp.MustCompile(before + `([A-Za-z0-9_-]{32,})`).FindSubmatch(text)
		if found == nil {
			r.t.Fatal("the history of " + repository + " holds no key")
		}
		r.keys = append(r.keys, string(found[1]))
	}
}

// tellsNoKey looks for every key in everything that was told.
func (r *reader) tellsNoKey() {
	r.t.Helper()
	for i, key := range r.keys {
		if sample.Tells(r.told.String(), key) {
			r.t.Errorf("key %d is told", i)
		}
	}
}

// terminal is what a command writes.
type terminal struct {
	mu      sync.Mutex
	all     bytes.Buffer
	changed chan struct{}
}

func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Write(p)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *terminal) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}
