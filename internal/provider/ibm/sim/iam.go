package sim

import (
	"encoding/json"
	"net/http"
	"slices"
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
	on(http.MethodDelete, "/v1/apikeys/{id}", s.changing(true, func(w http.ResponseWriter, _ *http.Request, k *Key, _ *Identity) {
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
	value := r.Header.Get("Iam-Apikey")
	k := s.values[value]
	if value == "" {
		fail(w, http.StatusBadRequest)
		return
	}
	if k == nil || !s.seen(k) || !mayTouch(who, k) {
		fail(w, http.StatusNotFound)
		return
	}
	s.answer(w, http.StatusOK, s.record(k, false, r.URL.Query().Get("include_history") == "true"))
}

// onKey answers a request about one key. The Sim is locked.
type onKey func(w http.ResponseWriter, r *http.Request, k *Key, who *Identity)

// changing finds the key that a request names.
func (s *Sim) changing(notLocked bool, h onKey) handler {
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
			h(w, r, s.keys[i], who)
		}
	}
}

func (s *Sim) getKey(w http.ResponseWriter, r *http.Request, k *Key, _ *Identity) {
	query := r.URL.Query()
	s.answer(w, http.StatusOK, s.record(k, query.Get("include_activity") == "true", query.Get("include_history") == "true"))
}

func (s *Sim) toggling(on bool) onKey {
	return func(w http.ResponseWriter, _ *http.Request, k *Key, who *Identity) {
		s.toggle(k, who.ID, on)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Sim) locking(on bool) onKey {
	return func(w http.ResponseWriter, _ *http.Request, k *Key, who *Identity) {
		k.Locked = on
		s.touch(k)
		s.remember(k, who.ID, map[bool]string{true: "locked", false: "unlocked"}[on])
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
	Sessions    *bool   `json:"support_sessions"`
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
	if x.Sessions != nil {
		k.Sessions = *x.Sessions
		if k.Sessions && !user(k.Owner) {
			return false
		}
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

// user tells users from service IDs.
func user(id string) bool { return strings.HasPrefix(id, "IBMid-") }

func (s *Sim) createKey(w http.ResponseWriter, r *http.Request, who *Identity) {
	var x wanted
	owner := &Identity{}
	if json.NewDecoder(r.Body).Decode(&x) == nil {
		owner = s.identities[x.IamID]
	}
	made := Key{Owner: x.IamID, Stored: x.Store}
	switch {
	case owner == nil, x.IamID == "", !x.apply(&made), x.Apikey != "" && len(x.Apikey) < least, user(x.IamID) && x.Store, x.AccountID != "" && x.AccountID != s.Account:
		fail(w, http.StatusBadRequest)
		return
	case owner != who && (user(x.IamID) || !who.Administrator):
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

func (s *Sim) updateKey(w http.ResponseWriter, r *http.Request, k *Key, who *Identity) {
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
		s.remember(k, who.ID, "updated")
		s.answer(w, http.StatusOK, s.record(k, false, false))
	}
}
