package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// fixing is one run of fix.
type fixing struct {
	env     Env
	options fixOptions
	say     messages
	// root is the directory from which paths of findings count; repository is
	// nil outside of one.
	root       string
	repository *gitsource.Repository
	findings   []finding.Finding
	gaps       bool
	// found has one finding for each key, in the order of keys.
	found []finding.Finding
	keys  []rewrite.Key
	files []*fixedFile
	// stored are the keys that were put away.
	stored []storedKey
}

// fixedFile is a file with keys in it.
type fixedFile struct {
	// name is what the system opens; shown what people read.
	name, shown string
	content     []byte
	outputs     []int
	// shows are the cells whose outputs show a key as it is.
	shows    []rewrite.Place
	findings []finding.Finding
	result   rewrite.Result
	// hidden are places that a second look at the new text still shows.
	hidden []fixedPlace
}

// fixedPlace is a place that is left.
type fixedPlace struct{ rewrite.Place }

func (p fixedPlace) where() string {
	switch {
	case p.Cell > 0 && p.Line > 0:
		return fmt.Sprintf(", cell %d, line %d", p.Cell, p.Line)
	case p.Cell > 0:
		return fmt.Sprintf(", cell %d", p.Cell)
	case p.Line > 0:
		return fmt.Sprintf(":%d", p.Line)
	}
	return ""
}

// largestFixed is more than any file that a person edits, in bytes.
const largestFixed = 64 << 20

// search finds the keys.
func (x *fixing) search(ctx context.Context) error {
	r := newScanRun(x.env, scanOptions{
		Paths: []string{x.options.Path}, Reading: readOptions{NoHistory: !x.options.History},
		Judging: x.options.Judging, Output: outputOptions{Format: defaultFormat, Color: colorNever},
		Talking: x.options.Talking, Origins: x.options.Origins,
	})
	r.options.Judging.FailOn = defaultFailOn
	if err := r.options.validate(x.env); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	x.root, x.repository = r.targets[0].root, r.targets[0].repository
	result, err := r.found(ctx, nil)
	if err != nil {
		return err
	}
	excluded := r.content.excluded()
	outcome := r.content.apply(result.Findings, excluded)
	result = r.judged(result, outcome, excluded)
	if result.Coverage.Unread > 0 || result.Coverage.Interrupted {
		x.gaps = true
		x.say.warning("%s could not be read, so that keys may be left: qleaks scan %s names them", plural(result.Coverage.Unread, "thing"), x.options.Path)
	}
	if n := len(result.Suppressed); n > 0 {
		x.say.note("%s ignored or in a baseline: left alone", plural(n, "finding"))
	}
	x.findings = result.Findings
	return nil
}

// rewriteAll takes the keys out of all files, in memory.
func (x *fixing) rewriteAll() error {
	for _, f := range x.findings {
		if f.Stored {
			continue // it is where it belongs
		}
		for _, o := range f.Occurrences {
			if o.Place == source.File {
				if err := x.add(f, o); err != nil {
					return err
				}
			}
		}
	}
	for _, f := range x.files {
		f.rewrite(x.keys)
		f.lookAgain(x)
	}
	slices.SortFunc(x.files, func(a, b *fixedFile) int { return strings.Compare(a.shown, b.shown) })
	return nil
}

// add notes that a key stands in a file.
func (x *fixing) add(f finding.Finding, o finding.Occurrence) error {
	key := slices.IndexFunc(x.found, func(other finding.Finding) bool { return other.Fingerprint == f.Fingerprint })
	file, err := x.open(f.Path)
	if err != nil || file == nil {
		return err
	}
	if key < 0 {
		x.found = append(x.found, f)
		x.keys = append(x.keys, rewrite.Key{Value: f.Secret, Variable: x.variable(f, file.content)})
	}
	file.findings = append(file.findings, f)
	cell := o.Location.Notebook
	switch {
	case cell == nil || cell.Cell == 0 || cell.Part != "output" && cell.Part != "traceback" || slices.Contains(file.outputs, cell.Cell):
	case len(o.Location.Way) > 0:
		file.outputs = append(file.outputs, cell.Cell)
	default:
		file.shows = append(file.shows, rewrite.Place{Cell: cell.Cell, Key: file.keyOf(x, f)})
	}
	return nil
}

// keyOf is the index of a finding's key.
func (f *fixedFile) keyOf(x *fixing, found finding.Finding) int {
	return slices.IndexFunc(x.found, func(other finding.Finding) bool { return other.Fingerprint == found.Fingerprint })
}

