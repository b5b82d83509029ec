package pages

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// keysView is the list of keys, or the table of keys and places.
type keysView struct {
	Provider, Account string
	// Idle lists those unused for long only; Gone lists those that no list has any
	// more, too; Matrix shows places.
	Idle, Gone, Matrix bool
	Keys               []keyRow
	Columns            []string
	// More counts the repositories for which there is no column.
	More  int64
	Pager pager
	Any   bool
	now   time.Time
}

// keyRow is a key with where it is found.
type keyRow struct {
	records.Key

	Use    string
	Late   bool
	Places []records.KeyPlace
	Cells  []records.KeyPlace
	// Unlisted: no list has the key, it was only found.
	Unlisted bool
}

// keys lists keys.
func (p *Pages) keys(w http.ResponseWriter, r *http.Request) error {
	q, ctx := r.URL.Query(), r.Context()
	v := keysView{
		Provider: q.Get("provider"), Account: q.Get("account"), Idle: q.Get("idle") != "", Gone: q.Get("gone") != "", Matrix: q.Get("view") == "places", now: p.Now(),
	}
	var found []records.Key
	var err error
	if v.Idle {
		found, err = p.Store.IdleKeys(ctx, v.now.Add(-idleAfter), 200)
	} else {
		found, err = p.Store.Keys(ctx, records.KeyFilter{Provider: v.Provider, Account: v.Account, Present: !v.Gone}, records.Page{Before: before(r), Most: rows + 1})
		if v.Pager = newPager(r, false, 0); len(found) > rows {
			found = found[:rows]
			v.Pager = newPager(r, true, found[rows-1].Seq)
		}
	}
	if err != nil {
		return err
	}
	for _, k := range found {
		row := keyRow{Key: k}
		row.Use, row.Late = useWords(v.now, k)
		v.Keys = append(v.Keys, row)
	}
	if before(r) == 0 && !v.Idle && v.Provider+v.Account == "" {
		unlisted, err := p.unlisted(r)
		if err != nil {
			return err
		}
		v.Keys = append(unlisted, v.Keys...)
	}
	if err := p.locate(r, v.Keys); err != nil {
		return err
	}
	v.Any = len(v.Keys) > 0 || v.Idle || v.Provider+v.Account != "" || before(r) > 0
	if v.Matrix {
		v.arrange()
	}
	return p.show(w, r, "keys", frame{Title: "Keys", Section: "/keys", View: v})
}

// useWords says when a key was last used, and whether that is too long ago.
func useWords(now time.Time, k records.Key) (string, bool) {
	since := k.IdleSince()
	late := !since.IsZero() && now.Sub(since) > idleAfter
	switch use := k.Record.Use; {
	case !use.Last.IsZero():
		return unused(now, use.Last), late
	case !use.After.IsZero():
		return "after " + day(use.After), false
	case !use.Known:
		return "not told", false
	}
	return "never; made " + ago(now, since), late
}

// locate finds the places of keys.
func (p *Pages) locate(r *http.Request, keys []keyRow) error {
	var fingerprints []string
	for _, k := range keys {
		fingerprints = append(fingerprints, k.Fingerprint)
	}
	places, err := p.Store.KeyPlaces(r.Context(), fingerprints)
	if err != nil {
		return err
	}
	by := map[string][]records.KeyPlace{}
	for _, place := range places {
		by[place.Fingerprint] = append(by[place.Fingerprint], place)
	}
	for i, k := range keys {
		keys[i].Places = by[k.Fingerprint]
	}
	return nil
}

// unlisted are keys of the newest open findings that no list names.
func (p *Pages) unlisted(r *http.Request) ([]keyRow, error) {
	found, err := p.Store.Findings(r.Context(), records.Filter{Open: true}, records.Page{Most: 200})
	if err != nil {
		return nil, err
	}
	var fingerprints []string
	for _, f := range found {
		fingerprints = append(fingerprints, f.Fingerprint)
	}
	listed, err := p.Store.Listed(r.Context(), fingerprints)
	if err != nil {
		return nil, err
	}
	var all []keyRow
	for _, f := range found {
		if len(all) == rows/2 {
			break
		}
		if !slices.Contains(listed, f.Fingerprint) {
			listed = append(listed, f.Fingerprint)
			all = append(all, keyRow{Key: records.Key{Provider: f.Provider, Fingerprint: f.Fingerprint}, Unlisted: true})
		}
	}
	return all, nil
}

// maxColumns is how many repositories the table of keys and places has.
const maxColumns = 10

// arrange makes a table of keys and places: a column for each of the repositories
// with the most keys, a row for each key that is anywhere.
func (v *keysView) arrange() {
	weight := map[string]int64{}
	for _, k := range v.Keys {
		for _, place := range k.Places {
			weight[place.Name] += 1 + place.Open
		}
	}
	for name := range weight {
		v.Columns = append(v.Columns, name)
	}
	slices.SortFunc(v.Columns, func(a, b string) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b)) })
	v.More = int64(max(len(v.Columns)-maxColumns, 0))
	v.Columns = v.Columns[:min(len(v.Columns), maxColumns)]
	v.Keys = slices.DeleteFunc(v.Keys, func(k keyRow) bool { return len(k.Places) == 0 })
	for i, k := range v.Keys {
		cells := make([]records.KeyPlace, len(v.Columns))
		for _, place := range k.Places {
			if c := slices.Index(v.Columns, place.Name); c >= 0 {
				cells[c] = place
			}
		}
		v.Keys[i].Cells = cells
	}
}
