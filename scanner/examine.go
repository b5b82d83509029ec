package scanner

import (
	"context"
	"io"
	"path"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// examine reads one item to its end and finds its keys.
func (s *Scanner) examine(ctx context.Context, item source.Item, out *outcome) {
	if ctx.Err() != nil {
		return
	}
	content, err := item.Open()
	if err != nil {
		out.failed(source.Failed(item.Origin.Path, err))
		return
	}
	s.read(ctx, item, content, out)
	if err := content.Close(); err != nil {
		out.failed(source.Failed(item.Origin.Path, err))
	}
	s.count(func(t *source.Tally) { t.Files.Add(1) })
}

func (s *Scanner) read(ctx context.Context, item source.Item, content io.Reader, out *outcome) {
	var failed []error // what was not read comes behind what was found
	defer func() {
		for _, err := range failed {
			out.failed(err)
		}
	}()
	var at inspect.Position
	for chunk, err := range s.Chunking.Chunks(content, source.SizeOf(item, content)) {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed = append(failed, source.Failed(item.Origin.Path, err))
			break
		}
		result := s.Inspector.Inspect(chunk.Data, item.Origin.Path, at)
		for _, r := range result.Records {
			if r.Location.Member == "" && (r.Start < chunk.From || r.Start >= chunk.To) {
				continue // the neighbouring chunk sees more around it
			}
			if f, ok := s.Inspector.Judge(r, item.Origin); ok {
				out.found(withAccess(f, item))
			}
		}
		for _, note := range result.Notes {
			failed = append(failed, within(item.Origin.Path, note))
		}
		if chunk.Advance < len(chunk.Data) {
			at = at.After(chunk.Data[:chunk.Advance])
		}
		s.count(func(t *source.Tally) {
			t.Bytes.Add(int64(chunk.Advance))
			t.Images.Add(int64(result.Images))
		})
	}
}

// withAccess says who can read a key that is kept, or in somebody's home.
func withAccess(f finding.Finding, item source.Item) finding.Finding {
	if item.Access != nil && (f.Stored || item.Origin.Home) {
		f.Occurrences[0].Access = item.Access()
	}
	return f
}

// within completes a note on content with the path of the content.
func within(name string, note *source.ItemError) error {
	full := *note
	switch {
	case note.Path == "":
		full.Path = name
	default:
		full.Path = name + "!" + path.Clean(note.Path)
	}
	return &full
}

func (s *Scanner) count(add func(*source.Tally)) {
	if s.Tally != nil {
		add(s.Tally)
	}
}
