package sqlite

import "encoding/binary"

// lists passes over the head of the list of free pages; the pages that it lists
// are left to Loose and Unused.
func (d *DB) lists() {
	next := binary.BigEndian.Uint32(d.data[32:])
	for range len(d.visited) {
		from := (int64(next) - 1) * int64(d.pageSize)
		if next == 0 || from+int64(d.usable) > int64(len(d.data)) || d.visited[next] {
			break
		}
		d.visited[next] = true
		page := d.data[from:][:d.usable]
		listed := min(int(binary.BigEndian.Uint32(page[4:])), (len(page)-8)/4)
		// What the page held before it became free follows the list.
		d.gap(int(from)+8+4*listed, int(from)+len(page))
		next = binary.BigEndian.Uint32(page)
	}
}
