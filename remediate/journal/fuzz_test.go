package journal_test

import (
	"bytes"
	"testing"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/journal"
)

// FuzzJournalOpen opens any content beside any head: it is refused without being
// changed, or it is taken, and then it can be written to and taken again, with
// what it had at its beginning.
func FuzzJournalOpen(f *testing.F) {
	made := world{disk: durabletest.New(1), sealer: sealer(f, newIdentities(f)), silent: true}
	_, content := written(f, made)
	file, at := fileOf(f, content, "/journal"), fileOf(f, content, headsDir+"/ibm-")
	whole := content[file]
	f.Add(whole, content[at])
	f.Add(whole[:64], content[at])
	f.Add(append(bytes.Clone(whole), whole[64:]...), content[at])
	f.Add(append(bytes.Clone(whole), "qlr\n torn"...), content[at])
	f.Add(whole, []byte(nil))
	f.Add([]byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, data, kept []byte) {
		w := world{disk: made.disk.Clone(1), sealer: made.sealer, silent: true}
		w.disk.Set(file, data)
		w.disk.Set(at, kept)
		if len(kept) == 0 {
			w.disk.Drop(at)
		}
		_, looked := journal.Look(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}, lab())
		j, err := w.open()
		if err != nil {
			if got := w.disk.Content()[file]; !bytes.Equal(got, data) {
				t.Fatalf("it was refused and changed: %v", err)
			}
			return
		}
		if looked != nil {
			t.Fatalf("it is opened and cannot be looked at: %v", looked)
		}
		id, err := j.Begin(journal.Subject{Logical: "fuzz"})
		if err == nil {
			_, err = j.Intend(id, "step", journal.Target{}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		before, rotations := j.Head(), len(j.Rotations())
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		again := w.mustOpen(t)
		defer again.Close()
		if again.Head() != before || len(again.Rotations()) != rotations {
			t.Fatal("it is another journal now")
		}
	})
}
