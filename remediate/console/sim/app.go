package sim

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"
)

// script is the application of the app look.
//
//go:embed app.html
var script string

// app are the page of the app look, and what its script asks for.
func (c *Console) app() {
	c.mux.HandleFunc("GET "+c.words().path, c.signedIn(func(w http.ResponseWriter, _ *http.Request) { page(w, "Console", script) }))
	c.mux.HandleFunc("GET /-/start", c.signedIn(c.start))
	c.mux.HandleFunc("GET /-/keys", c.signedIn(c.list))
	c.mux.HandleFunc("POST /-/keys", c.signedIn(c.create))
	c.mux.HandleFunc("POST /-/keys/{id}/{act}", c.signedIn(c.act))
}

func say(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(what); err != nil {
		return // nobody is there to tell
	}
}

func (c *Console) start(w http.ResponseWriter, _ *http.Request) {
	o := c.words()
	say(w, http.StatusOK, map[string]any{
		"title": o.title, "create": o.create, "name": o.name, "make": o.make, "copy": o.copy, "copied": o.copied, "revoke": o.revoke,
		"confirm": o.confirm, "regenerate": o.regenerate, "regenerated": o.regenerated, "empty": o.empty,
		"columns": c.columns(), "projects": c.options.Account.Projects, "banner": c.options.Faults.Banner, "details": c.options.Provider == "qbraid",
	})
}

func (c *Console) list(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		number = 1
	}
	keys, pages := c.listed(number)
	rows := []map[string]any{}
	for _, k := range keys {
		rows = append(rows, map[string]any{"id": k.ID, "name": k.Name, "cells": c.cells(k), "scopes": k.Scopes, "created": shown(k.Created), "used": shown(k.Used), "status": cmpStatus(k.Status)})
	}
	say(w, http.StatusOK, map[string]any{"rows": rows, "page": number, "pages": pages})
}

func (c *Console) create(w http.ResponseWriter, r *http.Request) {
	c.press("create")
	var o struct{ Name, Project string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&o); err != nil || o.Name == "" || c.options.Faults.FailCreate {
		say(w, http.StatusInternalServerError, map[string]string{"error": "Something went wrong"})
		return
	}
	_, v := c.options.Account.Create(o.Name, o.Project)
	say(w, http.StatusCreated, map[string]string{"value": v.Reveal()})
}

func (c *Console) act(w http.ResponseWriter, r *http.Request) {
	act, id := r.PathValue("act"), r.PathValue("id")
	c.press(act)
	if _, ok := c.find(id); !ok || c.options.Faults.FailRevoke {
		say(w, http.StatusInternalServerError, map[string]string{"error": "Something went wrong"})
		return
	}
	if act == "regenerate" && c.options.Account.Regenerate != nil {
		if v, ok := c.options.Account.Regenerate(id); ok {
			say(w, http.StatusOK, map[string]string{"value": v.Reveal()})
			return
		}
	}
	if !c.options.Faults.Silent {
		c.options.Account.Revoke(id)
	}
	say(w, http.StatusOK, map[string]string{})
}
