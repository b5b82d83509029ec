package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
)

// maxSecrets is the largest list of secrets that is read, in bytes.
const maxSecrets = 16 << 20

// listedSecret is one secret in either form: gh's, or that of GitHub's API.
type listedSecret struct {
	Name     string    `json:"name"`
	Updated  time.Time `json:"updatedAt"`
	Updated2 time.Time `json:"updated_at"`
}

// secrets reads the lists of secrets; those whose names say nothing of a
// quantum provider are left out.
func (a *audit) secrets() ([]hygiene.Secret, error) {
	var all []hygiene.Secret
	for _, argument := range a.options.Secrets {
		where, name, ok := strings.Cut(argument, "=")
		if !ok {
			where, name = strings.TrimSuffix(filepath.Base(argument), filepath.Ext(argument)), argument
		}
		listed, err := readSecrets(name)
		if err != nil {
			return nil, &problem{code: exitUsage, message: "cannot read the list of secrets " + name, err: err, hints: []string{"make one with: gh secret list --json name,updatedAt > " + name}}
		}
		for _, s := range listed {
			if p := hygiene.ProviderOfName(s.Name); p != "" && len(inventory.Material(s.Name)) == 0 {
				updated := s.Updated
				if updated.IsZero() {
					updated = s.Updated2
				}
				all = append(all, hygiene.Secret{Where: where, Name: s.Name, Updated: updated, Provider: p})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b hygiene.Secret) int {
		return strings.Compare(a.Where+"\x00"+a.Name, b.Where+"\x00"+b.Name)
	})
	return all, nil
}

func readSecrets(name string) ([]listedSecret, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, rootCause(err)
	}
	defer f.Close()
	data, err := readLimited(f, maxSecrets)
	if err != nil {
		return nil, rootCause(err)
	}
	var listed []listedSecret
	if json.Unmarshal(data, &listed) == nil {
		return listed, nil
	}
	var page struct {
		Secrets []listedSecret `json:"secrets"`
	}
	if err := json.Unmarshal(data, &page); err != nil || page.Secrets == nil {
		return nil, errors.New("it is no list of GitHub's secrets as JSON")
	}
	return page.Secrets, nil
}
