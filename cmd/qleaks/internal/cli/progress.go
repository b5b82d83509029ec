package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/scanner/source"
)

// progressInterval is the time between two drawings.
const progressInterval = 100 * time.Millisecond

// progress draws one line about a scan, over and over.
type progress struct {
	w     io.Writer
	width int
	tally *source.Tally
	// told, if set, says the line instead of the tally.
	told  func() string
	begin time.Time
	now   func() time.Time
}

// showsProgress says whether anybody sees the line.
func showsProgress(env Env, o talkOptions) bool {
	return !o.NoProgress && !o.Quiet && !o.Verbose && !env.inCI() && env.Getenv("TERM") != "dumb" && env.isTerminal(env.Stderr)
}

// during draws while the work runs and wipes the line after it.
func (p *progress) during(ctx context.Context, work func()) {
	ctx, done := context.WithCancel(ctx)
	var drawing conc.WaitGroup
	drawing.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.draw()
			case <-ctx.Done():
				return
			}
		}
	})
	defer func() {
		done()
		drawing.Wait()
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}()
	work()
}

func (p *progress) draw() {
	var line string
	if p.told != nil {
		line = p.told()
	} else {
		line = progressLine(p.tally, p.now().Sub(p.begin))
	}
	if p.width > 0 && len(line) >= p.width {
		line = line[:p.width-1]
	}
	_, _ = io.WriteString(p.w, "\r\x1b[K"+line)
}

// progressLine says what is done and, where the end is known, how long the
// rest will take. It is plain ASCII, so that its length is its width.
func progressLine(t *source.Tally, elapsed time.Duration) string {
	files, objects, bytes, expected := t.Files.Load(), t.Objects.Load(), t.Bytes.Load(), t.Expected.Load()
	var counts []string
	if files > 0 || objects == 0 {
		counts = append(counts, plural(files, "file"))
	}
	if objects > 0 {
		counts = append(counts, plural(objects, "object"))
	}
	line := "scanning: " + strings.Join(counts, ", ")
	if expected > files+objects {
		line += " of " + grouped(expected)
	}
	line += ", " + size(bytes)
	seconds := elapsed.Seconds()
	if seconds < 1 {
		return line
	}
	line += fmt.Sprintf(", %s/s", size(int64(float64(bytes)/seconds)))
	if done := files + objects; expected > done && done > 0 && seconds > 2 {
		left := time.Duration(float64(elapsed) * float64(expected-done) / float64(done))
		line += ", " + left.Round(time.Second).String() + " left"
	}
	return line
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 1000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
