// Package remediate replaces and revokes keys: findings and lists of keys become
// a Plan that a person can read, and a plan is carried out step by step, with a
// journal from which it goes on after any interruption.
//
// A plan is data and changes nothing. Every change is written down before it is
// made, and what came of it after; a change of which no answer came is settled
// by asking the provider, never by repeating it. A key counts as dead only when
// its provider says so, twice, while it answers control questions as it must.
package remediate
