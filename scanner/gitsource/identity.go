package gitsource

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
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
	opened, _, err := r.openObjects()
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), identityTime)
	defer cancel()
	name, err = r.identify(ctx, opened)
	if errors.Join(err, opened.close()) != nil {
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

// identify is Identity where the objects are open already.
func (r *Repository) identify(ctx context.Context, o *objects) (string, error) {
	if name := r.originName(); name != "" {
		return name, nil
	}
	r.identity.Lock()
	defer r.identity.Unlock()
	if r.identity.known {
		return r.identity.name, nil
	}
	name, err := o.oldestRoot(ctx, r.rootTips(), r.shallow())
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

// oldestRoot takes, of all commits without parents that the tips lead to, the
// one of the oldest date. At the border of a shallow clone parents do not
// count.
func (o *objects) oldestRoot(ctx context.Context, tips []ref, shallow map[string]bool) (string, error) {
	commits := map[string]headers{}
	err := o.walk(ctx, pack.Only(pack.Commit, pack.Tag), nil, 1, func(_ int, c object) error {
		parsed := parseHeaders(c.data)
		commits[string(o.id(c.index))] = headers{parents: parsed.parents, committed: parsed.committed, target: parsed.target}
		return nil
	})
	if err != nil {
		return "", err
	}
	best, oldest := "", int64(0)
	seen := map[string]bool{}
	var stack []string
	for _, t := range tips {
		stack = append(stack, t.id)
	}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		c, here := commits[id]
		if seen[id] || !here {
			continue
		}
		seen[id] = true
		if len(c.target) > 0 { // a tag
			stack = append(stack, string(c.target))
			continue
		}
		if len(c.parents) > 0 && !shallow[id] {
			for _, p := range c.parents {
				stack = append(stack, string(p))
			}
			continue
		}
		when := c.committed.Unix()
		if best == "" || when < oldest || when == oldest && id < best {
			best, oldest = id, when
		}
	}
	if best == "" {
		return "", nil
	}
	return fmt.Sprintf("root:%x", best), nil
}
