//go:build !unix

package gitsource

// nonBlocking has no meaning where files cannot be named pipes.
const nonBlocking = 0
