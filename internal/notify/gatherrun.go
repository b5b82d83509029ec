package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// incomplete reads the repositories that were not read to their end. Of these, the
// ones that the channel was not told of are news.
func (g *gatherer) incomplete(ctx context.Context) error {
	var lines []line
	var all []int64
	known, listed := set(g.was.Incomplete), map[int64]bool{}
	for _, r := range g.runs {
		for p := (records.Page{}); len(all) < mostRead; {
			page, err := g.store.Unread(ctx, r.Seq, p)
			if err != nil {
				return err
			}
			for _, c := range page {
				p.Before = c.Repository
				if listed[c.Repository] {
					continue
				}
				listed[c.Repository] = true
				all = append(all, c.Repository)
				if known[c.Repository] {
					continue
				}
				name, err := g.name(ctx, c.Repository)
				if err != nil {
					return err
				}
				lines = append(lines, line{name, unread(c)})
			}
			if len(page) < records.MaxPage {
				break
			}
		}
	}
	// What these runs did not read is not known to be whole now.
	g.then.Incomplete = firstOf(all)
	g.section(Incomplete, "Repositories not read to their end", lines, int64(len(all)), int64(len(all)-len(lines)))
	return nil
}

func (g *gatherer) name(ctx context.Context, repository int64) (string, error) {
	if name, ok := g.names[repository]; ok {
		return name, nil
	}
	r, err := g.store.Repository(ctx, repository)
	if errors.Is(err, records.ErrNotFound) {
		return fmt.Sprintf("repository %d", repository), nil
	}
	g.names[repository] = r.Name
	return r.Name, err
}

// unread says what was not read of a repository, by the first that it skipped.
func unread(c records.Coverage) string {
	if c.Outcome == records.Failed {
		return "nothing of it could be read" + firstSkipped(c.Skipped)
	}
	return "part of it could not be read" + firstSkipped(c.Skipped)
}

func firstSkipped(text json.RawMessage) string {
	var skipped []struct {
		Path    string `json:"path"`
		Outcome string `json:"outcome"`
		Reason  string `json:"reason"`
	}
	if json.Unmarshal(text, &skipped) != nil {
		return ""
	}
	for _, s := range skipped {
		if s.Outcome == "excluded" || s.Reason == "" {
			continue
		}
		if s.Path == "" {
			return ": " + plain(s.Reason)
		}
		return ": " + plain(s.Path) + ": " + plain(s.Reason)
	}
	return ""
}

// failed reads what the runs could not do. It is told once, with its run.
func (g *gatherer) failed(ctx context.Context) error {
	var lines []line
	for _, r := range g.runs {
		name := "sweep " + strconv.FormatInt(r.Seq, 10) + " of " + r.Target
		if r.State == records.Broken {
			lines = append(lines, line{name, "it failed: " + plain(r.Error)})
		}
		undone, err := g.store.Undone(ctx, r.Seq, records.MaxPage)
		if err != nil {
			return err
		}
		for _, a := range undone {
			if a.Kind == Action || a.Kind == escalation {
				continue // the channel itself may be what fails
			}
			lines = append(lines, line{name, "the step " + plain(a.Kind) + " failed: " + reason(a.Detail)})
		}
	}
	g.section(Failed, "Not done", lines, int64(len(lines)), 0)
	return nil
}

func reason(detail json.RawMessage) string {
	var told struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(detail, &told) != nil || told.Error == "" {
		return "it is not known why"
	}
	return plain(told.Error)
}

// overdue reads the findings that became open for too long since the channel was
// told last.
func (g *gatherer) overdue(ctx context.Context) error {
	until := g.now.Add(-g.channel.After)
	g.then.Until = until
	var lines []line
	var total int64
	err := g.findings(ctx, records.Filter{Open: true}, func(f records.Finding) bool {
		if !f.First.After(g.was.Until) {
			return false
		}
		if f.First.After(until) || f.Stored {
			return true
		}
		total++
		text := g.about(f)
		if f.Standing == records.Active {
			text = "WORKS: " + text
		}
		lines = append(lines, line{f.Name, text})
		return true
	})
	g.section(New, "Open and undecided for more than "+age(g.channel.After), lines, total, 0)
	return err
}

func age(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		if d == 24*time.Hour {
			return "a day"
		}
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
