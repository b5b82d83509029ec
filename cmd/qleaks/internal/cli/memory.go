package cli

import (
	"fmt"
	"math"

	"github.com/dustin/go-humanize"
)

const (
	// leastMemory is what a scan needs in any case, in bytes.
	leastMemory = 16 << 20
	// mostMemory is what is used without being asked, in bytes.
	mostMemory = 2 << 30
	// usualMemory is used where the machine does not say what it has.
	usualMemory = 512 << 20
)

// memoryLimit reads the value of --memory, in bytes; empty means a quarter of
// the machine's memory.
func memoryLimit(size string) (int64, error) {
	if size == "" {
		total := machineMemory()
		if total == 0 {
			return usualMemory, nil
		}
		return int64(min(max(total/4, leastMemory), mostMemory)), nil
	}
	bytes, err := humanize.ParseBytes(size)
	if err != nil || bytes > math.MaxInt64 {
		return 0, wrongUsage(fmt.Sprintf("--memory %s: it must be a size, such as 512MiB", size))
	}
	if bytes < leastMemory {
		return 0, wrongUsage(fmt.Sprintf("--memory %s: a scan needs at least %s", size, humanize.IBytes(leastMemory)))
	}
	return int64(bytes), nil
}
