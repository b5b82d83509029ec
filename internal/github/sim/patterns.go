package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Pattern is a custom pattern of secret scanning.
type Pattern struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Pattern  string   `json:"pattern"`
	Slug     string   `json:"slug"`
	State    string   `json:"state"`
	Push     bool     `json:"push_protection_enabled"`
	Start    string   `json:"start_delimiter"`
	End      string   `json:"end_delimiter"`
	Match    []string `json:"must_match"`
	NotMatch []string `json:"must_not_match"`
	Version  string   `json:"custom_pattern_version"`
}

func (s *Sim) handlePatterns() {
	s.patterns = map[string][]Pattern{}
	for _, at := range []string{"/orgs/{owner}", "/repos/{owner}/{repository}"} {
		path := at + "/secret-scanning/custom-patterns"
		s.Handle(http.MethodGet, path, s.bearing(s.tellPatterns))
		s.Handle(http.MethodPost, path, s.bearing(s.addPatterns))
		s.Handle(http.MethodDelete, path, s.bearing(s.removePatterns))
		s.Handle(http.MethodPatch, path+"/{pattern}", s.bearing(s.changePattern))
	}
	const settings = "/orgs/{owner}/secret-scanning/pattern-configurations"
	s.Handle(http.MethodGet, settings, s.bearing(s.tellSettings))
	s.Handle(http.MethodPatch, settings, s.bearing(s.changeSettings))
}

// Patterns are the custom patterns of OWNER or OWNER/REPOSITORY.
func (s *Sim) Patterns(where string) []Pattern {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.patterns[where])
}

// AddPattern has somebody else make a custom pattern.
func (s *Sim) AddPattern(where string, p Pattern) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addPattern(where, p)
}

func (s *Sim) addPattern(where string, p Pattern) Pattern {
	s.ids++
	p.ID, p.State, p.Version = s.ids, "published", strconv.Itoa(s.ids)
	p.Slug = strings.ReplaceAll(strings.ToLower(p.Name), " ", "_")
	s.patterns[where] = append(s.patterns[where], p)
	return p
}

// place is whose patterns a request is about.
func place(r *http.Request) string {
	return strings.TrimSuffix(r.PathValue("owner")+"/"+r.PathValue("repository"), "/")
}

// sent reads the body of a request, or refuses it.
func sent(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || json.Unmarshal(text, into) != nil {
		refuse(w, http.StatusBadRequest)
		return false
	}
	return true
}

func (s *Sim) tellPatterns(w http.ResponseWriter, r *http.Request, _ *owner) {
	told := []map[string]any{}
	for _, p := range s.patterns[place(r)] {
		told = append(told, p.json())
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, told))
}

func (p Pattern) json() map[string]any {
	return map[string]any{
		"id": p.ID, "name": p.Name, "pattern": p.Pattern, "slug": p.Slug, "state": p.State, "push_protection_enabled": p.Push,
		"start_delimiter": p.Start, "end_delimiter": p.End, "must_match": p.Match, "must_not_match": p.NotMatch, "custom_pattern_version": p.Version,
	}
}

// addPatterns takes all or none. What looks around is no pattern of GitHub's, and
// a name is taken once.
func (s *Sim) addPatterns(w http.ResponseWriter, r *http.Request, _ *owner) {
	var body struct {
		Patterns []Pattern `json:"patterns"`
	}
	if !sent(w, r, &body) {
		return
	}
	wrong := map[string]any{}
	for i, p := range body.Patterns {
		code := ""
		switch {
		case p.Name == "" || slices.ContainsFunc(s.patterns[place(r)], func(other Pattern) bool { return other.Name == p.Name }):
			code = "name"
		case strings.Contains(p.Pattern, "(?="):
			code = "invalid"
		case strings.Contains(p.Start, "(?<"):
			code = "start_delimiter"
		}
		if code != "" {
			wrong[strconv.Itoa(i)] = map[string]any{"errors": []any{map[string]any{"code": code, "message": "is not right"}}}
		}
	}
	if len(wrong) > 0 {
		simhttp.JSON(w, http.StatusUnprocessableEntity, map[string]any{"message": "Validation failed", "validation_errors": wrong})
		return
	}
	made := []map[string]any{}
	for _, p := range body.Patterns {
		made = append(made, s.addPattern(place(r), p).json())
	}
	simhttp.JSON(w, http.StatusCreated, map[string]any{"created_patterns": made})
}

// changePattern refuses who knows another version than there is.
func (s *Sim) changePattern(w http.ResponseWriter, r *http.Request, _ *owner) {
	var body Pattern
	if !sent(w, r, &body) {
		return
	}
	all := s.patterns[place(r)]
	at := slices.IndexFunc(all, func(p Pattern) bool { return strconv.Itoa(p.ID) == r.PathValue("pattern") })
	switch {
	case at < 0:
		refuse(w, http.StatusNotFound)
	case body.Version != all[at].Version:
		refuse(w, http.StatusPreconditionFailed)
	default:
		s.ids++
		p := &all[at]
		p.Pattern, p.Start, p.End, p.Match, p.NotMatch, p.Version = body.Pattern, body.Start, body.End, body.Match, body.NotMatch, strconv.Itoa(s.ids)
		simhttp.JSON(w, http.StatusOK, p.json())
	}
}

func (s *Sim) removePatterns(w http.ResponseWriter, r *http.Request, _ *owner) {
	var body struct {
		Patterns []struct {
			ID      int    `json:"pattern_id"`
			Version string `json:"custom_pattern_version"`
		} `json:"patterns"`
		After string `json:"post_delete_action"`
	}
	if !sent(w, r, &body) {
		return
	}
	left := slices.Clone(s.patterns[place(r)])
	for _, wanted := range body.Patterns {
		at := slices.IndexFunc(left, func(p Pattern) bool { return p.ID == wanted.ID })
		switch {
		case at < 0:
			refuse(w, http.StatusNotFound)
			return
		case wanted.Version != left[at].Version:
			refuse(w, http.StatusPreconditionFailed)
			return
		}
		left = slices.Delete(left, at, at+1)
	}
	s.patterns[place(r)] = left
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) tellSettings(w http.ResponseWriter, r *http.Request, _ *owner) {
	told := []map[string]any{}
	for _, p := range s.patterns[r.PathValue("owner")] {
		setting := "disabled"
		if p.Push {
			setting = "enabled"
		}
		told = append(told, map[string]any{"token_type": fmt.Sprintf("cp_%d", p.ID), "custom_pattern_version": p.Version, "slug": p.Slug, "display_name": p.Name, "setting": setting})
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"pattern_config_version": "v1", "provider_pattern_overrides": []any{}, "custom_pattern_overrides": told})
}

func (s *Sim) changeSettings(w http.ResponseWriter, r *http.Request, _ *owner) {
	var body struct {
		Version string `json:"pattern_config_version"`
		Custom  []struct {
			Type    string `json:"token_type"`
			Version string `json:"custom_pattern_version"`
			Setting string `json:"push_protection_setting"`
		} `json:"custom_pattern_settings"`
	}
	if !sent(w, r, &body) {
		return
	}
	all := s.patterns[r.PathValue("owner")]
	for _, one := range body.Custom {
		at := slices.IndexFunc(all, func(p Pattern) bool { return fmt.Sprintf("cp_%d", p.ID) == one.Type })
		if at < 0 || one.Version != all[at].Version || body.Version != "v1" {
			refuse(w, http.StatusConflict)
			return
		}
		all[at].Push = one.Setting == "enabled"
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"pattern_config_version": "v1"})
}
