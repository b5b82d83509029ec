package scanner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func inspector(t *testing.T) *inspect.Inspector {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return &inspect.Inspector{Rules: set}
}

// planted is a directory with a key in every third of n files.
func planted(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	v := sample.NewValues(1)
	for i := range n {
		text := "print('hello')\n"
		if i%3 == 0 {
			text = sample.Expand("import os\nIONQ_API_KEY = \"{{ALNUM32}}\"\n", "", v)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%03d.py", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// told is a finding without its material, for comparison.
func told(f finding.Finding) string {
	return fmt.Sprintf("%s %s %s %v", f.ID, f.Path, f.Confidence, f.Occurrences[0].Location)
}

func TestTheOutputDoesNotDependOnTheNumberOfJobs(t *testing.T) {
	dir := planted(t, 90)
	var want []string
	for _, jobs := range []int{1, 2, 64} {
		tally := &source.Tally{}
		s := scanner.Scanner{Inspector: inspector(t), Jobs: jobs, Tally: tally}
		var got []string
		for f, err := range finding.Merge(s.Scan(t.Context(), source.Directory{Root: dir})) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, told(f))
		}
		if len(got) != 30 || tally.Files.Load() != 90 || tally.Bytes.Load() == 0 {
			t.Fatalf("%d jobs: %d findings in %d files", jobs, len(got), tally.Files.Load())
		}
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d jobs give another output", jobs)
		}
	}
}

func TestABreakLeavesNothingRunning(t *testing.T) {
	s := scanner.Scanner{Inspector: inspector(t), Jobs: 8}
	for range s.Scan(t.Context(), source.Directory{Root: planted(t, 60)}) {
		break
	}
	// goleak in TestMain looks for goroutines that are left.
}

func TestACancelledScanEndsWithTheCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("enough")
	s := scanner.Scanner{Inspector: inspector(t), Jobs: 2}
	var last error
	for _, err := range s.Scan(ctx, source.Directory{Root: planted(t, 60)}) {
		cancel(cause)
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("last is %v", last)
	}
}

// items is a source from a list.
type items []source.Item

func (s items) Items(context.Context) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		for _, i := range s {
			if !yield(i, nil) {
				return
			}
		}
	}
}

type failing struct{ io.Reader }

func (failing) Read([]byte) (int, error) { return 0, errors.New("input/output error") }
func (failing) Close() error             { return nil }

func TestWhatCannotBeReadIsToldAndTheScanGoesOn(t *testing.T) {
	v := sample.NewValues(2)
	good := sample.Expand("IONQ_API_KEY={{ALNUM32}}\n", "", v)
	src := items{
		{Origin: source.Origin{Path: "shut"}, Open: func() (io.ReadCloser, error) { return nil, os.ErrPermission }},
		{Origin: source.Origin{Path: "broken"}, Open: func() (io.ReadCloser, error) { return failing{}, nil }},
		{Origin: source.Origin{Path: "good"}, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader([]byte(good))), nil
		}},
	}
	s := scanner.Scanner{Inspector: inspector(t), Jobs: 2}
	var got []string
	for f, err := range finding.Merge(s.Scan(t.Context(), src)) {
		var item *source.ItemError
		switch {
		case errors.As(err, &item):
			got = append(got, string(item.Outcome)+" "+item.Path)
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, "found "+f.Path)
		}
	}
	if want := []string{"unread shut", "unread broken", "found good"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnItemIsToldWhatItsExaminationCameTo(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	leaky := "provider = IonQProvider(\"" + sample.Key(set.Rule("ionq-api-key"), sample.NewValues(3)) + "\")\n"
	told := map[string]bool{}
	var items listOf
	for name, open := range map[string]func() (io.ReadCloser, error){
		"fine":   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("print(1)"))), nil },
		"leaky":  func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(leaky))), nil },
		"shut":   func() (io.ReadCloser, error) { return nil, errors.New("shut") },
		"broken": func() (io.ReadCloser, error) { return io.NopCloser(brokenReader{}), nil },
	} {
		items = append(items, source.Item{Origin: source.Origin{Path: name}, Size: -1, Open: open, Examined: func(clean bool) { told[name] = clean }})
	}
	s := &scanner.Scanner{Inspector: &inspect.Inspector{Rules: set}, Jobs: 1}
	for range s.Scan(t.Context(), items) {
	}
	if want := map[string]bool{"fine": true, "leaky": false, "shut": false, "broken": false}; !reflect.DeepEqual(told, want) {
		t.Errorf("told %v", told)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cut := listOf{{Size: -1, Open: func() (io.ReadCloser, error) {
		cancel()
		return io.NopCloser(bytes.NewReader(nil)), nil
	}, Examined: func(bool) { t.Error("what was cut short is told as examined") }}}
	for range s.Scan(ctx, cut) {
	}
}

// listOf is a Source of these items.
type listOf []source.Item

func (l listOf) Items(context.Context) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		for _, item := range l {
			if !yield(item, nil) {
				return
			}
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }
