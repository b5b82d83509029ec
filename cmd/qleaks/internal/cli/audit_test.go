package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// office is a bench with a list of one key of IonQ's, which is ada's, 60 days
// old and was last used two days ago.
type office struct {
	*bench

	store inventory.Store
	now   time.Time
}

func newOffice(t *testing.T, args ...string) *office {
	t.Helper()
	o := &office{bench: newBench(t, args...), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return o.now }
	o.store.Dir = filepath.Join(t.TempDir(), "inventory")
	o.variables[inventoryVariable] = o.store.Dir
	o.variables["USER"] = "grace"
	o.list(t, key.Key{
		ID: "k1", Name: "ada-laptop", Owner: key.Party{Name: "Ada"}, Project: key.Party{Name: "bell"},
		Dates: key.Dates{Created: o.now.AddDate(0, 0, -60)}, Use: key.Use{Known: true, Last: o.now.AddDate(0, 0, -2)},
	})
	return o
}

func (o *office) list(t *testing.T, keys ...key.Key) {
	t.Helper()
	for i := range keys {
		keys[i].Provider = "ionq"
	}
	err := o.store.Keep(inventory.Snapshot{
		Account: inventory.Account{Name: "lab", Provider: "ionq"}, AsOf: o.now, Taken: o.now, Origin: inventory.Origin{Way: inventory.ByImport},
		Extent: inventory.Extent{Everybody: key.Yes, Services: key.Yes}, Whole: true, Keys: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs another command at the same office.
func (o *office) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	o.out.Reset()
	o.err.Reset()
	o.Args = args
	code = Main(t.Context(), o.Env)
	return code, o.out.String()
}

func (o *office) attestAll(t *testing.T) {
	t.Helper()
	if code, _ := o.run(t, "audit", "attest", "mfa", "sso", "logout", "owners", "invitations", "members", "--account", "lab"); code != exitClean {
		t.Fatalf("exit code %d: %s", code, o.err.String())
	}
}

func TestAnAuditOfAQuietOfficeIsClean(t *testing.T) {
	o := newOffice(t)
	if code, out := o.run(t, "audit", "--fail-on", "low"); code != exitFindings || !strings.Contains(out, "never attested: mfa, sso, logout and 3 more") {
		t.Errorf("exit code %d: %s%s", code, out, o.err.String())
	}
	o.attestAll(t)
	if code, out := o.run(t, "audit", "--fail-on", "low"); code != exitClean || !strings.Contains(out, "No lapse · 1 key on lists, 0 keys found") {
		t.Errorf("exit code %d: %s%s", code, out, o.err.String())
	}
	if _, out := o.run(t, "audit", "attest"); !strings.Contains(out, "yes, as grace saw on 2026-11-20") {
		t.Errorf("got %s", out)
	}
	o.now = o.now.AddDate(0, 0, 90)
	o.list(t, key.Key{ID: "k1", Name: "ada-laptop", Project: key.Party{Name: "bell"}, Dates: key.Dates{Created: o.now.AddDate(0, 0, -1)}, Use: key.Use{Known: true, Last: o.now}})
	if _, out := o.run(t, "audit"); !strings.Contains(out, "mfa: grace looked on 2026-11-20, 90 days ago") {
		t.Errorf("got %s", out)
	}
}

func TestAnAuditJoinsWhatIsFoundToTheLists(t *testing.T) {
	o := newOffice(t)
	o.attestAll(t)
	material := o.leaky(t, "bell.py")
	fingerprint := secret.Fingerprinter{}.Of(secret.New([]byte(material)))
	if err := o.store.Register(inventory.Registration{
		Fingerprint: fingerprint, Salt: "public", Key: key.Key{Provider: "ionq", ID: "k1", Name: "ada-laptop"}, Since: o.now, How: inventory.Claimed,
	}); err != nil {
		t.Fatal(err)
	}
	code, out := o.run(t, "audit", "--scan", o.dir)
	if code != exitFindings || !strings.Contains(out, "ionq ada-laptop (Ada): in bell.py; nobody asked the provider") {
		t.Errorf("exit code %d: %s%s", code, out, o.err.String())
	}
	for _, format := range []string{"text", "json", "csv", "sarif", "html"} {
		name := filepath.Join(t.TempDir(), "report")
		if code, _ := o.run(t, "audit", "--scan", o.dir, "--format", format, "-o", name, "-v"); code != exitFindings {
			t.Errorf("%s: exit code %d: %s", format, code, o.err.String())
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, told := range []string{string(text), o.out.String(), o.err.String()} {
			if strings.Contains(told, material) || strings.Contains(told, material[5:25]) {
				t.Errorf("%s tells the key", format)
			}
		}
		if !strings.Contains(string(text), "ada-laptop") {
			t.Errorf("%s does not name the key", format)
		}
	}
	// The same places by two ways are one.
	report := filepath.Join(t.TempDir(), "scan.json")
	if code, _ := o.run(t, "scan", "--json", "-o", report, o.dir); code != exitFindings {
		t.Fatalf("exit code %d: %s", code, o.err.String())
	}
	if _, out := o.run(t, "audit", "--scan", o.dir, "--report", report); strings.Count(out, "bell.py:2 (leaked)") != 2 { // once from either side
		t.Errorf("got %s", out)
	}
}

// People name files after keys, and commit as them.
func TestAKeyInANameIsNotTold(t *testing.T) {
	o := newOffice(t)
	material := o.leaky(t, "bell.py")
	dir := filepath.Join(o.dir, "of-"+material)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(o.dir, "bell.py"), filepath.Join(dir, material+".py")); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "json", "csv", "sarif", "html"} {
		if code, out := o.run(t, "audit", "--scan", dir, "--format", format, "-v"); code != exitFindings || strings.Contains(out+o.err.String(), material[4:24]) {
			t.Errorf("%s: exit code %d, or it tells the key", format, code)
		}
	}
	fingerprint := string(secret.Fingerprinter{}.Of(secret.New([]byte(material))))
	for _, format := range []string{"text", "json", "html"} {
		if code, out := o.run(t, "incident", fingerprint, "--scan", dir, "--format", format); code != exitIncomplete || strings.Contains(out+o.err.String(), material[4:24]) {
			t.Errorf("%s: exit code %d, or it tells the key: %s", format, code, o.err.String())
		}
	}
	if code, _ := o.run(t, "incident", material); code != exitUsage || strings.Contains(o.err.String(), material[4:24]) {
		t.Errorf("exit code %d, or it tells the key", code)
	}
}

func TestLimitsComeFromFlagsThenFromAFileThatCounts(t *testing.T) {
	o := newOffice(t)
	o.attestAll(t)
	config := "[audit]\nage = \"50d\"\n[audit.ended]\nada-laptop = 2026-11-01\n"
	if err := os.WriteFile(filepath.Join(o.dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := o.run(t, "audit"); code != exitClean || strings.Contains(out, "age-90d") || !strings.Contains(o.err.String(), "was not applied") {
		t.Errorf("a file that nobody trusts: exit code %d: %s%s", code, out, o.err.String())
	}
	if code, out := o.run(t, "audit", "--config", filepath.Join(o.dir, configName)); code != exitFindings || !strings.Contains(out, "age-90d") ||
		!strings.Contains(out, "its use should have ended on") {
		t.Errorf("exit code %d: %s%s", code, out, o.err.String())
	}
	// The day itself is still within it.
	if err := os.WriteFile(filepath.Join(o.dir, "last.toml"), []byte("[audit.ended]\nada-laptop = 2026-11-18\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out := o.run(t, "audit", "--config", filepath.Join(o.dir, "last.toml")); strings.Contains(out, "used-unexpectedly") {
		t.Errorf("got %s", out)
	}
	if code, _ := o.run(t, "trust", o.dir); code != exitClean {
		t.Fatal(o.err.String())
	}
	if _, out := o.run(t, "audit"); !strings.Contains(out, "age-90d") {
		t.Errorf("a trusted file: %s%s", out, o.err.String())
	}
	if _, out := o.run(t, "audit", "--age", "61d"); strings.Contains(out, "age-90d") {
		t.Errorf("the flag counts more: %s", out)
	}
	if _, out := o.run(t, "audit", "--unused", "48h"); !strings.Contains(out, "unused-90d") {
		t.Errorf("got %s", out)
	}
}

func TestWhoLeftIsTold(t *testing.T) {
	o := newOffice(t)
	o.attestAll(t)
	if code, _ := o.run(t, "audit", "attest", "--account", "lab", "--gone", "ada"); code != exitClean {
		t.Fatal(o.err.String())
	}
	if code, out := o.run(t, "audit"); code != exitFindings || !strings.Contains(out, "ada has left, as grace said on 2026-11-20") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, _ := o.run(t, "audit", "attest", "mfa", "--account", "lap"); code != exitUsage || !strings.Contains(o.err.String(), `did you mean "lab"`) {
		t.Errorf("exit code %d: %s", code, o.err.String())
	}
	delete(o.variables, "USER")
	if code, _ := o.run(t, "audit", "attest", "mfa", "--account", "lab"); code != exitUsage || !strings.Contains(o.err.String(), "--by") {
		t.Errorf("exit code %d: %s", code, o.err.String())
	}
}

func TestBrokenListsAreNoCleanAudit(t *testing.T) {
	o := newOffice(t)
	if err := os.WriteFile(filepath.Join(o.store.Dir, "attestations.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := o.run(t, "audit"); code != exitFailed || !strings.Contains(o.err.String(), "attestations.json") {
		t.Errorf("exit code %d: %s", code, o.err.String())
	}
}

func TestTimesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "48h": 48 * time.Hour} {
		if got, err := parseTime(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "9", "90", "1y", "99999999999d", "4000d", "1.5d"} {
		if got, err := parseTime(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
