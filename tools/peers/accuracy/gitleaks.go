package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules/accuracy"
)

// gitleaksVersion is the one that the module file beside this one builds.
const gitleaksVersion = "8.30.1"

// peer scores gitleaks, with its own rules, on files written for it. It names no
// provider, so a key counts as found under any of its rules.
func peer(ctx context.Context, program string, list []accuracy.Context) (*accuracy.Score, error) {
	dir, err := os.MkdirTemp("", "qleaks-accuracy-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	defer os.RemoveAll(dir)
	score := accuracy.NewScore()
	draws := make([][]accuracy.File, len(list))
	found := make([][][]accuracy.Found, len(list))
	for draw := range accuracy.Draws {
		root := filepath.Join(dir, fmt.Sprint(draw))
		for i := range list {
			f := accuracy.Fill(&list[i], draw)
			if err := write(filepath.Join(root, list[i].ID, filepath.FromSlash(list[i].Path)), f.Content); err != nil {
				return nil, err
			}
			draws[i] = append(draws[i], f)
		}
		reported, err := scan(ctx, program, root, filepath.Join(dir, "report.json"))
		if err != nil {
			return nil, err
		}
		for i := range list {
			found[i] = append(found[i], reported[list[i].ID])
		}
	}
	for i := range list {
		score.Add(draws[i], found[i])
	}
	return score, nil
}

func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return fmt.Errorf("write a context: %w", err)
	}
	return nil
}

// scan runs gitleaks on a directory and returns what it reports by context, each
// value once.
func scan(ctx context.Context, program, root, report string) (map[string][]accuracy.Found, error) {
	command := exec.CommandContext(ctx, program, "dir", "--no-banner", "--exit-code=0", "-l", "error", "-f", "json", "-r", report, root)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("gitleaks: %w", err)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		return nil, fmt.Errorf("read gitleaks' report: %w", err)
	}
	var list []struct{ RuleID, Secret, File string }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read gitleaks' report: %w", err)
	}
	found := map[string][]accuracy.Found{}
	seen := map[[2]string]bool{}
	for _, r := range list {
		inside, err := filepath.Rel(root, r.File)
		if err != nil {
			return nil, fmt.Errorf("gitleaks reports %s: %w", r.File, err)
		}
		id, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		if k := [2]string{id, r.Secret}; !seen[k] {
			seen[k] = true
			found[id] = append(found[id], accuracy.Found{Value: secret.New([]byte(r.Secret)), Why: r.RuleID})
		}
	}
	return found, nil
}
