package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// commit is one step of the repository's history.
type commit struct {
	ago     time.Duration
	message string
	// pushed says that it was pushed an hour later.
	pushed bool
	// files are the contents after it, by path.
	files map[string]string
}

// writeRepository writes the history in which the keys leaked: each was seen,
// and taken out of the file, which takes it out of nothing else.
func (w *World) writeRepository(ctx context.Context, now time.Time) error {
	history, err := w.history()
	if err != nil {
		return err
	}
	return commitAll(ctx, w.Repository, now, history)
}

// commitAll makes a repository with a history, and beside it a forge that it is
// pushed to: what is pushed there can be seen by others.
func commitAll(ctx context.Context, dir string, now time.Time, history []commit) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return fmt.Errorf("a repository is made by git, which is not there: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	r := repository{dir: dir, git: git}
	forge := dir + ".git"
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"init", "-q", "--bare", "-b", "main", forge}, {"remote", "add", "origin", forge}, {"config", "user.name", "Ada"}, {"config", "user.email", "ada@bell-lab.example"}} {
		if err := r.run(ctx, now, args...); err != nil {
			return err
		}
	}
	for _, c := range history {
		if err := r.commit(ctx, now, c); err != nil {
			return err
		}
	}
	return nil
}

// repository is one that is being written.
type repository struct{ dir, git string }

func (r repository) commit(ctx context.Context, now time.Time, c commit) error {
	if err := r.write(c.files); err != nil {
		return err
	}
	if err := r.run(ctx, now, "add", "-A"); err != nil {
		return err
	}
	if err := r.run(ctx, now.Add(-c.ago), "commit", "-q", "-m", c.message); err != nil || !c.pushed {
		return err
	}
	return r.run(ctx, now.Add(-c.ago+hour), "push", "-q", "-u", "origin", "main")
}

// history tells it from the first commit on.
func (w *World) history() ([]commit, error) {
	const traceback = "UnauthorizedError: 401 for https://api.ionq.co/v0.4/jobs\nheaders: {'Authorization': 'apiKey %s', 'Content-Type': 'application/json'}\n"
	reading := "import os\n\nfrom qiskit_ionq import IonQProvider\n\nprovider = IonQProvider(os.environ[\"IONQ_API_KEY\"])\n"
	printed, err := notebook(reading, fmt.Sprintf(traceback, w.leaked["ionq"].Reveal()))
	if err != nil {
		return nil, err
	}
	cleared, err := notebook(reading, "")
	if err != nil {
		return nil, err
	}
	return []commit{
		{190 * day, "Bell pairs on IonQ", true, map[string]string{"README.md": "# Bell lab\n", "bell.py": reading}},
		{100 * day, "Hackathon script", true, map[string]string{"hackathon.sh": "#!/bin/sh\nexport QBRAID_API_KEY=" + w.leaked["qbraid"].Reveal() + "\npython run.py\n"}},
		{95 * day, "Read the qBraid key from the environment", true, map[string]string{"hackathon.sh": "#!/bin/sh\n: \"${QBRAID_API_KEY:?}\"\npython run.py\n"}},
		{9 * day, "VQE for H2", false, map[string]string{"vqe.ipynb": printed}},
		{8 * day, "Clear the output of the notebook", true, map[string]string{"vqe.ipynb": cleared}},
		{5 * day, "Run it at IBM, too", true, map[string]string{"torino.py": "from qiskit_ibm_runtime import QiskitRuntimeService\n\nservice = QiskitRuntimeService(channel=\"ibm_cloud\", token=\"" + w.leaked["ibm"].Reveal() + "\")\n"}},
		{4 * day, "Notes", true, map[string]string{"README.md": "# Bell lab\n\nRun `bell.py` with IONQ_API_KEY set.\n"}},
	}, nil
}

func (r repository) write(files map[string]string) error {
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// run runs git in the repository, past the person's own configuration: hooks,
// signing and templates have no place here.
func (r repository) run(ctx context.Context, at time.Time, args ...string) error {
	cmd := exec.CommandContext(ctx, r.git, args...)
	cmd.Dir = r.dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	date := at.UTC().Format(time.RFC3339)
	cmd.Env = append(cmd.Env,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TEMPLATE_DIR=",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@bell-lab.example", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@bell-lab.example", "GIT_COMMITTER_DATE="+date)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}

// notebook is a notebook of two cells; output stands under the second.
func notebook(code, output string) (string, error) {
	return notebookOf([]cell{{text: "# VQE for H2"}, {code: code, output: output}})
}

// cell is a cell of a notebook: text, or code with what it wrote.
type cell struct{ text, code, output string }

func notebookOf(cells []cell) (string, error) {
	var list []any
	for i, c := range cells {
		id := fmt.Sprintf("cell-%d", i+1)
		if c.code == "" {
			list = append(list, map[string]any{"cell_type": "markdown", "id": id, "metadata": map[string]any{}, "source": strings.SplitAfter(c.text, "\n")})
			continue
		}
		outputs := []any{}
		if c.output != "" {
			outputs = append(outputs, map[string]any{"output_type": "stream", "name": "stderr", "text": strings.SplitAfter(c.output, "\n")})
		}
		list = append(list, map[string]any{"cell_type": "code", "id": id, "execution_count": i + 1, "metadata": map[string]any{}, "source": strings.SplitAfter(c.code, "\n"), "outputs": outputs})
	}
	text, err := json.MarshalIndent(map[string]any{
		"cells":    list,
		"metadata": map[string]any{"kernelspec": map[string]any{"display_name": "Python 3", "language": "python", "name": "python3"}},
		"nbformat": 4, "nbformat_minor": 5,
	}, "", " ")
	return string(text) + "\n", err
}
