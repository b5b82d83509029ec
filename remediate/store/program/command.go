package program

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// command is a program of the operator's. It reads one object from standard input
// and writes one to standard output; docs/stores.md describes both.
type command struct {
	name     string
	words    []string
	rotation string
}

// commandSchema names the form of what goes to the program.
const commandSchema = "qleaks.store/1"

// errProgram says that the program itself said that it failed.
var errProgram = errors.New("the program says that it could not")

type commandAnswer struct {
	Mark   string `json:"mark"`
	Proved bool   `json:"proved"`
	// Error is "", "changed", "differs" or "failed".
	Error string `json:"error"`
}

func (c command) ask(ctx context.Context, do, mark string, v secret.Value) (commandAnswer, error) {
	if ctx.Err() != nil {
		return commandAnswer{}, context.Cause(ctx)
	}
	question := map[string]string{"schema": commandSchema, "do": do, "store": c.name}
	for name, text := range map[string]string{"rotation": c.rotation, "mark": mark, "value": v.Reveal()} {
		if text != "" {
			question[name] = text
		}
	}
	input, err := json.Marshal(question)
	if err != nil {
		return commandAnswer{}, store.ErrValue
	}
	out, err := run(ctx, input, c.words...)
	if err != nil {
		return commandAnswer{}, err
	}
	var answer commandAnswer
	if json.Unmarshal(out, &answer) != nil || v.In(answer.Mark) || len(answer.Mark) > 200 {
		return commandAnswer{}, store.ErrAnswer
	}
	switch answer.Error {
	case "":
		return answer, nil
	case "changed":
		return answer, store.ErrChanged
	case "differs":
		return answer, store.ErrDiffers
	}
	return answer, errProgram
}

// Check implements store.Store.
func (c command) Check(ctx context.Context) (string, error) {
	answer, err := c.ask(ctx, "check", "", secret.Value{})
	if err == nil && answer.Mark == "" {
		err = store.ErrAnswer
	}
	return answer.Mark, err
}

// Put implements store.Store.
func (c command) Put(ctx context.Context, v secret.Value, mark string) (string, error) {
	if err := store.CheckValue(v); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	answer, err := c.ask(ctx, "put", mark, v)
	switch {
	case err == nil && answer.Mark != "":
		return answer.Mark, nil
	case errors.Is(err, store.ErrChanged), errors.Is(err, errProgram), errors.Is(err, credential.ErrNoProgram):
		return "", err
	}
	return "", store.ErrLost
}

// Confirm implements store.Store.
func (c command) Confirm(ctx context.Context, v secret.Value) (bool, error) {
	answer, err := c.ask(ctx, "confirm", "", v)
	return err == nil && answer.Proved, err
}
