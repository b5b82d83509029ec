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

	"github.com/IBM/go-sdk-core/v5/core"
	"github.com/IBM/platform-services-go-sdk/iamidentityv1"
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
	question := iamidentityv1.ListAPIKeysOptions{AccountID: &me.Account.ID, Sort: new("created_at"), Order: new("asc"), Pagesize: new(int64(pageSize))}
	var questions []iamidentityv1.ListAPIKeysOptions
	if e.Everybody {
		question.Scope = new("account")
		kinds := []string{"user"}
		if e.Services {
			kinds = append(kinds, "serviceid")
		}
		for _, kind := range kinds {
			q := question
			q.Type = new(kind)
			questions = append(questions, q)
		}
	} else {
		question.IamID = &me.Owner.ID
		questions = append(questions, question)
	}
	found := map[string]key.Key{}
	for _, q := range questions {
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
func (c *client) steadyList(ctx context.Context, q iamidentityv1.ListAPIKeysOptions) (map[string]key.Key, error) {
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
func (c *client) readList(ctx context.Context, q iamidentityv1.ListAPIKeysOptions) (found map[string]key.Key, pages int, err error) {
	found = map[string]key.Key{}
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
		q.Pagetoken = &next
	}
}

// readPage adds a page to what was found, and returns the mark of the next one.
func (c *client) readPage(ctx context.Context, q iamidentityv1.ListAPIKeysOptions, found map[string]key.Key) (next string, err error) {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return "", err
	}
	q.Headers = headers(bearer)
	page, answer, err := ask(ctx, c.listLine(), func(ctx context.Context) (*iamidentityv1.APIKeyList, *core.DetailedResponse, error) {
		return c.iam.patient.ListAPIKeysWithContext(ctx, &q)
	})
	if err != nil {
		return "", err
	}
	unexpected := &provider.CallError{Request: c.listLine(), Status: answer.Status, Kind: provider.ErrUnexpected}
	members, err := provider.Object(answer)
	if err != nil || page == nil || !provider.Has(members, "apikeys") || string(members["apikeys"]) == "null" || answer.Status != http.StatusOK {
		return "", unexpected
	}
	for i := range page.Apikeys {
		k, ok := told(&page.Apikeys[i], c.own)
		if !ok {
			return "", unexpected
		}
		found[k.ID] = k
	}
	if text(page.Next) == "" {
		return "", nil
	}
	// Only the mark is taken: the address may be anything.
	link, err := url.Parse(*page.Next)
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
	begun, ok := moment(text(report.ReportStartTime))
	if !ok || begun.IsZero() {
		return &provider.CallError{Request: c.reportLine(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	idle := map[string]*iamidentityv1.ApikeyActivity{}
	for i := range report.Apikeys {
		idle[text(report.Apikeys[i].ID)] = &report.Apikeys[i]
	}
	for i := range listed {
		k := &listed[i]
		a := idle[k.ID]
		switch {
		case a != nil:
			last, ok := moment(text(a.LastAuthn))
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

// report has a report made and waits for it.
func (c *client) report(ctx context.Context, span time.Duration) (*iamidentityv1.Report, error) {
	me, err := c.myself(ctx)
	if err != nil {
		return nil, err
	}
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return nil, err
	}
	made, _, err := ask(ctx, c.reportLine(), func(ctx context.Context) (*iamidentityv1.ReportReference, *core.DetailedResponse, error) {
		return c.iam.quick.CreateReportWithContext(ctx, &iamidentityv1.CreateReportOptions{
			AccountID: &me.Account.ID, Type: new("inactive"), Duration: new(strconv.Itoa(int(span / time.Hour))), Headers: headers(bearer),
		})
	})
	if err != nil {
		return nil, err
	}
	if made == nil || text(made.Reference) == "" {
		return nil, &provider.CallError{Request: c.reportLine(), Status: http.StatusAccepted, Kind: provider.ErrUnexpected}
	}
	deadline := time.Now().Add(max(c.patience, time.Second))
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		report, answer, err := ask(ctx, c.reportLine(), func(ctx context.Context) (*iamidentityv1.Report, *core.DetailedResponse, error) {
			return c.iam.patient.GetReportWithContext(ctx, &iamidentityv1.GetReportOptions{AccountID: &me.Account.ID, Reference: made.Reference, Headers: headers(bearer)})
		})
		switch {
		case err != nil:
			return nil, err
		case answer.Status == http.StatusOK && report != nil:
			return report, nil
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
