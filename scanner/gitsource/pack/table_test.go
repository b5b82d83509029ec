package pack

import (
	"bytes"
	"slices"
	"testing"
)

// The numbers of objects are the order of their ids, each once, and lead to the
// first copy.
func TestATableNumbersEveryObjectOnce(t *testing.T) {
	for name, store := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := store(t)
			s := open(t, Options{Width: r.width, Directories: r.directories()})
			table := s.Table()
			for n := range uint32(table.Len()) {
				id := table.ID(n)
				if n > 0 && bytes.Compare(table.ID(n-1), id) >= 0 {
					t.Fatalf("%x is before %x", table.ID(n-1), id)
				}
				if found, ok := table.Find(id); !ok || found != n {
					t.Fatalf("%x is number %d and found as %d", id, n, found)
				}
				if i := table.Index(n); !bytes.Equal(s.ID(i), id) || s.Twice(i) || table.Number(i) != n {
					t.Fatalf("number %d leads to index %d, which leads to %d", n, i, table.Number(i))
				}
			}
			const known = 3 // of five that are asked for at once
			var ids []byte
			for n := range uint32(known) {
				ids = append(ids, table.ID(n*uint32(table.Len()-1)/(known-1))...)
			}
			for _, fill := range []byte{0, 0xff} {
				ids = append(ids, bytes.Repeat([]byte{fill}, s.options.Width)...)
			}
			numbers := make([]uint32, known+2)
			table.FindAll(ids, numbers)
			want := []uint32{0, uint32(table.Len()-1) / 2, uint32(table.Len() - 1), None, None}
			if !slices.Equal(numbers, want) {
				t.Errorf("found at once are %d, want %d", numbers, want)
			}
			once := 0
			for i := range uint32(s.Len()) {
				if n := table.Number(i); !bytes.Equal(table.ID(n), s.ID(i)) {
					t.Fatalf("index %d is number %d", i, n)
				}
				if !s.Twice(i) {
					once++
				}
			}
			if want := len(r.read()); table.Len() != want || once != want {
				t.Errorf("%d numbers for %d objects, of which git counts %d", table.Len(), once, want)
			}
			if _, ok := table.Find(make([]byte, s.options.Width)); ok {
				t.Error("the id of zeros is found")
			}
		})
	}
}
