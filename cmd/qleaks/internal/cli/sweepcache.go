package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/mirror"
)

// copies are the copies of repositories that a worker keeps, under a size.
type copies struct {
	dir   string
	size  int64
	mutex sync.Mutex
	inUse map[string]int
}

const copyEnding = ".git"

// use returns the directory of a copy, which is kept until done is called.
func (c *copies) use(repository int64) (dir string, done func(), err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return "", nil, err
	}
	dir = filepath.Join(c.dir, strconv.FormatInt(repository, 10)+copyEnding)
	c.mutex.Lock()
	c.inUse[dir]++
	c.mutex.Unlock()
	return dir, func() { c.release(dir) }, nil
}

// release notes that a copy was used just now, and makes room.
func (c *copies) release(dir string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.inUse[dir]--; c.inUse[dir] <= 0 {
		delete(c.inUse, dir)
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // without it, it is deleted earlier
	c.makeRoom()
}

// makeRoom deletes the copies that were not used longest, beyond the size. What
// cannot be deleted now is next time.
func (c *copies) makeRoom() {
	type kept struct {
		dir  string
		used time.Time
		size int64
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var all []kept
	var total int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasSuffix(e.Name(), copyEnding) {
			continue
		}
		k := kept{dir: filepath.Join(c.dir, e.Name()), used: info.ModTime()}
		k.size = sizeOf(k.dir)
		total += k.size
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	for _, k := range all {
		if total <= c.size {
			return
		}
		if c.inUse[k.dir] > 0 {
			continue
		}
		if mirror.Remove(k.dir) == nil && os.RemoveAll(k.dir+".ledger") == nil {
			total -= k.size
		}
	}
}

func sizeOf(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}
