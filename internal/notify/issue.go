package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/records"
)

// Issues says where issues about repositories are kept.
type Issues struct {
	Client *github.Client
	Store  *records.Store
	// Repository is OWNER/NAME of the one repository that has them all; "" puts
	// each into the repository that it is about.
	Repository string
	// Public allows them in repositories that everybody can read: there they tell
	// everybody where keys are.
	Public bool
}

type issues struct {
	Issues

	owner, name string
}

// NewIssues keeps one issue for each repository with open findings up to date, and
// closes it when there are none. Doing it again changes nothing.
func NewIssues(i Issues) (Sender, error) {
	owner, name, ok := strings.Cut(i.Repository, "/")
	if i.Repository != "" {
		if _, err := github.ParseScope(i.Repository, github.Actions); err != nil || !ok {
			return nil, errors.New("repository is OWNER/NAME at GitHub")
		}
	}
	return issues{i, owner, name}, nil
}

// Send implements Sender.
func (i issues) Send(ctx context.Context, m Message) error {
	var wrong []error
	for _, seq := range m.Touched {
		if err := i.post(ctx, seq, m); err != nil {
			wrong = append(wrong, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := errors.Join(wrong...); err != nil {
		// What was written is written; writing it again changes nothing.
		return fmt.Errorf("%d of %d issues could not be kept: %w: %w", len(wrong), len(m.Touched), wrong[0], ErrNotTaken)
	}
	return nil
}

// post keeps the issue about one repository.
func (i issues) post(ctx context.Context, seq int64, m Message) error {
	r, err := i.Store.Repository(ctx, seq)
	if errors.Is(err, records.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, name := i.owner, i.name
	if name == "" {
		var ok bool
		owner, name, ok = strings.Cut(strings.TrimPrefix(r.Location, "github:"), "/")
		if !ok || !strings.HasPrefix(r.Location, "github:") || !r.Gone.IsZero() || archived(r) {
			return nil // it has no issues
		}
		if !i.Public && !private(r) {
			return fmt.Errorf("%s may be public, and everybody could read the issue (public = true allows that, repository = \"OWNER/NAME\" names another place)", plain(r.Name))
		}
	}
	open, total, err := i.open(ctx, seq)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(r.Name))
	_, err = i.Client.Post(ctx, github.Notice{
		Owner: owner, Repository: name, Marker: "<!-- qleaks: leaked keys, " + hex.EncodeToString(sum[:8]) + " -->",
		Title: issueTitle(r, open, total), Body: issueBody(r, open, total, m.Link), Open: total > 0,
	})
	if needs, ok := errors.AsType[*github.PermissionError](err); ok {
		return needs
	}
	if failed, ok := errors.AsType[*provider.CallError](err); ok {
		return failed
	}
	return err
}

func about(r records.Repository) (told struct {
	Visibility string `json:"visibility"`
	Archived   bool   `json:"archived"`
},
) {
	_ = json.Unmarshal(r.About, &told) // what is not told is taken for public
	return told
}

func private(r records.Repository) bool {
	return slices.Contains([]string{"private", "internal"}, about(r).Visibility)
}

func archived(r records.Repository) bool { return about(r).Archived }

// open reads the open findings of a repository, those with a key that works first.
func (i issues) open(ctx context.Context, repository int64) (open []records.Finding, total int, err error) {
	for p := (records.Page{}); ; {
		page, err := i.Store.Findings(ctx, records.Filter{Repository: repository, Open: true}, p)
		if err != nil {
			return nil, 0, err
		}
		for _, f := range page {
			p.Before = f.Seq
			if f.Stored {
				continue
			}
			total++
			if f.Standing == records.Active || len(open) < mostRead {
				open = append(open, f)
			}
		}
		if len(page) < records.MaxPage {
			break
		}
	}
	slices.SortStableFunc(open, func(a, b records.Finding) int { return rank(a) - rank(b) })
	return open, total, nil
}

func rank(f records.Finding) int {
	if f.Standing == records.Active {
		return 0
	}
	return 1
}

func working(open []records.Finding) (n int) {
	for _, f := range open {
		n += 1 - rank(f)
	}
	return n
}

func issueTitle(r records.Repository, open []records.Finding, total int) string {
	name := shortened(plain(r.Name), 100)
	if total == 0 {
		return "qleaks: no open finding in " + name
	}
	return fmt.Sprintf("qleaks: %d open findings in %s, %d with a key that works", total, name, working(open))
}

// mostIssueLines is how many findings an issue lists.
const mostIssueLines = 200

func issueBody(r records.Repository, open []records.Finding, total int, link string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Keys that stand in %s, as the last sweep saw it. This text is kept up to date; do not edit it.\n\n", code(r.Name))
	if total == 0 {
		b.WriteString("Nothing is open.\n")
		return b.String()
	}
	g := gatherer{}
	for _, f := range open[:min(len(open), mostIssueLines)] {
		mark := "- "
		if f.Standing == records.Active {
			mark = "- **works**: "
		}
		b.WriteString(mark + code(g.about(f)) + "\n")
	}
	if more := total - min(len(open), mostIssueLines); more > 0 {
		fmt.Fprintf(&b, "- and %d more\n", more)
	}
	b.WriteString("\nA key that works is revoked first, then taken out of the code and its history: `qleaks remediate plan`, `qleaks fix`. What is no leak is ignored, with a reason.\n")
	if link != "" {
		b.WriteString("\nDashboard: <" + link + ">\n")
	}
	return b.String()
}

// code is text that Markdown shows as it is: no link, no mention, no HTML.
func code(text string) string {
	text = plain(text)
	longest, run := 0, 0
	for _, r := range text {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}
