//go:build unix

package handover_test

import (
	"bufio"
	"io"
	"os"
	"syscall"
	"testing"
)

func TestASignalGoesToTheProgram(t *testing.T) {
	p, _, _ := program(t, "signal")
	read, write := io.Pipe()
	p.Stdout = write
	r, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(read).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatal(line, err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, err := r.Wait(); err != nil || code != 3 {
		t.Errorf("code %d, %v", code, err)
	}
}

func TestTheEndByASignalIsToldAsShellsDo(t *testing.T) {
	p, _, _ := program(t, "die")
	if code := run(t, p); code != 128+int(syscall.SIGKILL) {
		t.Errorf("code %d", code)
	}
}
