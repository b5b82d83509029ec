package gitsource

import (
	"context"
	"errors"
	"math"
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
	ctx, cancel := context.WithTimeout(context.Background(), identityTime)
	defer cancel()
	s := newSearch(r, nil, 0, nil)
	if err := s.open(); err != nil {
		return ""
	}
	err := s.readGraph(ctx)
	if err == nil {
		s.walked.refs = r.refs(func(string, error) {})
		name = s.identify()
	}
	if errors.Join(err, s.objects.close()) != nil {
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

// identify is Identity where refs and commits are known.
func (s *search) identify() string {
	r := s.repo
	if name := r.originName(); name != "" {
		return name
	}
	r.identity.Lock()
	defer r.identity.Unlock()
	if !r.identity.known {
		r.identity.name, r.identity.known = s.oldestRoot(), true
	}
	return r.identity.name
}

// isOwnHistory tells the refs that say which history is the repository's:
// branches and tags, since notes and stashes have roots of their own.
func isOwnHistory(ref string) bool {
	return strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/remotes/") ||
		strings.HasPrefix(ref, "refs/tags/") || strings.HasSuffix(ref, "HEAD")
}

// oldestRoot takes, of all commits without parents that branches and tags lead
// to, the one of the oldest date. At the border of a shallow clone parents do
// not count.
func (s *search) oldestRoot() string {
	var stack []uint32
	for _, r := range s.walked.refs {
		if !isOwnHistory(r.name) {
			continue
		}
		if n, ok := s.peeled(s.objects.find([]byte(r.id))); ok {
			stack = append(stack, n)
		}
	}
	seen := newBitset(len(s.graph.commits))
	best, oldest := none, int64(0)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen.has(n) {
			continue
		}
		seen.add(n)
		c := s.graph.commits[n]
		if !c.first {
			stack = append(stack, s.graph.parentsOf(n)...)
			continue
		}
		when := c.time
		if when == math.MaxInt64 { // it has none
			when = math.MinInt64
		}
		// Numbers are in order of the ids.
		if best == none || when < oldest || when == oldest && n < best {
			best, oldest = n, when
		}
	}
	if best == none {
		return ""
	}
	return "root:" + s.objects.name(s.graph.commits[best].object)
}
