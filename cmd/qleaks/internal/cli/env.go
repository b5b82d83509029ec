// Package cli is the command line of qleaks: one file per command, the words
// for people, and the exit codes. Commands fill plain option structs; what they
// do never sees the flag library.
package cli

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"
)

// Env is everything that a command touches outside of its arguments.
type Env struct {
	// Args are the arguments without the program's name.
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(name string) string
	// Environ lists all variables, as NAME=value; nil for none.
	Environ func() []string
	Getwd   func() (string, error)
	// ConfigDir is the user's directory for configuration.
	ConfigDir func() (string, error)
	// CacheDir is the user's directory for what can be made anew.
	CacheDir func() (string, error)
	// Terminal reports whether one of the three streams is a terminal, and its
	// width in columns (0: not known).
	Terminal func(stream any) (width int, ok bool)
	Now      func() time.Time
	// Self is this process.
	Self Self
}

// Self is what a process knows of itself.
type Self struct {
	// Program is its file, to start it once more.
	Program func() (string, error)

	// acts says that it holds credentials with which keys are changed: it reads no
	// tree.
	acts bool
}

// acting is the environment of a process that changes keys. What it wants to know
// of a tree, it asks a reader.
func (e Env) acting() Env {
	e.Self.acts = true
	return e
}

// Process returns the environment of this process.
func Process() Env {
	return Env{
		Args:      os.Args[1:],
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Getenv:    os.Getenv,
		Environ:   os.Environ,
		Getwd:     os.Getwd,
		ConfigDir: func() (string, error) { return placeOf("QLEAKS_CONFIG_HOME", os.UserConfigDir) },
		CacheDir:  func() (string, error) { return placeOf("QLEAKS_CACHE_HOME", os.UserCacheDir) },
		Terminal:  terminal,
		Now:       time.Now,
		Self:      Self{Program: os.Executable},
	}
}

// placeOf is the directory that a variable names, else the user's own.
func placeOf(variable string, own func() (string, error)) (string, error) {
	if dir := os.Getenv(variable); dir != "" {
		return filepath.Abs(dir)
	}
	return own()
}

func terminal(stream any) (int, bool) {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, true
	}
	return width, true
}

func (e Env) isTerminal(stream any) bool {
	_, ok := e.Terminal(stream)
	return ok
}

// inCI reports whether the variable that all CI systems set says so.
func (e Env) inCI() bool {
	v := e.Getenv("CI")
	return v != "" && v != "0" && v != "false"
}
