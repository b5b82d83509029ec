//go:build !windows

package cli

import "github.com/qleaks/qleaks/scanner/homesource"

// registryVariables are none here: variables are set in files.
func registryVariables() []homesource.Environment { return nil }
