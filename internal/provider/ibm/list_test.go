package ibm_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/ibm"
	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// everybody lists all keys of an account with their activity.
func everybody() provider.Extent {
	return provider.Extent{Everybody: true, Services: true, Use: provider.UseByKey}
}

// bank is an account with many keys, of which every hundredth never logged in.
func bank(tb testing.TB, keys int, o sim.Options) (*sim.Sim, full) {
	tb.Helper()
	s := sim.New(o)
	ada := s.Join(sim.Identity{Name: "Ada", Administrator: true})
	robots := []sim.Identity{}
	for i := range 25 {
		robots = append(robots, s.Service(fmt.Sprintf("robot %d", i)))
	}
	_, credential := s.Create(sim.Key{Name: "operator", Owner: ada.ID})
	for i := range keys - 1 {
		owner := ada
		if i%2 == 0 {
			owner = robots[i/2%len(robots)]
		}
		_, value := s.Create(sim.Key{Name: fmt.Sprintf("key %d", i), Owner: owner.ID})
		if i%100 != 0 {
			s.Login(value)
		}
	}
	return s, client(tb, provider.Config{Credential: credential, Rate: 1e6, Patience: time.Minute}, s.Servers())
}

// told reads a list to its end.
func told(tb testing.TB, c provider.Lister, e provider.Extent) (map[string]key.Key, error) {
	tb.Helper()
	all := map[string]key.Key{}
	for k, err := range c.Keys(tb.Context(), e) {
		if err != nil {
			return all, err
		}
		if _, twice := all[k.ID]; twice {
			tb.Errorf("%s comes twice", k.ID)
		}
		all[k.ID] = k
	}
	return all, nil
}

func TestFiveThousandKeysAreListedWithTheirActivity(t *testing.T) {
	if testing.Short() {
		t.Skip("more than five thousand requests")
	}
	_, c := bank(t, 5000, sim.Options{})
	all, err := told(t, c, everybody())
	if err != nil || len(all) != 5000 {
		t.Fatalf("%d keys, %v", len(all), err)
	}
	never, services := 0, 0
	for _, k := range all {
		if !k.Use.Known {
			t.Fatalf("use of %s is not known", k.Name)
		}
		if k.Use.Last.IsZero() {
			never++
		}
		if k.Kind == "serviceid" {
			services++
		}
	}
	if never != 50 || services != 2500 {
		t.Errorf("%d never used, %d of service IDs", never, services)
	}
}

func TestAListIsNotWholeWhenOneRequestInItsMiddleFails(t *testing.T) {
	s, _ := bank(t, 600, sim.Options{})
	for name, comes := range map[string]http.HandlerFunc{
		"500": says(500, `{}`), "403": says(403, `{}`), "page": simhttp.Answer(200, "text/html", "<html>"), "nothing": func(w http.ResponseWriter, _ *http.Request) { simhttp.Cut(w) },
	} {
		s.IAM.Break(simhttp.Fault{Method: http.MethodGet, Path: "/v1/apikeys/ApiKey-", Skip: 300, Handler: comes})
		if all, err := told(t, sibling(t, s), everybody()); err == nil || len(all) > 300 {
			t.Errorf("%s in the middle: %d keys, %v", name, len(all), err)
		}
		s.IAM.Mend()
	}
}

// sibling is another client of a simulator, which waits for nothing.
func sibling(t *testing.T, s *sim.Sim) full {
	t.Helper()
	ada := s.Join(sim.Identity{Name: "Grace", Administrator: true})
	_, credential := s.Create(sim.Key{Name: "another operator", Owner: ada.ID})
	return client(t, provider.Config{Credential: credential, Rate: 1e6, Patience: time.Nanosecond}, s.Servers())
}

