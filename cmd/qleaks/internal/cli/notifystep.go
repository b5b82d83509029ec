package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/sweep"
)

// channels makes channels of the operator's configuration.
type channels struct {
	env     Env
	network networkOptions
	store   *records.Store
	// file is the configuration; files that references name count from there.
	file string
}

// fetch fetches what a reference of a section leads to; "" is nothing.
func (c channels) fetch(ctx context.Context, name, field, reference string) (secret.Value, error) {
	if reference == "" {
		return secret.Value{}, nil
	}
	at, err := credential.Parse(reference)
	if err != nil {
		return secret.Value{}, err
	}
	v, err := fetch(ctx, c.env, at, filepath.Dir(c.file))
	if err != nil {
		return v, &problem{code: exitFailed, message: fmt.Sprintf("cannot get %s of the channel %s", field, name), err: err, hints: credentialHints(err)}
	}
	return v, nil
}

// open makes one channel.
func (c channels) open(ctx context.Context, name string, s notifySection) (notify.Channel, error) {
	made, err := s.channel(name)
	if err != nil {
		return made, err
	}
	values := map[string]secret.Value{}
	for _, field := range []string{"url", "secret", "password", "credential"} {
		if values[field], err = c.fetch(ctx, name, field, s.reference(field)); err != nil {
			return made, err
		}
	}
	reach := notify.Reach{Private: s.Private, Proxy: c.network.Proxy}
	switch made.Kind {
	case notify.Slack:
		made.Sender, err = notify.NewSlack(values["url"], reach)
	case notify.Teams:
		made.Sender, err = notify.NewTeams(values["url"], reach)
	case notify.Webhook:
		made.Sender, err = notify.NewWebhook(values["url"], values["secret"], reach)
	case notify.Email:
		made.Sender, err = notify.NewEmail(notify.Mail{
			Host: s.Host, Port: s.Port, Implicit: s.TLS == "implicit", Plain: s.TLS == "none", User: s.User, Password: values["password"], From: s.From, To: s.To, Reach: reach,
		})
	case notify.Issue:
		made.Sender, err = c.issues(s, values["credential"])
	}
	if err != nil {
		return made, wrongUsage(fmt.Sprintf("%s: notify.%s: %v", c.file, name, err))
	}
	return made, nil
}

func (c channels) issues(s notifySection, token secret.Value) (notify.Sender, error) {
	access, err := c.network.access()
	if err != nil {
		return nil, err
	}
	client, err := github.New(provider.Config{Credential: token, Origins: access.origins[github.Kit().Name], Proxy: c.network.Proxy, Patience: time.Minute})
	if err != nil {
		return nil, err
	}
	return notify.NewIssues(notify.Issues{Client: client, Store: c.store, Repository: s.Repository, Public: s.Public})
}

// notifier has all channels that can be opened; what is wrong with the others is in
// the error.
func (s steps) notifier(ctx context.Context) (*notify.Notifier, error) {
	config, file, err := loadNotify(s.env, s.options.Config)
	if err != nil {
		return nil, err
	}
	c := channels{env: s.env, network: s.options.Network, store: s.store, file: file}
	n := &notify.Notifier{Store: s.store, Link: config.Serve.URL, Now: s.env.Now}
	var wrong []error
	if len(config.Notify) == 0 {
		wrong = append(wrong, errors.New("there is no channel: write [notify.NAME] into "+file))
	}
	for _, name := range slices.Sorted(maps.Keys(config.Notify)) {
		channel, err := c.open(ctx, name, config.Notify[name])
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		n.Channels = append(n.Channels, channel)
	}
	return n, errors.Join(wrong...)
}

// notify tells people what the sweep found.
func (s steps) notify(ctx context.Context, run records.Run) (json.RawMessage, error) {
	n, wrong := s.notifier(ctx)
	if n == nil || len(n.Channels) == 0 {
		return nil, wrong
	}
	o, err := n.After(ctx, run)
	if later, ok := errors.AsType[*notify.LaterError](err); ok && wrong == nil {
		return nil, &sweep.BusyError{After: later.After}
	}
	return outcome(o, errors.Join(wrong, err))
}

// overdue tells people, between sweeps, what nobody decided about in time.
func (s steps) overdue(say messages) func(ctx context.Context) {
	return func(ctx context.Context) {
		err := s.tellOverdue(ctx)
		if err != nil && ctx.Err() == nil {
			say.warning("not everybody could be told what is overdue: %v", err)
		}
	}
}

func (s steps) tellOverdue(ctx context.Context) error {
	config, _, err := loadNotify(s.env, s.options.Config)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(config.Notify)), func(c notifySection) bool { return c.EscalateAfter != "" }) {
		return nil
	}
	n, err := s.notifier(ctx)
	if n != nil {
		_, overdue := n.Overdue(ctx)
		err = errors.Join(err, overdue)
	}
	return err
}
