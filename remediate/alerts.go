package remediate

import (
	"context"
	"strings"
	"time"
)

// closeAlerts closes GitHub's alerts of a key that is proved dead. A key that was
// not proved dead by this rotation has its alerts left open.
func (x *run) closeAlerts(ctx context.Context, r *rotation) (map[string]string, error) {
	proved := r.find(Prove)
	if proved < 0 || r.steps[proved].state != IsDone {
		return nil, blocked("it is not proved that the key is dead, and its alerts stay open")
	}
	if x.CloseAlert == nil {
		return nil, blocked("there is no way to GitHub here, and its alerts stay open")
	}
	comment := "qleaks revoked the key, and proved on " + r.steps[proved].at.UTC().Format(time.RFC3339) + " that it is refused. Rotation " + r.row.ID + "."
	for _, alert := range r.row.Alerts {
		if err := x.CloseAlert(ctx, alert, comment); err != nil {
			return nil, orEnded(ctx, blocked("the alert %s stays open: %s", alert, reasonOf(err)))
		}
	}
	return map[string]string{factAlerts: strings.Join(r.row.Alerts, " ")}, nil
}
