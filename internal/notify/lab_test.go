package notify_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/notify/sim"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/secret"
)

// hostile are names that would do something in one of the media.
func hostile() []string {
	return []string{
		"<!channel> <!here> <@U1>", "<https://evil.test|github.com>", "@channel @here @everyone", "*bold* _it_ ~no~ `x`", "```\n# heading\n```",
		"[click](https://evil.test)", "![x](https://evil.test/p.png)", "https://evil.test/login", "www.evil.test", "mailto:x@evil.test",
		"a\r\nBcc: everybody@evil.test\r\n\r\nbody", ".\r\nQUIT\r\n", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "::error::x", "##[error]x", "&lt;b&gt;<b>b</b>",
		"<script>alert(1)</script>", "{{.X}} ${HOME} %s%n", "a\x00b", "\xff\xfe", strings.Repeat("long/", 500), "", "@acme/security #1 closes #2", "-- \nsignature",
	}
}

// lab is an organisation that is swept.
type lab struct {
	t     *testing.T
	store *records.Store
	now   time.Time
}

func newLab(t *testing.T) *lab {
	t.Helper()
	s := recordstest.Open(t)
	return &lab{t: t, store: s, now: time.Now()}
}

func (l *lab) update(do func(ctx context.Context, tx *records.Tx) error) {
	l.t.Helper()
	recordstest.Update(l.t, l.store, do)
}

func (l *lab) begin() (run records.Run) {
	l.t.Helper()
	l.update(func(ctx context.Context, tx *records.Tx) (err error) {
		run, err = tx.StartRun(ctx, "sweep", "github:acme", "test")
		return err
	})
	return run
}

func (l *lab) end(run records.Run) {
	l.t.Helper()
	l.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Done)
		return err
	})
}

// found writes that a run found keys, by fingerprint, in a repository; a path may
// stand behind the fingerprint, after a space.
func (l *lab) found(run records.Run, repository string, about string, keys ...string) int64 {
	l.t.Helper()
	var seq int64
	l.update(func(ctx context.Context, tx *records.Tx) error {
		r, err := tx.PutRepository(ctx, records.Repository{Name: repository, Origin: run.Target, Location: repository, About: json.RawMessage(about)})
		if err != nil {
			return err
		}
		seq = r.Seq
		report := records.Report{Coverage: records.Coverage{Run: run.Seq, Repository: r.Seq, Outcome: records.Read, Complete: true}}
		for _, k := range keys {
			fingerprint, path, _ := strings.Cut(k, " ")
			if path == "" {
				path = "conf.py"
			}
			report.Sightings = append(report.Sightings, records.Sighting{
				ID: repository + k, Kind: records.Kind{Fingerprint: fingerprint, Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"}, Path: path, Referenced: true,
			})
		}
		return tx.Cover(ctx, report)
	})
	return seq
}

func (l *lab) answered(run records.Run, fingerprint, standing string) {
	l.t.Helper()
	l.update(func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: fingerprint, Standing: standing, Run: run.Seq})
	})
}

func (l *lab) listed(name string, unusedDays int) {
	l.t.Helper()
	l.update(func(ctx context.Context, tx *records.Tx) error {
		return tx.Listed(ctx, key.Key{
			Provider: "ibm", ID: "id-" + name, Name: name, Account: key.Party{ID: "a1", Name: "lab"}, Dates: key.Dates{Created: l.now.AddDate(-2, 0, 0)},
			Use: key.Use{Known: true, Last: l.now.AddDate(0, 0, -unusedDays)},
		}, "", l.now)
	})
}

// recorder keeps what it is sent, and fails as it is told.
type recorder struct {
	mutex sync.Mutex
	sent  []notify.Message
	fail  []error
}

// Send implements notify.Sender.
func (r *recorder) Send(_ context.Context, m notify.Message) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.fail) > 0 {
		err := r.fail[0]
		r.fail = r.fail[1:]
		if err != nil {
			return err
		}
	}
	r.sent = append(r.sent, m)
	return nil
}

func (l *lab) notifier(channels ...notify.Channel) *notify.Notifier {
	return &notify.Notifier{Store: l.store, Channels: channels, Link: "https://qleaks.example", Now: func() time.Time { return l.now }}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func material(text string) secret.Value { return secret.New([]byte(text)) }

// newSigning makes a secret for signing.
func newSigning() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(random)
}

// box is a medium that is simulated, and what sends to it.
type box struct {
	*sim.Box

	sender notify.Sender
}

// hookPath is a part of the address that only who may write knows.
const hookPath = "/services/T0/B0/never-told"

func boxes(t *testing.T) map[notify.Kind]box {
	t.Helper()
	near := notify.Reach{Private: true, Patience: 20 * time.Second}
	made := map[notify.Kind]box{}
	signing := newSigning()
	add := func(kind notify.Kind, b *sim.Box, open func(address string) (notify.Sender, error)) {
		sender, err := open(serve(t, b) + b.Path)
		if err != nil {
			t.Fatal(err)
		}
		made[kind] = box{b, sender}
	}
	add(notify.Slack, sim.Slack(hookPath), func(a string) (notify.Sender, error) { return notify.NewSlack(material(a), near) })
	add(notify.Teams, sim.Teams(hookPath+"?api-version=1&sig=never-told&sp=%2Ftriggers%2Fmanual%2Frun"), func(a string) (notify.Sender, error) { return notify.NewTeams(material(a), near) })
	add(notify.Webhook, sim.Webhook(hookPath, signing), func(a string) (notify.Sender, error) { return notify.NewWebhook(material(a), material(signing), near) })
	return made
}

// sample is a value of some provider's key, made now.
func sample() string { return all.Kits()[0].Sample().Reveal() }
