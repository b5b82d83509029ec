// Package pack reads the objects of a Git repository from its object
// directories: packs and loose objects, without Git.
//
// The words: an *object* is a commit, tree, blob or tag. A *layer* is a pack,
// or the loose objects of a directory. An *entry* is an object's place in a
// pack: whole, or a *delta*, which says how to make it from its *base*, another
// entry. Entries with their bases form a forest; a whole entry is a *root*, and
// with all that is made from it a *family*.
//
// Store.Walk goes through every family depth first, so that each base is
// unpacked once; Reader reads single objects.
//
// What is read is hostile. Whatever cannot be read is a Refusal: everything
// else is read all the same. Sizes are believed only as far as the bytes that
// stand for them can bear them out; memory and the work of one walk are
// bounded. Files are mapped, and one that is cut off underneath costs what was
// cut off.
package pack
