// Package peers has no code, only tests: of qleaks beside programs of others that
// run it, pack it or do what it does. They are pre-commit, act, pip, npm and
// gitleaks.
package peers
