package sim

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Alert is one of secret scanning.
type Alert struct {
	Type, Title string
	// Secret is what it found, which is told to who does not ask for less.
	Secret string
	// Places are of the API's form: {"type": "commit", "details": {…}}.
	Places   []map[string]any
	Validity string
	Bypassed bool

	number                        int
	resolution, resolutionComment string
}

// Raise makes an alert of OWNER/REPOSITORY, and returns its number.
func (s *Sim) Raise(where string, a Alert) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.number = len(s.alerts[where]) + 1
	if a.Validity == "" {
		a.Validity = "unknown"
	}
	s.alerts[where] = append(s.alerts[where], &a)
	return a.number
}

// Resolution is how an alert was resolved, "" if it is open, and the comment.
func (s *Sim) Resolution(where string, number int) (resolution, comment string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alerts[where][number-1]
	return a.resolution, a.resolutionComment
}

func (s *Sim) handleAlerts() {
	s.alerts = map[string][]*Alert{}
	const path = "/repos/{owner}/{repository}/secret-scanning/alerts"
	s.Handle(http.MethodGet, path, s.bearing(s.tellAlerts))
	s.Handle(http.MethodGet, path+"/{number}", s.bearing(s.tellAlert))
	s.Handle(http.MethodPatch, path+"/{number}", s.bearing(s.resolveAlert))
	s.Handle(http.MethodGet, path+"/{number}/locations", s.bearing(s.tellPlaces))
}

func (a *Alert) json(r *http.Request) map[string]any {
	told := map[string]any{
		"number": a.number, "created_at": "2026-10-01T10:00:00Z", "secret_type": a.Type, "secret_type_display_name": a.Title,
		"validity": a.Validity, "state": "open", "resolution": nil, "push_protection_bypassed": a.Bypassed,
		"has_more_locations": len(a.Places) > 1, "first_location_detected": nil,
		"url": "https://api.github.com/alerts/" + strconv.Itoa(a.number), "html_url": "https://github.com/alerts/" + strconv.Itoa(a.number),
		"locations_url": "https://api.github.com/alerts/" + strconv.Itoa(a.number) + "/locations",
	}
	if a.resolution != "" {
		told["state"], told["resolution"], told["resolution_comment"] = "resolved", a.resolution, a.resolutionComment
	}
	if a.Bypassed {
		told["push_protection_bypassed_at"] = "2026-10-01T10:00:01Z"
	}
	if len(a.Places) > 0 {
		told["first_location_detected"] = a.Places[0]["details"]
	}
	if r.URL.Query().Get("hide_secret") != "true" {
		told["secret"] = a.Secret
	}
	return told
}

func (s *Sim) tellAlerts(w http.ResponseWriter, r *http.Request, o *owner) {
	if o.find(w, r) == nil {
		return
	}
	told := []map[string]any{}
	for _, a := range slices.Backward(s.alerts[place(r)]) {
		told = append(told, a.json(r))
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, told))
}

// find finds the alert that a request names, or refuses.
func (s *Sim) alert(w http.ResponseWriter, r *http.Request, o *owner) *Alert {
	if o.find(w, r) == nil {
		return nil
	}
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 1 || n > len(s.alerts[place(r)]) {
		refuse(w, http.StatusNotFound)
		return nil
	}
	return s.alerts[place(r)][n-1]
}

func (s *Sim) tellAlert(w http.ResponseWriter, r *http.Request, o *owner) {
	if a := s.alert(w, r, o); a != nil {
		simhttp.JSON(w, http.StatusOK, a.json(r))
	}
}

func (s *Sim) tellPlaces(w http.ResponseWriter, r *http.Request, o *owner) {
	if a := s.alert(w, r, o); a != nil {
		told := []map[string]any{}
		for _, p := range a.Places {
			told = append(told, maps.Clone(p))
		}
		simhttp.JSON(w, http.StatusOK, turn(w, r, told))
	}
}

// resolveAlert demands a reason with which an alert is resolved.
func (s *Sim) resolveAlert(w http.ResponseWriter, r *http.Request, o *owner) {
	a := s.alert(w, r, o)
	if a == nil {
		return
	}
	var body struct {
		State      string `json:"state"`
		Resolution string `json:"resolution"`
		Comment    string `json:"resolution_comment"`
	}
	if !sent(w, r, &body) {
		return
	}
	if body.State != "resolved" || !slices.Contains([]string{"false_positive", "wont_fix", "revoked", "used_in_tests"}, body.Resolution) {
		refuse(w, http.StatusUnprocessableEntity)
		return
	}
	a.resolution, a.resolutionComment = body.Resolution, body.Comment
	simhttp.JSON(w, http.StatusOK, a.json(r))
}
