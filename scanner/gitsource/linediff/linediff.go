// Package linediff tells which lines of a text another one does not have, as a
// patch without context shows them: by Myers' algorithm, in linear space.
package linediff

import "bytes"

// Hunk is a row of lines that only the new text has.
type Hunk struct {
	// Line is that of the first, from 1.
	Line int
	// Text is a part of the new text, line ends included.
	Text []byte
}

// maxCost bounds the work for texts that have little in common: what is left
// then counts as changed. It is a multiple of what common edits need.
const maxCost = 4096

// Added lists the rows of lines that only the new text has.
func Added(before, after []byte) []Hunk {
	if len(before) == 0 {
		if len(after) == 0 {
			return nil
		}
		return []Hunk{{Line: 1, Text: after}}
	}
	a, b := split(before), split(after)
	changed := compare(a, b)
	slide(b, changed)
	var hunks []Hunk
	for i := 0; i < len(b); i++ {
		if !changed[i] {
			continue
		}
		from := i
		for i < len(b) && changed[i] {
			i++
		}
		hunks = append(hunks, Hunk{Line: from + 1, Text: join(after, b[from:i])})
	}
	return hunks
}

// split cuts a text into lines, line ends included.
func split(text []byte) [][]byte {
	out := make([][]byte, 0, bytes.Count(text, []byte{'\n'})+1)
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			end = len(text)
		}
		out = append(out, text[:end:len(text)])
		text = text[end:]
	}
	return out
}

// join is the part of a text that lines of it are.
func join(text []byte, lines [][]byte) []byte {
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	start := len(text) - cap(lines[0])
	return text[start : start+size]
}

// compare tells the lines of b that are not from a.
func compare(a, b [][]byte) []bool {
	changed := make([]bool, len(b))
	top := 0
	for top < len(a) && top < len(b) && bytes.Equal(a[top], b[top]) {
		top++
	}
	tail := 0
	for tail < len(a)-top && tail < len(b)-top && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	a, b = a[top:len(a)-tail], b[top:len(b)-tail]
	// Lines that only one side has are changed whatever the others are.
	numbers := make(map[string]int, len(a))
	for _, l := range a {
		if _, ok := numbers[string(l)]; !ok {
			numbers[string(l)] = len(numbers)
		}
	}
	shared := make([]bool, len(numbers))
	m := matcher{}
	for i, l := range b {
		n, ok := numbers[string(l)]
		if !ok {
			changed[top+i] = true
			continue
		}
		shared[n] = true
		m.b = append(m.b, n)
		m.at = append(m.at, top+i)
	}
	for _, l := range a {
		if n := numbers[string(l)]; shared[n] {
			m.a = append(m.a, n)
		}
	}
	m.changed = changed
	m.match(0, len(m.a), 0, len(m.b))
	return changed
}

// matcher finds a longest row of numbers that two lists share.
type matcher struct {
	a, b []int
	// at leads from b to the lines of changed.
	at      []int
	changed []bool
	// forward and backward are the furthest points on each diagonal.
	forward, backward []int
}

func (m *matcher) match(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && m.a[a0] == m.b[b0] {
		a0, b0 = a0+1, b0+1
	}
	for a0 < a1 && b0 < b1 && m.a[a1-1] == m.b[b1-1] {
		a1, b1 = a1-1, b1-1
	}
	if b0 == b1 {
		return
	}
	if a0 < a1 {
		if x, y, ok := m.middle(a0, a1, b0, b1); ok {
			m.match(a0, x, b0, y)
			m.match(x, a1, y, b1)
			return
		}
	}
	for i := b0; i < b1; i++ {
		m.changed[m.at[i]] = true
	}
}

// middle is a point on a shortest way from one corner to the other; false if
// that would cost too much, or divides nothing.
func (m *matcher) middle(a0, a1, b0, b1 int) (x, y int, ok bool) {
	n, k := a1-a0, b1-b0
	size := 2*min(n+k, maxCost) + 3
	if len(m.forward) < size {
		m.forward, m.backward = make([]int, size), make([]int, size)
	}
	f, r, mid := m.forward, m.backward, size/2
	f[mid+1], r[mid+1] = 0, 0
	delta := n - k
	odd := delta&1 != 0
	for d := 0; d <= min((n+k+1)/2, maxCost/2); d++ {
		for i := -d; i <= d; i += 2 {
			from := f[mid+i-1] + 1
			if i == -d || i != d && f[mid+i-1] < f[mid+i+1] {
				from = f[mid+i+1]
			}
			x, y := from, from-i
			for x < n && y >= 0 && y < k && m.a[a0+x] == m.b[b0+y] {
				x, y = x+1, y+1
			}
			f[mid+i] = x
			if j := delta - i; odd && j >= -(d-1) && j <= d-1 && x+r[mid+j] >= n {
				return divides(a0, a1, b0, b1, a0+x, b0+y)
			}
		}
		for i := -d; i <= d; i += 2 {
			from := r[mid+i-1] + 1
			if i == -d || i != d && r[mid+i-1] < r[mid+i+1] {
				from = r[mid+i+1]
			}
			x, y := from, from-i
			for x < n && y >= 0 && y < k && m.a[a1-1-x] == m.b[b1-1-y] {
				x, y = x+1, y+1
			}
			r[mid+i] = x
			if j := delta - i; !odd && j >= -d && j <= d && x+f[mid+j] >= n {
				return divides(a0, a1, b0, b1, a1-x, b1-y)
			}
		}
	}
	return 0, 0, false
}

func divides(a0, a1, b0, b1, x, y int) (int, int, bool) {
	inside := x >= a0 && x <= a1 && y >= b0 && y <= b1
	return x, y, inside && (x != a0 || y != b0) && (x != a1 || y != b1)
}

// slide moves rows of changed lines down as far as that changes nothing, as Git
// does.
func slide(b [][]byte, changed []bool) {
	for end := len(b); end > 0; {
		for end > 0 && !changed[end-1] {
			end--
		}
		start := end
		for start > 0 && changed[start-1] {
			start--
		}
		from, to := start, end
		for from < to && to < len(b) && !changed[to] && bytes.Equal(b[from], b[to]) {
			changed[from], changed[to] = false, true
			from, to = from+1, to+1
			for to < len(b) && changed[to] {
				to++ // it meets the next row, and goes on with it
			}
		}
		end = start
	}
}
