package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// maxFilters bounds the filters of one stream.
const maxFilters = 8

var (
	errFilter = errors.New("a filter of PDF is not known")
	errEffort = errors.New("its objects overlap, or are too many")
)

// decoded undoes the filters of a stream. What could be read is returned with
// the error.
func (f *File) decoded(s *stream) (data []byte, err error) {
	data = s.data
	filters := f.list(s.dict, "Filter", "F")
	if len(filters) > maxFilters {
		return nil, errFilter
	}
	params := f.list(s.dict, "DecodeParms", "DP")
	for i, filter := range filters {
		var p dict
		if i < len(params) {
			p, _ = f.resolve(params[i]).(dict)
		}
		n, _ := f.resolve(filter).(name)
		out, failure := f.undo(n, p, data)
		if err == nil {
			err = failure
		}
		if data = out; failure != nil && len(data) == 0 {
			break
		}
	}
	return data, err
}

func (f *File) undo(filter name, p dict, data []byte) ([]byte, error) {
	switch filter {
	case "FlateDecode", "Fl":
		var in io.Reader
		in, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			in = flate.NewReader(bytes.NewReader(data[min(len(data), 2):]))
		}
		out, err := f.read(in)
		return f.predicted(p, out), err
	case "LZWDecode", "LZW":
		early := 1
		if n, ok := f.resolve(p["EarlyChange"]).(float64); ok {
			early = int(n)
		}
		out, err := f.read(&lzw{in: data, early: early})
		return f.predicted(p, out), err
	case "ASCII85Decode", "A85":
		data, _, _ = bytes.Cut(data, []byte("~>"))
		return f.read(ascii85.NewDecoder(bytes.NewReader(data)))
	case "ASCIIHexDecode", "AHx":
		data, _, _ = bytes.Cut(data, []byte(">"))
		return unhex(data), nil
	case "RunLengthDecode", "RL":
		return f.read(&runLengths{in: data})
	}
	return nil, errFilter
}

// predicted undoes what PNG's predictors did, which compress rows of numbers.
func (f *File) predicted(p dict, data []byte) []byte {
	predictor, _ := f.resolve(p["Predictor"]).(float64)
	columns, _ := f.resolve(p["Columns"]).(float64)
	colors, ok := f.resolve(p["Colors"]).(float64)
	if !ok {
		colors = 1
	}
	row := int(min(max(columns, 1), 1<<16) * min(max(colors, 1), 32))
	if predictor < 10 {
		return data
	}
	pixel := int(min(max(colors, 1), 32))
	out := make([]byte, 0, len(data))
	last := make([]byte, row)
	for len(data) > 0 {
		kind, line := data[0], bytes.Clone(data[1:min(len(data), row+1)])
		data = data[min(len(data), row+1):]
		for i := range line {
			left, corner := byte(0), byte(0)
			if i >= pixel {
				left, corner = line[i-pixel], last[i-pixel]
			}
			line[i] += prediction(kind, left, last[i], corner)
		}
		out = append(out, line...)
		copy(last, line)
	}
	return out
}

func prediction(kind, left, up, corner byte) byte {
	switch kind {
	case 1:
		return left
	case 2:
		return up
	case 3:
		return byte((int(left) + int(up)) / 2)
	case 4:
		a, b, c := int(left), int(up), int(corner)
		distance := func(v int) int { return max(a+b-c-v, v-a-b+c) }
		if distance(a) <= distance(b) && distance(a) <= distance(c) {
			return left
		}
		if distance(b) <= distance(c) {
			return up
		}
		return corner
	}
	return 0
}

// runLengths reads runs of bytes.
type runLengths struct {
	in   []byte
	left []byte
}

func (r *runLengths) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if len(r.in) < 2 || r.in[0] == 128 {
			return 0, io.EOF
		}
		n := int(r.in[0])
		if n < 128 {
			n = min(n+2, len(r.in))
			r.left, r.in = r.in[1:n], r.in[n:]
		} else {
			r.left, r.in = bytes.Repeat(r.in[1:2], 257-n), r.in[2:]
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
