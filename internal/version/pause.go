package version

import (
	"context"
	"math/rand/v2"
	"time"
)

// jitter waits a random part of a time that doubles with each attempt, so that
// claims that met once do not meet again.
func jitter(ctx context.Context, attempt int) error {
	const first, most = 100 * time.Millisecond, 4 * time.Second
	longest := min(first<<min(attempt, 10), most)
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
