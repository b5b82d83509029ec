package notify_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/notify/sim"
)

// certified returns a certificate for 127.0.0.1, and who vouches for it.
func certified(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots
}

func mailServer(t *testing.T, s *sim.Mail) int {
	t.Helper()
	port, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return port
}

func TestMailGoesOverTLSOrNotAtAll(t *testing.T) {
	config, roots := certified(t)
	m := full(t)
	for _, implicit := range []bool{false, true} {
		s := &sim.Mail{Config: config, Implicit: implicit, User: "qleaks", Password: "never-told"}
		mail := notify.Mail{
			Host: "127.0.0.1", Port: mailServer(t, s), Implicit: implicit, User: "qleaks", Password: material("never-told"),
			From: "qleaks <qleaks@acme.example>", To: []string{"security@acme.example", "lead@acme.example"}, Reach: notify.Reach{Private: true, Roots: roots, Patience: 10 * time.Second},
		}
		sender, err := notify.NewEmail(mail)
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.Send(t.Context(), m); err != nil {
			t.Fatalf("implicit %t: %v", implicit, err)
		}
		took := s.Took()
		if len(took) != 1 || !took[0].Secret || took[0].By != "qleaks" || len(took[0].To) != 2 {
			t.Fatalf("implicit %t: %+v", implicit, took)
		}
		head, body, _ := strings.Cut(took[0].Text, "\r\n\r\n")
		for _, want := range []string{"Message-ID: <" + m.ID + "@acme.example>", "Auto-Submitted: auto-generated", "Subject: [qleaks] Sweep 1", "To: "} {
			if !strings.Contains(head, want) {
				t.Errorf("no %q in %s", want, head)
			}
		}
		if strings.Contains(head, "evil") || strings.Contains(took[0].Text, "\r\nBcc:") || strings.Contains(body, "https://evil") || strings.Contains(took[0].Text, "text/html") {
			t.Errorf("a name was obeyed: %s", took[0].Text)
		}
	}
	// Without STARTTLS, nothing is said but hello.
	plain := &sim.Mail{}
	sender, err := notify.NewEmail(notify.Mail{Host: "127.0.0.1", Port: mailServer(t, plain), From: "a@b.example", To: []string{"c@b.example"}, Reach: notify.Reach{Private: true, Roots: roots}})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), m); !errors.Is(err, notify.ErrNotTaken) || !strings.Contains(err.Error(), "STARTTLS") || len(plain.Took()) > 0 {
		t.Error(err)
	}
}

func TestWhyMailWasNotTaken(t *testing.T) {
	config, roots := certified(t)
	m := notify.Message{ID: "qleaks_1", At: time.Now(), Title: "Sweep 1"}
	for name, c := range map[string]struct {
		server   *sim.Mail
		password string
		reach    notify.Reach
		notTaken bool
		want     string
	}{
		"wrong password": {&sim.Mail{Config: config, User: "qleaks", Password: "other"}, "never-told", notify.Reach{Private: true, Roots: roots}, true, "does not let the user in"},
		"refused":        {&sim.Mail{Config: config, Refuse: map[string]string{"RCPT": "550 5.1.1 never-told"}}, "", notify.Reach{Private: true, Roots: roots}, true, "code 550"},
		"content":        {&sim.Mail{Config: config, Refuse: map[string]string{".": "554 5.7.1 never-told"}}, "", notify.Reach{Private: true, Roots: roots}, true, "code 554"},
		"dropped":        {&sim.Mail{Config: config, Drop: true}, "", notify.Reach{Private: true, Roots: roots}, false, "not known"},
		"nobody vouches": {&sim.Mail{Config: config}, "", notify.Reach{Private: true}, true, "certificate"},
		"private":        {&sim.Mail{Config: config}, "", notify.Reach{Roots: roots}, true, "private = true"},
	} {
		mail := notify.Mail{Host: "127.0.0.1", Port: mailServer(t, c.server), From: "a@b.example", To: []string{"c@b.example"}, Reach: c.reach}
		if c.password != "" {
			mail.User, mail.Password = "qleaks", material(c.password)
		}
		sender, err := notify.NewEmail(mail)
		if err != nil {
			t.Fatal(err)
		}
		err = sender.Send(t.Context(), m)
		if err == nil || errors.Is(err, notify.ErrNotTaken) != c.notTaken || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "never-told") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettingsOfMailAreChecked(t *testing.T) {
	good := notify.Mail{Host: "mail.example", From: "a@b.example", To: []string{"Ada <c@b.example>"}}
	if _, err := notify.NewEmail(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(m *notify.Mail){
		"no host": func(m *notify.Mail) { m.Host = "" }, "a URL": func(m *notify.Mail) { m.Host = "smtp://x" }, "port": func(m *notify.Mail) { m.Port = 70_000 },
		"nobody": func(m *notify.Mail) { m.To = nil }, "from": func(m *notify.Mail) { m.From = "me" }, "injected": func(m *notify.Mail) { m.To = []string{"a@b.example\r\nBcc: c@d.example"} },
		"no password": func(m *notify.Mail) { m.User = "x" }, "no user": func(m *notify.Mail) { m.Password = material("x") },
		"plain elsewhere": func(m *notify.Mail) { m.Plain, m.Reach.Private = true, true },
		"plain with a password": func(m *notify.Mail) {
			m.Host, m.Plain, m.User, m.Password, m.Reach.Private = "127.0.0.1", true, "x", material("x"), true
		},
	} {
		m := good
		change(&m)
		if _, err := notify.NewEmail(m); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
