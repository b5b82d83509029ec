package cli

import "syscall"

// machineMemory is the memory of the machine in bytes, 0 if it is not known.
func machineMemory() uint64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0
	}
	return uint64(info.Totalram) * //nolint:unconvert // it has 32 bits on other machines
		uint64(info.Unit)
}
