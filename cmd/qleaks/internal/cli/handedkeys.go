package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/courier"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

// handed are the keys among findings that a provider of ours could be asked about,
// as they are handed over: values, counts, and words of ours; with text of the tree
// only where a person wants it.
func (i *inquiry) handed(ctx context.Context, found []finding.Finding, wanted func(f finding.Finding) (rule string, ok bool), o planOptions, texts bool) ([]courier.Key, error) {
	groups := map[secret.Fingerprint][]finding.Finding{}
	var order []secret.Fingerprint
	for _, f := range found {
		if groups[f.Fingerprint] == nil {
			order = append(order, f.Fingerprint)
		}
		groups[f.Fingerprint] = append(groups[f.Fingerprint], f)
	}
	var keys []courier.Key
	for _, fingerprint := range order {
		group := groups[fingerprint]
		rule, ok := wanted(group[0])
		if _, known := all.Named(group[0].Rule.Provider); !ok || !known || group[0].Secret.IsZero() || group[0].Secret.Len() > courier.MaxValue {
			continue
		}
		c := hygiene.Cases(inventory.Inventory{}, group, "")[0]
		k := courier.Key{
			Provider: group[0].Rule.Provider, Rule: rule, Fingerprint: fingerprint, Value: group[0].Secret,
			Places: min(len(c.Places), courier.MaxCount), Reach: string(remediate.Nowhere),
		}
		var x remediate.Exposure
		if k.Leaked = min(len(c.Leaks()), k.Places); k.Leaked > 0 {
			e, err := i.exposure(ctx, c, o.GitHub, time.Time{})
			if err != nil {
				return nil, err
			}
			x = exposureOf(c, e, o)
			k.Reach, k.Since = string(x.Reach), x.Since
		}
		if texts {
			k.Told = told(c, x)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// told is what a person wants to see of a key.
func told(c *hygiene.Case, x remediate.Exposure) *courier.Told {
	t := &courier.Told{}
	for n, p := range c.Leaks() {
		if n == min(courier.MaxPlaces, len(x.Places)) {
			break
		}
		t.Places = append(t.Places, courier.Place{Finding: p.Finding, Text: courier.Line(x.Places[n])})
	}
	for _, p := range c.Places {
		if !p.Since.IsZero() && (t.Seen.IsZero() || p.Since.Before(t.Seen)) {
			t.Seen, t.By = p.Since, nil
			if p.By != "" {
				t.By = []string{courier.Line(p.By)}
			}
		}
	}
	return t
}

// exposed is how far a value came that was handed over.
func exposed(k courier.Key) remediate.Exposure {
	x := remediate.Exposure{Reach: remediate.Reach(k.Reach), Since: k.Since, MorePlaces: k.Leaked}
	if k.Told == nil {
		return x
	}
	for _, p := range k.Told.Places {
		x.Places = append(x.Places, p.Text)
	}
	x.MorePlaces = max(0, k.Leaked-len(x.Places))
	return x
}

// sightings are findings that stand for a key that was handed over: as many as
// there are places, whatever those are called.
func sightings(k courier.Key, check *finding.Check) []finding.Finding {
	f := finding.Finding{Rule: &rules.Rule{ID: k.Rule, Provider: k.Provider}, Fingerprint: k.Fingerprint, Secret: k.Value, Occurrences: []finding.Occurrence{{}}}
	if f.Check = check; check != nil {
		f.Status = check.Verdict.Status
	}
	list := make([]finding.Finding, k.Places)
	for i := range list {
		list[i] = f
		list[i].Stored, list[i].Path = i >= k.Leaked, fmt.Sprintf("place %d", i+1)
		if k.Told == nil {
			continue
		}
		if i < len(k.Told.Places) {
			list[i].ID = k.Told.Places[i].Finding
		}
		if len(k.Told.By) > 0 {
			list[i].Occurrences = []finding.Occurrence{{Git: &finding.Git{Date: k.Told.Seen, Email: k.Told.By[0]}}}
		}
	}
	return list
}

// keepPlan writes a plan where it can be found later, under its hash.
func (r *remedy) keepPlan(plan remediate.Plan) (string, error) {
	base, err := r.base()
	if err != nil {
		return "", err
	}
	text, err := plan.JSON()
	if err != nil {
		return "", err
	}
	disk := durable.OS{}
	dir := filepath.Join(base, "plans")
	name := filepath.Join(dir, plan.Hash()[:12]+".json")
	if err = durable.MakeDirs(disk, dir); err == nil {
		err = durable.WriteWhole(disk, name, text)
	}
	if err != nil {
		return "", couldNot("cannot keep the plan", err)
	}
	return name, nil
}
