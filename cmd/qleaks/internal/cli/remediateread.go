package cli

import (
	"context"
	"errors"
	"io"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/courier"
)

// look finds the keys that are below places, by a process of its own that reads
// them, and takes over what earlier reports and providers said. It returns how far
// each value came.
func (r *remedy) look(ctx context.Context, a *audit, o planOptions) (map[secret.Fingerprint]remediate.Exposure, error) {
	exposures := map[secret.Fingerprint]remediate.Exposure{}
	if len(a.options.Scan) > 0 {
		found, err := r.read(ctx, a.options.Scan, o)
		if err != nil {
			return nil, err
		}
		a.gaps = append(a.gaps, found.Gaps...)
		for _, k := range found.Keys {
			r.values[k.Fingerprint] = k.Value
			exposures[k.Fingerprint] = exposed(k)
			a.found = append(a.found, sightings(k, nil)...)
		}
		a.options.Scan = nil
	}
	store, err := openInventory(r.env, r.say)
	if err != nil {
		return nil, err
	}
	return exposures, a.search(ctx, store.Dir, r.prints.Salt())
}

// read has places read by a reader.
func (r *remedy) read(ctx context.Context, paths []string, o planOptions) (courier.Found, error) {
	var args []string
	for flag, on := range map[string]bool{"--public": o.Public, "--private": o.Private, "--quiet": r.options.Talking.Quiet, "--no-progress": r.options.Talking.NoProgress, "--verbose": r.options.Talking.Verbose} {
		if on {
			args = append(args, flag)
		}
	}
	for _, name := range o.GitHub {
		args = append(args, "--github="+name)
	}
	for _, p := range paths {
		args = append(args, "--scan="+p)
	}
	reader, err := startReader(ctx, r.env, readerCommand, args, r.credentialVariables())
	if err != nil {
		return courier.Found{}, err
	}
	found, handed, err := reader.receive(r.prints, true)
	switch {
	case errors.Is(err, io.EOF), err == nil && !handed:
		return found, exitStatusError(max(reader.wait(), exitUsage)) // it has said why
	case err != nil:
		reader.kill()
		return found, couldNot("what the process that reads handed over is refused", err)
	}
	if found.More > 0 {
		r.say.warning("%s too many to be handed over: name fewer places", plural(found.More, "key"))
	}
	if code := reader.wait(); code != exitClean {
		return found, exitStatusError(code)
	}
	return found, nil
}
