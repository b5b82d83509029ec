package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
)

// query reads the parameters of a request. The first that is wrong is told.
type query struct {
	values url.Values
	err    error
}

// longestParameter is how long the value of a parameter may be, in bytes.
const longestParameter = 1000

// ask reads parameters, of which a list says all that there may be.
func ask(r *http.Request, names ...string) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = requestError("the parameters cannot be read")
		return q
	}
	for name, list := range values {
		switch {
		case !slices.Contains(names, name):
			q.wrong("there is no parameter %q: %s", clip(name), strings.Join(names, ", "))
		case len(list) > 1:
			q.wrong("the parameter %s is there twice", name)
		case len(list[0]) > longestParameter:
			q.wrong("the parameter %s is too long", name)
		}
	}
	return q
}

func (q *query) wrong(format string, args ...any) {
	if q.err == nil {
		q.err = requestError(fmt.Sprintf(format, args...))
	}
}

func (q *query) text(name string) string { return q.values.Get(name) }

// word reads one of some words; "" if there is none.
func (q *query) word(name string, words ...string) string {
	v := q.values.Get(name)
	if v != "" && !slices.Contains(words, v) {
		q.wrong("the parameter %s is one of: %s", name, strings.Join(words, ", "))
	}
	return v
}

func (q *query) truth(name string) bool { return q.word(name, "true", "false") == "true" }

func (q *query) number(name string) int64 {
	v := q.values.Get(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 {
		q.wrong("the parameter %s is a number, 1 or more", name)
	}
	return n
}

// The size of a page, if nothing else is asked for.
const usualPage = 100

func (q *query) page() records.Page {
	most := q.number("limit")
	if most > records.MaxPage {
		q.wrong("the parameter limit is at most %d", records.MaxPage)
	}
	if most == 0 {
		most = usualPage
	}
	return records.Page{Before: q.number("before"), Most: int(most)}
}

// page is a page of a list. Next is what before is for the next one; it is not
// there on the last one.
type page[T any] struct {
	Items []T   `json:"items"`
	Next  int64 `json:"next,omitempty"`
}

// paged makes a page of what was read with a limit; seq is the number by which
// the list is ordered.
func paged[T any](items []T, p records.Page, seq func(T) int64, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	answer := page[T]{Items: items}
	if items == nil {
		answer.Items = []T{}
	}
	if len(items) > 0 && len(items) == p.Most {
		answer.Next = seq(items[len(items)-1])
	}
	return answer, nil
}

// all is a list that has one page.
func all[T any](items []T, err error) (any, error) {
	return paged(items, records.Page{}, func(T) int64 { return 0 }, err)
}

// numbered reads the number in a path.
func numbered(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || n < 1 {
		return 0, requestError("the path has a number there, 1 or more")
	}
	return n, nil
}
