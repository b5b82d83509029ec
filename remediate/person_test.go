package remediate_test

import (
	"context"
	"strings"
	"time"

	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
)

// fakePerson does what a guide says, at the simulated console.
type fakePerson struct {
	w *world
	// paste says what is pasted in place of the values that the console shows, one
	// after the other: "old", "typo", or "" for the value itself.
	paste []string
	// no are questions that are answered with no, by a part of their title.
	no []string
	// asked are the titles of what was asked.
	asked []string
}

func (p *fakePerson) Yes(_ context.Context, g remediate.Guide) (bool, error) {
	p.asked = append(p.asked, g.Title)
	time.Sleep(time.Minute)
	for i, part := range p.no {
		if strings.Contains(g.Title, part) {
			p.no = append(p.no[:i], p.no[i+1:]...)
			return false, nil
		}
	}
	name := ""
	for _, prefix := range []string{"Revoke the key ", "Look for the key "} {
		if rest, ok := strings.CutPrefix(g.Title, prefix); ok {
			name = rest
		}
	}
	if strings.HasPrefix(g.Title, "Look for the key ") {
		return p.has(name), nil
	}
	if name == "" {
		return true, nil
	}
	p.w.revokeAtConsole(name)
	return true, nil
}

// revokeAtConsole is what pressing the console's button comes to.
func (w *world) revokeAtConsole(name string) {
	w.event("before the console revokes")
	if !w.journal.intended(remediate.Revoke, remediate.Issue, "revoke the new key") {
		w.t.Error("a key is revoked without an intent")
	}
	switch w.provider {
	case "ionq":
		for _, k := range w.ionq.Keys() {
			if k.Name == name {
				w.ionq.Revoke(k.ID)
			}
		}
	case "qbraid":
		w.qbraid.Delete(w.owner, name)
	}
	w.event("after the console revoked")
}

func (p *fakePerson) has(name string) bool {
	switch p.w.provider {
	case "ionq":
		for _, k := range p.w.ionq.Keys() {
			if k.Name == name {
				return true
			}
		}
	case "qbraid":
		for _, k := range p.w.qbraid.Keys() {
			if k.Name == name {
				return true
			}
		}
	}
	return false
}

func (p *fakePerson) Value(_ context.Context, g remediate.Guide) (secret.Value, error) {
	p.asked = append(p.asked, g.Title)
	time.Sleep(time.Minute)
	name := ""
	for _, s := range g.Facts {
		if rest, ok := strings.CutPrefix(s, "the name: "); ok {
			name = rest
		}
	}
	v := p.w.createAtConsole(name, "p")
	if len(p.paste) > 0 {
		how := p.paste[0]
		p.paste = p.paste[1:]
		switch how {
		case "old":
			return p.w.old, nil
		case "typo":
			return secret.New([]byte(strings.Repeat("x", v.Len()))), nil
		}
	}
	return v, nil
}

// createAtConsole makes a key, as the console does when its button is pressed.
func (w *world) createAtConsole(name, project string) (v secret.Value) {
	w.event("before the console creates")
	if !w.journal.intended(remediate.Issue) {
		w.t.Error("a key is made without an intent")
	}
	switch w.provider {
	case "ionq":
		_, v = w.ionq.Create(ionq.Key{Name: name, Project: project})
	case "qbraid":
		v = w.qbraid.Create(qbraid.Key{Name: name, User: w.owner})
	}
	w.event("after the console created")
	return v
}
