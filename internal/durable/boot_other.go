//go:build !linux && !darwin

package durable

// Boot names the time since the machine was started: it changes with every
// start. It is empty where that cannot be told.
func Boot() string { return "" }
