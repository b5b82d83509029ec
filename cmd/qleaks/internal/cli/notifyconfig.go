package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/notify"
)

// notifySection is [notify.NAME]: one channel. It counts only in the operator's own
// configuration, since who writes it decides where news of leaks goes.
type notifySection struct {
	Kind string   `toml:"kind"`
	When []string `toml:"when"`
	// Digest is "sweep" or "daily".
	Digest        string `toml:"digest"`
	EscalateAfter string `toml:"escalate_after"`
	EscalateTo    string `toml:"escalate_to"`
	// Private allows a server on this machine or in a private network.
	Private bool `toml:"private"`

	hookSection
	mailSection
	issueSection
}

// hookSection is what webhooks want: references, never the address.
type hookSection struct {
	URL string `toml:"url"`
	// Secret signs the messages of kind "webhook".
	Secret string `toml:"secret"`
}

type mailSection struct {
	Host string `toml:"host"`
	Port int    `toml:"port"`
	// TLS is "starttls", "implicit" or "none".
	TLS      string   `toml:"tls"`
	User     string   `toml:"user"`
	Password string   `toml:"password"`
	From     string   `toml:"from"`
	To       []string `toml:"to"`
}

type issueSection struct {
	// Credential is a reference to the token that writes issues.
	Credential string `toml:"credential"`
	Repository string `toml:"repository"`
	Public     bool   `toml:"public"`
}

// dashboardSection is the part of [serve] that messages need.
type dashboardSection struct {
	// URL is where people open the dashboard.
	URL string `toml:"url"`
}

// notifyWords are the keys of the section.
func notifyWords() []string {
	words := []string{"notify"}
	for w := range strings.FieldsSeq("kind when digest escalate_after escalate_to private url secret host port tls user password from to credential repository public") {
		words = append(words, "notify."+w)
	}
	return words
}

// channel is a section without what its references lead to.
func (s notifySection) channel(name string) (notify.Channel, error) {
	c := notify.Channel{Name: name, Kind: notify.Kind(s.Kind), Daily: s.Digest == "daily", To: s.EscalateTo}
	for _, w := range s.When {
		c.When = append(c.When, notify.Event(w))
	}
	if !slices.Contains([]string{"", "sweep", "daily"}, s.Digest) {
		return c, errors.New(`digest is "sweep" or "daily"`)
	}
	if s.EscalateAfter != "" {
		after, err := parseSpan(s.EscalateAfter)
		if err != nil || after < time.Minute {
			return c, errors.New("escalate_after is no time such as 24h or 3d")
		}
		c.After = after
	}
	return c, c.Validate()
}

// wants says which references a kind needs, by their keys, and which it may have.
func (s notifySection) wants() (needs, others []string) {
	switch notify.Kind(s.Kind) {
	case notify.Slack, notify.Teams:
		return []string{"url"}, nil
	case notify.Webhook:
		return []string{"url", "secret"}, nil
	case notify.Email:
		return nil, []string{"password"}
	case notify.Issue:
		return []string{"credential"}, nil
	}
	return nil, nil
}

func (s notifySection) reference(field string) string {
	return map[string]string{"url": s.URL, "secret": s.Secret, "password": s.Password, "credential": s.Credential}[field]
}

// channelName is what channels are called.
var channelName = expression.Lazy(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// check says which field of a section is wrong, and how. It quotes no value:
// somebody may have written the address of a webhook, or a password.
func (s notifySection) check(name string, all map[string]notifySection) (field, what string, hints []string) {
	if !channelName().MatchString(name) || len(inventory.Material(name)) > 0 {
		return "", "the name of a channel has letters, digits, - and _ only", nil
	}
	if _, err := s.channel(name); err != nil {
		return "", err.Error(), nil
	}
	if _, ok := all[s.EscalateTo]; s.EscalateTo != "" && !ok {
		return "escalate_to", "escalate_to names no channel", nil
	}
	needs, others := s.wants()
	for _, field := range []string{"url", "secret", "password", "credential"} {
		text := s.reference(field)
		switch {
		case text == "" && slices.Contains(needs, field):
			return "kind", fmt.Sprintf("kind = %q needs %s", s.Kind, field), []string{field + ` = "env:NAME"; the forms are ` + credential.Forms}
		case text == "":
			continue
		case !slices.Contains(needs, field) && !slices.Contains(others, field):
			return field, fmt.Sprintf("%s is not for kind = %q", field, s.Kind), nil
		}
		if _, err := credential.Parse(text); err != nil {
			return field, field + " is a reference, never the value: who has the address of a webhook writes to people", []string{
				"the forms are " + credential.Forms, "if the value was written there: take it out, and replace it",
			}
		}
	}
	if !slices.Contains([]string{"", "starttls", "implicit", "none"}, s.TLS) {
		return "tls", `tls is "starttls", "implicit" or "none"`, nil
	}
	return "", "", nil
}

// validateNotify checks all channels of a configuration, and where the dashboard is.
func (c *fileConfig) validateNotify(data []byte) error {
	for _, name := range slices.Sorted(maps.Keys(c.Notify)) {
		field, what, hints := c.Notify[name].check(name, c.Notify)
		if what == "" {
			continue
		}
		line := lineOfKey(string(data), toml.Key{"notify", name, field})
		if line == 0 {
			line = lineOfKey(string(data), toml.Key{"notify", name})
		}
		if !channelName().MatchString(name) {
			name = "NAME"
		}
		return &configError{line: line, what: fmt.Sprintf("notify.%s: %s", name, what), hints: hints}
	}
	if text := c.Serve.URL; text != "" {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return &configError{what: "serve.url is no address such as https://qleaks.example"}
		}
	}
	return nil
}

// loadNotify reads the channels of the configuration that the operator named, or
// else of the user's own file, and the file's name.
func loadNotify(env Env, given string) (c *fileConfig, file string, err error) {
	if file = given; file == "" {
		if file, err = userConfig(env); err != nil {
			return nil, "", couldNot("cannot find your configuration", err, "set HOME, or name the file: --config FILE")
		}
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return &fileConfig{}, file, nil
		}
		if _, err := userAccounts(env); err != nil {
			return nil, "", err // it checks who may write to the file
		}
	}
	c, err = readConfig(file)
	return c, file, err
}

// notifyVariables are the variables to which channels refer: processes that read
// repositories do not get them.
func notifyVariables(env Env, given string) (names []string, err error) {
	c, _, err := loadNotify(env, given)
	if err != nil {
		return nil, err
	}
	for _, s := range c.Notify {
		for _, text := range []string{s.URL, s.Secret, s.Password, s.Credential} {
			if at, err := credential.Parse(text); err == nil && at.Scheme() == credential.Env {
				names = append(names, strings.TrimPrefix(at.String(), "env:"))
			}
		}
	}
	return names, nil
}
