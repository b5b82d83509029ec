//go:build !windows

package file

import "github.com/qleaks/qleaks/remediate/store"

func openUserVariable(store.Declaration, store.Use) (store.Store, error) {
	return nil, store.ErrSystem
}
