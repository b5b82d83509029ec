package api

import (
	"net/http"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

func (a *API) counts(r *http.Request) (any, error) {
	q := ask(r)
	if q.err != nil {
		return nil, q.err
	}
	return all(a.Store.Counts(r.Context()))
}

func lives() []string {
	var words []string
	for _, l := range records.Lives() {
		words = append(words, string(l))
	}
	return words
}

func (a *API) findings(r *http.Request) (any, error) {
	q := ask(r, "life", "open", "standing", "provider", "rule", "repository", "fingerprint", "before", "limit")
	f := records.Filter{
		Life: records.Life(q.word("life", lives()...)), Open: q.truth("open"), Standing: q.word("standing", records.Active, records.Inactive, records.Unknown),
		Provider: q.text("provider"), Rule: q.text("rule"), Repository: q.number("repository"), Fingerprint: q.text("fingerprint"),
	}
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	found, err := a.Store.Findings(r.Context(), f, p)
	return paged(found, p, func(f records.Finding) int64 { return f.Seq }, err)
}

// one answers with one record of a number.
func one[T any](r *http.Request, read func(seq int64) (T, error)) (any, error) {
	seq, err := numbered(r)
	if err == nil {
		err = ask(r).err
	}
	if err != nil {
		return nil, err
	}
	got, err := read(seq)
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (a *API) finding(r *http.Request) (any, error) {
	return one(r, func(seq int64) (records.Finding, error) { return a.Store.Finding(r.Context(), seq) })
}

func (a *API) changes(r *http.Request) (any, error) {
	return one(r, func(seq int64) (any, error) {
		if _, err := a.Store.Finding(r.Context(), seq); err != nil {
			return nil, err
		}
		return all(a.Store.Changes(r.Context(), seq))
	})
}

func (a *API) keys(r *http.Request) (any, error) {
	q := ask(r, "provider", "account", "fingerprint", "present", "before", "limit")
	f := records.KeyFilter{Provider: q.text("provider"), Account: q.text("account"), Fingerprint: q.text("fingerprint"), Present: q.truth("present")}
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	keys, err := a.Store.Keys(r.Context(), f, p)
	return paged(keys, p, func(k records.Key) int64 { return k.Seq }, err)
}

func (a *API) key(r *http.Request) (any, error) {
	return one(r, func(seq int64) (records.Key, error) { return a.Store.Key(r.Context(), seq) })
}

func (a *API) uses(r *http.Request) (any, error) {
	return one(r, func(seq int64) (any, error) {
		if _, err := a.Store.Key(r.Context(), seq); err != nil {
			return nil, err
		}
		return all(a.Store.Uses(r.Context(), seq))
	})
}

func (a *API) repositories(r *http.Request) (any, error) {
	q := ask(r, "origin", "incomplete", "before", "limit")
	f := records.RepositoryFilter{Origin: q.text("origin"), Incomplete: q.truth("incomplete")}
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	found, err := a.Store.Repositories(r.Context(), f, p)
	return paged(found, p, func(r records.Repository) int64 { return r.Seq }, err)
}

func (a *API) repository(r *http.Request) (any, error) {
	return one(r, func(seq int64) (records.Repository, error) { return a.Store.Repository(r.Context(), seq) })
}

func (a *API) coverage(r *http.Request) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	q := ask(r, "before", "limit")
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	if _, err := a.Store.Repository(r.Context(), seq); err != nil {
		return nil, err
	}
	found, err := a.Store.Coverage(r.Context(), seq, p)
	return paged(found, p, func(c records.Coverage) int64 { return c.Seq }, err)
}

func (a *API) workers(r *http.Request) (any, error) {
	if q := ask(r); q.err != nil {
		return nil, q.err
	}
	return all(a.Store.Workers(r.Context(), sweep.DefaultPatience))
}

func (a *API) actions(r *http.Request) (any, error) {
	q := ask(r, "kind", "subject", "before", "limit")
	f := records.ActionFilter{Kind: q.text("kind"), Subject: q.text("subject")}
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	actions, err := a.Store.Actions(r.Context(), f, p)
	return paged(actions, p, func(a records.Action) int64 { return a.Seq }, err)
}
