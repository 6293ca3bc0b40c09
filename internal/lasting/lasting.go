// Package lasting keeps a value that ends, such as a login: it is made anew shortly
// before that, once for all who want it.
package lasting

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// early is how long before its end a value is made anew, at most: what is begun
	// with it should end with it. What lives shortly is used for nine tenths of its life.
	early = 5 * time.Minute

	// youth is how long a value is used at least, and how long the next attempt is
	// waited for: a clock that goes wrong does not make one for each request.
	youth = time.Minute

	// patience is how long making a value may take, with all that is tried again.
	patience = 2 * time.Minute
)

// Value is a value that ends; the zero Value holds none. Of many who want one at
// once, one makes it, the others wait, and all share what comes of it, also a failure.
type Value[T any] struct {
	flight singleflight.Group

	mu    sync.Mutex
	held  *T
	made  time.Time
	renew time.Time // zero where the value does not end
	ends  time.Time
}

// Get is the value at a time. Where it is about to end, fresh makes another one and
// says when that ends; the zero time is never. Where that fails, the old one serves
// to its end. Whoever gives up waiting does not stop the others.
func (v *Value[T]) Get(ctx context.Context, now time.Time, fresh func(context.Context) (value T, ends time.Time, err error)) (T, error) {
	if value := v.at(now); value != nil {
		return *value, nil
	}
	done := v.flight.DoChan("", func() (any, error) {
		if value := v.at(now); value != nil {
			return *value, nil // made since we looked
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		value, ends, err := fresh(ctx)
		if err != nil {
			return v.old(now, err)
		}
		v.keep(value, now, ends)
		return value, nil
	})
	var none T
	select {
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case got := <-done:
		if got.Err != nil {
			return none, got.Err
		}
		return got.Val.(T), nil
	}
}

// Drop forgets the value if it is one that is meant; made is when.
func (v *Value[T]) Drop(meant func(value T, made time.Time) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held != nil && meant(*v.held, v.made) {
		v.held = nil
	}
}

func (v *Value[T]) at(now time.Time) *T {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held == nil || !v.renew.IsZero() && !now.Before(v.renew) {
		return nil
	}
	return v.held
}

func (v *Value[T]) keep(value T, now, ends time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.held, v.made, v.ends, v.renew = &value, now, ends, time.Time{}
	if ends.IsZero() {
		return
	}
	v.renew = ends.Add(-min(early, ends.Sub(now)/10))
	if least := now.Add(youth); v.renew.Before(least) {
		v.renew = least
	}
}

// old is the value that there is, where no other one can be had.
func (v *Value[T]) old(now time.Time, err error) (T, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var none T
	if v.held == nil || !now.Before(v.ends) {
		return none, err
	}
	v.renew = now.Add(youth)
	return *v.held, nil
}
