// Package sim simulates qBraid's API, version 2, after its documentation and
// its published clients: the calls that concern keys, credits and jobs.
package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Options are what a Sim is made of; the zero value is a quiet provider.
type Options struct {
	// Now, Limit and Span are those of simhttp.Options; qBraid documents 1,000
	// requests in 15 minutes.
	Now   func() time.Time
	Limit int
	Span  time.Duration
	// Lag is how long a deleted key still works.
	Lag time.Duration
}

// Key is an API key, as the console shows it.
type Key struct {
	Name    string
	User    string // the id of its user
	Scopes  []string
	Created time.Time
	Used    time.Time
	Deleted time.Time
}

// User is somebody who has keys.
type User struct {
	ID, Name, Email string
	Roles           []string
	Credits         float64
	AWSCredits      float64
}

// Sim is one organisation at qBraid.
type Sim struct {
	*simhttp.Server

	// Organisation is its id.
	Organisation string

	options Options

	mu    sync.Mutex
	users map[string]*User
	keys  map[string]*Key // by value
	jobs  []*Job          // in the order of creation
}

// keyForm is what the API takes for a key at all.
var keyForm = expression.Lazy(`^qbr_[A-Za-z0-9_.-]{16,}$`)

// New makes an organisation without users.
func New(o Options) *Sim {
	s := &Sim{options: o, Organisation: simhttp.Random(24, simhttp.Hexadecimal), users: map[string]*User{}, keys: map[string]*Key{}}
	s.Server = simhttp.New(simhttp.Options{Base: "/qbraid/api/v1", Now: o.Now, Limit: o.Limit, Span: o.Span, Refuse: func(w http.ResponseWriter, status int) {
		fail(w, status, strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_")))
	}})
	s.Handle(http.MethodGet, "/users/verify", s.asking(s.verify))
	s.Handle(http.MethodGet, "/billing/credits/balance", s.asking(s.balance))
	s.Handle(http.MethodGet, "/providers", func(w http.ResponseWriter, _ *http.Request) { succeed(w, http.StatusOK, []any{}) })
	s.Handle(http.MethodGet, "/organizations", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusUnauthorized, "NO_VALID_AUTHENTICATION")
	})
	s.Handle(http.MethodGet, "/jobs", s.asking(s.listJobs))
	s.Handle(http.MethodGet, "/jobs/{job}", s.asking(s.getJob))
	s.Handle(http.MethodPost, "/jobs/{job}/cancel", s.asking(s.cancelJob))
	return s
}

// Join adds a user.
func (s *Sim) Join(u User) User {
	if u.ID == "" {
		u.ID = simhttp.Random(24, simhttp.Hexadecimal)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = &u
	return u
}

// Create makes a key, as the console does; its value is told only here.
func (s *Sim) Create(k Key) secret.Value {
	if k.Created.IsZero() {
		k.Created = s.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(k)
}

func (s *Sim) add(k Key) secret.Value {
	value := "qbr_" + simhttp.Random(40, simhttp.Alphanumeric)
	s.keys[value] = &k
	return secret.New([]byte(value))
}

// Delete ends the keys of a user that have a name, as the console does.
func (s *Sim) Delete(user, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.live(user, name) {
		k.Deleted = s.Now()
	}
}

// Regenerate gives a key a new value, as the console does: the old one dies at
// that moment.
func (s *Sim) Regenerate(user, name string) (secret.Value, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.live(user, name)
	if len(old) != 1 {
		return secret.Value{}, false
	}
	renewed := *old[0]
	old[0].Deleted = s.Now()
	return s.add(renewed), true
}

func (s *Sim) live(user, name string) (found []*Key) {
	for _, k := range s.keys {
		if k.User == user && k.Name == name && k.Deleted.IsZero() {
			found = append(found, k)
		}
	}
	return found
}

// Keys returns the keys that the console lists, oldest first.
func (s *Sim) Keys() (listed []Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range simhttp.Sorted(s.keys, func(a, b *Key) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	}) {
		if k.Deleted.IsZero() {
			listed = append(listed, *k)
		}
	}
	return listed
}

// handler answers a request of a key that works. The Sim is locked.
type handler func(w http.ResponseWriter, r *http.Request, u *User)

func (s *Sim) asking(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		value := r.Header.Get("X-Api-Key")
		k := s.keys[value]
		switch {
		case value == "":
			fail(w, http.StatusUnauthorized, "NO_VALID_AUTHENTICATION")
		case !keyForm().MatchString(value):
			fail(w, http.StatusUnauthorized, "INVALID_API_KEY_FORMAT")
		case k == nil || s.users[k.User] == nil || !k.Deleted.IsZero() && !s.Now().Before(k.Deleted.Add(s.options.Lag)):
			fail(w, http.StatusUnauthorized, "INVALID_API_KEY")
		default:
			k.Used = s.Now()
			h(w, r, s.users[k.User])
		}
	}
}

func (s *Sim) verify(w http.ResponseWriter, _ *http.Request, u *User) {
	succeed(w, http.StatusOK, map[string]any{
		"valid": true, "userId": u.ID, "userName": u.Name, "userEmail": u.Email, "userRoles": list(u.Roles), "userPermissions": []string{},
		"organizationId": s.Organisation, "organizationUserId": "ou-" + u.ID,
	})
}

func list(texts []string) []string { return append([]string{}, texts...) }

