package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
)

const (
	// mostLines is how many lines a section lists.
	mostLines = 40
	// mostRead is how many rows are read for one section of a digest that lists
	// less: the rest is counted where counting is cheap.
	mostRead = 20_000
	// idle is after how long without use a key is told of.
	idle = 90 * 24 * time.Hour
)

// gatherer reads what a digest of some runs has to tell a channel.
type gatherer struct {
	store   *records.Store
	channel Channel
	runs    []records.Run
	now     time.Time
	// was is what the channel knows, then what it knows when this is sent.
	was, then memory
	message   Message
	news      bool
	names     map[int64]string
}

// gather reads everything.
func (g *gatherer) gather(ctx context.Context) error {
	g.names = map[int64]string{}
	for _, r := range g.runs {
		g.then = g.then.after(r.Seq, g.now)
		touched, err := g.store.Touched(ctx, r.Seq, g.since(), records.MaxPage)
		if err != nil {
			return err
		}
		g.message.Touched = append(g.message.Touched, touched...)
	}
	for _, part := range []struct {
		event Event
		read  func(context.Context) error
	}{{Failed, g.failed}, {Active, g.active}, {New, g.fresh}, {Reopened, g.reopened}, {Unused, g.unused}, {Incomplete, g.incomplete}} {
		if !g.channel.wants(part.event) {
			continue
		}
		if err := part.read(ctx); err != nil {
			return err
		}
	}
	slices.Sort(g.message.Touched)
	g.message.Touched = slices.Compact(g.message.Touched)
	return nil
}

// since is when the channel was told last, or now.
func (g *gatherer) since() time.Time {
	if g.was.Told.IsZero() {
		return g.now
	}
	return g.was.Told
}

// line is one line of a section, and under what it stands.
type line struct{ group, text string }

// section adds a section. Lines are those that are news; told counts others.
func (g *gatherer) section(e Event, title string, lines []line, total, told int64) {
	if total == 0 {
		return
	}
	g.news = g.news || total > told
	s := Section{Event: e, Title: title, Total: total, Told: told}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.group, b.group) })
	for _, l := range lines[:min(len(lines), mostLines)] {
		if n := len(s.Groups); n == 0 || s.Groups[n-1].Name != plain(l.group) {
			s.Groups = append(s.Groups, Group{Name: plain(l.group)})
		}
		last := &s.Groups[len(s.Groups)-1]
		last.Lines = append(last.Lines, l.text)
	}
	g.message.Sections = append(g.message.Sections, s)
}

// findings reads findings, newest first, until one is old enough or enough were
// read.
func (g *gatherer) findings(ctx context.Context, f records.Filter, take func(records.Finding) (more bool)) error {
	read := 0
	for p := (records.Page{}); ; {
		page, err := g.store.Findings(ctx, f, p)
		if err != nil {
			return err
		}
		for _, one := range page {
			p.Before = one.Seq
			if !take(one) {
				return nil
			}
		}
		if read += len(page); len(page) < records.MaxPage || read >= mostRead {
			return nil
		}
	}
}

// active reads the keys that work and are open to be found: a line for each, with
// the place that was found last.
func (g *gatherer) active(ctx context.Context) error {
	var all []string
	var fresh []records.Finding
	places := map[string]int{}
	known := set(g.was.Active)
	err := g.findings(ctx, records.Filter{Standing: records.Active}, func(f records.Finding) bool {
		if !f.Life.Open() || f.Stored {
			return true
		}
		if places[f.Fingerprint]++; places[f.Fingerprint] == 1 {
			all = append(all, f.Fingerprint)
			if !known[f.Fingerprint] {
				fresh = append(fresh, f)
			}
		}
		if !known[f.Fingerprint] {
			g.message.Touched = append(g.message.Touched, f.Repository)
		}
		return true
	})
	if err != nil {
		return err
	}
	var lines []line
	for _, f := range fresh {
		text := g.about(f)
		if n := places[f.Fingerprint] - 1; n > 0 {
			text += fmt.Sprintf(", and in %d more places", n)
		}
		lines = append(lines, line{f.Name, text})
	}
	g.then.Active = firstOf(all)
	g.section(Active, "Keys that work", lines, int64(len(all)), int64(len(all)-len(fresh)))
	return nil
}

