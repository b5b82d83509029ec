package service_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// openbao asks a server through OpenBao's own library.
type openbao struct {
	t       *testing.T
	program string
	vaults  *vaults
}

// said is what the library made of an answer.
type said struct {
	Version, Status int
	Data            map[string]any
	Error           string
}

func (o openbao) asks(what map[string]any) said {
	o.t.Helper()
	question := map[string]any{"address": o.vaults.address(), "namespace": "lab", "token": o.vaults.token.Reveal(), "mount": "kv/lab", "path": "quantum/ionq"}
	maps.Copy(question, what)
	text, err := json.Marshal(question)
	if err != nil {
		o.t.Fatal(err)
	}
	cmd := exec.CommandContext(o.t.Context(), o.program)
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.Output()
	var a said
	if err == nil {
		err = json.Unmarshal(out, &a)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// TestOpenBaosOwnLibraryAndOursAgree holds our store to what another client, which
// OpenBao's makers wrote, reads and writes in the same place. The server is a
// simulated one, and the library holds it to the form of a real one's answers.
func TestOpenBaosOwnLibraryAndOursAgree(t *testing.T) {
	program := peertest.OpenBao(t, filepath.Join("..", "..", ".."))
	v := newVaults(t)
	theirs, ours := openbao{t, program, v}, v.open(t, "vault")
	first, second, third := storetest.Value(), storetest.Value(), storetest.Value()

	if a := theirs.asks(map[string]any{"do": "get"}); a.Error == "" {
		t.Fatalf("they read what is not there: %+v", a)
	}
	mark, err := ours.Put(t.Context(), first, store.Absent)
	if err != nil {
		t.Fatal(err)
	}
	if a := theirs.asks(map[string]any{"do": "get"}); mark != "version 1" || a.Version != 1 || a.Data["value"] != first.Reveal() {
		t.Errorf("what we wrote (%s) is read as version %d: %s", mark, a.Version, a.Error)
	}

	// They write, and add a field of their own: we see it, and keep it.
	put := map[string]any{"value": second.Reveal(), "url": "https://bell-lab.example"}
	if a := theirs.asks(map[string]any{"do": "put", "cas": 1, "data": put}); a.Version != 2 {
		t.Fatalf("%+v", a)
	}
	if proved, err := ours.Confirm(t.Context(), second); err != nil || !proved {
		t.Errorf("what they wrote is not read back: %v", err)
	}
	if _, err := ours.Put(t.Context(), third, mark); !errors.Is(err, store.ErrChanged) {
		t.Errorf("their version is written over: %v", err)
	}
	if mark, err = ours.Check(t.Context()); err != nil || mark != "version 2" {
		t.Fatalf("%s, %v", mark, err)
	}
	if mark, err = ours.Put(t.Context(), third, mark); err != nil {
		t.Fatal(err)
	}
	if a := theirs.asks(map[string]any{"do": "get"}); a.Version != 3 || a.Data["value"] != third.Reveal() || a.Data["url"] != "https://bell-lab.example" {
		t.Errorf("after our patch they read version %d: %s", a.Version, a.Error)
	}
	if a := theirs.asks(map[string]any{"do": "get", "version": 1}); a.Version != 1 || a.Data["value"] != first.Reveal() {
		t.Errorf("the old version is %+v", a.Version)
	}

	// A stale write of theirs is refused as ours is; a patch of theirs is seen.
	if a := theirs.asks(map[string]any{"do": "put", "cas": 1, "data": put}); a.Status != http.StatusBadRequest || !strings.Contains(a.Error, "check-and-set") {
		t.Errorf("%+v", a)
	}
	if a := theirs.asks(map[string]any{"do": "patch", "cas": 3, "data": map[string]any{"value": first.Reveal()}}); a.Version != 4 {
		t.Errorf("%+v", a)
	}
	if err := ours.(store.Restorer).Restore(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	if a := theirs.asks(map[string]any{"do": "get"}); a.Version != 5 || a.Data["value"] != third.Reveal() {
		t.Errorf("what was restored is read as version %d: %s", a.Version, a.Error)
	}
}

// TestOpenBaosOwnLibraryUnwrapsWhatIsShared holds that what we share is opened by
// theirs, and only once.
func TestOpenBaosOwnLibraryUnwrapsWhatIsShared(t *testing.T) {
	program := peertest.OpenBao(t, filepath.Join("..", "..", ".."))
	v := newVaults(t)
	value := storetest.Value()
	token, _, err := v.open(t, "vault").(store.Handoff).Share(t.Context(), value, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	unwrap := map[string]any{"do": "unwrap", "token": token}
	theirs := openbao{t, program, v}
	if a := theirs.asks(unwrap); a.Error != "" || !value.Equal(secret.New([]byte(a.Data["value"].(string)))) {
		t.Errorf("%d: %s", a.Status, a.Error)
	}
	if a := theirs.asks(unwrap); a.Status != http.StatusBadRequest {
		t.Errorf("it was unwrapped twice: %d", a.Status)
	}
}
