package leaks

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Files looks at the files below a directory, or at one file. Paths are told as
// the root is given.
func (s *Scanner) Files(ctx context.Context, root string) (Result, error) {
	info, err := os.Stat(root)
	if err != nil {
		return Result{}, err
	}
	if !info.IsDir() {
		return s.items(ctx, source.OneFile{Name: root, Path: filepath.ToSlash(root)})
	}
	clean := filepath.Clean(root)
	prefix := filepath.ToSlash(clean)
	var links []linked
	passed := Passed{Paths: map[string]bool{}}
	d := source.Directory{Root: clean, Prefix: prefix, Skip: func(name string, dir bool) bool {
		told := path.Join(prefix, name)
		if s.skips(told, &passed) {
			return true
		}
		if target, ok := s.target(filepath.Join(clean, filepath.FromSlash(name)), dir); ok {
			links = append(links, linked{at: told, target: target})
		}
		return false
	}}
	result, err := s.items(ctx, d)
	result.Passed.add(passed)
	for _, l := range links {
		if err != nil || ctx.Err() != nil {
			break
		}
		var r Result
		r, err = s.link(ctx, l)
		result.add(r)
	}
	return result, err
}

// skips reports whether a path is not looked at, and adds it to those that are
// told.
func (s *Scanner) skips(name string, passed *Passed) bool {
	skips, told := s.Set.Skips(name)
	if told {
		passed.add(Passed{Paths: map[string]bool{name: true}})
	}
	return skips
}

// linked is a file that a link leads to.
type linked struct{ at, target string }

// target is the file that a link leads to, if links are followed.
func (s *Scanner) target(name string, dir bool) (string, bool) {
	if dir || !s.Follow {
		return "", false
	}
	info, err := os.Lstat(name)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		return "", false
	}
	target, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", false
	}
	info, err = os.Stat(target)
	return target, err == nil && info.Mode().IsRegular()
}

func (s *Scanner) link(ctx context.Context, l linked) (Result, error) {
	result, err := s.items(ctx, source.OneFile{Name: l.target, Path: filepath.ToSlash(l.target)})
	for i := range result.Leaks {
		result.Leaks[i].Symlink = l.at
	}
	return result, err
}

// Reader looks at what a stream holds; it has no path.
func (s *Scanner) Reader(ctx context.Context, r io.Reader) (Result, error) {
	return s.items(ctx, source.Reader{R: r})
}

func (s *Scanner) items(ctx context.Context, src source.Source) (Result, error) {
	g := s.gather()
	for item, err := range src.Items(ctx) {
		if ctx.Err() != nil {
			break
		}
		if note, ok := err.(*source.ItemError); ok { //nolint:errorlint // sources yield them as they are
			if note.Outcome != source.Excluded {
				g.result.Notes = append(g.result.Notes, note)
			}
			continue
		}
		if err != nil {
			g.tasks.Wait()
			return g.result, err
		}
		g.add(func() Result { return s.item(ctx, item) })
	}
	return g.wait(ctx)
}

// item looks at one file.
func (s *Scanner) item(ctx context.Context, item source.Item) Result {
	name := item.Origin.Path
	if s.Archives == 0 && isArchiveName(name) {
		return Result{}
	}
	failed := func(err error) Result { return Result{Notes: []*source.ItemError{source.Failed(name, err)}} }
	content, err := item.Open()
	if err != nil {
		return failed(err)
	}
	defer content.Close()
	var r Result
	size := source.SizeOf(item, content)
	if s.tooLarge(size) || size == 0 {
		return r
	}
	line := 1
	for chunk, err := range source.Chunks(content, size) {
		if err != nil {
			r.add(failed(err))
			return r
		}
		if ctx.Err() != nil {
			return r
		}
		data := chunk.Data
		if isArchiveName(name) {
			r.add(s.archive(ctx, data, name, Commit{}))
			return r
		}
		if line == 1 && isApplication(data) {
			return r
		}
		part := s.fragment(ctx, gitleaks.Fragment{Text: data, Path: name, Line: line}, "", Commit{})
		// The neighbouring chunk sees more around what is at the edge.
		elsewhere := func(l Leak) bool { return l.Start < chunk.From || l.Start >= chunk.To && chunk.To < len(data) }
		for _, list := range []*[]Leak{&part.Leaks, &part.Marked, &part.Allowed} {
			*list = slices.DeleteFunc(*list, elsewhere)
		}
		r.add(part)
		line += inspect.Position{}.After(chunk.Data[:chunk.Advance]).Line
	}
	return r
}

func (s *Scanner) tooLarge(size int64) bool {
	return s.Options.Megabytes > 0 && size > int64(s.Options.Megabytes)*1_000_000
}

// archive looks at the members of an archive.
func (s *Scanner) archive(ctx context.Context, data []byte, name string, c Commit) Result {
	var r Result
	for view, err := range decode.Views(data, name, decode.Options{Depth: s.Archives, ArchivesOnly: true}) {
		if ctx.Err() != nil {
			return r
		}
		if note, ok := err.(*source.ItemError); ok { //nolint:errorlint // as package decode yields them
			note.Path = path.Join(name, note.Path)
			r.Notes = append(r.Notes, note)
			continue
		}
		if view.Member == "" || len(view.Way) > 0 || view.Part.Name != "" || isArchiveName(view.Member) ||
			isApplication(view.Text) || s.skips(view.Member, &r.Passed) {
			continue
		}
		inner := name + "!" + view.Member
		if isStreamName(name) && !strings.Contains(view.Member, "!") {
			inner = name // what is compressed alone has no name of its own
		}
		f := gitleaks.Fragment{Text: view.Text, Path: inner, Commit: c.ID, Line: 1}
		r.add(s.fragment(ctx, f, "", c))
	}
	return r
}
