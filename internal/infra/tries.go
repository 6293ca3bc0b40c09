package infra

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// tries decides whether there is another attempt.
type tries struct {
	count  int
	until  time.Time
	heads  []string // commits that were read, one after the other
	unmet  int      // attempts in a row whose write was refused although the head stood still
	held   int      // attempts in a row whose write the remote refused although its branch stood still
	absent int      // attempts in a row in which the remote was not reached
}

const (
	maxUnmet  = 10 // somebody else's proposals end sooner than that
	maxHeld   = 6  // a lock in use is released sooner than that; a broken repository never is
	maxAbsent = 3
)

func (t *tries) saw(head string) {
	if n := len(t.heads); n > 0 && t.heads[n-1] == head {
		t.unmet++
		return
	}
	t.heads, t.unmet, t.held = append(t.heads, head), 0, 0
}

// again is nil where another attempt, at the given time, makes sense.
func (t *tries) again(err error, at time.Time) error {
	late := at.After(t.until)
	switch {
	case errors.Is(err, errHeld):
		t.absent = 0
		if t.held++; t.held >= maxHeld || late && t.held == t.count {
			return t.stuck(err)
		}
		if late {
			return t.busy(err)
		}
		return nil
	case errors.Is(err, ErrStale):
		t.absent, t.held = 0, 0
		if late || t.unmet >= maxUnmet && t.heads[0] != "" {
			return t.busy(err)
		}
		return nil
	case fault.Is(err, "E_GIT_UNREACHABLE"):
		// A write that was not answered was looked after, so a second one is safe.
		if t.absent++; t.absent < maxAbsent && !late {
			return nil
		}
	}
	return err
}

// stuck is the fault of a remote that refuses although nobody else writes.
func (t *tries) stuck(err error) error {
	return fault.Newf("E_INFRA_STUCK", "look for a stale .lock file or a broken ref on the remote", "refused %d times: %w", t.held, err)
}

// busy is the fault of a repository in which somebody else always was first.
func (t *tries) busy(err error) error {
	others := ""
	if len(t.heads) > 1 {
		others = "; these commits were there first: " + abridged(t.heads[1:])
	}
	return fault.Newf("E_INFRA_BUSY", "run again; where that happens often, let the workflows that write take turns (`concurrency:`)",
		"gave up after %d attempts%s: %w", t.count, others, err)
}

// backoff is how long to wait before the next attempt: up to twice as long each
// time, at random, so that those who collided do not meet again.
func (t *tries) backoff() time.Duration {
	most := min(100*time.Millisecond<<min(t.count, 6), 5*time.Second)
	return most/4 + rand.N(3*most/4)
}
