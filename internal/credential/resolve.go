package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// Resolver fetches credentials.
type Resolver struct {
	Getenv func(name string) string
	// Dir is where paths that are not absolute count from, Home what "~/" is.
	Dir, Home string
	// Environ is what programs get; nil is the environment of this process.
	Environ []string
	// Timeout bounds each program; zero is half a minute: people unlock vaults.
	Timeout time.Duration
}

// Why a credential could not be had. None of the errors holds any of it, or
// what a program said.
var (
	ErrUnset      = errors.New("the variable is not set")
	ErrReadable   = errors.New("others can read the file")
	ErrNotRegular = errors.New("it is no regular file")
	ErrNoProgram  = errors.New("the program is not there")
	ErrFailed     = errors.New("the program failed")
	ErrTimeout    = errors.New("the program did not answer in time")
	ErrNotFound   = errors.New("the keychain has no such entry")
	ErrEmpty      = errors.New("nothing is there")
	ErrNoValue    = errors.New("it is not one line that could be a key")
)

const (
	defaultTimeout = 30 * time.Second
	// longest is more than any credential has, in bytes.
	longest = 16 << 10
)

// Resolve fetches a credential.
func (r Resolver) Resolve(ctx context.Context, at Reference) (secret.Value, error) {
	v, err := r.fetch(ctx, at)
	if err != nil {
		return secret.Value{}, fmt.Errorf("%s: %w", at, err)
	}
	return v, nil
}

func (r Resolver) fetch(ctx context.Context, at Reference) (secret.Value, error) {
	switch at.scheme {
	case Env:
		text := r.Getenv(at.words[0])
		if text == "" {
			return secret.Value{}, ErrUnset
		}
		return value([]byte(text))
	case File:
		return r.file(at.words[0])
	case Keychain:
		return r.keychain(ctx, at.words[0], at.words[1])
	case Vault:
		return r.ask(ctx, []string{"vault", "kv", "get", "-field=" + at.words[1], at.words[0]})
	case OP:
		return r.ask(ctx, []string{"op", "read", "--no-newline", at.words[0]})
	case Cmd:
		return r.ask(ctx, at.words)
	}
	return secret.Value{}, ErrNoReference
}

// file reads a file with a value, or one as IBM's console saves it.
func (r Resolver) file(path string) (secret.Value, error) {
	path = r.path(path)
	// A pipe would keep us waiting, so the kind is looked at first, and again
	// once the file is open.
	if info, err := os.Stat(path); err != nil {
		return secret.Value{}, cause(err)
	} else if !info.Mode().IsRegular() {
		return secret.Value{}, ErrNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return secret.Value{}, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return secret.Value{}, cause(err)
	}
	if err := regular(info); err != nil {
		return secret.Value{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return secret.Value{}, cause(err)
	}
	defer clear(data)
	var saved struct {
		Apikey string `json:"apikey"`
	}
	if json.Unmarshal(data, &saved) == nil && saved.Apikey != "" {
		return value([]byte(saved.Apikey))
	}
	return value(data)
}

// regular says why a file is none that holds a credential.
func regular(info os.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return ErrNotRegular
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return ErrReadable
	}
	return nil
}

// cause is the reason of a file error without the path, which the reference
// tells.
func cause(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// value takes one line of printable characters.
func value(text []byte) (secret.Value, error) {
	line := strings.TrimRight(string(text), "\r\n")
	switch {
	case line == "":
		return secret.Value{}, ErrEmpty
	case len(line) > longest:
		return secret.Value{}, ErrNoValue
	}
	for i := range len(line) {
		if c := line[i]; c <= ' ' || c > '~' {
			return secret.Value{}, ErrNoValue
		}
	}
	return secret.New([]byte(line)), nil
}
