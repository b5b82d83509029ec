package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// lab is an account of the simulated IBM, with a leaked key, and the real program.
type lab struct {
	t            *testing.T
	dir, program string
	sim          *ibm.Sim
	admin        ibm.Identity
	origin       string
	operator     secret.Value
	// values must be nowhere, by what they are.
	values map[string]secret.Value

	mu sync.Mutex
	// met is called at the next request that reaches the provider.
	met func(pid int)
	pid int
	// told is everything that was seen of processes and outputs, by where.
	told map[string]string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("each proof takes seconds")
	}
	// Whoever runs this may allow no cores: then it is less of a proof.
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30})
	l := &lab{t: t, dir: t.TempDir(), sim: ibm.New(ibm.Options{}), values: map[string]secret.Value{}, told: map[string]string{}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l.program = filepath.Join(l.dir, "bin", "qleaks")
	for _, d := range []string{"bin", "home/.config/qleaks", "home/lab", "tmp", "tree"} {
		if err := os.MkdirAll(filepath.Join(l.dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l.copied(self)
	l.admin = l.sim.Join(ibm.Identity{Name: "Grace", Email: "grace@example.test", Administrator: true})
	_, l.operator = l.sim.Create(ibm.Key{Name: "operator", Owner: l.admin.ID})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		met, pid := l.met, l.pid
		l.met = nil
		l.mu.Unlock()
		if met != nil {
			met(pid)
		}
		l.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	l.origin = server.URL
	l.write("home/.config/qleaks/config.toml", `[accounts.lab]
provider = "ibm"
credential = "env:LAB_ADMIN"
everybody = true

[stores.laptop]
kind = "env-file"
path = "~/lab/.env"
variable = "QISKIT_IBM_TOKEN"
keys = ["*"]

[remediate]
mode = "auto"
`)
	return l
}

// copied puts the program where it has its own name: a test binary that is called
// qleaks is qleaks.
func (l *lab) copied(self string) {
	l.t.Helper()
	if os.Link(self, l.program) == nil {
		return
	}
	data, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(l.program, data, 0o700)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// leak makes a key that its rule finds, and leaves it in a file.
func (l *lab) leak(name string) {
	l.t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		l.t.Fatal(err)
	}
	for range 100 {
		_, v := l.sim.Create(ibm.Key{Name: name, Owner: l.admin.ID})
		text := fmt.Appendf(nil, "QiskitRuntimeService(token=%q)\n", v.Reveal())
		if len(set.Match(text, []rules.Span{{Start: 0, End: len(text)}})) == 0 {
			continue
		}
		l.values["leaked "+name] = v
		l.write("tree/"+name+".py", string(text))
		return
	}
	l.t.Fatal("no key is found")
}

// command is the program with an operator's environment.
func (l *lab) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.program, args...)
	cmd.Dir = l.dir
	var origins []string
	for name, s := range l.sim.Servers() {
		origins = append(origins, "ibm."+name+"="+l.origin+s.Base())
	}
	slices.Sort(origins)
	home := filepath.Join(l.dir, "home")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"), "TMPDIR=" + filepath.Join(l.dir, "tmp"), "USER=grace",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "QLEAKS_ENDPOINT=" + strings.Join(origins, ","), "LAB_ADMIN=" + l.operator.Reveal(), "GOTRACEBACK=crash",
		"OTHER_TOKEN=" + l.operator.Reveal(),
	}
	return cmd
}

// run runs the program to its end, looking at all of its processes at the first
// request that it makes, and keeps what it wrote.
func (l *lab) run(want int, args ...string) {
	l.t.Helper()
	l.t.Logf("qleaks %s", strings.Join(args, " "))
	if got := l.start(l.look, args...); got != want {
		l.t.Fatalf("exit code %d, want %d\n%s", got, want, l.told["the errors of "+strings.Join(args, " ")])
	}
	l.newValue()
}

