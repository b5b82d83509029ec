package pack

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// streaming is a visitor that reads what is streamed, up to a limit.
type streaming struct {
	collected
	most int64
	err  error
	got  map[string]string
}

func (s *streaming) Stream(o *Object, size int64, content io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(content, s.most))
	if err == nil && int64(len(data)) != min(size, s.most) {
		s.t.Errorf("%d bytes of %d were streamed", len(data), size)
	}
	s.got[o.Type.String()] += string(data)
	return errors.Join(s.err, err)
}

// streamed walks a directory by one goroutine.
func streamedFrom(t *testing.T, dir string, o Options, v *streaming) ([]Refusal, error) {
	t.Helper()
	o.Width, o.Directories = 20, []Directory{{Path: dir, Name: "objects"}}
	s := open(t, o)
	v.collected = collected{collector: &collector{t: t, store: s, seen: map[string]content{}}}
	v.got = map[string]string{}
	err := s.Walk(t.Context(), Plan{Jobs: 1, Ops: true}, func(int) Visitor { return v })
	list, _ := s.Refusals()
	return list, err
}

func TestWhatIsTooLargeToBeHeldIsStreamed(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	r := rand.New(rand.NewPCG(5, 6))
	large, small := text(r, 60_000), []byte("small")
	b := newBuilder(20)
	at := b.object(b.id(Blob, large), Blob, large)
	b.object(b.id(Blob, small), Blob, small)
	b.offset(b.id(Blob, small[1:]), at, insertAll(len(large), small[1:]))
	packed := objectDirectory(t)
	b.write(t, packed)
	loose := objectDirectory(t)
	for _, data := range [][]byte{large, small} {
		id := b.id(Blob, data)
		write(t, filepath.Join(loose, id[:2], id[2:]), string(deflated(append([]byte("blob "+strconv.Itoa(len(data))+"\x00"), data...))))
	}
	for _, o := range []Options{{MaxObject: 1 << 20}, {Memory: 1 << 20}, {MaxObject: 1 << 20, Verify: true, Unmapped: true}} {
		for _, most := range []int64{1 << 40, 1000} {
			for _, dir := range []string{packed, loose} {
				v := &streaming{most: most}
				refusals, err := streamedFrom(t, dir, o, v)
				if err != nil || v.got["blob"] != string(large[:min(int64(len(large)), most)]) || len(v.seen) != 1 {
					t.Errorf("%d bytes were streamed, %d objects visited: %v, %v", len(v.got["blob"]), len(v.seen), refusals, err)
				}
				if dir == loose && len(refusals) > 0 || dir == packed && (len(refusals) != 1 || refusals[0].Reason != errBaseLost.Error()) {
					t.Errorf("refused %v", refusals)
				}
			}
		}
	}
	stop := errors.New("enough")
	if _, err := streamedFrom(t, packed, Options{MaxObject: 1 << 20}, &streaming{most: 10, err: stop}); !errors.Is(err, stop) {
		t.Errorf("the walk returned %v", err)
	}
}

func TestAStreamThatBreaksIsRefused(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	r := rand.New(rand.NewPCG(5, 6))
	large := text(r, 60_000)
	packed := deflated(large)
	for name, entry := range map[string][]byte{
		"cut off":           append(entryHeader(3, len(large)), packed[:200_000]...),
		"shorter than told": append(entryHeader(3, len(large)+1), packed...),
		"longer than told":  append(entryHeader(3, len(large)-1), packed...),
		"corrupt":           append(entryHeader(3, len(large)), bytes.Replace(packed, packed[100_000:100_100], make([]byte, 100), 1)...),
	} {
		b := newBuilder(20)
		b.raw(b.id(Blob, large), entry)
		dir := objectDirectory(t)
		b.write(t, dir)
		refusals, err := streamedFrom(t, dir, Options{MaxObject: 1 << 20}, &streaming{most: 1 << 40})
		if err != nil || len(refusals) != 1 {
			t.Errorf("%s: refused %v, %v", name, refusals, err)
		}
	}
	b := newBuilder(20)
	b.object(b.fake(0), Blob, large)
	dir := objectDirectory(t)
	b.write(t, dir)
	refusals, err := streamedFrom(t, dir, Options{MaxObject: 1 << 20, Verify: true}, &streaming{most: 1 << 40})
	if err != nil || len(refusals) != 1 || refusals[0].Reason != errID.Error() {
		t.Errorf("a false id: refused %v, %v", refusals, err)
	}
	id := b.id(Blob, large)
	loose := deflated(append([]byte("blob 2000000\x00"), large...))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, id[:2], id[2:]), string(loose))
	refusals, err = streamedFrom(t, dir, Options{MaxObject: 1 << 20}, &streaming{most: 1 << 40})
	if err != nil || len(refusals) != 1 {
		t.Errorf("a loose object that lies: refused %v, %v", refusals, err)
	}
}
