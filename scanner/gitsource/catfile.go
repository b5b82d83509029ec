package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/pool"
)

const (
	// batch is how many ids a worker takes at once.
	batch = 256
	// maxRestarts bounds how often git is started again after an object that
	// made it stop.
	maxRestarts = 2000
	// maxHeader bounds a line of git's answers.
	maxHeader = 512
)

// catFile is the database that git cat-file reads. Git is asked for ids one by
// one, never for "all", so that what was judged too large is not unpacked and
// a broken object costs no other.
type catFile struct{ *stand }

var _ database = catFile{}

// list implements database.
func (c catFile) list(ctx context.Context) (*table, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	cmd := c.command(running, "cat-file", "--batch-all-objects", "--unordered", "--buffer",
		"--batch-check=%(objectname) %(objecttype) %(objectsize) %(deltabase)")
	var stderr firstBytes
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	var all []listed
	var broken []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		o, ok := c.parseListed(lines.Bytes())
		switch {
		case ok:
			all = append(all, o)
		case o.id != "":
			broken = append(broken, o.id)
		}
	}
	if lines.Err() != nil {
		stop() // git would wait for its answers to be read
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil && len(all) == 0 {
		return nil, fmt.Errorf("list objects: %w: %s", err, stderr.line())
	}
	t := newTable(c.width, all)
	t.broken, t.bytes = broken, c.bytes
	t.complaints = append(t.complaints, c.refusals...)
	if err != nil || (len(stderr.data) > 0 && len(broken) == 0) {
		t.complaints = append(t.complaints, "git could not list every object: "+stderr.line())
	}
	return t, nil
}

// parseListed reads a line of the list; an id alone is an object that is there
// and broken.
func (c catFile) parseListed(line []byte) (listed, bool) {
	fields := bytes.Fields(line)
	if len(fields) < 2 {
		return listed{}, false
	}
	id, ok := c.rawID(fields[0])
	if !ok || len(fields) != 4 {
		return listed{id: id}, false
	}
	o := listed{id: id, kind: kindByName(string(fields[1]))}
	size, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || o.kind == kindUnknown {
		return listed{id: id}, false
	}
	o.size = size
	if base, ok := c.rawID(fields[3]); ok && strings.Trim(base, "\x00") != "" {
		o.base = base
	}
	return o, true
}

func (c catFile) rawID(text []byte) (string, bool) {
	id := make([]byte, hex.DecodedLen(len(text)))
	if n, err := hex.Decode(id, text); err != nil || n != c.width {
		return "", false
	}
	return string(id), true
}

// reading is one call of read.
type reading struct {
	catFile
	table *table
	want  []uint32
	visit visitor
	// next is the first of want that nobody took.
	next     atomic.Int64
	restarts atomic.Int64

	mu     sync.Mutex
	unread []uint32
}

// read implements database.
func (c catFile) read(ctx context.Context, t *table, want []uint32, jobs int, visit visitor) ([]uint32, error) {
	r := &reading{catFile: c, table: t, want: want, visit: visit}
	jobs = max(1, min(jobs, (len(want)+batch-1)/batch))
	workers := pool.New().WithContext(ctx).WithCancelOnError().WithFirstError()
	for worker := range jobs {
		workers.Go(func(ctx context.Context) error { return r.work(ctx, worker) })
	}
	err := workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r.unread, err
}

// take gives out the next ids, fewer towards the end.
func (r *reading) take() []uint32 {
	at := r.next.Add(batch) - batch
	if at >= int64(len(r.want)) {
		return nil
	}
	return r.want[at:min(at+batch, int64(len(r.want)))]
}

func (r *reading) work(ctx context.Context, worker int) error {
	for {
		left, err := r.session(ctx, worker, true, r.take)
		if err != nil {
			return err
		}
		if len(left) == 0 && r.next.Load() >= int64(len(r.want)) {
			return nil
		}
		if err := r.carefully(ctx, worker, left); err != nil {
			return err
		}
	}
}

