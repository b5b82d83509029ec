//go:build !linux

package cli

// machineMemory is the memory of the machine in bytes, 0 if it is not known.
func machineMemory() uint64 { return 0 }
