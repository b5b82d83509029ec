package leaks

import (
	"fmt"
	"path"
	"strings"
)

// Links leads from leaks to the website of their repository. The zero Links
// leads nowhere.
type Links struct {
	// Platform is one of Platforms; URL is that of the repository, without
	// credentials.
	Platform, URL string
}

// Platforms are the names that gitleaks knows.
func Platforms() []string {
	return []string{"unknown", "none", "github", "gitlab", "azuredevops", "gitea", "bitbucket"}
}

// PlatformOf tells the platform by a host's name.
func PlatformOf(host string) string {
	switch strings.ToLower(host) {
	case "github.com":
		return "github"
	case "gitlab.com":
		return "gitlab"
	case "dev.azure.com", "visualstudio.com":
		return "azuredevops"
	case "gitea.com", "code.forgejo.org", "codeberg.org":
		return "gitea"
	case "bitbucket.org":
		return "bitbucket"
	}
	return "unknown"
}

// to is the address of a leak, empty if that is not known.
func (k Links) to(l Leak) string {
	if k.URL == "" || l.Commit.ID == "" {
		return ""
	}
	file, _, inner := strings.Cut(l.File, "!")
	name := strings.NewReplacer(" ", "%20", "%", "%25").Replace(file)
	base := map[string]string{"github": "/blob/", "gitlab": "/blob/", "gitea": "/src/commit/", "bitbucket": "/src/"}[k.Platform]
	switch {
	case k.Platform == "azuredevops":
		return k.azure(l, name, inner)
	case base == "":
		return ""
	case inner:
		return k.URL + base + l.Commit.ID + "/" + name
	}
	link := k.URL + base + l.Commit.ID + "/" + name
	if ext := strings.ToLower(path.Ext(name)); ext == ".ipynb" || ext == ".md" {
		link += map[string]string{"github": "?plain=1", "gitea": "?display=source"}[k.Platform]
	}
	from, to := "#L%d", "-L%d"
	switch k.Platform {
	case "gitlab":
		to = "-%d"
	case "bitbucket":
		from, to = "#lines-%d", ":%d"
	}
	if l.StartLine != 0 {
		link += fmt.Sprintf(from, l.StartLine)
	}
	if l.EndLine != l.StartLine {
		link += fmt.Sprintf(to, l.EndLine)
	}
	return link
}

func (k Links) azure(l Leak, name string, inner bool) string {
	link := fmt.Sprintf("%s/commit/%s?path=/%s", k.URL, l.Commit.ID, name)
	if inner {
		return link
	}
	if l.StartLine != 0 {
		link += fmt.Sprintf("&line=%d", l.StartLine)
	}
	if l.EndLine != l.StartLine {
		link += fmt.Sprintf("&lineEnd=%d", l.EndLine)
	}
	return link + "&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain&_a=files"
}
