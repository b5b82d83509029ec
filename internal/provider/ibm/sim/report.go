package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// report is an inactivity report of the account.
type report struct {
	reference string
	by        string
	hours     int
	from, to  time.Time
	asked     int
}

func (s *Sim) createReport(w http.ResponseWriter, r *http.Request, who *Identity) {
	query := r.URL.Query()
	hours, err := strconv.Atoi(cmp.Or(query.Get("duration"), "720"))
	switch {
	case err != nil || hours <= 0 || query.Has("type") && query.Get("type") != "inactive" || r.PathValue("account") != s.Account:
		fail(w, http.StatusBadRequest)
	case !who.Administrator:
		fail(w, http.StatusForbidden)
	default:
		now := s.now()
		made := &report{reference: simhttp.UUID(), by: who.ID, hours: hours, from: now.Add(-time.Duration(hours) * time.Hour), to: now}
		s.reports = append(s.reports, made)
		simhttp.JSON(w, http.StatusAccepted, map[string]string{"reference": made.reference})
	}
}

// findReport finds a report by its reference, or the latest.
func (s *Sim) findReport(reference string) *report {
	for _, made := range slices.Backward(s.reports) {
		if reference == "latest" || reference == made.reference {
			return made
		}
	}
	return nil
}

// getReport has nothing at first: the report takes its time.
func (s *Sim) getReport(w http.ResponseWriter, r *http.Request, who *Identity) {
	made := s.findReport(r.PathValue("reference"))
	switch {
	case !who.Administrator:
		fail(w, http.StatusForbidden)
		return
	case made == nil || r.PathValue("account") != s.Account:
		fail(w, http.StatusNotFound)
		return
	}
	if made.asked++; made.asked < 2 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	keys := []any{}
	logins := map[string]time.Time{} // of identities
	for _, k := range s.keys {
		if k.lastLogin.After(logins[k.Owner]) {
			logins[k.Owner] = k.lastLogin
		}
		if s.seen(k) && !k.lastLogin.After(made.from) {
			kind := map[bool]string{true: "user", false: "serviceid"}[user(k.Owner)]
			told := lastLogin(k.lastLogin, map[string]any{"id": k.ID, "name": k.Name, "type": kind})
			told[kind] = s.identities[k.Owner].told()
			keys = append(keys, told)
		}
	}
	users, services := []any{}, []any{}
	for _, i := range simhttp.Sorted(s.identities, func(a, b *Identity) int { return cmp.Compare(a.ID, b.ID) }) {
		switch last := logins[i.ID]; {
		case last.After(made.from):
		case user(i.ID):
			users = append(users, lastLogin(last, i.told()))
		default:
			services = append(services, lastLogin(last, i.told()))
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{
		"created_by": made.by, "reference": made.reference, "report_duration": strconv.Itoa(made.hours), "report_start_time": stamp(made.from), "report_end_time": stamp(made.to),
		"users": users, "apikeys": keys, "serviceids": services, "profiles": []any{},
	})
}

// told is what a report says of an identity.
func (i *Identity) told() map[string]any {
	if user(i.ID) {
		return map[string]any{"iam_id": i.ID, "name": i.Name, "username": i.Email, "email": i.Email}
	}
	return map[string]any{"id": i.ID, "name": i.Name}
}

// lastLogin adds a time to what is told, if there is one.
func lastLogin(at time.Time, told map[string]any) map[string]any {
	if !at.IsZero() {
		told["last_authn"] = stamp(at)
	}
	return told
}
