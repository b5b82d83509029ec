package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/qleaks/qleaks/remediate"
)

// remediateSection is [remediate]. It counts only in the user's own
// configuration and in the file of --config: what is scanned never says what may
// be done to keys.
type remediateSection struct {
	Mode string `toml:"mode"`
	// Requester is who asks for plans, as approvers know them.
	Requester string          `toml:"requester"`
	Keys      keysSection     `toml:"keys"`
	Caps      capsSection     `toml:"caps"`
	Times     timesSection    `toml:"times"`
	Freeze    []freezeSection `toml:"freeze"`
	Drain     string          `toml:"drain"`
	// CancelJobs, ReplaceUnused and CloseAlerts are those of remediate.Policy.
	CancelJobs    bool `toml:"cancel-jobs"`
	ReplaceUnused bool `toml:"replace-unused"`
	CloseAlerts   bool `toml:"close-alerts"`

	places
	otherHands
}

// places are where things of an operator's lie; files count from where the
// configuration is.
type places struct {
	// Approvers is a file of allowed signers.
	Approvers string `toml:"approvers"`
	// StopFile stops every change while it is there.
	StopFile string `toml:"stop-file"`
	// Identity is the entry of the keychain with the operator's identity.
	Identity string `toml:"identity"`
}

// otherHands are who makes and revokes keys where a provider has no call for it.
type otherHands struct {
	// External are programs, by provider.
	External map[string][]string `toml:"external"`
	Console  consoleSection      `toml:"console"`
}

// keysSection are patterns over names and ids of keys.
type keysSection struct {
	Protected  []string `toml:"protected"`
	Production []string `toml:"production"`
	Approve    []string `toml:"approve"`
}

type capsSection struct {
	Interactive *int     `toml:"interactive"`
	Unattended  *int     `toml:"unattended"`
	Daily       *int     `toml:"daily"`
	Deletions   *int     `toml:"deletions"`
	Share       *float64 `toml:"share"`
}

type timesSection struct {
	Unused       string `toml:"unused"`
	Age          string `toml:"age"`
	Facts        string `toml:"facts"`
	Quiet        string `toml:"quiet"`
	QuietUnknown string `toml:"quiet-unknown"`
	Soak         string `toml:"soak"`
	Grace        string `toml:"grace"`
	Overlap      string `toml:"overlap"`
}

type freezeSection struct {
	From   time.Time `toml:"from"`
	To     time.Time `toml:"to"`
	Reason string    `toml:"reason"`
}

// policy is what the section comes to, over the defaults. Approvers are read
// apart.
func (s remediateSection) policy() (remediate.Policy, error) {
	p := remediate.DefaultPolicy()
	p.Mode = remediate.Mode(cmp.Or(s.Mode, string(p.Mode)))
	p.Drain = remediate.Draining(cmp.Or(s.Drain, string(p.Drain)))
	p.Protected, p.Production, p.Approve = s.Keys.Protected, s.Keys.Production, s.Keys.Approve
	p.CancelJobs, p.ReplaceUnused, p.CloseAlerts = s.CancelJobs, s.ReplaceUnused, s.CloseAlerts
	for _, c := range []struct {
		to   *int
		from *int
	}{{&p.Caps.Interactive, s.Caps.Interactive}, {&p.Caps.Unattended, s.Caps.Unattended}, {&p.Caps.Daily, s.Caps.Daily}, {&p.Caps.Deletions, s.Caps.Deletions}} {
		if c.from != nil {
			*c.to = *c.from
		}
	}
	if s.Caps.Share != nil {
		p.Caps.Share = *s.Caps.Share
	}
	for _, t := range []struct {
		name, text string
		to         *time.Duration
	}{
		{"unused", s.Times.Unused, &p.Times.Unused}, {"age", s.Times.Age, &p.Times.Age}, {"facts", s.Times.Facts, &p.Times.Facts},
		{"quiet", s.Times.Quiet, &p.Times.QuietKnown}, {"quiet-unknown", s.Times.QuietUnknown, &p.Times.QuietUnknown},
		{"soak", s.Times.Soak, &p.Times.Soak}, {"grace", s.Times.Grace, &p.Times.Grace}, {"overlap", s.Times.Overlap, &p.Times.Overlap},
	} {
		if t.text == "" {
			continue
		}
		d, err := parseSpan(t.text)
		if err != nil {
			return p, fmt.Errorf("times.%s: %w", t.name, err)
		}
		*t.to = d
	}
	for _, f := range s.Freeze {
		p.Freeze = append(p.Freeze, remediate.Freeze(f))
	}
	for name, words := range s.External {
		if _, err := kitNamed("external", name); err != nil || len(words) == 0 || words[0] == "" {
			return p, errors.New("external wants the name of a provider, and a program with its arguments")
		}
	}
	return p, errors.Join(checkIdentity(s.Identity), s.Console.validate(), p.Validate())
}

// parseSpan reads a time as parseTime does, and also 0s, 30s and 15m.
func parseSpan(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return parseTime(text)
}

func (s remediateSection) validate() error {
	if _, err := s.policy(); err != nil {
		return &configError{what: "remediate: " + err.Error()}
	}
	return nil
}

// loadPolicy reads [remediate] of the configuration that the operator named, or
// else of the user's own file, and the approvers that it names.
func loadPolicy(env Env, given string) (remediateSection, remediate.Policy, error) {
	name := given
	if name == "" {
		own, err := userConfig(env)
		if err != nil {
			return remediateSection{}, remediate.Policy{}, couldNot("cannot find your configuration", err, "set HOME, or name the file: --config FILE")
		}
		if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
			return remediateSection{}, remediate.DefaultPolicy(), nil
		}
		if _, err := userAccounts(env); err != nil {
			return remediateSection{}, remediate.Policy{}, err // it checks who may write to the file
		}
		name = own
	}
	c, err := readConfig(name)
	if err != nil {
		return remediateSection{}, remediate.Policy{}, err
	}
	p, err := c.Remediate.policy()
	if err != nil {
		return c.Remediate, p, wrongUsage(name + ": remediate: " + err.Error())
	}
	beside := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(filepath.Dir(name), file)
	}
	c.Remediate.StopFile = beside(c.Remediate.StopFile)
	c.Remediate.Console.beside(filepath.Dir(name))
	if file := beside(c.Remediate.Approvers); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return c.Remediate, p, couldNot("cannot read the approvers", rootCause(err))
		}
		if p.Signers, err = remediate.ReadSigners(text); err != nil {
			return c.Remediate, p, wrongUsage(file+": "+err.Error(), "the form is that of allowed signers in ssh-keygen(1)")
		}
	}
	return c.Remediate, p, nil
}
