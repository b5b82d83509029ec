package decode

import (
	"bytes"

	"github.com/qleaks/qleaks/scanner/runs"
)

const (
	// minBase64 is the shortest run that is decoded, in characters.
	minBase64 = 22
	// minRow is the run of key characters that a row of base64 has at least, of
	// those that are decoded: of 300 random characters, one row in ten thousand
	// has none.
	minRow = 16
	// minDecoded is the shortest text that counts as decoded from base64 or
	// hex, in bytes.
	minDecoded = 16
	// wrapped is how long a line of a run must be for the run to go on in the
	// next line: mails wrap at 76, PEM at 64, YAML where it likes.
	wrapped = 40
	// seedEvery and seedChars say where a run is probed for text: a stretch of
	// minDecoded bytes holds at least one such probe in its phase.
	seedEvery = 12
	seedChars = 8
	// strays is how many characters in a row may decode to other than ASCII
	// inside of text.
	strays = 16
)

// sextets gives the value of a character of base64, of both alphabets, and
// 0xff for other bytes below 128.
const sextets = "" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x3e\xff\x3e\xff\x3f" +
	"\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\xff\xff\xff\xff\xff\xff" +
	"\xff\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e" +
	"\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\xff\xff\xff\xff\x3f" +
	"\xff\x1a\x1b\x1c\x1d\x1e\x1f\x20\x21\x22\x23\x24\x25\x26\x27\x28" +
	"\x29\x2a\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\xff\xff\xff\xff\xff"

func sextet(c byte) byte {
	if c >= 128 {
		return 0xff
	}
	return sextets[c]
}

// stretch is a part of a run: chars[from:to], which decodes as a whole.
type stretch struct{ from, to int }

// base64 yields what the base64 runs of a text decode to: stretches of text
// at every alignment, or a container when the run begins with one. Runs of
// hexadecimal digits are runs of base64, too. What hides a key has a run of key
// characters: + and / stand in base64 of text only for a few characters.
func (w *walk) base64(n *node) bool {
	i := 0
	for {
		at, to := runs.Next(n.text, i, minRow)
		if at < 0 {
			return true
		}
		run := stretch{at, to}
		if !runs.Mixed(n.text[at:to]) {
			i = to
			continue
		}
		from, end := around64(n.text, run, i)
		i = max(i, to)
		if end-from < minBase64 {
			continue
		}
		i = end
		if !w.hex(n, from, end) {
			return false
		}
		if !isImageURI(n.text, from) && !w.base64Run(n, from, &i) {
			return false
		}
	}
}

// base64Run decodes the run at from and sets end to where it ends.
func (w *walk) base64Run(n *node, from int, end *int) bool {
	chars := n.text[from:*end]
	if *end-from < wrapped || nextLine(n.text, *end) < 0 {
		if _, ok := nextText64(chars, 0); !ok && !opaque(chars) {
			return true
		}
	}
	joined := w.builder()
	defer w.giveBack(joined)
	run := run64{n: n, chars: chars, back: layer{spans: []span{{from: from, step: 1}}}}
	if *end = joinLines(joined, n.text, from, *end); len(joined.spans) > 0 {
		run.chars, run.back.spans = joined.text, joined.spans
	}
	run.end = *end
	if opaque(run.chars) {
		if !w.show64(&run, stretch{0, len(run.chars)}) {
			return false
		}
		run.opened = true
	}
	for i := 0; ; {
		s, ok := nextText64(run.chars, i)
		if !ok {
			return true
		}
		if !w.show64(&run, s) {
			return false
		}
		i = s.to
	}
}

// run64 is a run of base64, without the ends of its lines.
type run64 struct {
	n     *node
	chars []byte
	back  layer
	end   int
	// opened says that the run was unfolded as a whole.
	opened bool
}

// show64 yields what a stretch of a run decodes to.
func (w *walk) show64(run *run64, s stretch) bool {
	if !w.inTime() {
		return false
	}
	out := w.builder()
	defer w.giveBack(out)
	out.text = decode64(out.text, run.chars[s.from:s.to])
	isText := printable(out.text)
	if !isText && s.from > 0 {
		return true
	}
	from, to := run.back.locate(s.from, s.to)
	for to < len(run.n.text) && run.n.text[to] == '=' && to < run.end+2 {
		to++
	}
	if isText && !w.showInPlace(run.n, out.text, from, to, "base64") {
		return false
	}
	inner := run.n.inner(out.text, []span{{from: from, size: to - from}}, "base64")
	if run.opened {
		return w.text(inner)
	}
	return w.unfold(inner)
}

// around64 widens a run, as far as it stands behind floor, to the row of base64
// characters around it.
func around64(text []byte, run stretch, floor int) (from, to int) {
	from, to = max(run.from, floor), run.to
	for from > floor && sextet(text[from-1]) != 0xff {
		from--
	}
	for to < len(text) && sextet(text[to]) != 0xff {
		to++
	}
	return from, to
}

