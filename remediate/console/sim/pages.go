package sim

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// page writes a page. What cannot be written has nobody to tell.
func page(w http.ResponseWriter, title, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>`+html.EscapeString(title)+`</title>`+
		`<style>body{font:16px sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:.4em 1em;border-bottom:1px solid #ccc}`+
		`.over{position:fixed;inset:0;background:#0009;display:grid;place-items:center}.over>div{background:#fff;padding:2em}nav ul{list-style:none}</style>`+
		`<body>`+body+`</body></html>`)
}

// pages are the pages of the plain look.
func (c *Console) pages() {
	path := c.words().path
	c.mux.HandleFunc("GET "+path, c.signedIn(c.table))
	c.mux.HandleFunc("GET "+path+"/new", c.signedIn(c.form))
	c.mux.HandleFunc("POST "+path+"/new", c.signedIn(c.made))
	c.mux.HandleFunc("GET "+path+"/{id}", c.signedIn(c.details))
	c.mux.HandleFunc("GET "+path+"/{id}/{act}", c.signedIn(c.sure))
	c.mux.HandleFunc("POST "+path+"/{id}/{act}", c.signedIn(c.done))
}

func (c *Console) home(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	o := c.words()
	page(w, "Home", `<header><nav><details><summary>`+o.menu+`</summary><ul><li><a href="`+o.path+`">`+o.link+`</a></li><li><a href="/other">Billing</a></li></ul></details></nav></header><main><h1>Welcome</h1></main>`)
}

// table lists the keys.
func (c *Console) table(w http.ResponseWriter, r *http.Request) {
	o := c.words()
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		number = 1
	}
	keys, pages := c.listed(number)
	var out strings.Builder
	if c.options.Faults.Banner && r.URL.Query().Get("seen") == "" {
		out.WriteString(`<div class="over" role="alertdialog" aria-label="Notice"><div><p>We have new terms.</p><button onclick="this.closest('.over').remove()">Got it</button></div></div>`)
	}
	fmt.Fprintf(&out, `<main><h1>%s</h1><p><a role="button" href="%s/new">%s</a></p>`, o.title, o.path, o.create)
	if len(keys) == 0 {
		fmt.Fprintf(&out, `<p>%s</p></main>`, o.empty)
		page(w, o.title, out.String())
		return
	}
	out.WriteString(`<table><thead><tr>`)
	for _, column := range c.columns() {
		fmt.Fprintf(&out, `<th scope="col">%s</th>`, column)
	}
	out.WriteString(`<th scope="col">Actions</th></tr></thead><tbody>`)
	for _, k := range keys {
		out.WriteString(`<tr>`)
		for i, cell := range c.cells(k) {
			cell = html.EscapeString(cell)
			if i == 0 && c.options.Provider == "qbraid" {
				cell = fmt.Sprintf(`<a href="%s/%s">%s</a>`, o.path, k.ID, cell)
			}
			fmt.Fprintf(&out, `<td>%s</td>`, cell)
		}
		fmt.Fprintf(&out, `<td><a role="button" href="%s/%s/revoke" aria-label="%s">%s</a>`, o.path, k.ID, o.revoke, o.revoke)
		if o.regenerate != "" {
			fmt.Fprintf(&out, ` <a role="button" href="%s/%s/regenerate" aria-label="%s">↻</a>`, o.path, k.ID, o.regenerate)
		}
		out.WriteString(`</td></tr>`)
	}
	out.WriteString(`</tbody></table>`)
	if pages > 1 {
		fmt.Fprintf(&out, `<nav aria-label="Pages"><span>Page %d of %d</span>`, number, pages)
		if number > 1 {
			fmt.Fprintf(&out, ` <a href="?page=%d&seen=1">Previous</a>`, number-1)
		}
		if number < pages {
			fmt.Fprintf(&out, ` <a href="?page=%d&seen=1">Next</a>`, number+1)
		}
		out.WriteString(`</nav>`)
	}
	out.WriteString(`</main>`)
	page(w, o.title, out.String())
}

// columns are what the list shows of a key: IonQ tells name, project and last
// use, qBraid name, creation, last use and status.
func (c *Console) columns() []string {
	if c.options.Provider == "qbraid" {
		return []string{"Name", "Created", "Last used", "Status"}
	}
	return []string{"Name", "Project", "Last used"}
}

