package inspect

import (
	"hash/maphash"
	"sync/atomic"
)

// Zones remembers, by their hashes, zones that hold no key: half of those that
// a history changes were there before, on another branch or under another
// name. It is safe for concurrent use, belongs to one Inspector, and forgets
// the older of two zones that have one place.
type Zones struct {
	seed  maphash.Seed
	quiet [1 << 14]atomic.Uint64
}

// NewZones returns one that remembers nothing. Its hashes are not those of
// other processes, so that no content can be made to look like other content.
func NewZones() *Zones { return &Zones{seed: maphash.MakeSeed()} }

// place returns the hash of a zone and where it is remembered.
func (z *Zones) place(zone []byte) (uint64, *atomic.Uint64) {
	hash := maphash.Bytes(z.seed, zone) | 1 // 0 stands for no zone
	return hash, &z.quiet[hash>>1%uint64(len(z.quiet))]
}
