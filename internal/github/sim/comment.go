package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// comment is one on an issue or a pull request.
type comment struct {
	id     int
	by     string
	person bool
	body   string
}

func (s *Sim) handleComments() {
	s.comments = map[string][]comment{}
	const path = "/repos/{owner}/{repository}/issues/"
	s.Handle(http.MethodGet, path+"{number}/comments", s.bearing(s.tellComments))
	s.Handle(http.MethodPost, path+"{number}/comments", s.bearing(s.addComment))
	s.Handle(http.MethodPatch, path+"comments/{id}", s.bearing(s.changeComment))
}

// Say lets a person comment on OWNER/REPOSITORY/NUMBER.
func (s *Sim) Say(where, by, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	s.comments[where] = append(s.comments[where], comment{s.ids, by, true, body})
}

// Comments are the bodies on OWNER/REPOSITORY/NUMBER.
func (s *Sim) Comments(where string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, c := range s.comments[where] {
		all = append(all, c.body)
	}
	return all
}

// issue names the issue or the pull request of a request.
func issue(r *http.Request) string {
	return r.PathValue("owner") + "/" + r.PathValue("repository") + "/" + r.PathValue("number")
}

func (c comment) json() map[string]any {
	kind := "Bot"
	if c.person {
		kind = "User"
	}
	return map[string]any{"id": c.id, "body": c.body, "user": map[string]any{"login": c.by, "type": kind}}
}

func (s *Sim) tellComments(w http.ResponseWriter, r *http.Request, _ *owner) {
	all := []map[string]any{}
	for _, c := range s.comments[issue(r)] {
		all = append(all, c.json())
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, all))
}

// said reads the body of a comment; GitHub refuses an empty one.
func said(w http.ResponseWriter, r *http.Request) (string, bool) {
	var sent struct{ Body string }
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(text, &sent) != nil || sent.Body == "" || len([]rune(sent.Body)) > 65_536 {
		refuse(w, http.StatusUnprocessableEntity)
		return "", false
	}
	return sent.Body, true
}

func (s *Sim) addComment(w http.ResponseWriter, r *http.Request, _ *owner) {
	body, ok := said(w, r)
	if !ok {
		return
	}
	s.ids++
	c := comment{id: s.ids, by: "github-actions[bot]", body: body}
	s.comments[issue(r)] = append(s.comments[issue(r)], c)
	simhttp.JSON(w, http.StatusCreated, c.json())
}

func (s *Sim) changeComment(w http.ResponseWriter, r *http.Request, _ *owner) {
	body, ok := said(w, r)
	if !ok {
		return
	}
	for where, all := range s.comments {
		for i := range all {
			if strconv.Itoa(all[i].id) == r.PathValue("id") {
				s.comments[where][i].body = body
				simhttp.JSON(w, http.StatusOK, all[i].json())
				return
			}
		}
	}
	refuse(w, http.StatusNotFound)
}
