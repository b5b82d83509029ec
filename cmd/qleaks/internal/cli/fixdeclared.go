package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/remediate/store"
)

// putIntoStores puts every key into the declared store that is meant for it: all
// of them are found, and looked at, before anything is written.
func (x *fixing) putIntoStores(ctx context.Context, keys []wanted) error {
	declared, err := someStores(x.env, "", x.options.Stores, x.say)
	if err != nil {
		return err
	}
	var opened []*chosenStore
	for _, k := range keys {
		s, err := x.storeFor(k, declared, len(keys))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(opened, func(o *chosenStore) bool { return o.name == s.Name }) {
			return wrongUsage(fmt.Sprintf("the store %s holds one key, and there are more", s.Name), "name a store for each: --store NAME --store NAME")
		}
		o := &chosenStore{name: s.Name, title: s.Kind.Title, key: k}
		if o.store, err = s.open(x.env, store.Use{}, debugLog(x.env, x.options.Talking)); err != nil {
			return storeProblem("cannot open the store "+s.Name, err)
		}
		if o.mark, err = x.looked(ctx, o); err != nil {
			return err
		}
		opened = append(opened, o)
	}
	for _, o := range opened {
		if err := x.putInto(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// chosenStore is a store with the key that it is to hold.
type chosenStore struct {
	name, title string
	store       store.Store
	key         wanted
	mark        string
}

// variableOf is the name under which programs find what a store holds; "" if the
// store does not say.
func variableOf(s declaredStore) string {
	for _, setting := range []string{"variable", "secret", "entry"} {
		if name := s.Text(setting); name != "" {
			return name
		}
	}
	return ""
}

// storeFor is the store of a key: the one with the variable that the files look
// up, or the only one for the only key.
func (x *fixing) storeFor(k wanted, declared []declaredStore, keys int) (declaredStore, error) {
	for _, s := range declared {
		if variableOf(s) == k.name {
			return s, nil
		}
	}
	if len(declared) == 1 && keys == 1 {
		if name := declared[0].Text("variable"); name != "" {
			return declared[0], wrongUsage(fmt.Sprintf("the store %s has the variable %s, and the files would look up %s", declared[0].Name, name, k.name),
				"let them look that up: --variable "+x.found[k.key].Rule.Provider+"="+name)
		}
		return declared[0], nil
	}
	var names []string
	for _, s := range declared {
		names = append(names, s.Name)
	}
	return declaredStore{}, wrongUsage(fmt.Sprintf("none of the stores %s says that it holds %s", strings.Join(names, ", "), k.name),
		"fix the files of one key at a time, with its store")
}

// looked makes sure that a store can be written, and holds nothing else.
func (x *fixing) looked(ctx context.Context, o *chosenStore) (string, error) {
	mark, err := o.store.Check(ctx)
	if err != nil {
		return "", storeProblem("the store "+o.name+" cannot be written", err)
	}
	if mark == store.Absent {
		return mark, nil
	}
	if same, err := o.store.Confirm(ctx, x.valueOf(o.key.key)); err == nil && same {
		return mark, nil
	}
	return "", couldNot("the store "+o.name+" holds something already", errors.New("nothing was written"),
		"if that is the key which replaced the one in the files: --no-store changes the files only", "else: qleaks stores put "+o.name+" --replace, and then --no-store")
}

func (x *fixing) putInto(ctx context.Context, o *chosenStore) error {
	value := x.valueOf(o.key.key)
	if _, err := o.store.Put(ctx, value, o.mark); err != nil {
		return storeProblem("the key was not put into "+o.name, err)
	}
	if _, err := o.store.Confirm(ctx, value); err != nil {
		return storeProblem("the key could not be read back from "+o.name, err)
	}
	x.stored = append(x.stored, storedKey{Variable: o.key.name, Where: o.name, Fingerprint: string(x.found[o.key.key].Fingerprint)})
	return nil
}
