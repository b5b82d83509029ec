package gitsource

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/reftable"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// maxTables is how many tables a stack may have; Git keeps them few.
	maxTables = 10_000
	// maxStack is how large the tables of a stack may be together, in bytes.
	maxStack = 512 << 20
	// listReads is how often the list of tables is read when one of them is
	// gone: then somebody else merged them meanwhile.
	listReads = 5
)

var errNoTables = errors.New("the list of reftables is missing")

// tableRefs reads the refs of one of gitDirs from its reftables; its names get
// the prefix.
func (r *Repository) tableRefs(dir, prefix string, failed func(path string, err error)) []reftable.Ref {
	stack := r.readTables(dir, prefix, (*reftable.Stack).AddRefs, failed)
	out := stack.Refs()
	for i := range out {
		out[i].Name = prefix + out[i].Name
	}
	return out
}

// tableLogs is reflogs for one of gitDirs with reftables. The texts are those
// that the files would have.
func (r *Repository) tableLogs(dir, prefix string, failed func(path string, err error)) []reflog {
	var out []reflog
	blank := strings.Repeat(" ", 2*r.width)
	last := ""
	for _, entry := range r.readTables(dir, prefix, (*reftable.Stack).AddLogs, failed).Logs() {
		if len(out) == 0 || last != entry.Ref {
			last = entry.Ref
			name := ".git/" + prefix + "logs/" + entry.Ref
			out = append(out, reflog{path: name, stash: name == ".git/logs/"+stashRef})
		}
		log := &out[len(out)-1]
		if isZeroID(entry.Old) && isZeroID(entry.New) && entry.Message == "" {
			continue // says only that there is a log
		}
		for _, id := range []string{entry.Old, entry.New} {
			if !isZeroID(id) {
				log.ids = append(log.ids, id)
			}
		}
		log.moves = append(log.moves, [2]string{entry.Old, entry.New})
		log.text = fmt.Appendf(log.text, "%s %s %s <%s> %d %+05d\t%s\n",
			blank, blank, entry.Name, entry.Email, entry.Time, entry.Zone, entry.Message)
	}
	return out
}

// readTables adds the tables of one of gitDirs to a stack, from the oldest to
// the newest. Each that cannot be read is told to failed, and costs no other.
func (r *Repository) readTables(dir, prefix string, add func(*reftable.Stack, []byte) error, failed func(string, error)) *reftable.Stack {
	label := ".git/" + prefix + "reftable"
	for reads := 1; ; reads++ {
		names, err := r.tableNames(dir)
		switch {
		case os.IsNotExist(err) && dir != r.places.commonDir:
			return reftable.NewStack(r.width) // a worktree without refs of its own
		case os.IsNotExist(err):
			failed(label, errNoTables)
		case err != nil:
			failed(label, err)
		}
		stack, broken, gone := r.addTables(dir, names, add)
		if gone && reads < listReads {
			continue
		}
		for _, name := range names {
			if err := broken[name]; err != nil {
				failed(label+"/"+name, err)
			}
		}
		return stack
	}
}

// addTables makes a stack of tables; broken says what is wrong with some, gone
// whether one is not there.
func (r *Repository) addTables(dir string, names []string, add func(*reftable.Stack, []byte) error) (stack *reftable.Stack, broken map[string]error, gone bool) {
	stack, broken = reftable.NewStack(r.width), map[string]error{}
	size := 0
	for _, name := range names {
		if size > maxStack {
			broken[name] = errTooLarge
			continue
		}
		data, err := r.readFile(dir, "reftable/"+name)
		size += len(data)
		if err == nil {
			err = add(stack, data)
		}
		if err != nil {
			broken[name] = err
			gone = gone || os.IsNotExist(err)
		}
	}
	return stack, broken, gone
}

// readRef reads one ref of one of gitDirs, as its file holds it or would hold
// it.
func (r *Repository) readRef(dir, name string) (string, error) {
	if r.reftable {
		refs := r.tableRefs(dir, "", func(string, error) {})
		at := slices.IndexFunc(refs, func(t reftable.Ref) bool { return t.Name == name })
		switch {
		case at >= 0 && refs[at].Target != "":
			return "ref: " + refs[at].Target, nil
		case at >= 0:
			return hex.EncodeToString([]byte(refs[at].ID)), nil
		case name == "HEAD" || strings.HasPrefix(name, "refs/"):
			return "", fs.ErrNotExist // the files that are there are for show
		}
	}
	return r.readLine(dir, name)
}

// tableNames lists the tables, the oldest first.
func (r *Repository) tableNames(dir string) ([]string, error) {
	data, err := r.readFile(dir, "reftable/tables.list")
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	if len(names) > maxTables {
		return nil, errors.New("more reftables than are read")
	}
	for _, name := range names {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." {
			return nil, errors.New("a reftable leads out of its directory")
		}
	}
	return names, nil
}

// tablesUnread reports whether some reftable could not be read, so that what
// reaches an object is open.
func (s *search) tablesUnread() bool {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	return s.repo.reftable && slices.ContainsFunc(s.notes.list, func(n *source.ItemError) bool {
		return n.Outcome == source.Unread && strings.HasPrefix(n.Path, ".git/") && strings.Contains(n.Path, "/reftable")
	})
}
