package pack

import "testing"

func TestEverySizeFitsItsClass(t *testing.T) {
	last, lastSize := 0, finest
	for n := range 1 << 22 {
		number, size := class(n)
		if size < n || number >= classes || n > finest && size > n+n/8+1 {
			t.Fatalf("%d bytes: class %d of %d bytes", n, number, size)
		}
		if number != last && (number != last+1 || n != lastSize+1) || number == last && size != lastSize {
			t.Fatalf("%d bytes: class %d of %d bytes follows class %d of %d", n, number, size, last, lastSize)
		}
		if again, same := class(size); again != number || same != size {
			t.Fatalf("a buffer of %d bytes is put into class %d of %d bytes", size, again, same)
		}
		last, lastSize = number, size
	}
}
