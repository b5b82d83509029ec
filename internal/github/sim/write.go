package sim

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/nacl/box"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// held is the value of a secret, and who may read it.
type held struct {
	value      secret.Value
	visibility string
	selected   []int64
}

// writing is what a Sim needs to be written to.
type writing struct {
	keyID   string
	public  *[32]byte
	private *[32]byte
	held    map[string]held
	// bodies are those of all writes, by the pattern of their paths.
	bodies []Body
	runs   map[string][]map[string]any
}

// Body is a body that was sent to write a secret.
type Body struct {
	// Pattern is the path with names of its parts in braces.
	Pattern string
	JSON    []byte
}

// newKey makes the pair of keys for which secrets are sealed.
func (w *writing) newKey() {
	// Random numbers never fail.
	w.public, w.private, _ = box.GenerateKey(rand.Reader)
	w.keyID = simhttp.Random(20, "0123456789")
}

func (s *Sim) handleWrites() {
	s.writing = writing{held: map[string]held{}, runs: map[string][]map[string]any{}}
	s.newKey()
	paths := map[string]string{"/repos/{owner}/{repository}/environments/{environment}/secrets": "actions"}
	for _, kind := range []string{"actions", "dependabot", "codespaces", "agents"} {
		paths["/orgs/{owner}/"+kind+"/secrets"] = kind
		paths["/repos/{owner}/{repository}/"+kind+"/secrets"] = kind
		s.Handle(http.MethodGet, "/orgs/{owner}/"+kind+"/secrets/{name}/repositories", of(kind, s.bearing(s.tellSelected)))
	}
	for path, kind := range paths {
		s.Handle(http.MethodGet, path+"/public-key", of(kind, s.bearing(s.tellKey)))
		s.Handle(http.MethodGet, path+"/{name}", of(kind, s.bearing(s.tellOne)))
		s.Handle(http.MethodPut, path+"/{name}", of(kind, s.bearing(func(w http.ResponseWriter, r *http.Request, o *owner) { s.write(w, r, o, path+"/{name}") })))
	}
	s.Handle(http.MethodGet, "/repos/{owner}/{repository}/actions/runs", s.bearing(s.tellRuns))
}

// of says of which kind the secrets are that a path is about.
func of(kind string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("kind", kind)
		h(w, r)
	}
}

// RenewKey makes a new pair of keys; what is sealed for the one before is
// refused.
func (s *Sim) RenewKey() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newKey()
}

// Give sets a secret with its value, and for an organisation's who may read it.
func (s *Sim) Give(kind, where, name string, v secret.Value, visibility string, selected ...int64) {
	s.SetFor(kind, where, name, s.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[kind+" "+where+" "+name] = held{v, visibility, selected}
}

// Value is what a run would read, and who may.
func (s *Sim) Value(kind, where, name string) (v secret.Value, visibility string, selected []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[kind+" "+where+" "+name]
	return h.value, h.visibility, h.selected
}

// Bodies are the bodies of all writes.
func (s *Sim) Bodies() []Body {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// Start adds a run of a workflow to OWNER/REPOSITORY.
func (s *Sim) Start(where string, id int64, status string, created, started time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[where] = append(s.runs[where], map[string]any{"id": id, "name": "ci", "status": status, "created_at": stamp(created), "run_started_at": stamp(started)})
}

// where names the place of a request, and finds its secrets; it refuses where
// there is none.
func (s *Sim) where(w http.ResponseWriter, r *http.Request, o *owner) (where, kind string, all secrets) {
	where, kind = r.PathValue("owner"), r.PathValue("kind")
	if r.PathValue("repository") == "" {
		if o.person {
			refuse(w, http.StatusNotFound)
			return "", "", nil
		}
		return where, kind, o.secrets.of(kind)
	}
	found := o.find(w, r)
	if found == nil {
		return "", "", nil
	}
	where += "/" + found.name
	e := r.PathValue("environment")
	if e == "" {
		return where, kind, found.secrets.of(kind)
	}
	if found.environments[e] == nil {
		refuse(w, http.StatusNotFound)
		return "", "", nil
	}
	return where + "/" + e, "actions", found.environments[e]
}

func (s *Sim) tellKey(w http.ResponseWriter, r *http.Request, o *owner) {
	if _, _, all := s.where(w, r, o); all != nil {
		simhttp.JSON(w, http.StatusOK, map[string]string{"key_id": s.keyID, "key": base64.StdEncoding.EncodeToString(s.public[:])})
	}
}

func (s *Sim) tellOne(w http.ResponseWriter, r *http.Request, o *owner) {
	where, kind, all := s.where(w, r, o)
	if all == nil {
		return
	}
	name := r.PathValue("name")
	times, ok := all[name]
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	told := map[string]any{"name": name, "created_at": stamp(times[0]), "updated_at": stamp(times[1])}
	if r.PathValue("repository") == "" {
		told["visibility"] = s.held[kind+" "+where+" "+name].visibility
	}
	simhttp.JSON(w, http.StatusOK, told)
}

func (s *Sim) tellSelected(w http.ResponseWriter, r *http.Request, o *owner) {
	where, kind, all := s.where(w, r, o)
	if all == nil {
		return
	}
	told := []map[string]any{}
	for _, id := range s.held[kind+" "+where+" "+r.PathValue("name")].selected {
		told = append(told, map[string]any{"id": id})
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "repositories": turn(w, r, told)})
}

func (s *Sim) tellRuns(w http.ResponseWriter, r *http.Request, o *owner) {
	found := o.find(w, r)
	if found == nil {
		return
	}
	told := []map[string]any{}
	where := r.PathValue("owner") + "/" + found.name
	for _, run := range slices.Concat(s.runs[where], s.texts[where]["actions/runs"]) {
		if status := r.URL.Query().Get("status"); status == "" || run["status"] == status {
			told = append(told, run)
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "workflow_runs": turn(w, r, told)})
}

// write opens what was sealed. An organisation's secret is for whom the request
// says; who says nothing widens or loses it.
func (s *Sim) write(w http.ResponseWriter, r *http.Request, o *owner, pattern string) {
	where, kind, all := s.where(w, r, o)
	if all == nil {
		return
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var body struct {
		Value      string  `json:"encrypted_value"`
		KeyID      string  `json:"key_id"`
		Visibility string  `json:"visibility"`
		Selected   []int64 `json:"selected_repository_ids"`
	}
	if err != nil || json.Unmarshal(text, &body) != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	s.bodies = append(s.bodies, Body{pattern, text})
	closed, err := base64.StdEncoding.DecodeString(body.Value)
	value, ok := box.OpenAnonymous(nil, closed, s.public, s.private)
	if err != nil || !ok || body.KeyID != s.keyID || r.PathValue("repository") == "" && body.Visibility == "" {
		refuse(w, http.StatusUnprocessableEntity)
		return
	}
	name := r.PathValue("name")
	_, there := all[name]
	all.set(name, s.Now())
	s.held[kind+" "+where+" "+name] = held{secret.New(value), body.Visibility, body.Selected}
	if !there {
		simhttp.JSON(w, http.StatusCreated, map[string]any{})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
