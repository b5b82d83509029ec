package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/githubsource"
)

// maxSecrets is the largest list of secrets that is read, in bytes.
const maxSecrets = 16 << 20

// listedSecret is one secret in any form: ours, gh's, or that of GitHub's API.
type listedSecret struct {
	Where    string      `json:"where"`
	Kind     github.Kind `json:"kind"`
	Name     string      `json:"name"`
	Updated  time.Time   `json:"updatedAt"`
	Updated2 time.Time   `json:"updated_at"`
	// Visibility is which repositories of an organisation get it.
	Visibility string `json:"visibility"`
}

// secrets reads the lists of secrets, and asks GitHub for others; those whose
// names say nothing of a quantum provider are left out.
func (a *audit) secrets(ctx context.Context) ([]hygiene.Secret, error) {
	var all []hygiene.Secret
	for _, argument := range a.options.Secrets {
		where, name, ok := strings.Cut(argument, "=")
		if !ok {
			where, name = strings.TrimSuffix(filepath.Base(argument), filepath.Ext(argument)), argument
		}
		listed, missing, err := readSecrets(where, name)
		if err != nil {
			return nil, &problem{code: exitUsage, message: "cannot read the list of secrets " + name, err: err, hints: []string{"make one with: qleaks github secrets OWNER --json -o " + name, "or in a repository: gh secret list --json name,updatedAt > " + name}}
		}
		for _, text := range missing {
			a.gaps = append(a.gaps, "secrets of "+text)
		}
		all = append(all, quantumSecrets(where, listed)...)
	}
	asked, err := a.askGitHub(ctx)
	all = append(all, asked...)
	slices.SortStableFunc(all, func(a, b hygiene.Secret) int {
		return strings.Compare(a.Where+"\x00"+a.Name, b.Where+"\x00"+b.Name)
	})
	return all, err
}

// quantumSecrets are those that hold a key of a provider, by their names.
func quantumSecrets(where string, listed []listedSecret) (all []hygiene.Secret) {
	for _, s := range listed {
		p := hygiene.ProviderOfName(s.Name)
		if p == "" || len(inventory.Material(s.Name)) > 0 {
			continue
		}
		updated := s.Updated
		if updated.IsZero() {
			updated = s.Updated2
		}
		in := where
		if s.Where != "" {
			in = secretPlace(github.SecretRecord{Where: s.Where, Kind: s.Kind})
		}
		all = append(all, hygiene.Secret{Where: in, Name: s.Name, Updated: updated, Provider: p, ForAll: s.Visibility == "all"})
	}
	return all
}

// askGitHub asks for the secrets of the owners that --github names.
func (a *audit) askGitHub(ctx context.Context) (all []hygiene.Secret, err error) {
	if len(a.options.GitHub) == 0 {
		return nil, nil
	}
	asking := secretsAsking{env: a.env, say: a.say, talk: a.options.Talking, patience: defaultPatience}
	if asking.access, err = a.options.Network.access(); err != nil {
		return nil, err
	}
	for _, of := range a.options.GitHub {
		scope, err := secretsScope(of, kindNames())
		if err != nil {
			return nil, err
		}
		d, err := asking.read(ctx, scope)
		if err != nil {
			return nil, err
		}
		var listed []listedSecret
		for _, r := range d.Secrets {
			listed = append(listed, listedSecret{Where: r.Where, Kind: r.Kind, Name: r.Name, Updated: r.Updated, Visibility: r.Visibility})
		}
		all = append(all, quantumSecrets(d.Of, listed)...)
		for _, u := range d.Untold {
			a.gaps = append(a.gaps, "secrets of "+untoldWords(u))
		}
		if err := a.variables(ctx, of); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// variables looks for keys in the variables of workflows and agents, whose values
// GitHub tells, and asks for its own alerts.
func (a *audit) variables(ctx context.Context, of string) error {
	return a.scan(ctx, scanOptions{
		Paths:     []string{"github:" + of},
		GitHub:    githubOptions{Allowed: true, Only: true, Alerts: true, With: []string{string(githubsource.Variables)}, Largest: "1GiB", Patience: defaultPatience},
		Verifying: verifyOptions{Network: a.options.Network, away: true},
	})
}

// readSecrets reads a list of secrets, and says what is missing in it.
func readSecrets(where, name string) (listed []listedSecret, missing []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, rootCause(err)
	}
	defer f.Close()
	data, err := readLimited(f, maxSecrets)
	if err != nil {
		return nil, nil, rootCause(err)
	}
	if json.Unmarshal(data, &listed) == nil {
		return listed, nil, nil
	}
	var page struct {
		Secrets []listedSecret        `json:"secrets"`
		Total   int                   `json:"total_count"`
		Untold  []github.UntoldRecord `json:"untold"`
	}
	if err := json.Unmarshal(data, &page); err != nil || page.Secrets == nil {
		return nil, nil, errors.New("it is no list of GitHub's secrets as JSON")
	}
	if page.Total > len(page.Secrets) {
		missing = append(missing, fmt.Sprintf("%s: %d of %d are there; gh api --paginate --slurp, or qleaks github secrets, lists all", where, len(page.Secrets), page.Total))
	}
	for _, u := range page.Untold {
		missing = append(missing, untoldWords(u))
	}
	return page.Secrets, missing, nil
}
