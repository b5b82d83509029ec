package accuracy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/qleaks/qleaks/rules"
)

// Parts of the corpus: the files of testdata/corpus without their ends. Rules
// are made with an eye on the tuned part; the other one comes from other places
// and is only counted.
const (
	Tuned = "contexts"
	Held  = "heldout"
)

// Load reads a part of the corpus in a directory.
func Load(dir, part string) ([]Context, error) {
	f, err := os.Open(filepath.Join(dir, part+".jsonl"))
	if err != nil {
		return nil, fmt.Errorf("accuracy: open the corpus: %w", err)
	}
	list, err := Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	return list, nil
}

// Measure scores a set of rules on contexts.
func Measure(ctx context.Context, set *rules.Set, list []Context) (*Score, error) {
	s := NewScore()
	for i := range list {
		var draws []File
		var found [][]Found
		for draw := range Draws {
			f := Fill(&list[i], draw)
			got, err := Scan(ctx, set, f)
			if err != nil {
				return nil, err
			}
			draws, found = append(draws, f), append(found, got)
		}
		s.Add(draws, found)
	}
	return s, nil
}
