package githubsource

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/github"
)

// mostKnown is how many files of one part of a repository are remembered; others
// are downloaded again.
const mostKnown = 100_000

// knownFiles are files of one part of a repository that were read to their end and
// held nothing, by what GitHub tells of their version. Neither what they hold nor
// their names are kept: who wants to know of a finding reads its file again. Each
// is a line of a file that grows while they are read, so that a sweep which is
// killed loses none.
type knownFiles struct {
	conditions string
	file       string

	mu     sync.Mutex
	before map[string]bool
	// listed are those that this sweep met and knew, or read.
	listed map[string]bool
	// whole says that all files were listed: what was not is gone.
	whole  bool
	spared int
}

// RecallFiles has files not downloaded again that were read to their end under the
// same conditions, held nothing, and did not change. It works where copies are kept,
// and comes before the first visit is arrived at. The conditions name everything
// that decides what is found in a file.
func (s *Sweep) RecallFiles(conditions string) {
	if s.options.Mirror != "" {
		s.conditions = conditions
	}
}

// Spared is how many files were not downloaded, since they were read before.
func (s *Sweep) Spared() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.known {
		n += k.spared
	}
	return n
}

// knownOf returns what is known of the files of a part, nil if nothing is to be.
func (s *Sweep) knownOf(r github.Repository, p Part) *knownFiles {
	if s.conditions == "" {
		return nil
	}
	dir, err := s.root()
	if err != nil {
		return nil
	}
	dir = filepath.Join(dir, "files")
	if os.MkdirAll(dir, 0o700) != nil || (durable.OS{}).Private(dir) != nil {
		return nil
	}
	name := sha256.Sum256([]byte(strings.ToLower(r.FullName()) + "\x00" + string(p)))
	k := &knownFiles{conditions: s.conditions, file: filepath.Join(dir, hex.EncodeToString(name[:])), before: map[string]bool{}, listed: map[string]bool{}}
	text, err := durable.ReadWhole(durable.OS{}, k.file, mostKnown*(sha256.Size*2+1))
	if err == nil {
		for line := range strings.Lines(string(text)) {
			// A line that was torn by a crash has another length.
			if mark := strings.TrimSuffix(line, "\n"); len(mark) == sha256.Size*2 {
				k.before[mark] = true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = append(s.known, k)
	return k
}

// mark stands for a version of a file; "" where GitHub tells of none.
func (k *knownFiles) mark(path string, f github.File) string {
	if k == nil || f.Version == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{k.conditions, path, strings.Join(f.Path, "/"), f.Version}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// spares reports whether a file needs not be read.
func (k *knownFiles) spares(mark string) bool {
	if mark == "" {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.before[mark] {
		return false
	}
	k.listed[mark] = true
	k.spared++
	return true
}

// add remembers a file that was read and held nothing. If it cannot, the next
// sweep reads it again.
func (k *knownFiles) add(mark string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.listed[mark] || len(k.before)+len(k.listed) >= mostKnown {
		return
	}
	f, err := os.OpenFile(k.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	if _, err = f.WriteString(mark + "\n"); f.Close() == nil && err == nil {
		k.listed[mark] = true
	}
}

// tidy drops what GitHub has no more.
func (k *knownFiles) tidy() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.whole || len(k.listed) == 0 && len(k.before) == 0 {
		return
	}
	var text strings.Builder
	marks := make([]string, 0, len(k.listed))
	for mark := range k.listed {
		marks = append(marks, mark)
	}
	slices.Sort(marks)
	for _, mark := range marks {
		text.WriteString(mark + "\n")
	}
	_ = durable.WriteWhole(durable.OS{}, k.file, []byte(text.String())) // else the old one stays
}