func (c *Console) cells(k Key) []string {
	if c.options.Provider == "qbraid" {
		return []string{k.Name, shown(k.Created), shown(k.Used), cmpStatus(k.Status)}
	}
	return []string{k.Name, k.Project, shown(k.Used)}
}

func cmpStatus(status string) string {
	if status == "" {
		return "Active"
	}
	return status
}

// form asks for what a new key needs.
func (c *Console) form(w http.ResponseWriter, _ *http.Request) {
	o := c.words()
	var more strings.Builder
	if len(c.options.Account.Projects) > 0 {
		more.WriteString(`<p><label>Project <select name="project">`)
		for _, p := range c.options.Account.Projects {
			fmt.Fprintf(&more, `<option>%s</option>`, html.EscapeString(p))
		}
		more.WriteString(`</select></label></p>`)
	}
	page(w, o.create, `<main><h1>`+o.create+`</h1><form method="post"><p><label>`+o.name+` <input name="name" required></label></p>`+more.String()+
		`<button>`+o.make+`</button> <a href="`+o.path+`">Cancel</a></form></main>`)
}

// made makes a key and shows its value, once.
func (c *Console) made(w http.ResponseWriter, r *http.Request) {
	c.press("create")
	if c.options.Faults.FailCreate {
		w.WriteHeader(http.StatusInternalServerError)
		page(w, "Error", `<main><h1>Something went wrong</h1><p role="alert">Please try again later.</p></main>`)
		return
	}
	k, value := c.options.Account.Create(r.FormValue("name"), r.FormValue("project"))
	c.value(w, k.Name, value)
}

// value shows the value of a key.
func (c *Console) value(w http.ResponseWriter, name string, v secret.Value) {
	o := c.words()
	page(w, "Key", fmt.Sprintf(`<main><h1>%s</h1><p>This is the only time that this key is shown.</p><p><label>API key <input readonly value="%s" size="60"></label> `+
		`<button type="button" onclick="document.getElementById('said').textContent='%s'">%s</button> <a download href="data:text/plain,">Download</a></p><p role="status" id="said"></p><a href="%s">Done</a></main>`,
		html.EscapeString(name), html.EscapeString(v.Reveal()), o.copied, o.copy, o.path))
}

// details tells more of one key.
func (c *Console) details(w http.ResponseWriter, r *http.Request) {
	k, ok := c.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	page(w, k.Name, fmt.Sprintf(`<main><h1>%s</h1><dl><dt>Creation date</dt><dd>%s</dd><dt>Last used</dt><dd>%s</dd><dt>Status</dt><dd>%s</dd><dt>Permissions</dt><dd>%s</dd></dl></main>`,
		html.EscapeString(k.Name), shown(k.Created), shown(k.Used), cmpStatus(k.Status), html.EscapeString(strings.Join(k.Scopes, ", "))))
}

// sure asks whether that is meant.
func (c *Console) sure(w http.ResponseWriter, r *http.Request) {
	o := c.words()
	k, ok := c.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	title, confirm := o.revoke+" API key", o.confirm
	if r.PathValue("act") == "regenerate" {
		title, confirm = o.regenerate+" API key", o.regenerated
	}
	page(w, title, `<main role="dialog" aria-label="`+title+`"><h1>`+title+`</h1><p>Are you sure? This cannot be undone for <strong>`+html.EscapeString(k.Name)+
		`</strong>.</p><form method="post"><a role="button" href="`+o.path+`">Cancel</a> <button>`+confirm+`</button></form></main>`)
}

// done does it.
func (c *Console) done(w http.ResponseWriter, r *http.Request) {
	act, id := r.PathValue("act"), r.PathValue("id")
	c.press(act)
	k, ok := c.find(id)
	if !ok || c.options.Faults.FailRevoke {
		w.WriteHeader(http.StatusInternalServerError)
		page(w, "Error", `<main><h1>Something went wrong</h1><p role="alert">Please try again later.</p></main>`)
		return
	}
	if act == "regenerate" && c.options.Account.Regenerate != nil {
		if v, ok := c.options.Account.Regenerate(id); ok {
			c.value(w, k.Name, v)
			return
		}
	}
	if !c.options.Faults.Silent {
		c.options.Account.Revoke(id)
	}
	http.Redirect(w, r, c.words().path, http.StatusSeeOther)
}
