package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// least is how long a value of the caller's choosing must be.
const least = 32

func (s *Sim) routeIAM() {
	on := func(method, path string, h handler) { s.IAM.Handle(method, path, s.bearing(fail, h)) }
	s.IAM.Handle(http.MethodPost, "/identity/token", s.exchange)
	on(http.MethodGet, "/v1/apikeys", s.listKeys)
	on(http.MethodPost, "/v1/apikeys", s.createKey)
	on(http.MethodGet, "/v1/apikeys/details", s.details)
	on(http.MethodGet, "/v1/apikeys/{id}", s.changing(false, s.getKey))
	on(http.MethodPut, "/v1/apikeys/{id}", s.changing(true, s.updateKey))
	on(http.MethodDelete, "/v1/apikeys/{id}", s.changing(true, func(w http.ResponseWriter, _ *http.Request, k *Key) {
		s.remove(k)
		w.WriteHeader(http.StatusNoContent)
	}))
	on(http.MethodPost, "/v1/apikeys/{id}/disable", s.changing(true, s.toggling(true)))
	on(http.MethodDelete, "/v1/apikeys/{id}/disable", s.changing(true, s.toggling(false)))
	on(http.MethodPost, "/v1/apikeys/{id}/lock", s.changing(false, s.locking(true)))
	on(http.MethodDelete, "/v1/apikeys/{id}/lock", s.changing(false, s.locking(false)))
	on(http.MethodPost, "/v1/activity/accounts/{account}/report", s.createReport)
	on(http.MethodGet, "/v1/activity/accounts/{account}/report/{reference}", s.getReport)
}

// mayTouch reports whether somebody may see and change a key.
func mayTouch(who *Identity, k *Key) bool { return who.Administrator || k.Owner == who.ID }

// details tells whose key a value is, without a login with it.
func (s *Sim) details(w http.ResponseWriter, r *http.Request, who *Identity) {
	k := s.values[r.Header.Get("Iam-Apikey")]
	if k == nil || !s.seen(k) || !mayTouch(who, k) {
		fail(w, http.StatusNotFound)
		return
	}
	s.answer(w, http.StatusOK, s.record(k, false, r.URL.Query().Get("include_history") == "true"))
}

// changing finds the key that a request names.
func (s *Sim) changing(notLocked bool, h func(http.ResponseWriter, *http.Request, *Key)) handler {
	return func(w http.ResponseWriter, r *http.Request, who *Identity) {
		i := slices.IndexFunc(s.keys, func(k *Key) bool { return k.ID == r.PathValue("id") && s.seen(k) })
		switch {
		case i < 0:
			fail(w, http.StatusNotFound)
		case !mayTouch(who, s.keys[i]):
			fail(w, http.StatusForbidden)
		case notLocked && s.keys[i].Locked:
			fail(w, http.StatusConflict)
		default:
			h(w, r, s.keys[i])
		}
	}
}

func (s *Sim) getKey(w http.ResponseWriter, r *http.Request, k *Key) {
	query := r.URL.Query()
	s.answer(w, http.StatusOK, s.record(k, query.Get("include_activity") == "true", query.Get("include_history") == "true"))
}

func (s *Sim) toggling(on bool) func(http.ResponseWriter, *http.Request, *Key) {
	return func(w http.ResponseWriter, _ *http.Request, k *Key) {
		s.toggle(k, on)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Sim) locking(on bool) func(http.ResponseWriter, *http.Request, *Key) {
	return func(w http.ResponseWriter, _ *http.Request, k *Key) {
		k.Locked = on
		s.touch(k)
		w.WriteHeader(http.StatusNoContent)
	}
}

// wanted is the body of a key to be made or changed.
type wanted struct {
	Name        *string `json:"name"`
	IamID       string  `json:"iam_id"`
	AccountID   string  `json:"account_id"`
	Description *string `json:"description"`
	Apikey      string  `json:"apikey"`
	Store       bool    `json:"store_value"`
	OnLeak      string  `json:"action_when_leaked"`
	Expires     string  `json:"expires_at"`
}

// apply copies to a key what was asked for, if that makes sense.
func (x wanted) apply(k *Key) bool {
	if x.Name != nil {
		k.Name = *x.Name
	}
	if x.Description != nil {
		k.Description = *x.Description
	}
	if x.OnLeak != "" {
		if !slices.Contains([]string{"none", "disable", "delete"}, x.OnLeak) {
			return false
		}
		k.OnLeak = x.OnLeak
	}
	if x.Expires != "" {
		at, err := time.Parse("2006-01-02T15:04-0700", x.Expires)
		if err != nil {
			return false
		}
		k.Expires = at
	}
	return k.Name != ""
}

func (s *Sim) createKey(w http.ResponseWriter, r *http.Request, who *Identity) {
	var x wanted
	owner := &Identity{}
	if json.NewDecoder(r.Body).Decode(&x) == nil {
		owner = s.identities[x.IamID]
	}
	made := Key{Owner: x.IamID, Stored: x.Store}
	user := strings.HasPrefix(x.IamID, "IBMid-")
	switch {
	case owner == nil, x.IamID == "", !x.apply(&made), x.Apikey != "" && len(x.Apikey) < least, user && x.Store, x.AccountID != "" && x.AccountID != s.Account:
		fail(w, http.StatusBadRequest)
		return
	case owner != who && (user || !who.Administrator):
		fail(w, http.StatusForbidden)
		return
	case s.values[x.Apikey] != nil, s.count(x.IamID) >= s.options.KeysPerIdentity:
		fail(w, http.StatusConflict)
		return
	}
	made.Locked = r.Header.Get("Entity-Lock") == "true"
	if x.Apikey == "" {
		x.Apikey = simhttp.Random(44, simhttp.URLSafe)
	}
	k := s.add(made, x.Apikey)
	if r.Header.Get("Entity-Disable") == "true" {
		k.disabling = change{on: true, was: true}
	}
	told := s.record(k, false, false)
	told["apikey"] = k.value
	s.answer(w, http.StatusCreated, told)
}

func (s *Sim) count(owner string) int {
	n := 0
	for _, k := range s.keys {
		if k.Owner == owner && k.gone.IsZero() {
			n++
		}
	}
	return n
}

func (s *Sim) updateKey(w http.ResponseWriter, r *http.Request, k *Key) {
	var x wanted
	changed := *k
	tag, _ := s.record(k, false, false)["entity_tag"].(string)
	switch match := r.Header.Get("If-Match"); {
	case json.NewDecoder(r.Body).Decode(&x) != nil, match == "", !x.apply(&changed):
		fail(w, http.StatusBadRequest)
	case match != "*" && match != tag:
		fail(w, http.StatusConflict)
	default:
		*k = changed
		s.touch(k)
		s.answer(w, http.StatusOK, s.record(k, false, false))
	}
}

// listKeys pages by offset: what is made or deleted meanwhile moves the rest.
func (s *Sim) listKeys(w http.ResponseWriter, r *http.Request, who *Identity) {
	query := r.URL.Query()
	size, offset := 20, 0
	if text := query.Get("pagesize"); text != "" {
		size, _ = strconv.Atoi(text)
	}
	if text := query.Get("pagetoken"); text != "" {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if offset, _ = strconv.Atoi(string(raw)); err != nil || offset <= 0 {
			offset = -1
		}
	}
	if size < 1 || size > 100 || offset < 0 || query.Has("account_id") && query.Get("account_id") != s.Account {
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
	if query.Get("order") == "desc" {
		slices.Reverse(matching)
	}
	told := map[string]any{"offset": offset, "limit": size, "first": s.pageURL(r, "")}
	if offset+size < len(matching) {
		told["next"] = s.pageURL(r, base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(offset+size))))
	}
	page := []any{}
	for _, k := range matching[min(offset, len(matching)):min(offset+size, len(matching))] {
		page = append(page, s.record(k, false, query.Get("include_history") == "true"))
	}
	told["apikeys"] = page
	simhttp.JSON(w, http.StatusOK, told)
}

