package durable

import "golang.org/x/sys/unix"

// Boot names the time since the machine was started: it changes with every
// start. It is empty where that cannot be told.
func Boot() string {
	text, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return text
}
