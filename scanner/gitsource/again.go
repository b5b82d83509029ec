package gitsource

import (
	"context"
	"errors"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/ledger"
)

// again tells what the last search of the same state told. The keys are read
// anew from the objects that hold them, and what is no part of the state is
// read as ever. It returns false, with nothing told yet, if the state is
// another one or the objects do not hold what the ledger says.
func (s *search) again(ctx context.Context, a ledger.Answer) (findings []finding.Finding, ok bool, err error) {
	if a.State != s.memory.state {
		return nil, false, nil
	}
	hits, err := s.readHits(ctx, a.Hits)
	if err != nil {
		return nil, false, nil //nolint:nilerr // then everything is read, and tells what is wrong
	}
	s.name = a.Name
	s.told(a)
	var out []finding.Finding
	for _, p := range a.Places {
		out = s.judgeAll(out, hits[p.Hit], p.Place, p.Git, p.Path)
	}
	if a.Submodules {
		s.absentSubmodules()
	}
	s.walked.logs = s.repo.reflogs(func(string, error) {}) // what fails is told
	s.ownFiles(ctx)
	if ctx.Err() != nil {
		return nil, true, context.Cause(ctx)
	}
	out = append(out, s.plain...)
	sortByPlace(out)
	return out, true, nil
}

// told counts and notes what an answer says.
func (s *search) told(a ledger.Answer) {
	s.counted(a.Count)
	for _, note := range a.Notes {
		s.notes.add(&note)
	}
}

func (s *search) counted(c ledger.Count) {
	s.tally.Expected.Add(c.Expected)
	s.tally.Objects.Add(c.Objects)
	s.tally.Blobs.Add(c.Blobs)
	s.tally.Bytes.Add(c.Bytes)
	s.tally.Images.Add(c.Images)
}

// errOtherKeys says that an object does not hold the keys that it should.
var errOtherKeys = errors.New("the object holds other keys")

// readHits reads the keys of some objects.
func (s *search) readHits(ctx context.Context, list []ledger.Hit) (hits [][]record, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	store, _, err := s.repo.openStore(true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	from := &objects{store: store, reader: store.NewReader()}
	for _, h := range list {
		records, err := s.readHit(ctx, from, h)
		if err != nil {
			return nil, err
		}
		hits = append(hits, records)
	}
	return hits, nil
}

// readHit reads the keys of one object.
func (s *search) readHit(ctx context.Context, from *objects, h ledger.Hit) ([]record, error) {
	o, err := from.read(ctx, []byte(h.ID))
	if err != nil {
		return nil, err
	}
	records, ok := s.recalled(h.Records, o.Data)
	if !ok {
		records = s.recordsOf(o.Type, o.Data)
		ok = slices.EqualFunc(rememberedOf(records, nil), h.Records, samePlace)
	}
	if !ok || int(o.Type) != h.Kind {
		return nil, errOtherKeys
	}
	return records, nil
}

func samePlace(a, b ledger.Record) bool {
	return a.Rule == b.Rule && a.Start == b.Start && a.Len == b.Len
}

// recalled takes keys that are remembered as literal from the object.
func (s *search) recalled(list []ledger.Record, content []byte) ([]record, bool) {
	out := make([]record, 0, len(list))
	for _, m := range list {
		r, ok := s.inspector.Recall(inspect.Memo{
			Rule: m.Rule, Start: m.Start, Len: m.Len, Location: m.Location, Marked: m.Marked, Local: m.Local, Mentions: m.Mentions,
		}, content)
		if !m.Literal || !ok {
			return nil, false
		}
		out = append(out, record{Record: r})
	}
	return out, true
}

// recordsOf finds the keys of one object.
func (s *search) recordsOf(kind pack.Type, data []byte) []record {
	var out []record
	add := func(text []byte, header bool) {
		if len(text) == 0 {
			return
		}
		for _, r := range s.inspector.InspectAll(text, "", inspect.Position{}).Records {
			out = append(out, record{Record: r, header: header})
		}
	}
	if kind == pack.Blob {
		add(data, false)
		return out
	}
	parsed := parseHeaders(data)
	add(parsed.message, false)
	add(parsed.text, true)
	return out
}
