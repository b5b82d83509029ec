package pickle

// push puts a value on the stack and returns what it is within a mapping: a
// name follows the mapping or a value, and a value follows a name.
func (m *machine) push(v item) role {
	f := &m.frames[len(m.frames)-1]
	switch above := m.top(); {
	case above.role == name && len(f.items) > 0:
		v.role = named
	case v.mapping, above.class:
		v.role = single // a mapping cannot be a name, nor an argument
	case above.mapping, above.role == named && len(f.items) > 0:
		v.role = name
	default:
		v.role = single
	}
	if len(f.items) >= maxItems {
		f.items = f.items[:copy(f.items, f.items[maxItems/2:])]
	}
	f.items = append(f.items, v)
	return v.role
}

// top returns the uppermost value, beyond a mark too.
func (m *machine) top() item {
	for i := len(m.frames) - 1; i >= max(0, len(m.frames)-2); i-- {
		if n := len(m.frames[i].items); n > 0 {
			return m.frames[i].items[n-1]
		}
	}
	return item{}
}

// mark opens a frame.
func (m *machine) mark() bool {
	if len(m.frames) >= maxMarks {
		return false
	}
	if n := len(m.frames); n < cap(m.frames) {
		m.frames = m.frames[:n+1]
		m.frames[n].items = m.frames[n].items[:0]
	} else {
		m.frames = append(m.frames, frame{})
	}
	return true
}

// close drops the values down to the mark, and the mark.
func (m *machine) close() {
	n := len(m.frames)
	if len(m.frames[n-1].items) > 0 {
		m.say("\n")
	}
	if n > 1 {
		m.frames = m.frames[:n-1]
	} else {
		m.frames[0].items = m.frames[0].items[:0]
	}
}

// pop drops n values.
func (m *machine) pop(n int) {
	f := &m.frames[len(m.frames)-1]
	f.items = f.items[:max(0, len(f.items)-n)]
}

// settle says that the mapping on top has all of its values.
func (m *machine) settle() {
	f := &m.frames[len(m.frames)-1]
	if n := len(f.items); n > 0 {
		f.items[n-1].mapping = false
	}
}
