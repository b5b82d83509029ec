package durabletest

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
)

// Kill ends every process: what they wrote stays as they see it, and what they
// have open and locked is gone.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life++
	d.stopped = false
	d.Decide = nil
}

// LosePower ends every process, and leaves of what was not safe a part that
// chance decides.
func (d *Disk) LosePower() {
	d.Kill()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.top.lose(d.random, map[*node]bool{})
}

// Clone copies a disk; its chances are those of the seed.
func (d *Disk) Clone(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &Disk{random: rand.New(rand.NewPCG(seed, 0x6469736b)), top: d.top.clone(map[*node]*node{}), locks: map[string]*lock{}, calls: d.calls, life: d.life, stopped: d.stopped}
	for name, l := range d.locks {
		c.locks[name] = &lock{disk: c, name: l.name, life: l.life, held: l.held, note: l.note}
	}
	return c
}

// Content returns what a program sees of each file, by its name.
func (d *Disk) Content() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string][]byte{}
	var walk func(at string, n *node)
	walk = func(at string, n *node) {
		if n.names == nil {
			all[at] = append([]byte{}, n.now...)
		}
		for name, below := range n.names {
			walk(filepath.Join(at, name), below)
		}
	}
	walk("/", d.top)
	return all
}

// Set gives a file a content that is safe at once: a copy played back, a bit
// flipped.
func (d *Disk) Set(name string, content []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, base, err := d.directory(name)
	if err != nil {
		return
	}
	n := &node{now: content, safe: content}
	dir.names[base], dir.safeNames[base] = n, n
}

// Drop takes a file away, at once and for good.
func (d *Disk) Drop(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if dir, base, err := d.directory(name); err == nil {
		delete(dir.names, base)
		delete(dir.safeNames, base)
	}
}

// Named returns the names of files that contain a text, for tests that do not
// care where they are.
func (d *Disk) Named(part string) []string {
	var found []string
	for name := range d.Content() {
		if strings.Contains(name, part) {
			found = append(found, name)
		}
	}
	return found
}
