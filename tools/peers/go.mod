module github.com/qleaks/qleaks/tools/peers

go 1.26.0

require (
	github.com/klauspost/compress v1.20.3
	github.com/qleaks/qleaks v0.0.0
	github.com/sourcegraph/conc v0.3.0
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/bmatcuk/doublestar/v4 v4.10.4 // indirect
	github.com/richardlehane/mscfb v1.0.9 // indirect
	github.com/richardlehane/msoleps v1.0.3 // indirect
	github.com/ulikunitz/xz v0.5.17 // indirect
	go.uber.org/atomic v1.7.0 // indirect
	go.uber.org/multierr v1.9.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/qleaks/qleaks => ../..
