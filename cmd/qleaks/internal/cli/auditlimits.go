package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// auditSection is [audit]; "" means that the file does not say.
type auditSection struct {
	Unused   string `toml:"unused"`
	Age      string `toml:"age"`
	List     string `toml:"list"`
	Attested string `toml:"attested"`
	Secret   string `toml:"secret"`
	// Production are globs for names of keys that production uses.
	Production []string `toml:"production"`
	// Ended are keys, by id or name, with the day when their use ended.
	Ended map[string]time.Time `toml:"ended"`
	// Consumers are globs for where keys, by id or name, may be used.
	Consumers map[string][]string `toml:"consumers"`
}

// longest is the longest time that a limit may be.
const longest = 3650

// parseTime reads 90d, 12w or 48h.
func parseTime(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no time such as 90d, 12w or 48h", text)
	if len(text) < 2 {
		return 0, wrong
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	unit := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	if err != nil || unit == 0 || n < 1 || n > longest*24 || time.Duration(n)*unit > longest*24*time.Hour {
		return 0, wrong
	}
	return time.Duration(n) * unit, nil
}

// validate checks the section by itself.
func (s auditSection) validate() error {
	for _, f := range []struct{ name, text string }{
		{"unused", s.Unused}, {"age", s.Age}, {"list", s.List}, {"attested", s.Attested}, {"secret", s.Secret},
	} {
		if _, err := parseTime(f.text); f.text != "" && err != nil {
			return &configError{what: "audit." + f.name + " is no time such as 90d, 12w or 48h"}
		}
	}
	for i, glob := range s.Production {
		if glob == "" || !doublestar.ValidatePattern(glob) {
			return &configError{what: fmt.Sprintf("audit.production: glob number %d is not valid", i+1)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Consumers)) {
		for i, glob := range s.Consumers[name] {
			if glob == "" || !doublestar.ValidatePattern(glob) {
				return &configError{what: fmt.Sprintf("audit.consumers: glob number %d of a key is not valid", i+1)}
			}
		}
	}
	return nil
}

// limits puts flags, configuration and defaults together.
func (a *audit) limits() (hygiene.Limits, error) {
	section, err := a.section()
	if err != nil {
		return hygiene.Limits{}, err
	}
	l := hygiene.Limits{Production: section.Production, Ended: map[string]time.Time{}, Consumers: section.Consumers}
	for name, day := range section.Ended {
		l.Ended[name] = endOf(day)
	}
	for _, f := range []struct {
		flag, said, config string
		to                 *time.Duration
	}{
		{"unused", a.options.Limits.Unused, section.Unused, &l.Unused},
		{"age", a.options.Limits.Age, section.Age, &l.Age},
		{"list-age", a.options.Limits.List, section.List, &l.List},
		{"", "", section.Attested, &l.Attested},
		{"", "", section.Secret, &l.Secret},
	} {
		text := f.said
		if text == "" {
			text = f.config
		}
		if text == "" {
			continue
		}
		if *f.to, err = parseTime(text); err != nil {
			return l, wrongUsage("--" + f.flag + ": " + err.Error())
		}
	}
	return l, nil
}

// endOf is the end of a day that was written without a time, in UTC.
func endOf(t time.Time) time.Time {
	if t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0 {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, 0, 1).Add(-time.Second)
}

// section reads [audit] of the file that the operator named, or else of the
// current directory's, if that is trusted.
func (a *audit) section() (auditSection, error) {
	if name := a.options.Config; name != "" {
		c, err := readConfig(name)
		if err != nil {
			return auditSection{}, err
		}
		return c.Audit, nil
	}
	cwd, err := a.env.Getwd()
	if err != nil {
		return auditSection{}, couldNot("the current directory is not known", err)
	}
	if _, err := os.Lstat(filepath.Join(cwd, configName)); err != nil {
		return auditSection{}, nil //nolint:nilerr // most directories have none
	}
	trust, err := loadTrustQuietly(a.env)
	if err != nil {
		return auditSection{}, nil //nolint:nilerr // trusting nothing is safe
	}
	files, decision, err := trustedFiles(trust, cwd)
	if err != nil || decision != baseline.IsTrusted || files.config == nil {
		a.say.note("%s was not applied: it is not trusted, or not valid", configName)
		a.say.hint("if it is yours: qleaks trust .")
		return auditSection{}, nil //nolint:nilerr // told above
	}
	c, err := parseConfig(files.config)
	if err != nil {
		return auditSection{}, badConfig(configName, err)
	}
	return c.Audit, nil
}
