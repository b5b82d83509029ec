package pages

import (
	"net/http"
	"strconv"
	"strings"
)

// entry is one line of the list of pages.
type entry struct {
	Address, Text string
	Current       bool
}

func newEntry(f frame, address, text string) entry {
	return entry{Address: address, Text: text, Current: f.Section == address}
}

// themeCookie remembers light or dark. It is no secret and says nothing else.
const themeCookie = "qleaks-theme"

// themes are the choices, "" for what the system says.
func themes() map[string]string {
	return map[string]string{"": "System", "light": "Light", "dark": "Dark"}
}

// theme returns the colours that somebody chose.
func theme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || themes()[c.Value] == "" {
		return ""
	}
	return c.Value
}

// chooseTheme remembers the colours.
func (p *Pages) chooseTheme(w http.ResponseWriter, r *http.Request) error {
	chosen := r.PostFormValue("theme")
	if _, ok := themes()[chosen]; !ok {
		return wrong("There are no such colours.")
	}
	c := &http.Cookie{ //nolint:gosec // it is no secret, and has to work without TLS, too
		Name: themeCookie, Value: chosen, Path: "/", MaxAge: 400 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	}
	if chosen == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	return back(w, r, r.PostFormValue("back"), "", 0)
}

// notice says on the next page that something was done.
type notice struct{ Class, Text string }

// noticeOf reads it from the address, which can choose a sentence and a number and
// nothing else.
func noticeOf(r *http.Request) notice {
	q := r.URL.Query()
	n, err := strconv.ParseInt(q.Get("n"), 10, 64)
	if err != nil {
		n = 0
	}
	switch q.Get("done") {
	case doneIgnored:
		return notice{"good", plural(n, "decision") + " noted. What is ignored stays in the records, and comes back when the decision ends."}
	case doneTakenBack:
		return notice{"good", "The decision was taken back."}
	case doneStarted:
		return notice{"good", "The sweep was started."}
	case doneCancelled:
		return notice{"good", "The sweep was cancelled. What it had read stays."}
	case doneSaved:
		return notice{"good", "Saved."}
	case doneDeleted:
		return notice{"good", "Deleted."}
	case doneRetried:
		return notice{"good", plural(n, "job") + " will be tried again at once."}
	case doneApproved:
		return notice{"good", "You approved the plan. It counts for this plan as it is, word for word."}
	case doneRejected:
		return notice{"good", "You rejected the plan. Nothing of it will be carried out."}
	case doneNothing:
		return notice{"warn", "Nothing was chosen, so nothing was changed."}
	}
	return notice{}
}

// What a page says on arrival.
const (
	doneIgnored   = "ignored"
	doneTakenBack = "taken-back"
	doneStarted   = "started"
	doneCancelled = "cancelled"
	doneSaved     = "saved"
	doneDeleted   = "deleted"
	doneRetried   = "retried"
	doneApproved  = "approved"
	doneRejected  = "rejected"
	doneNothing   = "nothing"
)

// pager leads on in a list.
type pager struct{ First, Next string }

// newPager makes the links of a list of which a page is full or not. Last is the
// number of its last row.
func newPager(r *http.Request, full bool, last int64) (p pager) {
	q := r.URL.Query()
	q.Del("done")
	q.Del("n")
	if q.Has("before") {
		q.Del("before")
		p.First = address(r.URL.Path, q.Encode())
	}
	if full {
		q.Set("before", strconv.FormatInt(last, 10))
		p.Next = address(r.URL.Path, q.Encode())
	}
	return p
}

func address(path, query string) string {
	return strings.TrimSuffix(path+"?"+query, "?")
}

// before is where a page of a list begins.
func before(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// rows is how many rows a list shows at once.
const rows = 50
