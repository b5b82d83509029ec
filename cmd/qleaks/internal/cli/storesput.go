package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// storesPutOptions say what is put where.
type storesPutOptions struct {
	storesOptions

	// Replace allows that a value that is there is replaced without a question.
	Replace bool
}

func newStoresPutCommand(env Env) *cobra.Command {
	var o storesPutOptions
	cmd := &cobra.Command{
		Use:   "put NAME",
		Short: "Put a key away: it is asked for and not shown, or read from standard input",
		Long: `The key is never an argument, which others could see. On a terminal it is asked for
and not shown; otherwise it is read from standard input: one line, or the file that
IBM's console saves. What is there already is replaced only after a question, or with
--replace.

Exit codes: 0 the store has it · 2 wrong command line or configuration · 3 nothing was
changed · 4 nobody knows whether the store has it · 130 interrupted`,
		Example: `  qleaks stores put laptop
  qleaks stores put ci --replace < ~/Downloads/apikey.json`,
		Args: oneArgument("the NAME of a store"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Names = args
			return runStoresPut(cmd.Context(), env, o)
		},
	}
	addStoresFlags(cmd, &o.storesOptions)
	cmd.Flags().BoolVar(&o.Replace, "replace", false, "replace what is there without a question")
	return cmd
}

func runStoresPut(ctx context.Context, env Env, o storesPutOptions) error {
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	list, err := someStores(env, o.Config, o.Names, say)
	if err != nil {
		return err
	}
	s := list[0]
	opened, err := s.open(env, store.Use{}, debugLog(env, o.Talking))
	if err != nil {
		return storeProblem("cannot open the store "+s.Name, err)
	}
	mark, err := opened.Check(ctx)
	if err != nil {
		return storeProblem("cannot write to the store "+s.Name, err)
	}
	if err := mayReplace(env, s, mark, o.Replace); err != nil {
		return err
	}
	typed := env.isTerminal(env.Stdin)
	v, err := readKey(ctx, env, "the key for "+s.Name+" (it is not shown): ")
	if err != nil {
		return err
	}
	if err := store.CheckValue(v); err != nil {
		return storeProblem("this is no key", err)
	}
	if _, err := opened.Put(ctx, v, mark); err != nil {
		return storeProblem("the key was not put into "+s.Name, err)
	}
	proved, err := opened.Confirm(ctx, v)
	if err != nil {
		return &problem{code: exitIncomplete, message: "the key was put into " + s.Name + ", and could not be confirmed", err: err, hints: storeHints(err)}
	}
	how := "read back, and it is the same"
	if !proved {
		how = "it shows its values to nobody, so it could not be read back"
	}
	if _, err := fmt.Fprintf(env.Stdout, "%s: put into %s; %s\n", s.Name, s.Kind.Title, how); err != nil {
		return err
	}
	afterwards(say, s, typed)
	return nil
}

// mayReplace asks before a value is replaced.
func mayReplace(env Env, s declaredStore, mark string, replace bool) error {
	switch {
	case mark == store.Absent || replace:
		return nil
	case !env.isTerminal(env.Stdin):
		return wrongUsage(s.Name+" holds something already: "+mark, "to replace it: --replace")
	}
	yes, err := askYes(env, s.Name+" holds something already ("+mark+"). Replace it?")
	if err == nil && !yes {
		err = couldNot("nothing was changed", errors.New("you said no"))
	}
	return err
}

// storeProblem is an error of a store with the exit code that it deserves.
func storeProblem(message string, err error) error {
	code := exitFailed
	if errors.Is(err, store.ErrLost) {
		code = exitIncomplete
	}
	return &problem{code: code, message: message, err: err, hints: storeHints(err)}
}

// afterwards says what people should do when a key is put away.
func afterwards(say messages, s declaredStore, typed bool) {
	if s.Kind.After != "" {
		say.hint("%s", s.Kind.After)
	}
	if typed {
		say.hint("clear the clipboard, if the key was copied: %s", clearClipboard(runtime.GOOS))
	}
	say.hint("delete the file with the key, if you downloaded one, and empty the trash")
}

func clearClipboard(system string) string {
	switch system {
	case "darwin":
		return "pbcopy < /dev/null"
	case "windows":
		return "cmd /c \"echo off | clip\", and Windows+V, Clear all"
	}
	return "wl-copy --clear, or xclip -selection clipboard < /dev/null"
}

// mostInput is more than any file with a key has, in bytes.
const mostInput = 64 << 10

// readKey reads a key: from a terminal without showing it, else from standard
// input.
func readKey(ctx context.Context, env Env, prompt string) (secret.Value, error) {
	var data []byte
	var err error
	if f, ok := env.Stdin.(*os.File); ok && env.isTerminal(env.Stdin) {
		data, err = hiddenLine(ctx, f, env.Stderr, prompt)
	} else {
		data, err = readLimited(env.Stdin, mostInput)
	}
	if ctx.Err() != nil {
		return secret.Value{}, context.Cause(ctx)
	}
	if err != nil {
		return secret.Value{}, couldNot("the key could not be read", rootCause(err))
	}
	defer clear(data)
	var saved struct {
		Apikey string `json:"apikey"`
	}
	if json.Unmarshal(data, &saved) == nil && saved.Apikey != "" {
		return secret.New([]byte(saved.Apikey)), nil
	}
	line := bytes.TrimSpace(data)
	if len(line) == 0 {
		return secret.Value{}, wrongUsage("there is no key on standard input", "one line with the key alone, or the file that IBM's console saves")
	}
	return secret.New(line), nil
}

// askYes asks a question on the terminal; only yes is yes.
func askYes(env Env, question string) (bool, error) {
	if _, err := fmt.Fprintf(env.Stderr, "qleaks: %s [y/N] ", question); err != nil {
		return false, err
	}
	var answer []byte
	for one := make([]byte, 1); ; {
		n, err := env.Stdin.Read(one)
		if n == 1 && one[0] != '\n' && len(answer) < mostInput {
			answer = append(answer, one[0])
			continue
		}
		if n == 1 || err != nil {
			break
		}
	}
	word := strings.ToLower(strings.TrimSpace(string(answer)))
	return word == "y" || word == "yes", nil
}
