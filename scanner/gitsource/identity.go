package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// identityTime bounds how long the oldest commit is looked for.
const identityTime = time.Minute

// Identity names the repository the same on every machine: the URL of the
// remote "origin" as host and path ("github.com/org/name"), else "root:" and
// the id of the oldest commit without parents that a branch or a tag reaches.
// It is empty for a repository with neither, and where git cannot be run: then
// Search fails and says so. The first call may have to walk the history.
func (r *Repository) Identity() string {
	if name := r.originName(); name != "" {
		return name
	}
	r.identity.Lock()
	known, name := r.identity.known, r.identity.name
	r.identity.Unlock()
	if known {
		return name
	}
	stand, err := r.newStand()
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), identityTime)
	defer cancel()
	name, err = r.identify(ctx, stand)
	if errors.Join(err, stand.close()) != nil {
		return ""
	}
	return name
}

func (r *Repository) originName() string {
	urls := r.config["remote.origin.url"]
	if len(urls) == 0 {
		return ""
	}
	return normalRemote(urls[0])
}

// identify is Identity where git can be run already.
func (r *Repository) identify(ctx context.Context, s *stand) (string, error) {
	if name := r.originName(); name != "" {
		return name, nil
	}
	r.identity.Lock()
	defer r.identity.Unlock()
	if r.identity.known {
		return r.identity.name, nil
	}
	name, err := s.oldestRoot(ctx, r.rootTips())
	if err != nil {
		return "", fmt.Errorf("identify repository: %w", err)
	}
	r.identity.name, r.identity.known = name, true
	return name, nil
}

// rootTips are the refs that say which history is the repository's: branches
// and tags, since notes and stashes have roots of their own.
func (r *Repository) rootTips() []ref {
	var out []ref
	for _, ref := range r.refs(func(string, error) {}) {
		if strings.HasPrefix(ref.name, "refs/heads/") || strings.HasPrefix(ref.name, "refs/remotes/") ||
			strings.HasPrefix(ref.name, "refs/tags/") || strings.HasSuffix(ref.name, "HEAD") {
			out = append(out, ref)
		}
	}
	return out
}

// oldestRoot asks for all roots and takes the one of the oldest date. A broken
// history has no name; the search tells what is broken.
func (s *stand) oldestRoot(ctx context.Context, tips []ref) (string, error) {
	if len(tips) == 0 {
		return "", nil
	}
	var in bytes.Buffer
	for _, t := range tips {
		fmt.Fprintf(&in, "%x\n", t.id)
	}
	cmd := s.command(ctx, "rev-list", "--max-parents=0", "--timestamp", "--ignore-missing", "--stdin")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", nil //nolint:nilerr // a broken history has no name
	}
	best, oldest := "", int64(0)
	for line := range strings.Lines(string(out)) {
		when, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(when, 10, 64)
		if err != nil {
			continue
		}
		if best == "" || seconds < oldest || seconds == oldest && id < best {
			best, oldest = id, seconds
		}
	}
	if best == "" {
		return "", nil
	}
	return "root:" + best, nil
}