// joinLines adds the lines of a wrapped run to b, unless it is one line, and
// returns where the run ends.
func joinLines(b *builder, text []byte, from, end int) int {
	for first := true; end-from >= wrapped; first = false {
		next := nextLine(text, end)
		if next < 0 {
			break
		}
		to := next
		for to < len(text) && sextet(text[to]) != 0xff {
			to++
		}
		if to == next {
			break
		}
		if first {
			b.copy(text, from, end)
		}
		b.copy(text, next, to)
		from, end = next, to
	}
	return end
}

// nextLine returns where the text of the next line begins if the line ends at
// i, else -1. Indentation, quotation marks of mails and the escaped line ends
// of JSON and strings are passed over.
func nextLine(text []byte, i int) int {
	for _, lineEnd := range []string{"\n", "\r\n", `\n`, `\r\n`} {
		if bytes.HasPrefix(text[i:], []byte(lineEnd)) {
			i += len(lineEnd)
			for k := 0; k < 64 && i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '>'); k++ {
				i++
			}
			return i
		}
	}
	return -1
}

// isImageURI reports whether a run is the data of an image.
func isImageURI(text []byte, from int) bool {
	head := text[max(0, from-80):from]
	return bytes.HasSuffix(head, []byte(";base64,")) && bytes.Contains(head, []byte("data:image/"))
}

// opaque reports whether a run decodes to something that is not ASCII but is
// worth unfolding.
func opaque(chars []byte) bool {
	if len(chars) >= tarBlock*4/3 {
		// The magic of a tar stands at byte 257; byte 255 begins a quantum.
		var magic [9]byte
		if string(decode64(magic[:0], chars[340:352])[2:7]) == "ustar" {
			return true
		}
	}
	if a, b := sextet(chars[0])<<2|sextet(chars[1])>>4, sextet(chars[1])<<4|sextet(chars[2])>>2; !mayBeOpaque(a, b) {
		return false
	}
	var head [48]byte
	start := decode64(head[:0], chars[:min(len(chars), 64)])
	return sniff(start) != kindNone || len(start) >= minDecoded && sniffWide(start).unit > 0
}

// mayBeOpaque looks at the first two bytes: magic numbers, marks of byte order,
// or a wide character.
func mayBeOpaque(a, b byte) bool {
	switch a {
	case 0x1f, 'x', 'B', 0x28, 0xfd, 'P', 0xff, 0xfe, 0, 'S', '%', '7', 0x80:
		return true
	}
	return b == 0
}

// nextText64 finds the next stretch at or after i that decodes to text, in
// whatever of the four alignments.
func nextText64(chars []byte, i int) (stretch, bool) {
	for at := i; at+seedChars <= len(chars); at += seedEvery {
		for phase := range 4 {
			k := at + phase
			if k+seedChars > len(chars) || !isText64(chars[k:k+4]) || !isText64(chars[k+4:k+8]) {
				continue
			}
			if s := grow64(chars, i, k); bytesOf64(s) >= minDecoded {
				return s, true
			}
		}
	}
	return stretch{}, false
}

func bytesOf64(s stretch) int { return (s.to - s.from) * 3 / 4 }

// isText64 reports whether four characters decode to ASCII text.
func isText64(c []byte) bool {
	if !isTextByte(sextet(c[0])<<2 | sextet(c[1])>>4) {
		return false
	}
	v := uint(sextet(c[0]))<<18 | uint(sextet(c[1]))<<12 | uint(sextet(c[2]))<<6 | uint(sextet(c[3]))
	return isTextByte(byte(v>>8)) && isTextByte(byte(v))
}

// grow64 widens a seed at k to the stretch of text around it, not before
// floor. It ends with text; what is no ASCII may stand inside.
func grow64(chars []byte, floor, k int) stretch {
	s := stretch{from: k, to: k + seedChars}
	for p := k - 4; p >= floor && s.from-p <= strays; p -= 4 {
		if isText64(chars[p : p+4]) {
			s.from = p
		}
	}
	p := s.to
	for ; p+4 <= len(chars) && p-s.to <= strays; p += 4 {
		if isText64(chars[p : p+4]) {
			s.to = p + 4
		}
	}
	// The last quantum may be cut off, or mixed with what follows.
	if rest := len(chars) - s.to; rest > 0 {
		s.to += min(rest, 4)
	}
	if s.from-4 >= floor {
		s.from -= 4
	}
	return s
}

// decode64 appends what the characters decode to; a rest of one character is
// dropped.
func decode64(out, chars []byte) []byte {
	for len(chars) >= 4 {
		v := uint(sextet(chars[0]))<<18 | uint(sextet(chars[1]))<<12 | uint(sextet(chars[2]))<<6 | uint(sextet(chars[3]))
		out = append(out, byte(v>>16), byte(v>>8), byte(v))
		chars = chars[4:]
	}
	switch len(chars) {
	case 2:
		out = append(out, sextet(chars[0])<<2|sextet(chars[1])>>4)
	case 3:
		v := uint(sextet(chars[0]))<<10 | uint(sextet(chars[1]))<<4 | uint(sextet(chars[2]))>>2
		out = append(out, byte(v>>8), byte(v))
	}
	return out
}

// printable reports whether text is mostly ASCII text.
func printable(text []byte) bool {
	good := 0
	for _, c := range text {
		if isTextByte(c) {
			good++
		}
	}
	return good*10 >= len(text)*6
}
