package cli

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/scanner/finding"
)

// openAlerts are the open alerts of GitHub at the places of a key.
func openAlerts(alerts []finding.Alert, found []finding.Finding, c *hygiene.Case) (names []string) {
	for _, a := range alerts {
		its := func(f finding.Finding) bool {
			return f.ID == a.Finding && slices.Contains(c.Fingerprints, f.Fingerprint)
		}
		name := fmt.Sprintf("%s#%d", a.Repository, a.Number)
		if a.Open && slices.ContainsFunc(found, its) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// closeAlert closes an alert of GitHub's, HOST/OWNER/NAME#NUMBER, as revoked. The
// token is for one GitHub, and no other is asked.
func (r *remedy) closeAlert(ctx context.Context, alert, comment string) error {
	where, text, _ := strings.Cut(alert, "#")
	number, err := strconv.ParseInt(text, 10, 64)
	parts := strings.Split(where, "/")
	if err != nil || len(parts) != 3 {
		return wrongUsage(clipped(alert) + " is no alert of GitHub's")
	}
	config, err := r.access.github(ctx, r.env, r.say, r.log)
	if err != nil {
		return err
	}
	config.Patience = defaultPatience
	client, err := github.New(config)
	if err != nil {
		return err
	}
	if u, err := url.Parse(client.Site()); err != nil || !strings.EqualFold(u.Hostname(), parts[0]) {
		return wrongUsage("GitHub's token is not for "+parts[0], "name that GitHub: --endpoint github=https://"+parts[0]+"/api/v3")
	}
	return client.Resolve(ctx, parts[1], parts[2], number, comment)
}
