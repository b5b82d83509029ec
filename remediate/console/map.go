// Package console works the web consoles of providers that let people manage
// keys nowhere else. It does what the provider's guide tells a person to do, in a
// real Chromium in which that person has signed in: it finds controls by their
// role and their visible text, as the map of the console lists them, reads before
// it acts, and stops with a picture, without keys, at anything that it does not
// expect.
//
// What a page says is no proof. Whoever revokes or makes a key asks the
// provider's API afterwards.
package console

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

//go:embed *.toml
var maps embed.FS

// Map is how the keys of one provider are managed in its console. It is data, so
// that it can be corrected without a release.
type Map struct {
	Provider string `toml:"provider"`
	// Origin is the console: scheme, host and port. Page is where the keys are.
	Origin string `toml:"origin"`
	Page   string `toml:"page"`
	// Checked is the day on which the map was last compared with the provider's
	// guide; zero where nobody says.
	Checked time.Time `toml:"checked"`
	// Value is a regular expression for a whole new value.
	Value string `toml:"value"`
	// SignedOut are texts of controls that only those see who are not signed in.
	SignedOut []string `toml:"signed-out"`
	// Empty are texts that stand for a list without keys.
	Empty []string `toml:"empty"`
	// Notices are texts of buttons that close what lies over the page.
	Notices []string `toml:"notices"`
	// Next are texts of the control that leads to the next page of the list.
	Next []string `toml:"next"`
	// Create and Revoke are the steps, in their order. Without steps the console
	// cannot do it, or qleaks shall not. What gives a key a new value, and ends the
	// old one before anybody has the new, is never pressed.
	Create []Step `toml:"create"`
	Revoke []Step `toml:"revoke"`
}

// Step is one thing that a person does.
type Step struct {
	// Do is press, fill, choose or take.
	Do string `toml:"do"`
	// Role are accessible roles, Text the accessible names: any of them.
	Role []string `toml:"role"`
	Text []string `toml:"text"`
	// With is what is filled in or chosen: "name" or "project".
	With string `toml:"with"`
	// Row looks in the row of the key, and nowhere else.
	Row bool `toml:"row"`
	// Sure: the page around the control must name the key that is meant.
	Sure bool `toml:"sure"`
	// Sends: the press changes something at the provider. It is done once.
	Sends bool `toml:"sends"`
	// Optional steps are left out where their control is not there.
	Optional bool `toml:"optional"`
}

// What a step does.
const (
	press  = "press"
	fill   = "fill"
	choose = "choose"
	take   = "take"
)

// Providers are those with a built-in map.
func Providers() []string { return []string{"ionq", "qbraid"} }

// BuiltIn is the map of a provider that came with the program.
func BuiltIn(provider string) (Map, error) {
	if !slices.Contains(Providers(), provider) {
		return Map{}, fmt.Errorf("there is no map of the console of %s", provider)
	}
	f, err := maps.Open(provider + ".toml")
	if err != nil {
		return Map{}, fmt.Errorf("the map of %s: %w", provider, err)
	}
	defer f.Close()
	return Read(f)
}

// Read reads a map. The error names what is wrong with it.
func Read(r io.Reader) (Map, error) {
	var m Map
	meta, err := toml.NewDecoder(r).Decode(&m)
	if err != nil {
		return m, fmt.Errorf("read the map of a console: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return m, fmt.Errorf("read the map of a console: there is no %s", unknown[0])
	}
	return m, m.Validate()
}

// Validate says what is wrong with a map. Everything that changes something must
// be confirmed, and know what it is about.
func (m Map) Validate() error {
	origin, err := url.Parse(m.Origin)
	switch {
	case m.Provider == "" || m.Page == "" || len(m.SignedOut) == 0:
		return errors.New("a map needs provider, page and signed-out")
	case err != nil || origin.Host == "" || origin.Path != "" || origin.Scheme != "https" && !loopback(origin.Hostname()):
		return fmt.Errorf("origin %q: write https:// and the host", m.Origin)
	}
	if _, err := regexp.Compile(m.Value); err != nil || m.Value == "" {
		return errors.New("value is no regular expression")
	}
	for name, steps := range map[string][]Step{"create": m.Create, "revoke": m.Revoke} {
		if err := validSteps(steps, name); err != nil {
			return err
		}
	}
	return nil
}

func loopback(host string) bool { return host == "127.0.0.1" || host == "localhost" || host == "::1" }

func validSteps(steps []Step, name string) error {
	sends := 0
	for i, s := range steps {
		at := fmt.Sprintf("%s, step %d", name, i+1)
		switch {
		case !slices.Contains([]string{press, fill, choose, take}, s.Do):
			return fmt.Errorf("%s: do is press, fill, choose or take", at)
		case s.Do != take && (len(s.Role) == 0 || len(s.Text) == 0):
			return fmt.Errorf("%s: role and text are missing", at)
		case (s.Do == fill || s.Do == choose) && s.With != "name" && s.With != "project":
			return fmt.Errorf("%s: with is name or project", at)
		case s.Sends && s.Optional:
			return fmt.Errorf("%s: what sends cannot be optional", at)
		case s.Sends && name != "create" && !s.Sure:
			return fmt.Errorf("%s: what cannot be undone must be sure of the key's name", at)
		}
		if s.Sends {
			sends++
		}
	}
	if len(steps) > 0 && sends != 1 {
		return fmt.Errorf("%s: exactly one step sends", name)
	}
	return nil
}

// is reports whether a text is one of those that a map lists: spaces and case do
// not count.
func is(text string, listed []string) bool {
	text = plain(text)
	return slices.ContainsFunc(listed, func(l string) bool { return plain(l) == text })
}

func plain(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
