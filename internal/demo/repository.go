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
	git, err := exec.LookPath("git")
	if err != nil {
		return fmt.Errorf("a repository is made by git, which is not there: %w", err)
	}
	if err := os.MkdirAll(w.Repository, 0o700); err != nil {
		return err
	}
	run := func(at time.Time, args ...string) error { return w.git(ctx, git, at, args...) }
	if err := run(now, "init", "-q", "-b", "main"); err != nil {
		return err
	}
	// A forge that lies beside it: what is pushed there can be seen by others.
	forge := w.Repository + ".git"
	for _, args := range [][]string{{"init", "-q", "--bare", "-b", "main", forge}, {"remote", "add", "origin", forge}} {
		if err := run(now, args...); err != nil {
			return err
		}
	}
	history, err := w.history()
	if err != nil {
		return err
	}
	for _, c := range history {
		if err := w.write(c.files); err != nil {
			return err
		}
		if err := run(now, "add", "-A"); err != nil {
			return err
		}
		if err := run(now.Add(-c.ago), "commit", "-q", "-m", c.message); err != nil {
			return err
		}
		if c.pushed {
			if err := run(now.Add(-c.ago+hour), "push", "-q", "origin", "main"); err != nil {
				return err
			}
		}
	}
	return nil
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

func (w *World) write(files map[string]string) error {
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(w.Repository, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// git runs a command in the repository, past the person's own configuration:
// hooks, signing and templates have no place here.
func (w *World) git(ctx context.Context, program string, at time.Time, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = w.Repository
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
	outputs := []any{}
	if output != "" {
		outputs = append(outputs, map[string]any{"output_type": "stream", "name": "stderr", "text": strings.SplitAfter(output, "\n")})
	}
	text, err := json.MarshalIndent(map[string]any{
		"cells": []any{
			map[string]any{"cell_type": "markdown", "id": "title", "metadata": map[string]any{}, "source": []string{"# VQE for H2"}},
			map[string]any{"cell_type": "code", "id": "run", "execution_count": 7, "metadata": map[string]any{}, "source": strings.SplitAfter(code, "\n"), "outputs": outputs},
		},
		"metadata": map[string]any{"kernelspec": map[string]any{"display_name": "Python 3", "language": "python", "name": "python3"}},
		"nbformat": 4, "nbformat_minor": 5,
	}, "", " ")
	return string(text) + "\n", err
}