func (s *Sim) balance(w http.ResponseWriter, _ *http.Request, u *User) {
	succeed(w, http.StatusOK, map[string]any{
		"qbraidCredits": u.Credits, "awsCredits": u.AWSCredits, "autoRecharge": false, "organizationId": s.Organisation, "userId": u.ID,
	})
}

func succeed(w http.ResponseWriter, status int, data any) {
	simhttp.JSON(w, status, map[string]any{"success": true, "data": data})
}

func fail(w http.ResponseWriter, status int, code string) {
	if status == http.StatusTooManyRequests {
		code = "RATE_LIMIT_EXCEEDED"
	}
	simhttp.JSON(w, status, map[string]any{"success": false, "message": http.StatusText(status), "error": map[string]any{"code": code}})
}

// Job is work that was submitted.
type Job struct {
	QRN     string
	Name    string
	Status  string
	Device  string
	User    string
	Created time.Time
	Ended   time.Time
	Shots   int
	Cost    float64
}

// Submit adds a job.
func (s *Sim) Submit(j Job) Job {
	if j.QRN == "" {
		j.QRN = "qbraid:qbraid:sim:qir-sv-" + simhttp.Random(4, simhttp.Hexadecimal) + "-qjob-" + simhttp.Random(20, simhttp.Hexadecimal)
	}
	if j.Status == "" {
		j.Status = "QUEUED"
	}
	if j.Device == "" {
		j.Device = "qbraid:qbraid:sim:qir-sv"
	}
	if j.Created.IsZero() {
		j.Created = s.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, &j)
	return j
}

// Advance changes the status of a job, as the queue does.
func (s *Sim) Advance(qrn, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.QRN == qrn {
			j.Status = status
		}
	}
}

func (j *Job) returned() bool {
	return slices.Contains([]string{"CANCELLED", "COMPLETED", "FAILED"}, j.Status)
}

func (j *Job) told() map[string]any {
	times := map[string]any{"createdAt": j.Created}
	if !j.Ended.IsZero() {
		times["endedAt"], times["executionDuration"] = j.Ended, j.Ended.Sub(j.Created).Milliseconds()
	}
	told := map[string]any{
		"jobQrn": j.QRN, "batchJobQrn": nil, "name": j.Name, "status": j.Status, "statusMsg": nil, "vendor": "qbraid", "provider": "qbraid",
		"deviceQrn": j.Device, "experimentType": "gate_model", "queuePosition": nil, "shots": j.Shots, "timeStamps": times,
		"estimatedCost": j.Cost, "tags": map[string]any{}, "runtimeOptions": map[string]any{}, "metadata": map[string]any{}, "organizationUserId": "ou-" + j.User,
	}
	if j.returned() {
		told["cost"] = j.Cost
	}
	return told
}

func (s *Sim) listJobs(w http.ResponseWriter, r *http.Request, u *User) {
	query := r.URL.Query()
	number, limit := count(query.Get("page"), 1), count(query.Get("limit"), 50)
	group := query.Get("statusGroup")
	if number < 1 || limit < 1 || limit > 100 || group != "" && !slices.Contains([]string{"pending", "returned", "all"}, group) {
		fail(w, http.StatusUnprocessableEntity, "VALIDATION_ERROR")
		return
	}
	told := []any{}
	for _, j := range slices.Backward(s.jobs) {
		in := group == "" || group == "all" || (group == "returned") == j.returned()
		if status := query.Get("status"); status != "" {
			in = j.Status == status
		}
		if in && j.User == u.ID {
			told = append(told, j.told())
		}
	}
	total := len(told)
	told = told[min((number-1)*limit, total):min(number*limit, total)]
	simhttp.JSON(w, http.StatusOK, map[string]any{
		"success": true, "data": told, "meta": map[string]any{"timestamp": s.Now()},
		"pagination": map[string]any{
			"page": number, "limit": limit, "total": total, "totalPages": (total + limit - 1) / limit, "hasNext": number*limit < total, "hasPrev": number > 1,
		},
	})
}

// count reads a number; 0 stands for what is none.
func count(text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func (s *Sim) find(qrn string, u *User) *Job {
	for _, j := range s.jobs {
		if j.QRN == qrn && j.User == u.ID {
			return j
		}
	}
	return nil
}

func (s *Sim) getJob(w http.ResponseWriter, r *http.Request, u *User) {
	j := s.find(r.PathValue("job"), u)
	if j == nil {
		fail(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	succeed(w, http.StatusOK, j.told())
}

// cancelJob refuses jobs that are over, and those that were not handed on yet.
func (s *Sim) cancelJob(w http.ResponseWriter, r *http.Request, u *User) {
	j := s.find(r.PathValue("job"), u)
	switch {
	case j == nil:
		fail(w, http.StatusNotFound, "NOT_FOUND")
	case j.returned(), j.Status == "CANCELLING", j.Status == "INITIALIZING":
		fail(w, http.StatusConflict, "JOB_CANCEL_CONFLICT")
	default:
		j.Status = "CANCELLING"
		succeed(w, http.StatusAccepted, map[string]any{"message": "Job cancellation requested", "jobQrn": j.QRN, "status": j.Status})
	}
}

// Works reports whether a value is that of a key that was not deleted.
func (s *Sim) Works(v secret.Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[v.Reveal()]
	return k != nil && k.Deleted.IsZero()
}
