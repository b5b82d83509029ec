package peertest

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Server is a PostgreSQL server of a test's own.
type Server struct {
	// Address names a database of it, as --database takes it.
	Address string

	programs, dir string
}

// unprivileged is who runs a server that root may not run.
const unprivileged = "nobody"

// Postgres starts a server in a directory of its own, reachable through a socket
// there, and stops it when the test ends. Where PostgreSQL is not installed the
// test is skipped, unless QLEAKS_REQUIRE names postgres.
func Postgres(t *testing.T) Server {
	t.Helper()
	programs := postgresPrograms(t)
	// Not t.TempDir: the path of a socket is at most 107 bytes long, and somebody
	// else must get in.
	dir, err := os.MkdirTemp("", "qleaks-pg") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	giveAway(t, dir)
	data := filepath.Join(dir, "data")
	control := filepath.Join(programs, "pg_ctl")
	run(t, filepath.Join(programs, "initdb"), "-D", data, "-U", "qleaks", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
	settings := "\nlisten_addresses = ''\nunix_socket_directories = '" + dir + "'\nfsync = off\nmax_connections = 200\n"
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, control, "-D", data, "-l", filepath.Join(dir, "log"), "-w", "start")
	t.Cleanup(func() {
		_ = asUnprivileged(context.Background(), control, "-D", data, "-m", "immediate", "-w", "stop").Run()
	})
	return Server{Address: "postgres://qleaks@/postgres?host=" + dir, programs: programs, dir: dir}
}

// Restart ends the server at once, as a crash does, and starts it again.
func (s Server) Restart(t *testing.T) {
	t.Helper()
	run(t, filepath.Join(s.programs, "pg_ctl"), "-D", filepath.Join(s.dir, "data"), "-l", filepath.Join(s.dir, "log"), "-m", "immediate", "-w", "restart")
}

// Database makes an empty database, and returns its address.
func (s Server) Database(t *testing.T, name string) string {
	t.Helper()
	run(t, filepath.Join(s.programs, "createdb"), "-h", s.dir, "-U", "qleaks", name)
	return "postgres://qleaks@/" + name + "?host=" + s.dir
}

// postgresPrograms is the directory with PostgreSQL's programs.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if len(found) == 0 {
		if program, err := exec.LookPath("pg_ctl"); err == nil {
			found = append(found, program)
		}
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "postgres") {
		t.Fatal("PostgreSQL is not installed")
	}
	t.Skip("PostgreSQL is not installed")
	return ""
}

// giveAway makes a directory that of the user who runs the server.
func giveAway(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	who, err := user.Lookup(unprivileged)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(who.Uid)
	if err == nil {
		err = os.Chown(dir, id, -1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func asUnprivileged(ctx context.Context, name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		name, args = "setpriv", append([]string{"--reuid", unprivileged, "--regid", "nogroup", "--clear-groups", name}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	return cmd
}

// run runs a program whose output goes into a file, so that a server that it
// leaves running keeps no pipe open.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := asUnprivileged(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, text)
	}
}
