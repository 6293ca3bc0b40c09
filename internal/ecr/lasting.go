package ecr

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// early is how long before its end a value is made anew, at most: what lives shortly
// is used for nine tenths of its life.
const early = 5 * time.Minute

// patience is how long making a value may take, with all that is tried again.
const patience = 2 * time.Minute

// lasting is a value that ends, and is made anew before that. Of many who want it one
// makes it, the others wait, and all share what comes of it, also a failure.
type lasting[T any] struct {
	flight singleflight.Group

	mu    sync.Mutex
	held  bool
	value T
	renew time.Time // zero where the value does not end
}

// get is the value at a time. Whoever gives up waiting does not stop the others.
func (l *lasting[T]) get(ctx context.Context, now time.Time, fresh func(context.Context) (value T, ends time.Time, err error)) (T, error) {
	var none T
	if value, ok := l.at(now); ok {
		return value, nil
	}
	done := l.flight.DoChan("", func() (any, error) {
		if value, ok := l.at(now); ok {
			return value, nil // made since we looked
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		value, ends, err := fresh(ctx)
		if err != nil {
			return none, err
		}
		l.keep(value, now, ends)
		return value, nil
	})
	select {
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case got := <-done:
		return got.Val.(T), got.Err
	}
}

func (l *lasting[T]) at(now time.Time) (value T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value, l.held && (l.renew.IsZero() || now.Before(l.renew))
}

func (l *lasting[T]) keep(value T, now, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.value, l.renew = true, value, time.Time{}
	if !ends.IsZero() {
		l.renew = ends.Add(-min(early, ends.Sub(now)/10))
	}
}

// drop forgets the value if it is the one that is meant.
func (l *lasting[T]) drop(meant func(T) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held && meant(l.value) {
		l.held = false
	}
}
