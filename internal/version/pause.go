package version

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause waits before the next attempt. took is what the last one needed.
func (c *claim) pause(ctx context.Context, took time.Duration) error {
	if c.request.Pause != nil {
		return c.request.Pause(ctx, c.attempts)
	}
	c.turn.took = took
	wait := rand.N(longest(c.failures, took))
	if left := c.since.Sub(c.now()); left > 0 { // it settles
		wait = left
	} else if c.turn.in() { // where few try at once
		wait = c.turn.wait() + rand.N(50*time.Millisecond<<min(c.failures, 4))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// longest is the longest pause after so many failures. It doubles with each, so
// that claims that met once do not meet again, and begins with what an attempt
// takes: where that is long, more of them meet.
func longest(failures int, took time.Duration) time.Duration {
	const first, most = 50 * time.Millisecond, 20 * time.Second
	return max(first, min(max(first, took)<<min(max(failures-1, 0), 8), most))
}
