package sim

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Key is an API key.
type Key struct {
	ID          string
	Name        string
	Description string
	Owner       string // the id of its identity
	Expires     time.Time
	OnLeak      string
	Stored      bool // its value is given out again
	Sessions    bool // its logins of the command line can be looked at
	Locked      bool

	life
}

// life is what happened to a key.
type life struct {
	value     string
	tag       int
	created   time.Time
	modified  time.Time
	disabling change
	gone      time.Time
	lastLogin time.Time
	logins    int64
	history   []map[string]any
}

const (
	// kept is for how long a key that expired is still there.
	kept = 90 * 24 * time.Hour
	// provider is who changes keys where IBM itself does.
	provider = "IBMid-IBM"
)

// change is a switch that takes its time to be seen.
type change struct {
	on, was bool
	at      time.Time
}

// Create makes a key, as somebody in the console does.
func (s *Sim) Create(k Key) (Key, secret.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.add(k, simhttp.Random(44, simhttp.URLSafe))
	return *made, secret.New([]byte(made.value))
}

func (s *Sim) add(k Key, value string) *Key {
	k.ID, k.value = "ApiKey-"+simhttp.UUID(), value
	if k.OnLeak == "" {
		k.OnLeak = "disable"
	}
	if k.created.IsZero() {
		k.created = s.now()
	}
	k.modified = k.created
	s.keys = append(s.keys, &k)
	s.byID[k.ID], s.values[value] = &k, &k
	s.remember(&k, k.Owner, "created")
	return &k
}

// Age moves the making of a key, and its last login, into the past.
func (s *Sim) Age(id string, created, lastLogin time.Time, logins int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.byID[id]; k != nil {
		k.created, k.modified, k.lastLogin, k.logins = created, created, lastLogin, logins
		slices.SortStableFunc(s.keys, func(a, b *Key) int { return a.created.Compare(b.created) })
	}
}

// Publish shows a value to the world: IBM finds it, and does what its key is
// marked with.
func (s *Sim) Publish(v secret.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.values[v.Reveal()]
	switch {
	case k == nil || !k.gone.IsZero():
	case k.OnLeak == "disable":
		s.toggle(k, provider, true)
	case k.OnLeak == "delete":
		s.remove(k)
	}
}

// Disable makes a key useless for the time being, as somebody in the console
// does.
func (s *Sim) Disable(id string) { s.Change(id, func(k *Key) { s.toggle(k, k.Owner, true) }) }

// Delete ends a key, as somebody in the console does.
func (s *Sim) Delete(id string) { s.Change(id, s.remove) }

// Change does something to a key that exists.
func (s *Sim) Change(id string, do func(*Key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.byID[id]; k != nil {
		do(k)
	}
}

func (s *Sim) toggle(k *Key, by string, on bool) {
	k.disabling = change{on: on, was: s.disabled(k), at: s.now()}
	s.touch(k)
	s.remember(k, by, map[bool]string{true: "disabled", false: "enabled"}[on])
}

func (s *Sim) touch(k *Key) { k.modified, k.tag = s.now(), k.tag+1 }

func (s *Sim) remember(k *Key, by, action string) {
	k.history = append(k.history, map[string]any{
		"timestamp": stamp(s.now()), "iam_id": by, "iam_id_account": s.Account, "action": action, "params": []string{}, "message": "",
	})
}

// remove ends a key; it is gone when the change is seen.
func (s *Sim) remove(k *Key) {
	k.gone = s.now()
	delete(s.byID, k.ID)
	if s.options.Lag == 0 {
		s.keys = slices.DeleteFunc(s.keys, func(other *Key) bool { return other == k })
	}
}

// seen reports whether a key's making is seen already, and its end is not.
// One that expired long ago, and was not changed since, ends by itself.
func (s *Sim) seen(k *Key) bool {
	now := s.now()
	if now.After(k.expiry().Add(kept)) && now.After(k.modified.Add(kept)) {
		return false
	}
	return (s.options.Lag == 0 || !now.Before(k.created.Add(s.options.Lag))) && (k.gone.IsZero() || now.Before(k.gone.Add(s.options.Lag)))
}

func (s *Sim) disabled(k *Key) bool {
	if s.now().Before(k.disabling.at.Add(s.options.Lag)) {
		return k.disabling.was
	}
	return k.disabling.on
}

// expiry is when a key ends by itself; far away if it does not.
func (k *Key) expiry() time.Time {
	if k.Expires.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return k.Expires
}

// IDs returns the ids of the keys that exist, oldest first.
func (s *Sim) IDs() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.gone.IsZero() {
			all = append(all, k.ID)
		}
	}
	return all
}

// OwnerOf is the id of a key's owner; "" if there is no such key.
func (s *Sim) OwnerOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.byID[id]; k != nil {
		return k.Owner
	}
	return ""
}

// stamp is a time as the identity service writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04-0700") }

// record is what is told of a key.
func (s *Sim) record(k *Key, withActivity, withHistory bool) map[string]any {
	told := map[string]any{
		"id": k.ID, "entity_tag": strconv.Itoa(k.tag+1) + "-" + k.ID[len(k.ID)-8:], "crn": "crn:v1:bluemix:public:iam-identity::a/" + s.Account + "::apikey:" + k.ID,
		"locked": k.Locked, "disabled": s.disabled(k), "created_at": stamp(k.created), "created_by": k.Owner, "modified_at": stamp(k.modified),
		"name": k.Name, "support_sessions": k.Sessions, "action_when_leaked": k.OnLeak, "iam_id": k.Owner, "account_id": s.Account, "apikey": "",
	}
	if k.Description != "" {
		told["description"] = k.Description
	}
	if !k.Expires.IsZero() {
		told["expires_at"] = stamp(k.Expires)
	}
	if k.Stored {
		told["apikey"] = k.value
	}
	if withActivity {
		activity := map[string]any{"authn_count": k.logins}
		if !k.lastLogin.IsZero() {
			activity["last_authn"] = stamp(k.lastLogin)
		}
		told["activity"] = activity
	}
	if withHistory {
		told["history"] = k.history
	}
	return told
}

// answer writes a record with its tag.
func (s *Sim) answer(w http.ResponseWriter, status int, told map[string]any) {
	if tag, ok := told["entity_tag"].(string); ok {
		w.Header().Set("ETag", tag)
	}
	told["context"] = about("api_key")
	simhttp.JSON(w, status, told)
}

// about is what answers say of their request.
func about(operation string) map[string]string {
	return map[string]string{"transaction_id": simhttp.UUID(), "operation": operation}
}

// Works reports whether a value is that of a key in use, without a login.
func (s *Sim) Works(v secret.Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.values[v.Reveal()]
	return k != nil && k.gone.IsZero() && !k.disabling.on && !s.now().After(k.expiry())
}

// NameOf is a key's name; "" if there is no such key.
func (s *Sim) NameOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.byID[id]; k != nil {
		return k.Name
	}
	return ""
}
