package ibm

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	conc "github.com/sourcegraph/conc/iter"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

const (
	// pageSize is the most that is allowed.
	pageSize = 100
	// passes is how often a list is read before it is said to keep changing.
	passes = 10
	// batch is how many records are asked for before the first is told.
	batch = 8 * atOnce
	// idle is how far a report looks back where nobody says.
	idle = 90 * 24 * time.Hour
)

// ErrChanging says that a list never stood still.
var ErrChanging = errors.New("the list changes faster than it can be read")

// Keys implements provider.Lister. Pages are cut by number, so that a key that
// vanishes while they are read pushes another one over an edge, unseen: a list
// of several pages is read until nothing of it vanishes.
func (c *client) Keys(ctx context.Context, e provider.Extent) iter.Seq2[key.Key, error] {
	return func(yield func(key.Key, error) bool) {
		listed, err := c.wholeList(ctx, e)
		if err != nil {
			yield(key.Key{}, err)
			return
		}
		switch e.Use {
		case provider.NoUse:
		case provider.UseByKey:
			c.withActivity(ctx, listed, yield)
			return
		case provider.UseReport:
			if err := c.withReport(ctx, listed, e.Idle); err != nil {
				yield(key.Key{}, err)
				return
			}
		}
		for _, k := range listed {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// wholeList reads all lists that an extent asks for, oldest keys first.
func (c *client) wholeList(ctx context.Context, e provider.Extent) ([]key.Key, error) {
	if c.own.IsZero() {
		return nil, provider.ErrNoCredential
	}
	me, err := c.myself(ctx)
	if err != nil {
		return nil, err
	}
	query := func(more ...string) url.Values {
		q := url.Values{"account_id": {me.Account.ID}, "sort": {"created_at"}, "order": {"asc"}, "pagesize": {strconv.Itoa(pageSize)}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	queries := []url.Values{query("iam_id", me.Owner.ID)}
	if e.Everybody {
		queries = []url.Values{query("scope", "account", "type", "user")}
		if e.Services {
			queries = append(queries, query("scope", "account", "type", "serviceid"))
		}
	}
	found := map[string]key.Key{}
	for _, q := range queries {
		list, err := c.steadyList(ctx, q)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, list)
	}
	return slices.SortedFunc(maps.Values(found), func(a, b key.Key) int {
		if order := a.Dates.Created.Compare(b.Dates.Created); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	}), nil
}

// steadyList reads a list until nothing of one reading is missing in the next.
//
// A reading misses a key only if one that it has read already vanishes meanwhile,
// and that one is missing in the next reading. So a reading of which the next one
// has everything missed nothing. Keys that appear do not matter: they are behind
// all others. A single page is of one moment.
func (c *client) steadyList(ctx context.Context, q url.Values) (map[string]key.Key, error) {
	var before map[string]key.Key
	for range passes {
		now, pages, err := c.readList(ctx, q)
		if err != nil {
			return nil, err
		}
		if pages == 1 || before != nil && hasAll(now, before) {
			return now, nil
		}
		before = now
	}
	return nil, &provider.CallError{Request: c.listLine(), Kind: ErrChanging}
}

// hasAll reports whether a list has all keys of another one.
func hasAll(list, other map[string]key.Key) bool {
	for id := range other {
		if _, ok := list[id]; !ok {
			return false
		}
	}
	return true
}

func (c *client) listLine() string {
	return c.wires[serviceIAM].Line(http.MethodGet, "v1", "apikeys")
}

// readList reads all pages once.
func (c *client) readList(ctx context.Context, q url.Values) (found map[string]key.Key, pages int, err error) {
	found = map[string]key.Key{}
	q.Del("pagetoken")
	turned := map[string]bool{}
	for pages = 1; ; pages++ {
		next, err := c.readPage(ctx, q, found)
		if err != nil {
			return nil, pages, err
		}
		if next == "" {
			return found, pages, nil
		}
		if turned[next] {
			return nil, pages, &provider.CallError{Request: c.listLine(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
		}
		turned[next] = true
		q.Set("pagetoken", next)
	}
}

// readPage adds a page to what was found, and returns the mark of the next one.
func (c *client) readPage(ctx context.Context, q url.Values, found map[string]key.Key) (next string, err error) {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return "", err
	}
	var page struct {
		Keys *[]record `json:"apikeys"`
		Next string    `json:"next"`
	}
	answer, err := c.ask(ctx, bearer, question{method: http.MethodGet, path: []string{"v1", "apikeys"}, query: q, patience: c.patience}, &page, "apikeys")
	if err != nil {
		return "", err
	}
	unexpected := &provider.CallError{Request: c.listLine(), Status: answer.Status, Kind: provider.ErrUnexpected}
	if page.Keys == nil || answer.Status != http.StatusOK {
		return "", unexpected
	}
	for i := range *page.Keys {
		k, ok := told(&(*page.Keys)[i], c.own)
		if !ok {
			return "", unexpected
		}
		found[k.ID] = k
	}
	if page.Next == "" {
		return "", nil
	}
	// Only the mark is taken: the address may be anything.
	link, err := url.Parse(page.Next)
	if err != nil || link.Query().Get("pagetoken") == "" {
		return "", unexpected
	}
	return link.Query().Get("pagetoken"), nil
}

// withActivity asks for each key, some at once, and tells them in their order.
// A key that has vanished since is left out; any other failure ends the list.
func (c *client) withActivity(ctx context.Context, listed []key.Key, yield func(key.Key, error) bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asker := conc.Mapper[key.Key, key.Key]{MaxGoroutines: atOnce}
	for some := range slices.Chunk(listed, batch) {
		full, err := asker.MapErr(some, func(k *key.Key) (key.Key, error) {
			asked, err := c.Find(ctx, k.ID)
			if errors.Is(err, provider.ErrNotFound) {
				return key.Key{}, nil
			}
			if err == nil && !asked.Use.Known {
				err = &provider.CallError{Request: c.line(http.MethodGet, k.ID), Status: http.StatusOK, Kind: provider.ErrUnexpected}
			}
			if err != nil {
				cancel(err) // the others need not go on
			}
			return asked, err
		})
		if err != nil {
			yield(key.Key{}, first(ctx, err))
			return
		}
		for _, k := range full {
			if k.ID != "" && !yield(k, nil) {
				return
			}
		}
	}
}

// first is the failure that made the others stop.
func first(ctx context.Context, err error) error {
	if cause := provider.Ended(ctx); cause != nil {
		return cause
	}
	return err
}

// withReport fills in use from a report of the account. Who is not in it used
// its key since the report's beginning, unless the key is younger than that.
func (c *client) withReport(ctx context.Context, listed []key.Key, span time.Duration) error {
	if span <= 0 {
		span = idle
	}
	report, err := c.report(ctx, span)
	if err != nil {
		return err
	}
	begun, ok := moment(report.Begun)
	if !ok || begun.IsZero() {
		return &provider.CallError{Request: c.reportLine(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	idle := map[string]string{}
	for _, a := range report.Keys {
		idle[a.ID] = a.Last
	}
	for i := range listed {
		k := &listed[i]
		last, quiet := idle[k.ID]
		switch {
		case quiet:
			last, ok := moment(last)
			k.Use = key.Use{Known: ok, Last: last}
		case !k.Dates.Created.IsZero() && k.Dates.Created.Before(begun):
			k.Use = key.Use{Known: true, After: begun}
		}
	}
	return nil
}

func (c *client) reportLine() string {
	return c.wires[serviceIAM].Line(http.MethodGet, "v1", "activity", "accounts", "report")
}

// report lists the keys that nobody used for some time.
type report struct {
	Begun string `json:"report_start_time"`
	Keys  []struct {
		ID   string `json:"id"`
		Last string `json:"last_authn"`
	} `json:"apikeys"`
}

// report has a report made and waits for it.
func (c *client) report(ctx context.Context, span time.Duration) (*report, error) {
	me, err := c.myself(ctx)
	if err != nil {
		return nil, err
	}
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return nil, err
	}
	path := []string{"v1", "activity", "accounts", me.Account.ID, "report"}
	var made struct {
		Reference string `json:"reference"`
	}
	_, err = c.ask(ctx, bearer, question{
		method: http.MethodPost, path: path, line: c.reportLine(),
		query: url.Values{"type": {"inactive"}, "duration": {strconv.Itoa(int(span / time.Hour))}},
	}, &made, "reference")
	if err != nil {
		return nil, err
	}
	if made.Reference == "" {
		return nil, &provider.CallError{Request: c.reportLine(), Status: http.StatusAccepted, Kind: provider.ErrUnexpected}
	}
	deadline := time.Now().Add(max(c.patience, time.Second))
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		var told report
		answer, err := c.ask(ctx, bearer, question{method: http.MethodGet, path: append(path, made.Reference), line: c.reportLine(), patience: c.patience}, &told, "report_start_time")
		switch {
		case err != nil:
			return nil, err
		case answer.Status == http.StatusOK:
			return &told, nil
		case answer.Status != http.StatusNoContent:
			return nil, &provider.CallError{Request: c.reportLine(), Status: answer.Status, Kind: provider.ErrUnexpected}
		case time.Until(deadline) < pause:
			return nil, &provider.CallError{Request: c.reportLine(), Status: answer.Status, Kind: provider.ErrNotYet}
		}
		if err := httpx.Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}