// TestKeysThatComeAndGoBetweenPagesHideNoOther changes an account before each
// page, at random, until a page so and so. What was there all the time is listed.
func TestKeysThatComeAndGoBetweenPagesHideNoOther(t *testing.T) {
	schedules, whole := uint64(50), uint64(0)
	if testing.Short() {
		schedules = 10
	}
	for seed := range schedules {
		random := rand.New(rand.NewPCG(seed, 5))
		s, c := bank(t, 230+random.IntN(140), sim.Options{KeysPerIdentity: 1000})
		before, until, page := s.IDs(), random.IntN(12), 0
		s.IAM.Break(simhttp.Fault{Method: http.MethodGet, Path: "/v1/apikeys", Handler: func(w http.ResponseWriter, r *http.Request) {
			if page++; page <= until {
				disturb(s, random, before[0])
			}
			s.IAM.Pass(w, r)
		}})
		e := everybody()
		e.Use, e.Services = provider.NoUse, seed%2 == 0
		all, err := told(t, c, e)
		if errors.Is(err, ibm.ErrChanging) {
			continue
		}
		if err != nil {
			t.Fatalf("schedule %d: %v", seed, err)
		}
		whole++
		still := map[string]bool{}
		for _, id := range s.IDs() {
			still[id] = true
		}
		for _, id := range before {
			if k, listed := all[id]; still[id] && !listed && (e.Services || strings.HasPrefix(s.OwnerOf(id), "IBMid-")) {
				t.Errorf("schedule %d: %s was there all the time, and is not listed: %+v", seed, id, k)
			}
		}
	}
	if whole < schedules*9/10 {
		t.Errorf("of %d lists %d came to an end", schedules, whole)
	}
}

// disturb ends some keys, mostly old ones, and makes some. The operator's stays.
func disturb(s *sim.Sim, random *rand.Rand, operator string) {
	for range random.IntN(3) {
		ids := s.IDs()
		if id := ids[random.IntN(random.IntN(len(ids))+1)]; id != operator {
			s.Delete(id)
		}
	}
	for range random.IntN(3) {
		s.Create(sim.Key{Name: "new", Owner: s.OwnerOf(operator)})
	}
}

func TestAListThatNeverStandsStillIsAnError(t *testing.T) {
	s, c := bank(t, 300, sim.Options{})
	s.IAM.Break(simhttp.Fault{Method: http.MethodGet, Path: "/v1/apikeys", Handler: func(w http.ResponseWriter, r *http.Request) {
		s.Delete(s.IDs()[1]) // not the operator's
		s.IAM.Pass(w, r)
	}})
	if all, err := told(t, c, provider.Extent{Everybody: true}); !errors.Is(err, ibm.ErrChanging) || len(all) != 0 {
		t.Errorf("%d keys, %v", len(all), err)
	}
}

func TestKeysThatAppearDoNotMatter(t *testing.T) {
	s, c := bank(t, 300, sim.Options{})
	operator, pages := s.IDs()[0], 0
	s.IAM.Break(simhttp.Fault{Method: http.MethodGet, Path: "/v1/apikeys", Handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("scope") {
			pages++
			s.Create(sim.Key{Name: "new", Owner: s.OwnerOf(operator)})
		}
		s.IAM.Pass(w, r)
	}})
	if all, err := told(t, c, provider.Extent{Everybody: true}); err != nil || len(all) < 150 || pages > 6 {
		t.Errorf("%d keys after %d pages, %v", len(all), pages, err)
	}
}

// BenchmarkFiveThousandKeys lists an account of 5,000 keys, 100 a page, at 50 ms
// a request and the rate that qleaks keeps to. Memory is what lives at most
// while the list is read, above what lived before.
func BenchmarkFiveThousandKeys(b *testing.B) {
	for _, by := range []provider.UseBy{provider.NoUse, provider.UseReport, provider.UseByKey} {
		b.Run("use by "+cmp.Or(string(by), "nothing"), func(b *testing.B) {
			s, _ := bank(b, 5000, sim.Options{Delay: 50 * time.Millisecond, Limit: 50, Span: time.Second})
			e := everybody()
			e.Use = by
			for b.Loop() {
				_, credential := s.Create(sim.Key{Name: "operator", Owner: s.OwnerOf(s.IDs()[0])})
				c := client(b, provider.Config{Credential: credential}, s.Servers())
				least, most, n := living(), uint64(0), 0
				for _, err := range c.Keys(b.Context(), e) {
					if err != nil {
						b.Fatal(err)
					}
					if n++; n%500 == 1 {
						s.IAM.Forget() // the simulator's memory is not ours
						most = max(most, living())
					}
				}
				b.ReportMetric(float64(most-min(least, most))/(1<<20), "MB")
				b.ReportMetric(float64(n), "keys")
			}
		})
	}
}

// living is how many bytes of the heap are in use, after tidying up.
func living() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
