package sim

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// page is what a list is asked for.
type page struct {
	size, offset int
	order        func(a, b *Key) int
}

// orders are by what a list of keys can be sorted.
func orders() map[string]func(a, b *Key) int {
	return map[string]func(a, b *Key) int{
		"":            func(a, b *Key) int { return a.created.Compare(b.created) },
		"name":        func(a, b *Key) int { return cmp.Compare(a.Name, b.Name) },
		"description": func(a, b *Key) int { return cmp.Compare(a.Description, b.Description) },
		"created_by":  func(a, b *Key) int { return cmp.Compare(a.Owner, b.Owner) },
		// Only minutes are told, and sorted by.
		"created_at": func(a, b *Key) int { return a.created.Truncate(time.Minute).Compare(b.created.Truncate(time.Minute)) },
	}
}

// readPage reads the parameters that lists have; ok is false where one of them
// is not among what is documented.
func (s *Sim) readPage(query url.Values) (p page, ok bool) {
	p = page{size: 20}
	if text := query.Get("pagesize"); text != "" {
		p.size, _ = strconv.Atoi(text)
	}
	if text := query.Get("pagetoken"); text != "" {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if p.offset, _ = strconv.Atoi(string(raw)); err != nil || p.offset <= 0 {
			return p, false
		}
	}
	compare, sorts := orders()[query.Get("sort")]
	if p.order = compare; query.Get("order") == "desc" && sorts {
		p.order = func(a, b *Key) int { return compare(b, a) }
	}
	among := func(name string, values ...string) bool { return slices.Contains(values, query.Get(name)) }
	return p, sorts && p.size >= 1 && p.size <= 100 && among("order", "", "asc", "desc") && among("scope", "", "entity", "account") &&
		among("type", "", "user", "serviceid") && among("account_id", "", s.Account) && among("filter", "")
}

// listKeys pages by offset: what is made or deleted meanwhile moves the rest.
func (s *Sim) listKeys(w http.ResponseWriter, r *http.Request, who *Identity) {
	query := r.URL.Query()
	p, ok := s.readPage(query)
	if !ok {
		fail(w, http.StatusBadRequest)
		return
	}
	in, allowed := s.scope(query, who)
	if !allowed {
		fail(w, http.StatusForbidden)
		return
	}
	var matching []*Key
	for _, k := range s.keys {
		if in(k) && s.seen(k) {
			matching = append(matching, k)
		}
	}
	slices.SortStableFunc(matching, p.order)
	told := map[string]any{"context": about("list_api_keys"), "offset": p.offset, "limit": p.size, "first": pageURL(r, 0)}
	if p.offset > 0 {
		told["previous"] = pageURL(r, max(p.offset-p.size, 0))
	}
	if p.offset+p.size < len(matching) {
		told["next"] = pageURL(r, p.offset+p.size)
	}
	records := []any{}
	for _, k := range matching[min(p.offset, len(matching)):min(p.offset+p.size, len(matching))] {
		records = append(records, s.record(k, false, query.Get("include_history") == "true"))
	}
	told["apikeys"] = records
	simhttp.JSON(w, http.StatusOK, told)
}

// scope says which keys a list is about, and whether the caller may see them.
func (s *Sim) scope(query url.Values, who *Identity) (in func(*Key) bool, allowed bool) {
	kind := func(k *Key) bool {
		return query.Get("type") == "" || (query.Get("type") == "user") == user(k.Owner)
	}
	if query.Get("scope") == "account" {
		return kind, who.Administrator
	}
	owner := query.Get("iam_id")
	if owner == "" {
		owner = who.ID
	}
	// Only service IDs may be asked for by others.
	return func(k *Key) bool { return kind(k) && k.Owner == owner }, owner == who.ID || who.Administrator && !user(owner)
}

// pageURL is the address of the page that begins at an offset.
func pageURL(r *http.Request, offset int) string {
	query := r.URL.Query()
	query.Del("pagetoken")
	if offset > 0 {
		query.Set("pagetoken", base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(offset))))
	}
	return "https://" + r.Host + r.URL.Path + "?" + query.Encode()
}
