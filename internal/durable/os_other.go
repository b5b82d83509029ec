//go:build !unix && !windows

package durable

import "errors"

const noFollow = 0

func rename(string, string) error { return errors.ErrUnsupported }

func syncDir(string) error { return errors.ErrUnsupported }
