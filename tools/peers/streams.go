package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// unpacked is what unpacking the streams of some packs took.
type unpacked struct {
	CPU            time.Duration
	Wall           time.Duration
	Streams, Bytes int64
}

// streams measures one inflater in a process of its own. Reading the packs is
// not part of it.
func (b *bench) streams(which string) contender {
	return contender{name: which, own: func(ctx context.Context) (sample, error) {
		command := exec.CommandContext(ctx, b.self, streamsCommand, which, filepath.Join(b.repository, "objects", "pack"))
		out, err := command.Output()
		if err != nil {
			return sample{}, fmt.Errorf("unpack the streams: %w", err)
		}
		var u unpacked
		if err := json.Unmarshal(out, &u); err != nil {
			return sample{}, fmt.Errorf("unpack the streams: %w", err)
		}
		b.unpacked = u
		return sample{cpu: u.CPU, wall: u.Wall}, nil
	}}
}

// unpackStreams inflates every stream of the packs of a directory once, and
// does nothing else that would be counted.
func unpackStreams(which, dir string, out io.Writer) error {
	inflaters := map[string]func() func(dst, src []byte) error{ownInflater: newOwn, klauspostInflater: newKlauspost}
	if inflaters[which] == nil {
		return fmt.Errorf("no inflater is called %q", which)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "*.pack"))
	if err != nil {
		return fmt.Errorf("list packs: %w", err)
	}
	debug.SetGCPercent(-1)
	var total unpacked
	unpack, dst := inflaters[which](), []byte(nil)
	for _, pack := range packs {
		p, err := readPack(pack)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(pack), err)
		}
		if int64(len(dst)) < p.largest {
			dst = make([]byte, p.largest)
		}
		for i := 0; i < len(dst); i += 4096 { // so that no page is new
			dst[i] = 0
		}
		start, before := time.Now(), cpu()
		for _, s := range p.streams {
			if err := unpack(dst[:s.size], p.data[s.at:]); err != nil {
				return fmt.Errorf("%s: at %d: %w", filepath.Base(pack), s.at, err)
			}
			total.Bytes += s.size
		}
		total.CPU += cpu() - before
		total.Wall += time.Since(start)
		total.Streams += int64(len(p.streams))
	}
	if err := json.NewEncoder(out).Encode(total); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

const (
	ownInflater       = "scanner/gitsource/inflate, every stream"
	klauspostInflater = "klauspost/compress, every stream"
)

func newOwn() func(dst, src []byte) error {
	r := new(inflate.Reader)
	return func(dst, src []byte) error {
		_, _, err := r.Zlib(dst, src, false)
		return err
	}
}

// newKlauspost leaves the checksum out, as newOwn does, and the end of the
// stream: it is not asked whether there is more than dst.
func newKlauspost() func(dst, src []byte) error {
	input := bytes.NewReader(nil)
	reader := flate.NewReader(input)
	return func(dst, src []byte) error {
		input.Reset(src[2:])
		if err := reader.(flate.Resetter).Reset(input, nil); err != nil {
			return err
		}
		_, err := io.ReadFull(reader, dst)
		return err
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// packed is a pack in memory and where its streams are, in order.
type packed struct {
	data    []byte
	streams []stream
	largest int64
}

// stream is where a zlib stream begins, and the size of its content.
type stream struct{ at, size int64 }

// readPack reads a pack by its index. It is the shortest way to do so, for
// packs that Git wrote.
func readPack(name string) (*packed, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	index, err := os.ReadFile(name[:len(name)-len("pack")] + "idx")
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	const header, fan = 8, 1024
	if len(index) < header+fan || !bytes.HasPrefix(index, []byte("\xfftOc\x00\x00\x00\x02")) {
		return nil, errors.New("not an index of version 2")
	}
	p, n := &packed{data: data}, int(binary.BigEndian.Uint32(index[header+fan-4:]))
	// Per object: an id, a checksum of 4 bytes, and 4 bytes of offset; then
	// large offsets, and two hashes that are as wide as an id. The first is
	// what the pack ends with.
	width := 20
	if belongs := func() bool {
		return len(index) >= header+fan+n*(width+8)+2*width && len(data) >= width &&
			bytes.Equal(index[len(index)-2*width:len(index)-width], data[len(data)-width:])
	}; !belongs() {
		if width = 32; !belongs() {
			return nil, errors.New("pack and index do not belong together")
		}
	}
	small := index[header+fan+n*(width+4):]
	large := small[4*n:]
	for i := range n {
		at := int64(binary.BigEndian.Uint32(small[4*i:]))
		if at>>31 != 0 {
			at = int64(binary.BigEndian.Uint64(large[8*(at&(1<<31-1)):]))
		}
		p.streams = append(p.streams, entry(data, at, width))
	}
	slices.SortFunc(p.streams, func(a, b stream) int { return cmp.Compare(a.at, b.at) })
	for _, s := range p.streams {
		p.largest = max(p.largest, s.size)
	}
	return p, nil
}

// entry reads the header of an object.
func entry(data []byte, at int64, width int) stream {
	kind, size := data[at]>>4&7, int64(data[at]&15)
	for shift := 4; data[at]&0x80 != 0; shift += 7 {
		at++
		size |= int64(data[at]&0x7f) << shift
	}
	at++
	switch kind {
	case 6: // how far back the base is
		for data[at]&0x80 != 0 {
			at++
		}
		at++
	case 7: // the id of the base
		at += int64(width)
	}
	return stream{at: at, size: size}
}