// scope says which keys a list is about, and whether the caller may see them.
func (s *Sim) scope(query url.Values, who *Identity) (in func(*Key) bool, allowed bool) {
	kind := func(k *Key) bool {
		service := strings.HasPrefix(k.Owner, "iam-ServiceId-")
		return query.Get("type") == "" || (query.Get("type") == "serviceid") == service
	}
	if query.Get("scope") == "account" {
		return kind, who.Administrator
	}
	owner := query.Get("iam_id")
	if owner == "" {
		owner = who.ID
	}
	// Only service IDs may be asked for by others.
	return func(k *Key) bool { return kind(k) && k.Owner == owner }, owner == who.ID || who.Administrator && strings.HasPrefix(owner, "iam-ServiceId-")
}

func (s *Sim) pageURL(r *http.Request, pagetoken string) string {
	query := r.URL.Query()
	query.Del("pagetoken")
	if pagetoken != "" {
		query.Set("pagetoken", pagetoken)
	}
	return "https://" + r.Host + r.URL.Path + "?" + query.Encode()
}

// report is an inactivity report of the account.
type report struct {
	hours    int
	from, to time.Time
	asked    int
}

func (s *Sim) createReport(w http.ResponseWriter, r *http.Request, who *Identity) {
	query := r.URL.Query()
	hours, err := 720, error(nil)
	if text := query.Get("duration"); text != "" {
		hours, err = strconv.Atoi(text)
	}
	switch {
	case err != nil || hours <= 0 || query.Has("type") && query.Get("type") != "inactive" || r.PathValue("account") != s.Account:
		fail(w, http.StatusBadRequest)
	case !who.Administrator:
		fail(w, http.StatusForbidden)
	default:
		reference := simhttp.UUID()
		now := s.now()
		s.reports[reference] = &report{hours: hours, from: now.Add(-time.Duration(hours) * time.Hour), to: now}
		simhttp.JSON(w, http.StatusAccepted, map[string]string{"reference": reference})
	}
}

// getReport has nothing at first: the report takes its time.
func (s *Sim) getReport(w http.ResponseWriter, r *http.Request, who *Identity) {
	reference := r.PathValue("reference")
	made := s.reports[reference]
	switch {
	case !who.Administrator:
		fail(w, http.StatusForbidden)
		return
	case made == nil || r.PathValue("account") != s.Account:
		fail(w, http.StatusNotFound)
		return
	}
	if made.asked++; made.asked < 2 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	idle := []any{}
	for _, k := range s.keys {
		if !s.seen(k) || k.lastLogin.After(made.from) {
			continue
		}
		kind, party := "user", "user"
		if strings.HasPrefix(k.Owner, "iam-ServiceId-") {
			kind, party = "serviceid", "serviceid"
		}
		told := map[string]any{"id": k.ID, "name": k.Name, "type": kind, party: map[string]string{"id": k.Owner, "iam_id": k.Owner, "name": s.identities[k.Owner].Name}}
		if !k.lastLogin.IsZero() {
			told["last_authn"] = stamp(k.lastLogin)
		}
		idle = append(idle, told)
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{
		"created_by": who.ID, "reference": reference, "report_duration": strconv.Itoa(made.hours), "report_start_time": stamp(made.from), "report_end_time": stamp(made.to),
		"users": []any{}, "apikeys": idle, "serviceids": []any{}, "profiles": []any{},
	})
}
