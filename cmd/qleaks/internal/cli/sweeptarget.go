package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
	"github.com/qleaks/qleaks/internal/sweep"
)

// A target that begins with @ is a file that lists targets, one in a line. It is
// read at the beginning of each sweep.
const listPrefix = "@"

// The most that a list of targets may be.
const (
	maxTargets     = 100_000
	maxTargetBytes = 16 << 20
)

func isListFile(target string) bool { return strings.HasPrefix(target, listPrefix) }

// sweepTarget checks a target, and returns it as any worker can find it.
func sweepTarget(env Env, target string) (string, error) {
	if isGitHub(target) {
		return target, checkGitHub(target)
	}
	if isURL(target) {
		return remoteTarget(target)
	}
	cwd, err := env.Getwd()
	if err != nil {
		return "", couldNot("the current directory is not known", err)
	}
	name, list := strings.CutPrefix(target, listPrefix)
	if !filepath.IsAbs(name) {
		name = filepath.Join(cwd, name)
	}
	real, err := filepath.EvalSymlinks(name)
	if err != nil || !list && !isDirectory(real) {
		return "", couldNot("there is no "+map[bool]string{false: "directory ", true: "file "}[list]+clipped(strings.TrimPrefix(target, listPrefix)), nil)
	}
	if list {
		_, err := readTargets(real)
		return listPrefix + real, err
	}
	return real, nil
}

// remoteTarget checks the address of a repository. One of github.com's is asked as
// GitHub's.
func remoteTarget(target string) (string, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return "", wrongUsage("a sweep is of https:// addresses only, not of "+withoutCredentials(target), "of a server that speaks otherwise, keep a clone: git clone --mirror, and sweep its directory")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", wrongUsage("the address of a repository has no name, password or query: "+withoutCredentials(target), "of a repository that needs a credential, keep a clone, and sweep its directory")
	}
	if strings.EqualFold(u.Host, "github.com") {
		at := githubPrefix + strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
		return at, checkGitHub(at)
	}
	return strings.TrimRight(target, "/"), nil
}

// readTargets reads a list of targets. Paths count from where the list is; what
// begins with # is for people.
func readTargets(file string) (targets []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, couldNot("cannot read the list "+clipped(file), rootCause(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxTargetBytes {
		return nil, couldNot("the list "+clipped(file)+" is no file, or too large", err)
	}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if isListFile(text) || len(targets) >= maxTargets {
			return nil, wrongUsage(fmt.Sprintf("line %d of %s: a list holds no lists, and at most %d targets", n, clipped(file), maxTargets))
		}
		switch {
		case isGitHub(text):
			err = checkGitHub(text)
		case isURL(text):
			text, err = remoteTarget(text)
		case !filepath.IsAbs(text):
			text = filepath.Join(filepath.Dir(file), text)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d of %s: %w", n, clipped(file), err)
		}
		targets = append(targets, text)
	}
	if err := lines.Err(); err != nil {
		return nil, couldNot("cannot read the list "+clipped(file), err)
	}
	return targets, nil
}

// listFile lists what the targets of a file have. If one of them cannot be listed,
// nothing is, for what is missing would be taken for deleted.
func (e elsewhere) listFile(ctx context.Context, target string) (all []sweep.Listed, err error) {
	targets, err := readTargets(strings.TrimPrefix(target, listPrefix))
	if err != nil {
		return nil, err
	}
	for _, one := range targets {
		listed, err := e.List(ctx, one)
		if errors.Is(err, sweep.ErrGone) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one, err)
		}
		for i := range listed {
			listed[i].Origin = "" // all of them are the list's
		}
		all = append(all, listed...)
	}
	return all, nil
}

// opener asks the server of a repository that needs no credential.
func (e elsewhere) opener(address string) (mirror.Opener, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	client, err := httpx.New(httpx.Options{Origin: u.Scheme + "://" + u.Host, Named: true, Proxy: e.proxy, Log: e.log})
	if err != nil {
		return nil, err
	}
	below := strings.Split(strings.Trim(u.Path, "/"), "/")
	return func(ctx context.Context, r httpx.Request) (*httpx.Stream, error) {
		r.Path = append(append([]string{}, below...), r.Path...)
		return client.Open(ctx, r)
	}, nil
}
