package gitsource

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// named are the entries with a path of their own.
func (f indexFile) named() []indexEntry {
	return slices.DeleteFunc(slices.Clone(f.entries), func(e indexEntry) bool { return e.path == "" })
}

// join makes the entries of a split index: those of the shared part that are
// neither deleted nor replaced, the replacements under the path of what they
// replace, and the others, in Git's order. After an error there may be more
// entries than Git would see, not fewer.
func (f indexFile) join(shared []indexEntry) ([]indexEntry, error) {
	out := slices.Clone(shared)
	deleted, replaced, err := f.decodeChanges(len(shared))
	own := f.entries
	for i := range out {
		if i >= len(replaced) || !replaced[i] {
			continue
		}
		if len(own) == 0 || own[0].path != "" {
			err = errors.New("not as many replacements as the link says")
			break
		}
		path := out[i].path
		out[i], own = own[0], own[1:]
		out[i].path = path
	}
	kept := out[:0]
	for i, e := range out {
		if i >= len(deleted) || !deleted[i] {
			kept = append(kept, e)
		}
	}
	added := indexFile{entries: own}.named()
	if err == nil && len(added) < len(own) {
		err = errors.New("more replacements than the link says")
	}
	return inOrder(append(added, kept...)), err
}

// inOrder sorts by path and stage; of two that are the same the first stays.
func inOrder(entries []indexEntry) []indexEntry {
	slices.SortStableFunc(entries, func(a, b indexEntry) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.stage, b.stage))
	})
	return slices.CompactFunc(entries, func(a, b indexEntry) bool { return a.path == b.path && a.stage == b.stage })
}

// decodeChanges tells which of the n entries of the shared part are deleted and
// which are replaced. A link without bitmaps changes nothing.
func (f indexFile) decodeChanges(n int) (deleted, replaced []bool, err error) {
	if len(f.changes) == 0 {
		return nil, nil, nil
	}
	deleted, rest, err := decodeBitmap(f.changes, n)
	if err != nil {
		return nil, nil, fmt.Errorf("deletions: %w", err)
	}
	replaced, rest, err = decodeBitmap(rest, n)
	if err != nil {
		return nil, nil, fmt.Errorf("replacements: %w", err)
	}
	if len(rest) > 0 {
		err = errors.New("something follows the replacements")
	}
	return deleted, replaced, err
}

// decodeBitmap reads an EWAH bitmap over n things and returns what follows it.
// It is a sequence of 64-bit words: one that says how many words of nothing but
// zeros or ones come next and how many literal words after those, the literal
// words, the next such word, and so on.
func decodeBitmap(data []byte, n int) (set []bool, rest []byte, err error) {
	if len(data) < 12 {
		return nil, nil, errors.New("bitmap is cut short")
	}
	count := uint64(binary.BigEndian.Uint32(data[4:]))
	if count > uint64(len(data)-12)/8 {
		return nil, nil, errors.New("bitmap is cut short")
	}
	words, rest := data[8:8+8*count], data[8+8*count+4:]
	set = make([]bool, n)
	at := uint64(0)
	for len(words) > 0 {
		word := binary.BigEndian.Uint64(words)
		words = words[8:]
		run, literals := word>>1&0xffff_ffff*64, word>>33
		if literals > uint64(len(words)/8) {
			return nil, nil, errors.New("bitmap is cut short")
		}
		if word&1 != 0 {
			if run > uint64(n) || at > uint64(n)-run {
				return nil, nil, errors.New("bitmap is longer than what it is about")
			}
			for i := range run {
				set[at+i] = true
			}
		}
		at += run
		for ; literals > 0; literals-- {
			if !setLiteral(set, at, binary.BigEndian.Uint64(words)) {
				return nil, nil, errors.New("bitmap is longer than what it is about")
			}
			words = words[8:]
			at += 64
		}
	}
	return set, rest, nil
}

// setLiteral takes 64 bits from a position on; false if one is out of bounds.
func setLiteral(set []bool, at, word uint64) bool {
	for bit := range uint64(64) {
		if word>>bit&1 == 0 {
			continue
		}
		if at+bit >= uint64(len(set)) {
			return false
		}
		set[at+bit] = true
	}
	return true
}
