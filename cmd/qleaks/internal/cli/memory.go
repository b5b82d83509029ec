package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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
	bytes, ok := parseSize(size)
	if !ok {
		return 0, wrongUsage(fmt.Sprintf("--memory %s: it must be a size, such as 512MiB", size))
	}
	if bytes < leastMemory {
		return 0, wrongUsage(fmt.Sprintf("--memory %s: a scan needs at least %d MiB", size, leastMemory>>20))
	}
	return bytes, nil
}

// parseSize reads a size as people write it: 512MiB, 1.5 GB, 2g, 33554432.
func parseSize(text string) (int64, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	number := strings.TrimRight(text, " abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseFloat(number, 64)
	unit, base := strings.TrimSuffix(strings.TrimSpace(text[len(number):]), "b"), 1000.0
	if binary, ok := strings.CutSuffix(unit, "i"); ok {
		unit, base = binary, 1024
	}
	power := slices.Index([]string{"", "k", "m", "g", "t"}, unit)
	if err != nil || power < 0 || unit == "" && base == 1024 {
		return 0, false
	}
	if n *= math.Pow(base, float64(power)); !(n >= 0 && n < math.MaxInt64) {
		return 0, false
	}
	return int64(n), true
}
