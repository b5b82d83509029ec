package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

func TestAnAppAsksWithTokensThatItReplacesInTime(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	clock := func() time.Time { return now }
	s := sim.New(sim.Options{Now: clock})
	s.Found("acme", "lab")
	s.Install("123", &key.PublicKey, "acme", time.Hour)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	config := provider.Config{Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6, Patience: time.Nanosecond}
	file := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	app, err := github.NewApp(config, "123", file, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Install(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	c, err := github.As(config, app)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]bool{}
	for _, after := range []time.Duration{0, time.Minute, 56 * time.Minute, time.Minute} {
		now = now.Add(after)
		s.Forget()
		if all, err := c.Repositories(t.Context(), "acme"); err != nil || len(all) != 1 {
			t.Fatalf("after %s: %v, %v", after, all, err)
		}
		for _, q := range s.Seen() {
			if q.Path == "/orgs/acme/repos" {
				tokens[q.Header.Get("Authorization")] = true
			}
		}
	}
	if len(tokens) != 2 {
		t.Errorf("%d tokens in two hours", len(tokens))
	}
	stream, err := c.Git("acme", "lab")(t.Context(), httpx.Request{Method: "GET", Path: []string{"info", "refs"}})
	if err == nil {
		_ = stream.Body.Close()
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(stranger)})
	other, err := github.NewApp(config, "123", file, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Install(t.Context(), "acme"); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("another key: %v", err)
	}
	if err := app.Install(t.Context(), "else"); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("an owner that did not install it: %v", err)
	}
	for _, wrong := range []string{"", "words", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"} {
		if _, err := github.NewApp(config, "123", []byte(wrong), clock); !errors.Is(err, github.ErrAppKey) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := github.NewApp(config, `1","iss":"2`, file, clock); err == nil {
		t.Error("an id that is none is taken")
	}
}
