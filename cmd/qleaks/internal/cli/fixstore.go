package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/all"
)

// storedKey is a key that was put away.
type storedKey struct {
	Variable    string `json:"variable"`
	Where       string `json:"where"`
	Fingerprint string `json:"fingerprint"`
}

// settle puts the keys away and then changes the files: a key is never taken out
// of a file before it is elsewhere.
func (x *fixing) settle(ctx context.Context) error {
	if !x.options.Write || len(x.files) == 0 {
		return nil
	}
	if !x.options.NoStore {
		if err := x.putAway(ctx); err != nil {
			return err
		}
	}
	for _, f := range x.files {
		if bytes.Equal(f.content, f.result.Content) {
			continue
		}
		now, err := os.ReadFile(f.name)
		if err != nil {
			return couldNot("cannot read "+f.shown, rootCause(err))
		}
		if !bytes.Equal(now, f.content) {
			return couldNot(f.shown+" was changed while it was looked at", errors.New("nothing more was written"), "run qleaks fix again")
		}
		if err := writeWhole(x.env, f.name, f.result.Content); err != nil {
			return err
		}
	}
	return nil
}

// envName is the file with the variables, as people call it.
func (x *fixing) envName() string {
	if x.options.EnvFile != "" {
		return x.options.EnvFile
	}
	return ".env"
}

// envFile is where the variables go.
func (x *fixing) envFile() (string, error) {
	if x.options.EnvFile == "" {
		return filepath.Join(x.root, ".env"), nil
	}
	cwd, err := x.env.Getwd()
	if err != nil {
		return "", couldNot("the current directory is not known", err)
	}
	if filepath.IsAbs(x.options.EnvFile) {
		return x.options.EnvFile, nil
	}
	return filepath.Join(cwd, x.options.EnvFile), nil
}

// wanted is a variable with the key that it has to hold.
type wanted struct {
	name string
	key  int
}

// lookedUp are the variables that the new files look up. Two keys under one name
// are an error: the files have to be told apart by hand.
func (x *fixing) lookedUp() ([]wanted, error) {
	var all []wanted
	for _, f := range x.files {
		for _, v := range f.result.Variables {
			i := slices.IndexFunc(all, func(w wanted) bool { return w.name == v.Name })
			switch {
			case i < 0:
				all = append(all, wanted{v.Name, v.Key})
			case all[i].key != v.Key:
				return nil, couldNot(fmt.Sprintf("%s: %s stands for another key in another file", f.shown, v.Name), errors.New("nothing was written"),
					"give one of them another name by hand, and run qleaks fix again")
			}
		}
	}
	return all, nil
}

// putAway puts every key into the .env file, which Git must ignore.
func (x *fixing) putAway(ctx context.Context) error {
	keys, err := x.lookedUp()
	if err != nil || len(keys) == 0 {
		return err
	}
	if len(x.options.Stores) > 0 {
		return x.putIntoStores(ctx, keys)
	}
	name, err := x.envFile()
	if err != nil {
		return err
	}
	if err := x.ignore(name); err != nil {
		return err
	}
	for _, k := range keys {
		if err := x.put(ctx, name, k); err != nil {
			return err
		}
	}
	return nil
}

func (x *fixing) put(ctx context.Context, file string, k wanted) error {
	fingerprints, err := fingerprinter(x.env)
	if err != nil {
		return err
	}
	d, err := store.Declare("env", map[string]any{"kind": "env-file", "path": file, "variable": k.name}, all.Kinds())
	if err != nil {
		return couldNot("cannot keep the key", err)
	}
	cwd, err := x.env.Getwd()
	if err != nil {
		return couldNot("the current directory is not known", err)
	}
	locks, err := storeLocks(x.env)
	if err != nil {
		return err
	}
	use := store.Use{Fingerprints: fingerprints, Dir: cwd, Locks: locks, Excludes: globalIgnore(x.env)}
	s, err := d.Open(use)
	if err != nil {
		return couldNot("cannot keep the key in "+x.envName(), err)
	}
	value := x.valueOf(k.key)
	mark, err := s.Check(ctx)
	switch {
	case err != nil:
		return couldNot("cannot keep the key in "+x.envName(), err, "name another file with --env-file, or put the key away yourself and use --no-store")
	case mark != store.Absent && mark != use.Mark(value):
		return couldNot(fmt.Sprintf("%s holds another value for %s", x.envName(), k.name), errors.New("nothing was written"),
			"choose another name: --variable "+x.found[k.key].Rule.Provider+"="+k.name+"_2",
			"if that is the key which replaced the one in the files: --no-store changes the files only")
	}
	if _, err := s.Put(ctx, value, mark); err != nil {
		return couldNot("cannot keep the key in "+x.envName(), err)
	}
	if _, err := s.Confirm(ctx, value); err != nil {
		return couldNot("cannot read the key back from "+x.envName(), err)
	}
	x.stored = append(x.stored, storedKey{Variable: k.name, Where: x.envName(), Fingerprint: string(x.found[k.key].Fingerprint)})
	return nil
}

// storeLocks is the directory of the locks by which writers of one file keep out
// of each other's way.
func storeLocks(env Env) (string, error) {
	cache, err := env.CacheDir()
	if err != nil {
		return "", couldNot("there is no directory for locks", err, "set HOME, or XDG_CACHE_HOME")
	}
	return filepath.Join(cache, "qleaks", "locks"), nil
}

// ignore makes Git ignore a file with variables, if it lies in the repository.
func (x *fixing) ignore(name string) error {
	if x.repository == nil || x.repository.Bare() {
		return nil
	}
	rel, ok := inside(x.repository.Root(), name)
	if !ok || x.repository.Ignored(rel, false) {
		return nil
	}
	list := filepath.Join(x.repository.Root(), ".gitignore")
	text, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return couldNot("cannot read .gitignore", rootCause(err))
	}
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, end...)
	}
	text = append(text, "/"+rel+end...)
	if err := writeWhole(x.env, list, text); err != nil {
		return err
	}
	x.say.note("added /%s to .gitignore", rel)
	return nil
}
