// Package arch holds the shape of the repository: tests that fail when a
// package imports upwards, when finding could reach the network, when a key
// could get out, or when code outgrows its budget. It has no code of its own.
//
// Each check is a function over parsed source and has a bad example in
// testdata, where every line that must be complained about ends in "// bad": a
// check that cannot fail cannot stay.
package arch
