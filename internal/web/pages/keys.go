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
	Places []keyPlace
	Cells  []keyPlace
	// Unlisted: no list has the key, it was only found.
	Unlisted bool
}

// keyPlace is a repository in which a key is found.
type keyPlace struct {
	Repository   int64
	Name         string
	Open, Closed int64
	Kept         int64
	Works        bool
}

// Any reports whether the key is, or was, there.
func (k keyPlace) Any() bool { return k.Open+k.Closed+k.Kept > 0 }

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
		if row.Places, err = p.places(r, k.Fingerprint); err != nil {
			return err
		}
		v.Keys = append(v.Keys, row)
	}
	if before(r) == 0 && !v.Idle && v.Provider+v.Account == "" {
		unlisted, err := p.unlisted(r)
		if err != nil {
			return err
		}
		v.Keys = append(unlisted, v.Keys...)
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

// places counts where a key is found, by repository.
func (p *Pages) places(r *http.Request, fingerprint string) ([]keyPlace, error) {
	if fingerprint == "" {
		return nil, nil
	}
	found, err := p.Store.Findings(r.Context(), records.Filter{Fingerprint: fingerprint}, records.Page{Most: 200})
	if err != nil {
		return nil, err
	}
	return placesOf(found), nil
}

func placesOf(found []records.Finding) []keyPlace {
	by := map[int64]*keyPlace{}
	for _, f := range found {
		if by[f.Repository] == nil {
			by[f.Repository] = &keyPlace{Repository: f.Repository, Name: f.Name}
		}
		switch place := by[f.Repository]; {
		case f.Stored:
			place.Kept++
		case f.Life.Open():
			place.Open++
			place.Works = place.Works || f.Standing == records.Active
		default:
			place.Closed++
		}
	}
	var all []keyPlace
	for _, place := range by {
		all = append(all, *place)
	}
	slices.SortFunc(all, func(a, b keyPlace) int { return cmp.Or(cmp.Compare(b.Open, a.Open), strings.Compare(a.Name, b.Name)) })
	return all
}

// unlisted are keys of the newest open findings that no list names.
func (p *Pages) unlisted(r *http.Request) ([]keyRow, error) {
	found, err := p.Store.Findings(r.Context(), records.Filter{Open: true}, records.Page{Most: 200})
	if err != nil {
		return nil, err
	}
	by := map[string][]records.Finding{}
	var order []string
	for _, f := range found {
		if by[f.Fingerprint] == nil {
			order = append(order, f.Fingerprint)
		}
		by[f.Fingerprint] = append(by[f.Fingerprint], f)
	}
	var all []keyRow
	for _, fingerprint := range order {
		listed, err := p.Store.Keys(r.Context(), records.KeyFilter{Fingerprint: fingerprint}, records.Page{Most: 1})
		if err != nil {
			return nil, err
		}
		if len(listed) > 0 {
			continue
		}
		f := by[fingerprint][0]
		row := keyRow{Key: records.Key{Provider: f.Provider, Fingerprint: fingerprint}, Unlisted: true, Places: placesOf(by[fingerprint])}
		all = append(all, row)
		if len(all) == rows/2 {
			break
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
		cells := make([]keyPlace, len(v.Columns))
		for _, place := range k.Places {
			if c := slices.Index(v.Columns, place.Name); c >= 0 {
				cells[c] = place
			}
		}
		v.Keys[i].Cells = cells
	}
}