func (l *lab) start(met func(pid int), args ...string) int {
	l.t.Helper()
	cmd := l.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	l.mu.Lock()
	if err := cmd.Start(); err != nil {
		l.mu.Unlock()
		l.t.Fatal(err)
	}
	l.met, l.pid = met, cmd.Process.Pid
	l.mu.Unlock()
	over, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); l.watch(cmd, over) }()
	_ = cmd.Wait() // its code is looked at
	close(over)
	<-watched
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.CoreDump() {
		l.t.Errorf("qleaks %s left a core", strings.Join(args, " "))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told["the output of "+strings.Join(args, " ")] += out.String()
	l.told["the errors of "+strings.Join(args, " ")] += errs.String()
	return cmd.ProcessState.ExitCode()
}

// newValue remembers what the store holds now: a new key, which nothing else may.
func (l *lab) newValue() {
	text, err := os.ReadFile(filepath.Join(l.dir, "home", "lab", ".env"))
	if err != nil {
		return
	}
	_, value, _ := strings.Cut(strings.TrimSpace(string(text)), "=")
	if value = strings.Trim(value, `"'`); value != "" {
		l.values["new "+strconv.Itoa(len(text))+value[:2]] = secret.New([]byte(value))
	}
}

// family is a process and all that it started.
func family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, name := range tasks {
			text, _ := os.ReadFile(name)
			for word := range strings.FieldsSeq(string(text)) {
				if child, err := strconv.Atoi(word); err == nil {
					all = append(all, child)
				}
			}
		}
	}
	return all
}

// watch keeps, as often as a thousand times a second, the arguments of a process and
// of all that it starts, and the environment of each of these when it is new.
func (l *lab) watch(cmd *exec.Cmd, over <-chan struct{}) {
	seen := map[string]bool{}
	pid, self := cmd.Process.Pid, strings.Join(cmd.Args, "\x00")+"\x00"
	for {
		for _, p := range family(pid) {
			command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p)) // it may be gone
			one := fmt.Sprint(p, string(command))
			// Until it becomes another program, what was started is its parent itself.
			if seen[one] || len(command) == 0 || p != pid && string(command) == self {
				continue
			}
			seen[one] = true
			environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p))
			l.mu.Lock()
			l.told["the arguments of processes"] += string(command) + "\n"
			if p != pid {
				l.told["the environments of what was started"] += string(environ) + "\n"
			}
			l.mu.Unlock()
		}
		select {
		case <-over:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// look keeps what everybody can see of the processes, and holds the reader to its
// law: it has no credential, neither in its environment nor in its memory.
func (l *lab) look(pid int) {
	for _, p := range family(pid) {
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p))
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p))
		limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p))
		reads := bytes.Contains(command, []byte("--hand-over="))
		l.mu.Lock()
		l.told[fmt.Sprintf("the arguments of process %d", p)] = string(command)
		if p != pid || reads {
			l.told[fmt.Sprintf("the environment of process %d", p)] = string(environ)
		}
		if reads {
			l.told["readers"] += "."
			l.reader(p, string(environ))
		}
		l.mu.Unlock()
		if !bytes.Contains(limits, []byte("Max core file size        0 ")) {
			l.t.Errorf("a core of process %d could be written", p)
		}
	}
}

// reader looks into a process that reads.
func (l *lab) reader(pid int, environ string) {
	if environ == "" || !strings.Contains(environ, "HOME=") {
		l.t.Error("the environment of the reader could not be read")
	}
	for _, name := range []string{"LAB_ADMIN", "OTHER_TOKEN", "QLEAKS_ENDPOINT"} {
		if strings.Contains(environ, name+"=") {
			l.t.Errorf("the reader has the variable %s", name)
		}
	}
	found, read := inMemory(pid, l.operator)
	if found {
		l.t.Error("the memory of the reader holds the operator's credential")
	}
	l.told["memory"] += strings.Repeat(".", read>>20)
}

// inMemory searches what a process can write for a value; read is how much of it
// could be read, in bytes.
func inMemory(pid int, v secret.Value) (found bool, read int) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	memory, failed := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil || failed != nil {
		return false, 0
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") || to-from > 256<<20 {
			continue
		}
		text := make([]byte, to-from)
		n, _ := memory.ReadAt(text, from) // what is gone meanwhile is short
		read += n
		found = found || v.In(string(text[:n]))
	}
	return found, read
}

