package demo

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/secret"
)

// StrangersJob is the id of the job that nobody of the laboratory submitted.
const StrangersJob = "0199b3c4-0000-7000-8000-000000000003"

// Rehearse makes a world below dir, which must be empty or not exist, in which
// one incident is to be dealt with: an IonQ key that was printed in a notebook,
// cleaned away and pushed, whose project has no second key; and an IBM key in a
// script, for which the policy asks nobody. It needs git on the path, and listens
// on loopback only.
func Rehearse(ctx context.Context, dir string, now time.Time) (*World, error) {
	w := newWorld(dir)
	w.rehearsedIonQ(now)
	w.rehearsedIBM(now)
	w.QBraid = qbraid.New(qbraid.Options{})
	for _, step := range []func() error{
		func() error { return os.MkdirAll(dir, 0o700) },
		func() error { return w.serve(ctx) },
		func() error { return w.writeRehearsed(ctx, dir, now) },
		func() error { return w.writeList(filepath.Join(dir, "ionq-keys.csv")) },
		func() error { return w.writeConfiguration(filepath.Join(dir, "config", "qleaks")) },
		func() error { return w.writeShells(dir) },
	} {
		if err := step(); err != nil {
			w.Close()
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	return w, nil
}

func (w *World) rehearsedIonQ(now time.Time) {
	s := ionq.New(ionq.Options{})
	_, w.leaked["ionq"] = s.Create(ionq.Key{Name: "ada-laptop", Project: "bell-lab", Owner: "Ada", Created: now.Add(-60 * day), Used: now.Add(-3 * hour)})
	s.Create(ionq.Key{Name: "old-course", Project: "course-2025", Owner: "Ada", Created: now.Add(-400 * day), Used: now.Add(-140 * day)})
	_, w.Credentials["ionq"] = s.Create(ionq.Key{Name: "grace-keys", Project: "administration", Owner: "Grace", Created: now.Add(-20 * day), Used: now.Add(-day)})
	for i, j := range []ionq.Job{
		{Name: "bell-pairs", Submitter: "Ada", Shots: 1000, Cost: 3},
		{Name: "vqe-h2", Submitter: "Ada", Shots: 2000, Cost: 6},
		{ID: StrangersJob, Name: "job", Submitter: "nobody-we-know", Backend: "qpu.aria-1", Shots: 100_000, Cost: 970},
	} {
		if j.ID == "" {
			j.ID = fmt.Sprintf("0199b3c4-0000-7000-8000-%012d", i+1)
		}
		j.Project, j.Status, j.Submitted = "bell-lab", "ready", now.Add(-time.Duration(5-i)*hour)
		s.Submit(j)
	}
	for i := range 8 {
		at := now.Add(-time.Duration(12+5*i) * day)
		s.Submit(ionq.Job{
			Name: "bell-pairs", Submitter: "Ada", Shots: 1000, Cost: 3, Project: "bell-lab", Status: "completed",
			Submitted: at, Started: at.Add(hour), Completed: at.Add(hour + 40*time.Second),
		})
	}
	w.IonQ = s
}

func (w *World) rehearsedIBM(now time.Time) {
	s := ibm.New(ibm.Options{})
	grace := s.Join(ibm.Identity{Name: "Grace", Email: "grace@bell-lab.example", Administrator: true})
	operator, own := s.Create(ibm.Key{Name: "qleaks", Owner: grace.ID})
	nightly, value := s.Create(ibm.Key{Name: "nightly-run", Owner: grace.ID})
	s.Age(operator.ID, now.Add(-20*day), now.Add(-day), 40)
	s.Age(nightly.ID, now.Add(-70*day), now.Add(-2*day), 911)
	lab := s.Provide(ibm.Instance{Name: "bell-lab", Plan: "open-plan", Backends: []string{"ibm_torino"}, Limit: 600, Consumed: 212})
	s.Submit(ibm.Job{Instance: lab.CRN, User: grace.ID, Backend: "ibm_torino"})
	w.IBM, w.leaked["ibm"], w.Credentials["ibm"] = s, value, own
}

// writeRehearsed writes both repositories.
func (w *World) writeRehearsed(ctx context.Context, dir string, now time.Time) error {
	history, err := w.printed()
	if err != nil {
		return err
	}
	if err := commitAll(ctx, w.Repository, now, history); err != nil {
		return err
	}
	return commitAll(ctx, filepath.Join(dir, "torino"), now, []commit{
		{30 * day, "Nightly run", true, map[string]string{"README.md": "# Nightly runs at IBM\n", ".gitignore": ".env\n"}},
		{2 * day, "Read the backends", true, map[string]string{"nightly.py": `"""What the nightly run sees."""

from qiskit_ibm_runtime import QiskitRuntimeService

service = QiskitRuntimeService(channel="ibm_cloud", token="` + w.leaked["ibm"].Reveal() + `")
print(service.backends())
`}},
	})
}

// printed tells how the IonQ key came into the history of a notebook, and out of
// its last version: the commit that brought it is five before the last one.
func (w *World) printed() ([]commit, error) {
	const traceback = `---------------------------------------------------------------------------
IonQAPIError                              Traceback (most recent call last)
Cell In[3], line 1
----> 1 job = backend.run(circuit, shots=2000)
IonQAPIError: 429 Too Many Requests for https://api.ionq.co/v0.4/jobs
headers: {'Authorization': 'apiKey %s', 'Content-Type': 'application/json'}
`
	reading := "import os\n\nfrom qiskit_ionq import IonQProvider\n\nprovider = IonQProvider(os.environ[\"IONQ_API_KEY\"])\n"
	cells := []cell{{text: "# VQE for H2"}, {code: reading}, {code: "job = backend.run(circuit, shots=2000)", output: fmt.Sprintf(traceback, w.leaked["ionq"].Reveal())}}
	printed, err := notebookOf(cells)
	if err != nil {
		return nil, err
	}
	cells[2].output = ""
	cleared, err := notebookOf(cells)
	if err != nil {
		return nil, err
	}
	return []commit{
		{50 * day, "Bell pairs on IonQ", true, map[string]string{"README.md": "# Bell lab\n", "bell.py": reading}},
		{9 * day, "VQE for H2", false, map[string]string{"vqe.ipynb": printed}},
		{9*day - hour, "Clear the output of the notebook", true, map[string]string{"vqe.ipynb": cleared}},
		{7 * day, "Say how to run it", true, map[string]string{"README.md": "# Bell lab\n\nRun `bell.py` with IONQ_API_KEY set.\n"}},
		{5 * day, "Requirements", true, map[string]string{"requirements.txt": "qiskit-ionq\n"}},
		{4 * day, "Ignore what tools leave behind", true, map[string]string{".gitignore": "__pycache__/\n.ipynb_checkpoints/\n.env\n"}},
		{2 * day, "A licence", true, map[string]string{"LICENSE": "Use it as you like.\n"}},
	}, nil
}

// writeList writes the list of the IonQ keys as the laboratory keeps it: what the
// console shows, and when keys were made where somebody noted it.
func (w *World) writeList(name string) error {
	var b strings.Builder
	b.WriteString("Name,Project,Created,Last used\n")
	for _, k := range w.IonQ.Keys() {
		made := shown(k.Created)
		if k.Name == "grace-keys" {
			made = ""
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", k.Name, k.Project, made, shown(k.Used))
	}
	return os.WriteFile(name, []byte(b.String()), 0o600)
}

// writeConfiguration writes what the operator would write: the accounts with
// their credentials, the stores, and the policy; and the other policy, which asks
// nobody.
func (w *World) writeConfiguration(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	const lab = `# Whose keys there are: each account with your own credential for it.
[accounts.lab]
provider = "ionq"
credential = "file:ionq.key"

[accounts.cloud]
provider = "ibm"
credential = "file:ibm.key"
everybody = true

# Where keys are used: a new value goes there.
[stores.bell]
kind = "env-file"
path = "../../bell-lab/.env"
variable = "IONQ_API_KEY"
keys = ["ionq/ada-laptop"]

[stores.nightly]
kind = "env-file"
path = "../../torino/.env"
variable = "QISKIT_IBM_TOKEN"
keys = ["ibm/nightly-run"]

[remediate]
mode = "%s"
requester = "grace"
`
	files := map[string]string{"config.toml": fmt.Sprintf(lab, "guided"), "auto.toml": fmt.Sprintf(lab, "auto")}
	for name, value := range w.Credentials {
		files[name+".key"] = value.Reveal() + "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeShells writes what points the qleaks of a shell at the world. There is no
// key in it.
func (w *World) writeShells(dir string) error {
	var endpoints []string
	for _, name := range slices.Sorted(maps.Keys(w.Origins)) {
		for _, service := range slices.Sorted(maps.Keys(w.Origins[name])) {
			endpoints = append(endpoints, name+"."+service+"="+w.Origins[name][service])
		}
	}
	variables := map[string]string{
		"QLEAKS_DEMO": dir, "QLEAKS_CONFIG_HOME": filepath.Join(dir, "config"), "QLEAKS_CACHE_HOME": filepath.Join(dir, "cache"),
		"QLEAKS_ENDPOINT": strings.Join(endpoints, ","),
	}
	about := "# For the demonstration in " + strings.ReplaceAll(dir, "\n", " ") + ", as long as it runs; a new shell forgets it.\n"
	sh, ps := []string{about}, []string{about}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		sh = append(sh, "export "+name+"='"+strings.ReplaceAll(variables[name], "'", `'\''`)+"'\n")
		ps = append(ps, "$env:"+name+" = '"+strings.ReplaceAll(variables[name], "'", "''")+"'\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "env.ps1"), []byte(strings.Join(ps, "")), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "env.sh"), []byte(strings.Join(sh, "")), 0o600)
}

// Make makes a key at IonQ, as a person does in its console. ok is false if one
// of that name is there.
func (w *World) Make(name, project string) (value secret.Value, ok bool) {
	for _, k := range w.IonQ.Keys() {
		if k.Name == name {
			return value, false
		}
	}
	_, value = w.IonQ.Create(ionq.Key{Name: name, Project: project, Owner: "Ada"})
	return value, true
}

// Revoke ends the key of a name at IonQ, as a person does in its console.
func (w *World) Revoke(name string) bool {
	for _, k := range w.IonQ.Keys() {
		if k.Name == name {
			return w.IonQ.Revoke(k.ID)
		}
	}
	return false
}
