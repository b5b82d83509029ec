package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/console"
)

// consoleSection is [remediate.console]: whose web consoles plans may work. It is
// nobody's unless it is said.
type consoleSection struct {
	Providers []string `toml:"providers"`
	// Browser is the Chromium; Maps and Origins are, by provider, files in place of
	// the built-in maps, and other addresses.
	Browser string            `toml:"browser"`
	Maps    map[string]string `toml:"maps"`
	Origins map[string]string `toml:"origins"`
}

func (s consoleSection) validate() error {
	for _, name := range slices.Concat(s.Providers, slices.Sorted(maps.Keys(s.Maps)), slices.Sorted(maps.Keys(s.Origins))) {
		if !slices.Contains(console.Providers(), name) {
			return errors.New("console names a provider without a console that can be worked: there are " + strings.Join(console.Providers(), ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Origins)) {
		m, err := console.BuiltIn(name)
		if err != nil {
			return err
		}
		m.Origin = strings.TrimSuffix(s.Origins[name], "/")
		if err := m.Validate(); err != nil {
			return fmt.Errorf("console.origins.%s: %w", name, err)
		}
	}
	return nil
}

// beside makes the names of maps count from where the configuration is.
func (s *consoleSection) beside(dir string) {
	for name, file := range s.Maps {
		if !filepath.IsAbs(file) {
			s.Maps[name] = filepath.Join(dir, file)
		}
	}
}

// worksConsole reports whether a driver may work the console of a provider.
func (r *remedy) worksConsole(provider string) bool {
	return slices.Contains(r.section.Console.Providers, provider)
}

// console carries out deeds at the console of a provider. A browser is started
// for each deed, so that none holds a session open while others wait.
func (r *remedy) console(provider string) remediate.Performer {
	s := r.section.Console
	o := consoleOptions{Provider: provider, Map: s.Maps[provider], Origin: s.Origins[provider], Browser: s.Browser, Quiet: r.options.Talking.Quiet}
	return remediate.Console{
		Open: func(ctx context.Context) (remediate.ConsoleDriver, func(), error) {
			d, _, err := consoleDriver(ctx, r.env, o, false)
			if err != nil {
				return nil, nil, err
			}
			d.Tell = func(step string) { r.log.Debug("console", "provider", provider, "step", step) }
			return d, d.Browser.Close, nil
		},
		Stopped: func(e *console.StopError) {
			if errors.Is(e, console.ErrSignedOut) {
				r.say.hint("sign in with: qleaks console login %s", provider)
				return
			}
			if name, kept := keepPicture(r.env, e.Picture); len(e.Picture) > 0 && kept {
				r.say.hint("the page as it was, without keys: %s", name)
			}
			r.say.hint("if the page has changed, correct the map: docs/console.md")
		},
	}
}

// atAccount are all who can carry out deeds at an account. Where the console
// cannot be worked, whoever comes after it takes over.
func (r *remedy) atAccount(provider string, api remediate.Performer, person remediate.Person) map[remediate.Hands]remediate.Performer {
	hands := map[remediate.Hands]remediate.Performer{remediate.ByAPI: api}
	var next []remediate.Performer
	if words := r.section.External[provider]; len(words) > 0 {
		hands[remediate.ByCommand] = remediate.Command{Words: words}
		next = append(next, hands[remediate.ByCommand])
	}
	if person != nil {
		hands[remediate.ByPerson] = remediate.Guided(person)
		next = append(next, hands[remediate.ByPerson])
	}
	if r.worksConsole(provider) {
		told := func(why string) { r.say.note("%s: %s: another way is taken", provider, why) }
		hands[remediate.ByConsole] = remediate.FirstOf(told, append([]remediate.Performer{r.console(provider)}, next...)...)
	}
	return hands
}