// about is a finding in one line.
func (g *gatherer) about(f records.Finding) string {
	text := fmt.Sprintf("%s %s in %s", providerName(f), shortPrint(f.Fingerprint), plain(f.Path))
	if f.Standing == records.Active && !f.Asked.IsZero() {
		text += ", works as of " + f.Asked.UTC().Format("2006-01-02 15:04") + " UTC"
	} else {
		text += ", " + plain(f.Confidence) + " confidence"
		if f.Standing == records.Unknown {
			text += ", not asked whether it works"
		}
	}
	return text + ", open since " + f.First.UTC().Format("2006-01-02")
}

func providerName(f records.Finding) string { return plain(cmp.Or(f.Provider, f.Rule)) }

// shortPrint is the beginning of a fingerprint, by which people tell keys apart.
func shortPrint(fingerprint string) string {
	const enough = 8
	return plain(fingerprint[:min(len(fingerprint), enough)])
}

// fresh reads the findings that the runs were the first to see.
func (g *gatherer) fresh(ctx context.Context) error {
	begun := g.now
	ours := map[int64]bool{}
	for _, r := range g.runs {
		ours[r.Seq] = true
		if r.Started.Before(begun) {
			begun = r.Started
		}
	}
	var lines []line
	var total int64
	err := g.findings(ctx, records.Filter{Open: true}, func(f records.Finding) bool {
		if f.First.Before(begun) {
			return false
		}
		if ours[f.FirstRun] && !f.Stored {
			total++
			if len(lines) < mostRead {
				lines = append(lines, line{f.Name, g.about(f)})
			}
		}
		return true
	})
	g.section(New, "New", lines, total, 0)
	return err
}

func (g *gatherer) reopened(ctx context.Context) error {
	var lines []line
	for _, r := range g.runs {
		found, err := g.store.Reopened(ctx, r.Seq, records.MaxPage)
		if err != nil {
			return err
		}
		for _, f := range found {
			if f.Life.Open() && !f.Stored {
				lines = append(lines, line{f.Name, g.about(f)})
			}
		}
	}
	g.section(Reopened, "Open again, though they were over", lines, int64(len(lines)), 0)
	return nil
}

// unused reads the keys that nobody uses. Where that is not known, it is not said.
func (g *gatherer) unused(ctx context.Context) error {
	var lines []line
	var all []int64
	known := set(g.was.Unused)
	read := 0
	for p := (records.Page{}); ; {
		page, err := g.store.Keys(ctx, records.KeyFilter{Present: true}, p)
		if err != nil {
			return err
		}
		for _, k := range page {
			p.Before = k.Seq
			since, ok := idleFor(k.Record, g.now)
			if !ok {
				continue
			}
			all = append(all, k.Seq)
			if known[k.Seq] {
				continue
			}
			lines = append(lines, line{k.Provider + " " + cmp.Or(k.Record.Account.Name, k.Account), fmt.Sprintf("%s, %s", plain(cmp.Or(k.Name, k.ID)), since)})
		}
		if read += len(page); len(page) < records.MaxPage || read >= mostRead {
			break
		}
	}
	g.then.Unused = firstOf(all)
	g.section(Unused, "Keys unused for 90 days or more", lines, int64(len(all)), int64(len(all)-len(lines)))
	return nil
}

// idleFor says for how long nobody used a key, if it is known to be 90 days or more
// and the key can be used at all.
func idleFor(k key.Key, now time.Time) (words string, idleKey bool) {
	since := k.Use.Last
	never := since.IsZero()
	if never {
		since = k.Dates.Created
	}
	if !k.Use.Known || k.State.Disabled == key.Yes || !k.Use.After.IsZero() && never || since.IsZero() || now.Sub(since) < idle {
		return "", false
	}
	days := int(now.Sub(since) / (24 * time.Hour))
	if never {
		return fmt.Sprintf("never used since it was made %d days ago", days), true
	}
	return fmt.Sprintf("last used %d days ago", days), true
}
