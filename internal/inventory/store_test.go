package inventory_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// list is a whole list of everybody's keys, of IBM.
func list(account string, asOf time.Time, keys ...key.Key) inventory.Snapshot {
	for i := range keys {
		keys[i].Provider = "ibm"
	}
	return inventory.Snapshot{
		Account: inventory.Account{Name: account, Provider: "ibm", ID: "a-" + account}, AsOf: asOf, Taken: asOf,
		Origin: inventory.Origin{Way: inventory.ByAPI}, Extent: inventory.Extent{Everybody: key.Yes, Services: key.Yes}, Whole: true, Keys: keys,
	}
}

func store(t *testing.T) (*inventory.Store, *[]string) {
	t.Helper()
	var remarks []string
	s := &inventory.Store{Dir: filepath.Join(t.TempDir(), "inventory"), Remark: func(text string) { remarks = append(remarks, text) }}
	return s, &remarks
}

func keep(t *testing.T, s *inventory.Store, lists ...inventory.Snapshot) {
	t.Helper()
	for _, l := range lists {
		if err := s.Keep(l); err != nil {
			t.Fatal(err)
		}
	}
}

func snapshots(t *testing.T, s *inventory.Store, account string) []inventory.Snapshot {
	t.Helper()
	lists, err := s.Snapshots(account)
	if err != nil {
		t.Fatal(err)
	}
	return lists
}