// rewrite takes the keys out. A cell that shows a key in its outputs, of which none
// was cleared for it, shows it in a way that the text does not: all are cleared.
func (f *fixedFile) rewrite(keys []rewrite.Key) {
	without := func() {
		f.result = rewrite.File{Path: filepath.ToSlash(f.name), Content: f.content, Outputs: f.outputs}.Without(keys)
	}
	without()
	before := len(f.outputs)
	for _, p := range f.shows {
		cleared := func(t rewrite.Place) bool { return t.Cell == p.Cell && t.Key == p.Key && t.Line == 0 }
		if !slices.ContainsFunc(f.result.Taken, cleared) && !slices.Contains(f.outputs, p.Cell) {
			f.outputs = append(f.outputs, p.Cell)
		}
	}
	if len(f.outputs) > before {
		without()
	}
}

// open reads a file once. It is nil where it cannot be changed, which is told.
func (x *fixing) open(path string) (*fixedFile, error) {
	name := filepath.Join(x.root, filepath.FromSlash(path))
	for _, f := range x.files {
		if f.name == name {
			return f, nil
		}
	}
	leave := func(why string) (*fixedFile, error) {
		x.gaps = true
		x.say.warning("%s: left as it is: %s", path, why)
		return nil, nil
	}
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return leave("it cannot be opened")
	case !info.Mode().IsRegular():
		return leave("it is no regular file")
	case info.Size() > largestFixed:
		return leave("it is larger than what a person writes")
	}
	f, err := os.Open(name)
	if err != nil {
		return leave("it cannot be opened")
	}
	content, err := io.ReadAll(io.LimitReader(f, largestFixed+1))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, couldNot("cannot read "+path, rootCause(err))
	}
	shown := path
	if cwd, err := x.env.Getwd(); err == nil {
		shown = filepath.ToSlash(shortest(cwd, name))
	}
	file := &fixedFile{name: name, shown: shown, content: content}
	x.files = append(x.files, file)
	return file, nil
}

// variable chooses the name under which a key is looked up: none that another
// key has.
func (x *fixing) variable(f finding.Finding, content []byte) string {
	name := rewrite.VariableFor(f.Rule.Provider, f.Rule.ID, content)
	for _, v := range x.options.Variables {
		if provider, chosen, _ := strings.Cut(v, "="); provider == f.Rule.Provider {
			name = chosen
		}
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(x.keys, func(k rewrite.Key) bool { return k.Variable == name })
	}
	chosen := name
	for n := 2; taken(chosen); n++ {
		chosen = fmt.Sprintf("%s_%d", name, n)
	}
	return chosen
}

// lookAgain tells what the rewrite did not see: keys that are encoded, packed,
// or put together of pieces.
func (f *fixedFile) lookAgain(x *fixing) {
	for _, found := range f.findings {
		key := slices.IndexFunc(x.found, func(other finding.Finding) bool { return other.Fingerprint == found.Fingerprint })
		told := func(list []rewrite.Place) bool {
			return slices.ContainsFunc(list, func(p rewrite.Place) bool { return p.Key == key })
		}
		if told(f.result.Taken) || told(f.result.Left) || slices.ContainsFunc(f.hidden, func(p fixedPlace) bool { return p.Key == key }) {
			continue
		}
		at := found.Occurrences[0].Location
		place := rewrite.Place{Key: key, Line: at.Line, What: "the key is not in the file as it is, but " + strings.Join(at.Way, ", ") + ": take it out by hand"}
		if at.Member != "" {
			place.What = "the key is packed in " + at.Member + ": make the archive anew without it"
		}
		if at.Notebook != nil {
			place.Cell, place.Line = at.Notebook.Cell, at.Notebook.Line
			if slices.Contains(f.outputs, at.Notebook.Cell) {
				continue // its outputs are cleared
			}
		}
		f.hidden = append(f.hidden, fixedPlace{place})
	}
}

// left are all places that somebody has to mend.
func (f *fixedFile) left() []fixedPlace {
	all := slices.Clone(f.hidden)
	for _, p := range f.result.Left {
		all = append(all, fixedPlace{p})
	}
	return all
}

func (f *fixedFile) diff(keys []rewrite.Key) []byte {
	var veiled []int
	for _, found := range f.findings {
		for _, o := range found.Occurrences {
			if len(o.Location.Way) == 0 {
				continue
			}
			for line := o.Location.Line; line <= max(o.Location.Line, o.Location.EndLine); line++ {
				veiled = append(veiled, line)
			}
		}
	}
	return rewrite.Diff(rewrite.File{Path: f.shown, Content: f.content}, f.result, keys, veiled)
}

// valueOf is the value behind a variable that a file looks up.
func (x *fixing) valueOf(key int) secret.Value { return x.keys[key].Value }