// carefully reads what a session left when git stopped, each object answered
// before git looks at the next: so it is the first unanswered one that stops
// git, and only that one is given up.
func (r *reading) carefully(ctx context.Context, worker int, left []uint32) error {
	for len(left) > 0 {
		if r.restarts.Add(1) > maxRestarts {
			r.giveUp(left)
			return nil
		}
		todo := left
		var err error
		left, err = r.session(ctx, worker, false, func() []uint32 {
			some := todo[:min(batch, len(todo))]
			todo = todo[len(some):]
			return some
		})
		if err != nil {
			return err
		}
		if len(left) > 0 {
			r.giveUp(left[:1])
			left = left[1:len(left):len(left)]
		}
		left = append(left, todo...)
	}
	return nil
}

func (r *reading) giveUp(indexes []uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = append(r.unread, indexes...)
}

// session runs git once, feeds it what take gives and visits the answers. It
// returns what was asked and not answered.
func (r *reading) session(ctx context.Context, worker int, buffered bool, take func() []uint32) ([]uint32, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	args := []string{"cat-file", "--batch"}
	if buffered {
		args = append(args, "--buffer")
	}
	cmd := r.command(running, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	s := &session{reading: r, worker: worker, out: bufio.NewReaderSize(out, 128<<10)}
	var feeder conc.WaitGroup
	feeder.Go(func() { s.feed(in, take) })
	err = s.answers()
	// Git has answered everything and is gone, or it stopped, or nobody wants
	// its answers any more: how it ends says nothing that the answers do not.
	stop()
	feeder.Wait()
	_ = cmd.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return s.asked[s.answered:], err
}

// session is one run of git cat-file.
type session struct {
	*reading
	worker int
	out    *bufio.Reader

	mu       sync.Mutex
	asked    []uint32
	answered int
}

// feed asks for objects until there are no more or git is gone.
func (s *session) feed(in io.WriteCloser, take func() []uint32) {
	defer in.Close()
	var lines []byte
	for {
		indexes := take()
		if len(indexes) == 0 {
			return
		}
		lines = lines[:0]
		for _, i := range indexes {
			lines = hex.AppendEncode(lines, s.table.id(i))
			lines = append(lines, '\n')
		}
		s.mu.Lock()
		s.asked = append(s.asked, indexes...)
		s.mu.Unlock()
		if _, err := in.Write(lines); err != nil {
			return
		}
	}
}

// errCut says that git stopped within an answer.
var errCut = errors.New("cut short")

// answers visits what git hands out. An answer that is cut short ends it
// without an error: what is unanswered tells.
func (s *session) answers() error {
	for {
		header, err := s.out.ReadSlice('\n')
		if err != nil || len(header) > maxHeader {
			return nil //nolint:nilerr // what is unanswered tells
		}
		index := s.expected()
		err = s.answer(header, index)
		if errors.Is(err, errCut) {
			return nil
		}
		if err != nil {
			return err
		}
		s.answered++
	}
}

func (s *session) expected() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered >= len(s.asked) {
		return none
	}
	return s.asked[s.answered]
}

// answer reads one answer: "<id> <type> <size>" and the content, or
// "<id> missing".
func (s *session) answer(header []byte, index uint32) error {
	fields := bytes.Fields(header)
	if index == none || len(fields) < 2 || string(fields[0]) != s.table.name(index) {
		return errors.New("read objects: git answered what was not asked")
	}
	if len(fields) != 3 {
		s.giveUp([]uint32{index})
		return nil
	}
	size, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || size < 0 || kindByName(string(fields[1])) != s.table.kinds[index] {
		return errors.New("read objects: git's answer makes no sense")
	}
	content := &io.LimitedReader{R: s.out, N: size}
	visitErr := s.visit(s.worker, object{index: index, kind: s.table.kinds[index], size: size, content: content})
	if _, err := io.Copy(io.Discard, content); err != nil || content.N > 0 {
		return errCut
	}
	if visitErr != nil {
		return visitErr
	}
	if end, err := s.out.ReadByte(); err != nil || end != '\n' {
		return errCut
	}
	return nil
}

// firstBytes keeps the beginning of what git says on stderr.
type firstBytes struct{ data []byte }

// Write implements io.Writer and never fails.
func (f *firstBytes) Write(p []byte) (int, error) {
	const most = 4 << 10
	if room := most - len(f.data); room > 0 {
		f.data = append(f.data, p[:min(len(p), room)]...)
	}
	return len(p), nil
}

// line is the first line, fit to be printed.
func (f *firstBytes) line() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(f.data)), "\n")
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, line), "?")
}
