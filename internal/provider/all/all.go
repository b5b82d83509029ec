// Package all lists the providers: one line each.
package all

import (
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/ibm"
	"github.com/qleaks/qleaks/internal/provider/ionq"
	"github.com/qleaks/qleaks/internal/provider/qbraid"
)

// Kits returns every provider, in the order of their names.
func Kits() []provider.Kit {
	return []provider.Kit{
		ibm.Kit(),
		ionq.Kit(),
		qbraid.Kit(),
	}
}

// Named returns the provider of a name.
func Named(name string) (provider.Kit, bool) {
	for _, k := range Kits() {
		if k.Name == name {
			return k, true
		}
	}
	return provider.Kit{}, false
}
