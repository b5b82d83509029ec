// Package all lists the kinds of stores.
package all

import (
	"slices"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/file"
	"github.com/qleaks/qleaks/remediate/store/program"
	"github.com/qleaks/qleaks/remediate/store/service"
)

// Kinds returns all kinds of stores, in the order in which they are documented.
func Kinds() []store.Kind {
	return slices.Concat(file.Kinds(), program.Kinds(), service.Kinds())
}
