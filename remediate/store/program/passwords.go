package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// lastPass is an entry of LastPass, through its program.
type lastPass struct{ entry, field string }

func (l lastPass) option() string {
	if l.field == "password" || l.field == "notes" {
		return "--" + l.field
	}
	return "--field=" + l.field
}

// Read implements store.Entry.
func (l lastPass) Read(ctx context.Context) (store.Held, error) {
	out, err := run(ctx, nil, "lpass", "show", "--sync=now", l.option(), l.entry)
	if err != nil {
		return store.Held{}, err
	}
	v, err := line(out)
	return store.Held{Value: v}, err
}

// Write implements store.Entry.
func (l lastPass) Write(ctx context.Context, v secret.Value, _ store.Held) error {
	_, err := run(ctx, []byte(v.Reveal()+"\n"), "lpass", "edit", "--sync=now", "--non-interactive", l.option(), l.entry)
	return unwritten(err)
}

// onePassword is a field of an item of 1Password, through its program. The item
// goes back to it as it came, but for the field.
type onePassword struct{ vault, item, field string }

// errHidden says that op shows something else than what the field holds: what
// goes back to it would ruin the item.
var errHidden = fmt.Errorf("%w: op does not show the fields of the item", store.ErrAnswer)

// Read implements store.Entry.
func (o onePassword) Read(ctx context.Context) (store.Held, error) {
	out, err := run(ctx, nil, "op", "item", "get", o.item, "--vault", o.vault, "--format", "json")
	if err != nil {
		return store.Held{}, err
	}
	whole, err := object(out)
	if err != nil {
		return store.Held{}, err
	}
	field := o.find(whole)
	if field == nil {
		return store.Held{}, fmt.Errorf("%w: the item has no such field", store.ErrNoPlace)
	}
	text, _ := field["value"].(string)
	held := store.Held{Value: secret.New([]byte(text)), Whole: whole}
	version, ok := whole["version"].(json.Number)
	if !ok {
		return store.Held{}, store.ErrAnswer
	}
	held.Mark = "version " + version.String()
	if text != "" {
		held.Mark += " with a value"
	}
	return held, o.shown(ctx, held.Value)
}

// shown makes sure that the value that stands in the item is the real one.
func (o onePassword) shown(ctx context.Context, v secret.Value) error {
	if v.IsZero() {
		return nil
	}
	out, err := run(ctx, nil, "op", "read", "--no-newline", "op://"+o.vault+"/"+o.item+"/"+o.field)
	if err != nil {
		return err
	}
	if real, err := line(out); err != nil || !real.Equal(v) {
		return errHidden
	}
	return nil
}

func (o onePassword) find(whole map[string]any) map[string]any {
	fields, _ := whole["fields"].([]any)
	for _, f := range fields {
		if field, ok := f.(map[string]any); ok && (field["id"] == o.field || field["label"] == o.field) {
			return field
		}
	}
	return nil
}

// Write implements store.Entry.
func (o onePassword) Write(ctx context.Context, v secret.Value, over store.Held) error {
	whole, ok := over.Whole.(map[string]any)
	if !ok {
		return store.ErrNoPlace
	}
	o.find(whole)["value"] = v.Reveal()
	text, err := json.Marshal(whole)
	if err != nil {
		return store.ErrAnswer
	}
	_, err = run(ctx, text, "op", "item", "edit", o.item, "--vault", o.vault)
	return unwritten(err)
}

// object reads one object, with its numbers as they are.
func object(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var whole map[string]any
	if err := d.Decode(&whole); err != nil || whole == nil {
		return nil, store.ErrAnswer // the error may quote what was read
	}
	return whole, nil
}
