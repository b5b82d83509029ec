package gitleaks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// extend adds what the file extends, which its own rules change.
func (f Files) extend(b *building, form fileForm, depth int) error {
	e := form.Extend
	switch {
	case depth == maxExtensions:
		return nil
	case e.Path != "" && e.UseDefault:
		return errors.New("[extend]: path and useDefault do not go together")
	case e.UseDefault:
		if f.Default == nil {
			return ErrNoDefault
		}
		text, err := f.Default()
		if err != nil {
			return err
		}
		f.IsDefault = true
		return f.join(b, text, "the default configuration", e.DisabledRules, depth)
	case e.Path != "":
		if f.Path == nil {
			return errors.New("[extend]: path is not read here")
		}
		text, err := f.Path(e.Path)
		if err != nil {
			return fmt.Errorf("[extend]: %w", err)
		}
		return f.join(b, text, e.Path, e.DisabledRules, depth)
	}
	return nil
}

func (f Files) join(b *building, text []byte, name string, disabled []string, depth int) error {
	lower, err := f.parse(text, depth+1)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, id := range slices.Sorted(maps.Keys(lower.rules)) {
		if slices.Contains(disabled, id) {
			continue
		}
		if own := b.rules[id]; own != nil {
			b.rules[id] = lower.rules[id].changed(own)
			continue
		}
		b.rules[id] = lower.rules[id]
		b.order = append(b.order, id)
	}
	b.allow = append(b.allow, lower.allow...)
	b.passed = append(b.passed, lower.passed...)
	slices.Sort(b.order)
	return nil
}

// changed is a rule with what a file that extends its own says about it.
func (r *Rule) changed(by *Rule) *Rule {
	out := *r
	if by.Description != "" {
		out.Description = by.Description
	}
	if by.Entropy != 0 {
		out.Entropy = by.Entropy
	}
	if by.SecretGroup != 0 {
		out.SecretGroup = by.SecretGroup
	}
	if by.pattern != nil {
		out.pattern = by.pattern
	}
	if by.path != nil {
		out.path = by.path
	}
	out.Tags = slices.Concat(r.Tags, by.Tags)
	out.Keywords = slices.Concat(r.Keywords, by.Keywords)
	out.allow = slices.Concat(r.allow, by.allow)
	return &out
}
