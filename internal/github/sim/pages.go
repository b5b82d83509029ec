package sim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func (all secrets) page(w http.ResponseWriter, r *http.Request, organisation bool) {
	told := []map[string]any{}
	for name, times := range all {
		one := map[string]any{"name": name, "created_at": stamp(times[0]), "updated_at": stamp(times[1])}
		if organisation {
			one["visibility"] = "all"
		}
		told = append(told, one)
	}
	slices.SortFunc(told, func(a, b map[string]any) int { return cmp.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "secrets": turn(w, r, told)})
}

func (s *Sim) listRepositories(w http.ResponseWriter, r *http.Request, o *owner) {
	tellRepositories(w, r, o.told(r.PathValue("owner")))
}

// listInstalled lists what an app's token may use.
func (s *Sim) listInstalled(w http.ResponseWriter, r *http.Request, o *owner) {
	told := o.told(r.PathValue("owner"))
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "repositories": turn(w, r, told)})
}

func (s *Sim) tellRepository(w http.ResponseWriter, r *http.Request, o *owner) {
	found := o.find(w, r)
	if found == nil {
		return
	}
	for _, one := range o.told(r.PathValue("owner")) {
		if one["name"] == found.name {
			simhttp.JSON(w, http.StatusOK, one)
		}
	}
}

// listMine lists what the token's own person may use, whoever owns it.
func (s *Sim) listMine(w http.ResponseWriter, r *http.Request, _ *owner) {
	told := []map[string]any{}
	_, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, name := range s.tokens[value] {
		if o := s.owners[name]; o != nil {
			told = append(told, o.told(name)...)
		}
	}
	tellRepositories(w, r, told)
}

func (o *owner) told(name string) []map[string]any {
	kind := "Organization"
	if o.person {
		kind = "User"
	}
	told := []map[string]any{}
	for _, x := range o.repositories {
		one := map[string]any{
			"id": x.id, "name": x.name, "full_name": name + "/" + x.name, "private": true, "owner": map[string]any{"login": name, "type": kind},
		}
		maps.Copy(one, x.about)
		told = append(told, one)
	}
	return told
}

func tellRepositories(w http.ResponseWriter, r *http.Request, told []map[string]any) {
	if query := r.URL.Query(); query.Get("direction") != "asc" {
		slices.Reverse(told)
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, told))
}

func (s *Sim) listEnvironments(w http.ResponseWriter, r *http.Request, o *owner) {
	found := o.find(w, r)
	if found == nil {
		return
	}
	told := []map[string]any{}
	for name := range found.environments {
		told = append(told, map[string]any{"id": found.id, "name": name})
	}
	slices.SortFunc(told, func(a, b map[string]any) int { return cmp.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "environments": turn(w, r, told)})
}

// turn cuts a page, and links to the next one.
func turn(w http.ResponseWriter, r *http.Request, all []map[string]any) []map[string]any {
	query := r.URL.Query()
	size, page := within(query.Get("per_page"), 100, 30), within(query.Get("page"), 1<<30, 1)
	if page*size < len(all) {
		query.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<https://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, query.Encode()))
	}
	return all[min((page-1)*size, len(all)):min(page*size, len(all))]
}

// within reads a number, or takes the default where it makes no sense; too much
// is as much as there may be.
func within(text string, most, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
