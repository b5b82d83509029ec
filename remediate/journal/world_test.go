package journal_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/journal"
	"github.com/qleaks/qleaks/rules/sample"
)

const (
	stateDir = "/state/remediate"
	headsDir = "/data/heads"
	auditDir = "/state/audit"
)

func lab() journal.Account { return journal.Account{Provider: "ibm", ID: "Lab of quantum things"} }

// identities are made once for a test: they cost time.
type identities struct{ files map[string][]byte }

func newIdentities(t testing.TB) identities {
	t.Helper()
	d := durabletest.New(1)
	p := journal.Place{Dir: stateDir, Heads: headsDir, Disk: d}
	made, err := p.NewIdentities()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Keep(t.Context(), keeper(d)); err != nil {
		t.Fatal(err)
	}
	return identities{d.Content()}
}

func keeper(d durable.Disk) journal.KeeperFile {
	return journal.KeeperFile{Name: "/config/identity", Disk: d}
}

func sealer(t testing.TB, i identities) *journal.Sealer {
	t.Helper()
	d := durabletest.New(1)
	for name, content := range i.files {
		if err := durable.MakeDirs(d, filepath.Dir(name)); err != nil {
			t.Fatal(err)
		}
		d.Set(name, content)
	}
	s, err := journal.Place{Dir: stateDir, Heads: headsDir, Disk: d}.LoadSealer(t.Context(), keeper(d))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world is a disk with a place on it.
type world struct {
	disk   *durabletest.Disk
	sealer *journal.Sealer
	// silent is a world without an audit log.
	silent bool
}

// place opens the audit log and returns a place with it.
func (w world) place() (journal.Place, error) {
	p := journal.Place{
		Dir: stateDir, Heads: headsDir, Disk: w.disk, Sealer: w.sealer, Actor: "alice",
		Now: func() time.Time { return time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC) },
	}
	if w.silent {
		return p, nil
	}
	log, err := auditlog.Open(auditlog.Place{Dir: auditDir, Heads: headsDir, Disk: w.disk})
	p.Audit = log
	return p, err
}

func (w world) open() (*journal.Journal, error) {
	p, err := w.place()
	if err != nil {
		return nil, err
	}
	return journal.Open(p, lab())
}

func (w world) mustOpen(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := w.open()
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// value makes the value of a key.
func value(seed uint64) secret.Value {
	return secret.New([]byte(sample.NewValues(seed).From("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 44)))
}

// rotate does a whole rotation, and returns the error that stopped it.
func rotate(j *journal.Journal, logical string, v secret.Value) error {
	id, err := j.Begin(journal.Subject{Logical: logical, Key: "ApiKey-1", Name: "lab key", Plan: "0123", Approvers: []string{"bob"}})
	if err != nil {
		return err
	}
	sealed, err := j.Seal(id, logical+"--qleaks-"+string(id), v)
	if err != nil {
		return err
	}
	for _, step := range []string{"create", "store:ci", "revoke"} {
		intent, err := j.Intend(id, step, journal.Target{Key: "ApiKey-1"}, map[string]string{"why": "leaked"})
		if err != nil {
			return err
		}
		if err := j.Settle(id, step, journal.Done, journal.Answer{Intent: intent, Status: 200, Request: "r-1"}, nil); err != nil {
			return err
		}
	}
	if err := j.Release(sealed, 0); err != nil {
		return err
	}
	return j.End(id, "done")
}

// forms are what a value looks like wherever it could get out.
func forms(v secret.Value) map[string]string {
	m := v.Reveal()
	return map[string]string{
		"plain": m, "half": m[:len(m)/2], "base64": base64.StdEncoding.EncodeToString([]byte(m))[:40], "base64url": base64.URLEncoding.EncodeToString([]byte(m))[:40],
		"base64 by one": base64.StdEncoding.EncodeToString([]byte("x" + m))[4:40], "base64 by two": base64.StdEncoding.EncodeToString([]byte("xx" + m))[4:40],
		"hex": hex.EncodeToString([]byte(m)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(m))), "UTF-16": strings.Join(strings.Split(m, ""), "\x00"),
	}
}

// leaks says where and how a value can be seen on a disk.
func leaks(d *durabletest.Disk, v secret.Value) error {
	for name, content := range d.Content() {
		for form, text := range forms(v) {
			if strings.Contains(string(content), text) {
				return errors.New(name + " holds the value: " + form)
			}
		}
	}
	return nil
}
