package reftable_test

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/gitsource/reftable"
	"github.com/qleaks/qleaks/scanner/gitsource/reftable/reftabletest"
)

func id(n, width int) string { return strings.Repeat(string(rune('a'+n%26)), width) }

// many makes the content of a large table.
func many(width, n int) ([]reftable.Ref, []reftable.Log) {
	refs := []reftable.Ref{{Name: "HEAD", Target: "refs/heads/branch-00000"}}
	var logs []reftable.Log
	for i := range n {
		name := fmt.Sprintf("refs/heads/branch-%05d", i)
		refs = append(refs, reftable.Ref{Name: name, ID: id(i, width)})
		for j := range 3 {
			logs = append(logs, reftable.Log{
				Ref: name, Index: uint64(j + 1), Old: id(i+j, width), New: id(i+j+1, width), Name: "A U Thor",
				Email: "a@example.org", Time: 1_700_000_000, Zone: -330, Message: strings.Repeat("m", i*10),
			})
		}
	}
	return refs, logs
}

func TestTablesAreReadBack(t *testing.T) {
	for _, width := range []int{20, 32} {
		for _, block := range []int{0, 128, 256, 4096} {
			for _, n := range []int{0, 1, 5, 40} {
				t.Run(fmt.Sprintf("width %d, block %d, %d refs", width, block, n), func(t *testing.T) {
					refs, logs := many(width, n)
					file := reftabletest.Table{Width: width, Min: 1, Max: 3, Block: block, Refs: refs, Logs: logs}.Bytes()
					s := reftable.NewStack(width)
					if err := s.AddRefs(file); err != nil {
						t.Fatal(err)
					}
					if err := s.AddLogs(file); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(refs, s.Refs()); diff != "" {
						t.Error(diff)
					}
					if diff := cmp.Diff(logs, s.Logs()); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
}

func TestTablesWithRefsOrLogsOnlyOrNothing(t *testing.T) {
	refs, logs := many(20, 10)
	for name, c := range map[string]reftabletest.Table{
		"refs": {Width: 20, Refs: refs}, "logs": {Width: 20, Logs: logs}, "nothing": {Width: 20},
	} {
		s := reftable.NewStack(20)
		if err := s.AddRefs(c.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.AddLogs(c.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.Refs()) != len(c.Refs) || len(s.Logs()) != len(c.Logs) {
			t.Errorf("%s: %d refs, %d entries", name, len(s.Refs()), len(s.Logs()))
		}
	}
}

func TestNewerTablesReplaceAndDelete(t *testing.T) {
	entry := func(index uint64, message string) reftable.Log {
		return reftable.Log{Ref: "refs/stash", Index: index, Old: id(0, 20), New: id(1, 20), Message: message}
	}
	s := reftable.NewStack(20)
	for _, c := range []reftabletest.Table{
		{Refs: []reftable.Ref{{Name: "a", ID: id(1, 20)}, {Name: "b", ID: id(2, 20)}, {Name: "c", ID: id(3, 20)}}, Logs: []reftable.Log{entry(1, "one"), entry(2, "two"), entry(3, "three")}},
		{Refs: []reftable.Ref{{Name: "b"}, {Name: "c", Target: "a"}}, Logs: []reftable.Log{{Ref: "refs/stash", Index: 2}, entry(3, "three again")}},
		{Refs: []reftable.Ref{{Name: "a", ID: id(4, 20)}, {Name: "never"}}},
	} {
		c.Width = 20
		if err := s.AddRefs(c.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := s.AddLogs(c.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]reftable.Ref{{Name: "a", ID: id(4, 20)}, {Name: "c", Target: "a"}}, s.Refs()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]reftable.Log{entry(1, "one"), entry(3, "three again")}, s.Logs()); diff != "" {
		t.Error(diff)
	}
}

// The bytes are put together by hand from the specification: a peeled tag, and a
// name that shares its first bytes with the one before.
func TestBytesOfTheSpecification(t *testing.T) {
	header := "52454654" + "01" + "000000" + "0000000000000005" + "0000000000000005"
	refs := "00" + "8009" + hex.EncodeToString([]byte("refs/heads/branch")) + "00" + strings.Repeat("11", 20)
	refs += "05" + "22" + hex.EncodeToString([]byte("tags")) + "00" + strings.Repeat("22", 20) + strings.Repeat("33", 20)
	size := 24 + 4 + len(refs)/2 + 3 + 2
	body := header + "72" + fmt.Sprintf("%06x", size) + refs + "00001c" + "0001"
	footer := header + strings.Repeat("00", 5*8)
	raw, err := hex.DecodeString(footer)
	if err != nil {
		t.Fatal(err)
	}
	file, err := hex.DecodeString(body + footer + fmt.Sprintf("%08x", crc32.ChecksumIEEE(raw)))
	if err != nil {
		t.Fatal(err)
	}
	s := reftable.NewStack(20)
	if err := s.AddRefs(file); err != nil {
		t.Fatal(err)
	}
	want := []reftable.Ref{{Name: "refs/heads/branch", ID: strings.Repeat("\x11", 20)}, {Name: "refs/tags", ID: strings.Repeat("\x22", 20)}}
	if diff := cmp.Diff(want, s.Refs()); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenTablesAreErrors(t *testing.T) {
	refs, logs := many(20, 30)
	whole := reftabletest.Table{Width: 20, Min: 1, Max: 3, Refs: refs, Logs: logs}.Bytes()
	for n := range whole {
		s := reftable.NewStack(20)
		if s.AddRefs(whole[:n]) == nil || s.AddLogs(whole[:n]) == nil {
			t.Fatalf("%d of %d bytes are no error", n, len(whole))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 { // inside, where the footer's checksum does not look
		file := slices.Clone(whole)
		for range 1 + random.IntN(3) {
			file[28+random.IntN(len(file)-28-68)] ^= byte(1 << random.IntN(8))
		}
		s := reftable.NewStack(20)
		_, _ = s.AddRefs(file), s.AddLogs(file)
	}
	file := slices.Clone(whole)
	file[len(file)-1] ^= 1
	if err := reftable.NewStack(20).AddRefs(file); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("error %v", err)
	}
	if err := reftable.NewStack(32).AddRefs(whole); err == nil || !strings.Contains(err.Error(), "object format") {
		t.Errorf("error %v", err)
	}
}

// A few bytes that tell of a long name stand for much memory.
func TestNamesOfTablesAreBounded(t *testing.T) {
	refs := []reftable.Ref{}
	long := strings.Repeat("n", 1<<16)
	for i := range 60 {
		refs = append(refs, reftable.Ref{Name: long + fmt.Sprintf("%03d", i), ID: id(i, 20)})
	}
	file := reftabletest.Table{Width: 20, Block: 1<<24 - 1, Refs: refs}.Bytes()
	s := reftable.NewStack(20)
	var err error
	for range 256 {
		if err = s.AddRefs(file); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("error %v", err)
	}
	if n := len(s.Refs()); n != len(refs) {
		t.Errorf("of what was read before, %d of %d refs stay", n, len(refs))
	}
}

func FuzzTable(f *testing.F) {
	for _, width := range []int{20, 32} {
		refs, logs := many(width, 6)
		file := reftabletest.Table{Width: width, Min: 1, Max: 3, Refs: refs, Logs: logs}.Bytes()
		f.Add(file, true)
		f.Add(reftabletest.Table{Width: width, Logs: logs}.Bytes(), false)
		f.Add(reftabletest.Table{Width: width, Block: 512, Refs: refs}.Bytes(), true)
	}
	f.Fuzz(func(_ *testing.T, file []byte, repair bool) {
		if size := 24 + 5*8 + 4; repair && len(file) > 2*size {
			// Else nearly everything ends at the checksum.
			footer := file[len(file)-size:]
			copy(footer, file[:24])
			sum := crc32.ChecksumIEEE(footer[:size-4])
			copy(footer[size-4:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		}
		for _, width := range []int{20, 32} {
			s := reftable.NewStack(width)
			_, _ = s.AddRefs(file), s.AddLogs(file)
			_, _ = s.Refs(), s.Logs()
		}
	})
}
