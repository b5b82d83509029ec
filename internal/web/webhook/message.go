package webhook

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/records"
)

// message is what is read of a message of GitHub's: which repositories it is about,
// and what happened to them.
type message struct {
	Action     string `json:"action"`
	Repository named  `json:"repository"`
	Alert      struct {
		Number int64 `json:"number"`
	} `json:"alert"`
	Installation struct {
		Account struct {
			Login string `json:"login"`
		} `json:"account"`
	} `json:"installation"`
	Repositories []named `json:"repositories"`
	Added        []named `json:"repositories_added"`
}

type named struct {
	FullName string `json:"full_name"`
}

// What an owner and a repository are called at GitHub.
var (
	fullName = expression.Lazy(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)
	login    = expression.Lazy(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}$`)
)

// mostTargets is how many repositories of one message are swept one by one; beyond
// that the owner is.
const mostTargets = 20

// targets are what is to be swept.
func (m message) targets(event string) []string {
	var about []named
	switch event {
	case "push", "secret_scanning_alert":
		about = []named{m.Repository}
	case "repository":
		// What else happens to a repository, its description say, changes no commit.
		if slices.Contains([]string{"created", "deleted", "publicized", "privatized", "renamed", "transferred", "unarchived"}, m.Action) {
			about = []named{m.Repository}
		}
	case "installation":
		if slices.Contains([]string{"created", "unsuspend", "new_permissions_accepted"}, m.Action) {
			about = m.Repositories
		}
	case "installation_repositories":
		about = m.Added
	}
	var targets []string
	for _, r := range about {
		if fullName().MatchString(r.FullName) && !slices.Contains(targets, "github:"+r.FullName) {
			targets = append(targets, "github:"+r.FullName)
		}
	}
	if len(targets) > mostTargets && login().MatchString(m.Installation.Account.Login) {
		return []string{"github:" + m.Installation.Account.Login}
	}
	return targets
}

// note writes down an alert: that GitHub found a secret, which one it was stays
// there.
func (m message) note(ctx context.Context, tx *records.Tx, event string) error {
	if event != "secret_scanning_alert" || !fullName().MatchString(m.Repository.FullName) {
		return nil
	}
	detail, err := json.Marshal(map[string]int64{"alert": m.Alert.Number})
	if err != nil {
		return err
	}
	state := "changed"
	if slices.Contains([]string{"created", "reopened", "resolved", "revoked", "publicly_leaked", "validated"}, m.Action) {
		state = m.Action
	}
	_, err = tx.Act(ctx, records.Action{Kind: "github alert", Subject: "github:" + m.Repository.FullName, State: state, Who: "github", Detail: detail})
	return err
}
