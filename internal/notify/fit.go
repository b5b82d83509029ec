package notify

import (
	"slices"
	"strings"
)

// fit drops lines, from the end of the longest section first, until a message is
// as small as a medium takes. What is dropped is counted.
func fit(m Message, most int, size func(Message) int) Message {
	m.Sections = slices.Clone(m.Sections)
	for i, s := range m.Sections {
		m.Sections[i].Groups = slices.Clone(s.Groups)
	}
	for now := size(m); now > most; now = size(m) {
		var lines int64
		for _, s := range m.Sections {
			lines += s.listed()
		}
		if lines == 0 {
			return m
		}
		// Half of what is too much at a time, so that it is measured a few times only.
		for range max(1, lines*int64(now-most)/int64(2*now)) {
			m.dropOne()
		}
	}
	return m
}

// dropOne drops the last line of the longest section.
func (m *Message) dropOne() {
	longest := -1
	var most int64
	for i, s := range m.Sections {
		if n := s.listed(); n > 0 && n >= most {
			longest, most = i, n
		}
	}
	if longest < 0 {
		return
	}
	groups := m.Sections[longest].Groups
	last := &groups[len(groups)-1]
	if last.Lines = last.Lines[:len(last.Lines)-1]; len(last.Lines) == 0 {
		m.Sections[longest].Groups = groups[:len(groups)-1]
	}
}

// summary is what a message comes to, in numbers and words of ours.
func summary(m Message) string {
	var headings []string
	for _, s := range m.Sections {
		headings = append(headings, s.heading())
	}
	if len(headings) == 0 {
		return m.Title
	}
	return m.Title + ". " + strings.Join(headings, ", ")
}
