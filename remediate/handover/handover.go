// Package handover gives a key out of hand: to a person, who sees it once, or to
// one program, which gets it in its environment and nowhere else.
package handover

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/secret"
)

// Show writes a key, alone in a line.
func Show(w io.Writer, v secret.Value) error {
	line := []byte(v.Reveal() + "\n")
	defer clear(line)
	_, err := w.Write(line)
	return err
}

// Program is a program that gets a key.
type Program struct {
	// Words are the program and its arguments.
	Words []string
	// Variable is where it finds the key.
	Variable string
	Value    secret.Value
	// Without are variables of this process that it does not get, such as those
	// with the operator's own credentials.
	Without []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Mask puts stars in place of the key where the program writes it, as it is or
	// in base64, in hexadecimal or for URLs.
	Mask bool
	// Terminal says that this process and the program share a terminal, which sends
	// Ctrl-C to both by itself.
	Terminal bool
}

// Why a program did not begin.
var (
	ErrNoProgram = errors.New("there is no such program")
	ErrVariable  = errors.New("this is no name of a variable")
)

// Running is a program that runs.
type Running struct {
	command *exec.Cmd
	signals chan os.Signal
	passing conc.WaitGroup
	masks   []*mask
}

// Start starts the program. What it gets is in its environment only, which others
// of the same user can read while it runs. From then on signals go to it.
func (p Program) Start() (*Running, error) {
	if !validVariable(p.Variable) {
		return nil, ErrVariable
	}
	// The context would kill it: signals are for it to answer.
	command := exec.CommandContext(context.Background(), p.Words[0], p.Words[1:]...)
	if command.Err != nil {
		return nil, ErrNoProgram
	}
	command.Env = append(without(os.Environ(), append(slices.Clone(p.Without), p.Variable)), p.Variable+"="+p.Value.Reveal())
	command.Stdin, command.Stdout, command.Stderr = p.Stdin, p.Stdout, p.Stderr
	r := &Running{command: command, signals: make(chan os.Signal, 8)}
	if p.Mask {
		forms := formsOf(p.Value)
		out, err := &mask{to: p.Stdout, forms: forms}, &mask{to: p.Stderr, forms: forms}
		command.Stdout, command.Stderr, r.masks = out, err, []*mask{out, err}
	}
	signal.Notify(r.signals, passed()...)
	if err := command.Start(); err != nil {
		signal.Stop(r.signals)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			err = ErrNoProgram
		}
		return nil, err
	}
	r.passing.Go(func() {
		for s := range r.signals {
			if s != os.Interrupt || !p.Terminal {
				_ = command.Process.Signal(s) // it may have ended
			}
		}
	})
	return r, nil
}

// Wait waits for the end of the program, and returns its exit code: that of a
// shell, 128 and the number, where a signal ended it.
func (r *Running) Wait() (int, error) {
	err := r.command.Wait()
	signal.Stop(r.signals)
	close(r.signals)
	r.passing.Wait()
	for _, m := range r.masks {
		err = errors.Join(err, m.end())
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return codeOf(exit.ProcessState), nil
	}
	return 0, err
}

func validVariable(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" && (name[0] < '0' || name[0] > '9')
}

// without leaves variables out of an environment.
func without(environ, names []string) []string {
	return slices.DeleteFunc(environ, func(one string) bool {
		name, _, _ := strings.Cut(one, "=")
		return slices.Contains(names, name)
	})
}