// files are the files under a directory, with their content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsKeptIsReadAgain(t *testing.T) {
	s, remarks := store(t)
	full := key.Key{
		ID: "ApiKey-1", Name: "lab", Kind: "user", Owner: key.Party{ID: "IBMid-1", Email: "ada@example.org"}, Roles: []string{"Viewer"},
		Dates: key.Dates{Created: noon.Add(-time.Hour)}, Use: key.Use{Known: true, Last: noon, Count: 3}, State: key.State{Locked: key.No},
	}
	first, second := list("lab", noon, full), list("lab", noon.Add(time.Minute))
	second.Whole, second.Gaps = false, []string{"the connection broke"}
	keep(t, s, second, first, list("other", noon))
	if diff := cmp.Diff([]inventory.Snapshot{second, first}, snapshots(t, s, "lab"), cmp.Comparer(sameEmpty)); diff != "" {
		t.Error(diff)
	}
	accounts, err := s.Accounts()
	if err != nil || !cmp.Equal(accounts, []string{"lab", "other"}) {
		t.Error(accounts, err)
	}
	if len(*remarks) > 0 {
		t.Error(*remarks)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name := range files(t, s.Dir) {
		if info, err := os.Stat(name); err != nil || filepath.Ext(name) == ".json" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
	}
	if info, err := os.Stat(s.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

// sameEmpty takes a list without keys for one with none.
func sameEmpty(a, b []key.Key) bool { return len(a) == len(b) && (len(a) == 0 || cmp.Equal(a, b)) }

func TestNoFileEverHoldsAKey(t *testing.T) {
	for _, kit := range all.Kits() {
		s, _ := store(t)
		value := kit.Sample().Reveal()
		for _, k := range []key.Key{
			{ID: "1", Name: value}, {ID: value}, {ID: "1", Description: "old one was " + value + ", new in vault"},
			{ID: "1", Owner: key.Party{Name: value}}, {ID: "1", Roles: []string{"key=" + value}}, {ID: "1", State: key.State{OnLeak: value}},
		} {
			if err := s.Keep(list("lab", noon, k)); !errors.Is(err, inventory.ErrMaterial) || strings.Contains(err.Error(), value) {
				t.Errorf("%s: kept, or told: %t", kit.Name, err != nil)
			}
			clean, stripped := inventory.Stripped(k)
			if !stripped {
				t.Errorf("%s: nothing was stripped", kit.Name)
			}
			keep(t, s, list("lab", noon, clean))
		}
		registration := inventory.Registration{Fingerprint: "f", Salt: "public", Since: noon, Key: key.Key{Provider: "ibm", ID: "1"}, Place: value}
		if err := s.Register(registration); !errors.Is(err, inventory.ErrMaterial) {
			t.Error(kit.Name, "registered")
		}
		for name, content := range files(t, s.Dir) {
			if strings.Contains(content, value) || strings.Contains(name, value) {
				t.Errorf("%s: a file holds a key", kit.Name)
			}
		}
	}
}

// Keys of all providers are seen, whatever characters they happen to have: one
// in hundreds of IonQ's has no digit.
func TestKeysAreMaterial(t *testing.T) {
	for _, kit := range all.Kits() {
		missed := 0
		for range 20_000 {
			if len(inventory.Material("key: "+kit.Sample().Reveal()+",")) != 1 {
				missed++
			}
		}
		// About one in a hundred thousand is too much like a name.
		if missed > 5 {
			t.Errorf("%s: %d of 20,000 keys were missed", kit.Name, missed)
		}
	}
}

func TestIdsAreNoMaterial(t *testing.T) {
	for _, id := range []string{
		"ApiKey-0a1b2c3d-1111-4222-8333-444455556666", "iam-ServiceId-0a1b2c3d-1111-4222-8333-444455556666", "IBMid-550003X3X4", "7f3c1e9a5b2d4f6088aabbccddeeff00",
		"crn:v1:bluemix:public:quantum-computing:us-east:a/7f3c1e9a5b2d4f6088aabbccddeeff00:0a1b2c3d-1111-4222-8333-444455556666::",
		"My notebooks of the Quantum Lab 2026, kept by Ada Lovelace", "ada.lovelace+quantum-lab2026@Example.org", "12-7f3c1e9a5b2d4f6088aabbccddeeff00",
	} {
		if n := len(inventory.Material(id)); n > 0 {
			t.Errorf("%s is taken for a key", id)
		}
	}
}

func TestBrokenAndForeignFilesAreSetAside(t *testing.T) {
	for name, harm := range map[string]func(string) string{
		"a changed byte":     func(s string) string { return strings.Replace(s, "spoiled", "spoilt!", 1) },
		"a cut":              func(s string) string { return s[:len(s)/2] },
		"nothing":            func(string) string { return "" },
		"another format":     func(s string) string { return strings.Replace(s, "list of keys", "list of eggs", 1) },
		"an unknown member":  func(s string) string { return strings.Replace(s, `{"format"`, `{"x":1,"format"`, 1) },
		"a trailing comment": func(s string) string { return s + "{}" },
		"a version of none":  func(s string) string { return strings.Replace(s, `"version":1`, `"version":0`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s, remarks := store(t)
			keep(t, s, list("lab", noon, key.Key{ID: "1", Name: "good"}), list("lab", noon.Add(time.Hour), key.Key{ID: "2", Name: "spoiled"}))
			for file, content := range files(t, s.Dir) {
				if strings.Contains(content, "spoiled") {
					write(t, file, harm(content))
				}
			}
			lists := snapshots(t, s, "lab")
			if len(lists) != 1 || lists[0].Keys[0].Name != "good" || len(*remarks) != 1 {
				t.Errorf("%d lists, remarks %q", len(lists), *remarks)
			}
			if again := snapshots(t, s, "lab"); len(again) != 1 || len(*remarks) != 1 {
				t.Error("it is told again")
			}
		})
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAListOfAnotherAccountIsForeign(t *testing.T) {
	s, remarks := store(t)
	keep(t, s, list("lab", noon, key.Key{ID: "1"}), list("other", noon, key.Key{ID: "2"}))
	for file, content := range files(t, filepath.Join(s.Dir, "lists", "other")) {
		write(t, filepath.Join(s.Dir, "lists", "lab", filepath.Base(file)), content)
	}
	if lists := snapshots(t, s, "lab"); len(lists) != 1 || lists[0].Keys[0].ID != "1" || len(*remarks) != 1 {
		t.Error(lists, *remarks)
	}
}

func TestWhatANewerProgramWroteStaysAndIsAnError(t *testing.T) {
	s, _ := store(t)
	keep(t, s, list("lab", noon, key.Key{ID: "1"}))
	for file, content := range files(t, filepath.Join(s.Dir, "lists")) {
		write(t, file, strings.Replace(content, `"version":1`, `"version":2`, 1))
	}
	for range 2 {
		if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), "newer qleaks") {
			t.Error(err)
		}
	}
}

func TestADirectoryThatOthersWriteIsNotBelieved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such bits")
	}
	s, _ := store(t)
	keep(t, s, list("lab", noon, key.Key{ID: "1"}))
	if err := os.Chmod(s.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(); !errors.Is(err, inventory.ErrOthers) {
		t.Error(err)
	}
	if err := s.Keep(list("lab", noon)); !errors.Is(err, inventory.ErrOthers) {
		t.Error(err)
	}
}

func TestWritersAtTheSameTimeLoseNothing(t *testing.T) {
	s, _ := store(t)
	var group conc.WaitGroup
	failed := make([]error, 2*8)
	for i := range 8 {
		group.Go(func() { failed[2*i] = s.Keep(list("lab", noon.Add(time.Duration(i)), key.Key{ID: "1"})) })
		group.Go(func() {
			failed[2*i+1] = s.Register(inventory.Registration{
				Fingerprint: secret.Fingerprint(rune('a' + i)), Salt: "public", Since: noon, Key: key.Key{Provider: "ibm", ID: "1"},
			})
		})
	}
	group.Wait()
	known, err := s.Registered()
	if err := errors.Join(errors.Join(failed...), err); err != nil {
		t.Fatal(err)
	}
	if lists := snapshots(t, s, "lab"); len(lists) != 8 || len(known) != 8 {
		t.Errorf("%d lists, %d registrations", len(lists), len(known))
	}
}

func TestOldListsAreThinned(t *testing.T) {
	s, remarks := store(t)
	day := 24 * time.Hour
	times := []time.Duration{-500 * day, -30 * day, -30*day + time.Hour, -29 * day}
	for i := range 20 {
		times = append(times, time.Duration(i)*time.Minute)
	}
	for _, at := range times {
		keep(t, s, list("lab", noon.Add(at), key.Key{ID: "1"}))
	}
	var kept []time.Duration
	for _, l := range snapshots(t, s, "lab") {
		if d := l.AsOf.Sub(noon); d < 0 {
			kept = append(kept, d)
		}
	}
	if want := []time.Duration{-29 * day, -30*day + time.Hour}; !cmp.Equal(kept, want) {
		t.Errorf("kept of old ones: %v, want %v", kept, want)
	}
	if len(*remarks) > 0 {
		t.Error(*remarks)
	}
}

func TestOnlyListsThatCountAreRead(t *testing.T) {
	s, remarks := store(t)
	wide := list("lab", noon, key.Key{ID: "wide"})
	wide.Extent.Services = key.Yes
	own := list("lab", noon.Add(time.Hour), key.Key{ID: "own"})
	own.Extent = inventory.Extent{Everybody: key.No, Services: key.No}
	keep(t, s, list("lab", noon.Add(-time.Hour), key.Key{ID: "replaced"}), wide, own)
	for file, content := range files(t, filepath.Join(s.Dir, "lists")) {
		if strings.Contains(content, "replaced") {
			write(t, file, "broken")
		}
	}
	inv, err := s.Load()
	if err != nil || len(inv.Entries) != 2 || len(*remarks) != 0 {
		t.Errorf("%d keys, remarks %q, %v", len(inv.Entries), *remarks, err)
	}
	if lists, err := s.Latest("lab", 1); err != nil || len(lists) != 1 || lists[0].Keys[0].ID != "own" {
		t.Error(lists, err)
	}
	if lists := snapshots(t, s, "lab"); len(lists) != 2 || len(*remarks) != 1 {
		t.Errorf("%d lists, remarks %q", len(lists), *remarks)
	}
}

func TestASnapshotMustMakeSense(t *testing.T) {
	for name, spoil := range map[string]func(*inventory.Snapshot){
		"a name with a path":         func(s *inventory.Snapshot) { s.Account.Name = "../lab" },
		"no provider":                func(s *inventory.Snapshot) { s.Account.Provider = "" },
		"no time":                    func(s *inventory.Snapshot) { s.AsOf = time.Time{} },
		"no origin":                  func(s *inventory.Snapshot) { s.Origin.Way = "" },
		"whole, with a gap":          func(s *inventory.Snapshot) { s.Gaps = []string{"x"} },
		"not whole, without reason":  func(s *inventory.Snapshot) { s.Whole = false },
		"a key of another provider":  func(s *inventory.Snapshot) { s.Keys[0].Provider = "ionq" },
		"a key that nobody can name": func(s *inventory.Snapshot) { s.Keys[0].ID = "" },
		"an id twice":                func(s *inventory.Snapshot) { s.Keys = append(s.Keys, s.Keys[0]) },
	} {
		l := list("lab", noon, key.Key{ID: "1"})
		if err := l.Validate(); err != nil {
			t.Fatal(err)
		}
		if spoil(&l); l.Validate() == nil {
			t.Errorf("%s is fine", name)
		}
	}
}
