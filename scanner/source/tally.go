package source

import "sync/atomic"

// Tally counts what a scan has read, for progress and for the coverage part of
// a report. It is safe for concurrent use; the zero Tally is ready.
type Tally struct {
	Files   atomic.Int64 // files of a working tree, archive members not counted
	Objects atomic.Int64 // objects of repositories, of any type
	Blobs   atomic.Int64 // blobs whose content was examined
	Bytes   atomic.Int64 // bytes examined, before decoding
	Images  atomic.Int64 // images in notebooks, seen and not read
	// Expected is how many objects and files are known to come, 0 when that is
	// not known.
	Expected atomic.Int64
}
