package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// issueSent is what GitHub takes of an issue.
type issueSent struct {
	Title  *string  `json:"title"`
	Body   *string  `json:"body"`
	State  *string  `json:"state"`
	Labels []string `json:"labels"`
}

func (s *Sim) handleIssues() {
	const path = "/repos/{owner}/{repository}/issues"
	s.Handle(http.MethodPost, path, s.bearing(s.openIssue))
	s.Handle(http.MethodPatch, path+"/{number}", s.bearing(s.changeIssue))
}

// Opened are the issues of OWNER/REPOSITORY as GitHub tells of them.
func (s *Sim) Opened(where string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]any{}, s.texts[where]["issues"]...)
}

// sentIssue reads an issue; GitHub takes no empty or long title, and no long body.
func sentIssue(w http.ResponseWriter, r *http.Request) (sent issueSent, ok bool) {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(text, &sent) != nil ||
		sent.Title != nil && (*sent.Title == "" || len([]rune(*sent.Title)) > 256) ||
		sent.Body != nil && len([]rune(*sent.Body)) > 65_536 ||
		sent.State != nil && *sent.State != "open" && *sent.State != "closed" {
		refuse(w, http.StatusUnprocessableEntity)
		return sent, false
	}
	return sent, true
}

func (s *Sim) openIssue(w http.ResponseWriter, r *http.Request, _ *owner) {
	sent, ok := sentIssue(w, r)
	if !ok {
		return
	}
	if sent.Title == nil {
		refuse(w, http.StatusUnprocessableEntity)
		return
	}
	where := r.PathValue("owner") + "/" + r.PathValue("repository")
	if s.texts[where] == nil {
		s.texts[where] = map[string][]map[string]any{}
	}
	labels := []map[string]any{}
	for _, l := range sent.Labels {
		labels = append(labels, map[string]any{"name": l})
	}
	s.ids++
	issue := map[string]any{
		"id": s.ids, "number": len(s.texts[where]["issues"]) + 1, "title": *sent.Title, "state": "open", "labels": labels,
		"user": map[string]any{"login": "qleaks[bot]", "type": "Bot"}, "author_association": "NONE",
	}
	if sent.Body != nil {
		issue["body"] = *sent.Body
	}
	s.texts[where]["issues"] = append(s.texts[where]["issues"], issue)
	simhttp.JSON(w, http.StatusCreated, issue)
}

func (s *Sim) changeIssue(w http.ResponseWriter, r *http.Request, _ *owner) {
	sent, ok := sentIssue(w, r)
	if !ok {
		return
	}
	for _, issue := range s.texts[r.PathValue("owner")+"/"+r.PathValue("repository")]["issues"] {
		if n, _ := issue["number"].(int); strconv.Itoa(n) != r.PathValue("number") {
			continue
		}
		for name, value := range map[string]*string{"title": sent.Title, "body": sent.Body, "state": sent.State} {
			if value != nil {
				issue[name] = *value
			}
		}
		simhttp.JSON(w, http.StatusOK, issue)
		return
	}
	refuse(w, http.StatusNotFound)
}
