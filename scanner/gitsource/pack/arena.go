package pack

import (
	"context"
	"errors"
	"math/bits"
)

// errMemory says that there is no room for an object.
var errMemory = errors.New("needs more memory than is allowed")

// budget is the memory that the workers of one walk share: half of it in equal
// parts, each worker's own, the other half for the one that holds the token. A
// worker that waits for the token may keep what it has, since one that holds
// it waits for nothing.
type budget struct {
	own, extra int64
	// big is the size, in bytes, beyond which one buffer needs the token.
	big   int64
	token chan struct{}
}

func newBudget(memory, big int64, workers int) *budget {
	return &budget{own: memory / 2 / int64(workers), extra: memory / 2, big: big, token: make(chan struct{}, 1)}
}

const (
	// finest is the size, in bytes, below which all buffers are alike.
	finest = 1 << 10
	// steps is in how many sizes a doubling is divided, which bounds what is
	// wasted to an eighth.
	stepBits = 3
	classes  = 32 << stepBits
	// spare bounds what a worker keeps for use again, in bytes.
	spare = 8 << 20
)

// arena gives out one worker's buffers and takes them back.
type arena struct {
	budget *budget
	free   [classes][][]byte
	// held is the size of all buffers that are given out, idle that of those
	// that wait for use.
	held, idle int64
	token      bool
	// relieve, if set, gives back a buffer that can be done without, and
	// reports whether there was one.
	relieve func() bool
}

// class returns the number and the size of the smallest class for n bytes.
func class(n int) (number, size int) {
	if n <= finest {
		return 0, finest
	}
	n--
	top := bits.Len(uint(n)) - 1
	shift := top - stepBits
	step := n >> shift & (1<<stepBits - 1)
	number = (top-bits.Len(uint(finest))+1)<<stepBits + step + 1
	return number, (n>>shift + 1) << shift
}

// get returns a buffer of n bytes with any content. It may wait for the token.
// The error is errMemory or the context's.
func (a *arena) get(ctx context.Context, n int) ([]byte, error) {
	number, size := class(n)
	if number >= classes {
		return nil, errMemory
	}
	if int64(n) > a.budget.big {
		if err := a.acquire(ctx); err != nil {
			return nil, err
		}
	}
	if list := a.free[number]; len(list) > 0 {
		last := len(list) - 1
		b := list[last]
		list[last] = nil
		a.free[number] = list[:last]
		a.idle -= int64(cap(b))
		a.held += int64(cap(b))
		return b[:n], nil
	}
	for a.held+a.idle+int64(size) > a.limit() {
		switch {
		case a.idle > 0:
			a.trim()
		case !a.token:
			if err := a.acquire(ctx); err != nil {
				return nil, err
			}
		case a.relieve == nil || !a.relieve():
			return nil, errMemory
		}
	}
	a.held += int64(size)
	return make([]byte, n, size), nil
}

func (a *arena) limit() int64 {
	if a.token {
		return a.budget.own + a.budget.extra
	}
	return a.budget.own
}

func (a *arena) acquire(ctx context.Context) error {
	if a.token {
		return nil
	}
	select {
	case a.budget.token <- struct{}{}:
		a.token = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// put takes a buffer back. A nil buffer is none.
func (a *arena) put(b []byte) {
	if cap(b) == 0 {
		return
	}
	size := int64(cap(b))
	a.held -= size
	if a.idle+size > spare {
		return
	}
	number, _ := class(cap(b))
	a.free[number] = append(a.free[number], b)
	a.idle += size
}

// trim forgets the buffers that wait for use.
func (a *arena) trim() {
	for i := range a.free {
		clear(a.free[i])
		a.free[i] = a.free[i][:0]
	}
	a.idle = 0
}

// rest gives the token back, when nothing is given out any more.
func (a *arena) rest() {
	if !a.token || a.held > 0 {
		return
	}
	a.trim()
	a.token = false
	<-a.budget.token
}
