package durable

import (
	"os"
	"strings"
)

// Boot names the time since the machine was started: it changes with every
// start. It is empty where that cannot be told.
func Boot() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