// search holds that no value is anywhere but where it was put.
func (l *lab) search() {
	l.t.Helper()
	put := []string{filepath.Join(l.dir, "tree"), filepath.Join(l.dir, "bin"), filepath.Join(l.dir, "home", "lab", ".env")}
	files := 0
	err := filepath.WalkDir(l.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || slices.Contains(put, path) {
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		files++
		l.told["the file "+path], l.told["the name of a file "+path] = string(text), path
		return err
	})
	if err != nil || files < 10 {
		l.t.Fatalf("%d files, %v", files, err)
	}
	l.values["the operator's"] = l.operator
	for where, text := range l.told {
		for what, v := range l.values {
			if sample.Tells(text, v.Reveal()) {
				l.t.Errorf("%s: %s value", where, what)
			}
		}
	}
	if left, err := os.ReadDir(filepath.Join(l.dir, "tmp")); err != nil || len(left) > 0 {
		l.t.Errorf("%d temporary files are left, %v", len(left), err)
	}
}

// rotation is the id of the one that is open.
func (l *lab) rotation() string {
	text, _ := l.command("remediate", "status").Output() // its code says that something is open
	if id := rotationIn(string(text)); id != "" {
		return id
	}
	l.t.Fatalf("no rotation is open: %s", text)
	return ""
}

func TestNoMaterialIsAnywhereButWhereItBelongs(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.leak("laptop")
	l.run(0, "keys", "list", "--account", "lab", "--quiet")
	l.run(1, "scan", "--verify", "tree")
	l.run(1, "remediate", "plan", "--scan", "tree", "--private", "-o", "plan.json")
	l.run(5, "remediate", "apply", "plan.json", "--scan", "tree", "--yes", "--wait", "0s")
	l.run(5, "remediate", "resume", "--scan", "tree", "--yes", "--wait", "0s")
	l.run(0, "remediate", "rollback", l.rotation(), "--scan", "tree", "--yes")
	l.run(0, "scan", "--verify", "--remediate", "--public", "--fail-on", "active", "--json", "tree")
	l.run(0, "remediate", "check")
	l.leak("second")
	l.run(0, "keys", "list", "--account", "lab")
	l.run(5, "revoke", "second", "--scan", "tree", "--yes", "--verbose", "--wait", "0s")
	if l.told["readers"] == "" {
		t.Error("no reader was met")
	}
	t.Logf("%d readers were looked at, %d MiB of their memory", len(l.told["readers"]), len(l.told["memory"]))
	if os.Getuid() == 0 && len(l.told["memory"]) == 0 {
		t.Log("the memory of processes cannot be read here")
	}
	l.search()
}

// TestADumpOfAllGoroutinesTellsNothing lets both processes write their stacks, or
// crash, while the keys are on their way.
func TestADumpOfAllGoroutinesTellsNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.leak("laptop")
	for n, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV} {
		whom := []string{"reader", "the other"}[n/3]
		l.start(func(pid int) {
			for _, p := range family(pid) {
				command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p))
				if reads := bytes.Contains(command, []byte("--hand-over=")); reads == (whom == "reader") {
					if err := syscall.Kill(p, signal); err != nil {
						t.Error(err)
					}
				}
			}
			time.Sleep(time.Second) // it writes its stacks
		}, "scan", "--verify", "--remediate", "--public", "--quiet", "tree")
		const errs = "the errors of scan --verify --remediate --public --quiet tree"
		if text := l.told[errs]; !strings.Contains(text, "goroutine ") || !strings.Contains(text, "SIG") {
			t.Fatalf("%s wrote no stacks after %v: %s", whom, signal, text)
		}
		l.told[fmt.Sprint("the stacks of ", whom, " after ", signal)] = l.told[errs]
		delete(l.told, errs)
	}
	if cores, err := filepath.Glob(filepath.Join(l.dir, "*core*")); err != nil || len(cores) > 0 {
		t.Errorf("%d cores are left: %v", len(cores), err)
	}
	l.values["the operator's"] = l.operator
	for where, text := range l.told {
		for what, v := range l.values {
			if sample.Tells(text, v.Reveal()) {
				t.Errorf("%s: %s value", where, what)
			}
		}
	}
}
