package console

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/secret"
)

// follow does steps, one after the other.
func (d *Driver) follow(ctx context.Context, steps []Step, o Order, t *Target) (secret.Value, error) {
	sent := false
	var value secret.Value
	known := map[string]bool{o.Name: true}
	for _, s := range steps {
		name := s.called()
		d.tell("%s", name)
		var err error
		if s.Do == take {
			value, err = d.take(ctx, known)
		} else {
			err = d.do(ctx, s, o, t, func(page *node) { d.remember(page, known) }, func() { sent = true })
		}
		if err != nil {
			return secret.Value{}, d.stop(ctx, name, err, sent)
		}
	}
	return value, nil
}

// called is a step in words.
func (s Step) called() string {
	switch s.Do {
	case take:
		return "take the new value from the page"
	case fill:
		return "fill in " + s.Text[0]
	case choose:
		return "choose " + s.Text[0]
	}
	return "press " + s.Text[0]
}

// do does one step, as soon as its control is there.
func (d *Driver) do(ctx context.Context, s Step, o Order, t *Target, before func(*node), sends func()) error {
	with := o.Name
	if s.With == "project" {
		with = o.Project
	}
	if s.With != "" && with == "" {
		return nil
	}
	var control, whole *node
	err := d.settle(ctx, func(page *node) (string, error) {
		var err error
		whole = page
		if control, err = s.find(page, t); control == nil || err != nil {
			return "", err
		}
		return fmt.Sprint(control.dom, control.disabled), nil
	})
	if err != nil {
		if s.Optional && !errors.Is(err, ErrSignedOut) && ctx.Err() == nil {
			return nil
		}
		return err
	}
	switch s.Do {
	case fill:
		return d.Browser.fill(ctx, control, with)
	case choose:
		return d.Browser.choose(ctx, control, with)
	}
	if s.Sends {
		before(whole)
		sends()
	}
	return d.Browser.press(ctx, control)
}

// find finds the one control that a step means.
func (s Step) find(page *node, t *Target) (*node, error) {
	where := page.front()
	if s.Row {
		l, _ := listed(where)
		var rows []*node
		for _, one := range l.lines {
			if t != nil && l.matches(one, *t) {
				rows = append(rows, one.row)
			}
		}
		if len(rows) != 1 {
			return nil, fmt.Errorf("%d rows are those of the key", len(rows))
		}
		where = rows[0]
	}
	found := slices.DeleteFunc(where.controls(s), func(n *node) bool { return n.disabled })
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("there is no %s that is called %s", strings.Join(s.Role, " or "), strings.Join(s.Text, " or "))
	case len(found) > 1:
		return nil, fmt.Errorf("%d controls are called %s", len(found), strings.Join(s.Text, " or "))
	}
	if s.Sure && (t == nil || !names(where, t.Name)) {
		return nil, errors.New("what is asked does not name the key")
	}
	return found[0], nil
}

// names reports whether a text of the page is a name, or has it as a word.
func names(where *node, name string) bool {
	name = strings.Join(strings.Fields(name), " ")
	return len(where.all(func(n *node) bool {
		return n.role == "StaticText" && hasWord(strings.Join(strings.Fields(n.name), " "), name)
	})) > 0
}

// hasWord reports whether a text holds a name with nothing beside it that could
// belong to a longer one.
func hasWord(text, name string) bool {
	const beside = " \"'“”‘’«»:,;()?!"
	for at := 0; name != ""; {
		n := strings.Index(text[at:], name)
		if n < 0 {
			return false
		}
		from, to := at+n, at+n+len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:from])
		after, _ := utf8.DecodeRuneInString(text[to:])
		rest := strings.TrimLeft(text[to:], ".")
		if (from == 0 || strings.ContainsRune(beside, before)) && (to == len(text) || strings.ContainsRune(beside, after) || rest == "") {
			return true
		}
		at = from + 1
	}
	return false
}

// remember notes what looked like a value before there was one.
func (d *Driver) remember(page *node, known map[string]bool) {
	for v := range d.values(page) {
		known[v] = true
	}
}

// values are the texts of a page that have the form of a value.
func (d *Driver) values(page *node) map[string]bool {
	found := map[string]bool{}
	form, err := regexp.Compile(d.Map.Value)
	if err != nil {
		return found // a map that was read has been validated
	}
	page.each(func(n *node) bool {
		for _, text := range []string{n.value, n.name} {
			if text = strings.TrimSpace(text); n.has("StaticText", "textbox", "code", "Code") && form.MatchString(text) {
				found[text] = true
			}
		}
		return true
	})
	return found
}

// take takes the one value that was not there before.
func (d *Driver) take(ctx context.Context, known map[string]bool) (secret.Value, error) {
	var taken string
	err := d.settle(ctx, func(page *node) (string, error) {
		var fresh []string
		for v := range d.values(page.front()) {
			if !known[v] {
				fresh = append(fresh, v)
			}
		}
		if len(fresh) != 1 {
			return "", fmt.Errorf("%d texts of the page could be the new value", len(fresh))
		}
		taken = fresh[0]
		return "taken", nil
	})
	if err != nil {
		return secret.Value{}, err
	}
	return secret.New([]byte(taken)), nil
}
