package sim

import (
	"net/http"
	"strings"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// beside are the lists of what stands beside a repository, with the member that
// holds it where the answer is an object.
func beside() map[string]string {
	return map[string]string{
		"issues": "", "issues/comments": "", "pulls": "", "pulls/comments": "", "pulls/{number}/reviews": "", "comments": "", "releases": "",
		"actions/runs": "workflow_runs", "actions/artifacts": "artifacts", "actions/variables": "variables", "agents/variables": "variables", "environments/{environment}/variables": "variables",
	}
}

func (s *Sim) handleTexts() {
	s.texts = map[string]map[string][]map[string]any{}
	for _, kind := range []string{"actions", "agents"} {
		s.Handle(http.MethodGet, "/orgs/{owner}/"+kind+"/variables", s.bearing(s.tellDeclared(kind)))
	}
	for path, member := range beside() {
		if path == "actions/runs" {
			continue // handleWrites has it
		}
		s.Handle(http.MethodGet, "/repos/{owner}/{repository}/"+path, s.bearing(s.tellTexts(member)))
	}
}

// Declare makes a variable of an organisation's workflows, or of its agents.
func (s *Sim) Declare(kind, owner, name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repository(owner, "")
	if s.texts[owner] == nil {
		s.texts[owner] = map[string][]map[string]any{}
	}
	list := kind + "/variables"
	s.texts[owner][list] = append(s.texts[owner][list], map[string]any{"name": name, "value": value})
}

func (s *Sim) tellDeclared(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request, o *owner) {
		told := s.texts[r.PathValue("owner")][kind+"/variables"]
		if o.person {
			refuse(w, http.StatusNotFound)
			return
		}
		simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "variables": turn(w, r, append([]map[string]any{}, told...))})
	}
}

// Write puts something into a list beside OWNER/REPOSITORY: "issues",
// "pulls/3/reviews". It is given an id.
func (s *Sim) Write(where, list string, element map[string]any) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, name, _ := strings.Cut(where, "/")
	s.repository(owner, name)
	if s.texts[where] == nil {
		s.texts[where] = map[string][]map[string]any{}
	}
	s.ids++
	if element["id"] == nil && !strings.HasSuffix(list, "/variables") {
		element["id"] = s.ids
	}
	s.texts[where][list] = append(s.texts[where][list], element)
	return s.ids
}

func (s *Sim) tellTexts(member string) handler {
	return func(w http.ResponseWriter, r *http.Request, o *owner) {
		found := o.find(w, r)
		if found == nil {
			return
		}
		where := r.PathValue("owner") + "/" + found.name
		_, list, _ := strings.Cut(r.URL.Path, "/"+where+"/")
		told := append([]map[string]any{}, s.texts[where][list]...)
		if member == "" {
			simhttp.JSON(w, http.StatusOK, turn(w, r, told))
			return
		}
		simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), member: turn(w, r, told)})
	}
}

// Keep has GitHub keep a file: a request of a path below the API's is sent to an
// address.
func (s *Sim) Keep(path, address string) {
	s.Handle(http.MethodGet, path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address, http.StatusFound) })
}
