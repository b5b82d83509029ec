package gitsource

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"time"
)

// Survey is what a repository shows of itself without an object being read.
type Survey struct {
	// State names everything that a search depends on but the files of the working
	// tree: two searches of one state find the same. It is worth what the names of
	// packs and objects are: who can write there can give one name to two contents.
	State string `json:"state"`
	// Tips are the refs and the objects to which they lead, at most MaxTips of them.
	Tips map[string]string `json:"tips,omitempty"`
	// Modified is when a ref was last written, as far as files tell; zero if not.
	Modified time.Time `json:"modified,omitzero"`
}

// MaxTips is how many refs a Survey names.
const MaxTips = 10_000

// Survey looks at a repository.
func (r *Repository) Survey() (Survey, error) {
	s, err := r.SurveyState()
	if err != nil {
		return s, err
	}
	s.Tips = map[string]string{}
	for _, ref := range r.refs(func(string, error) {}) { // what cannot be read is told by the search
		if len(s.Tips) == MaxTips {
			break
		}
		s.Tips[ref.name] = hex.EncodeToString([]byte(ref.id))
	}
	return s, nil
}

// SurveyState is Survey without the tips, which cost more than the rest.
func (r *Repository) SurveyState() (Survey, error) {
	state, _, err := r.state()
	if err != nil {
		return Survey{}, err
	}
	s := Survey{State: hex.EncodeToString([]byte(state))}
	for _, name := range []string{"packed-refs", "HEAD", "logs/HEAD", "refs/heads"} {
		if info, err := os.Lstat(filepath.Join(r.places.commonDir, filepath.FromSlash(name))); err == nil && info.ModTime().After(s.Modified) {
			s.Modified = info.ModTime().UTC()
		}
	}
	return s, nil
}
