package infra

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// tries decides whether there is another attempt. Those that come too late are not
// counted: somebody else got through each time, and the deadline ends it.
type tries struct {
	count  int
	until  time.Time
	pace   time.Duration // how long an attempt takes here
	head   string        // on which a write was refused last
	others []string      // the commits that were there first, and who wrote them
	held   int           // attempts in a row whose write the remote refused although its branch stood still
	absent int           // attempts in a row in which the remote was not reached
}

const (
	maxHeld   = 6 // a lock in use is released sooner than that; a broken repository never is
	maxAbsent = 3
)

// saw notes the head on which a write was refused.
func (t *tries) saw(on *Snapshot) {
	if t.head == on.Head {
		return
	}
	if t.head != "" {
		t.others = append(t.others, strings.TrimSuffix(fmt.Sprintf("%.12s by %s", on.Head, on.By), " by "))
	}
	t.head, t.held = on.Head, 0
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
		if late {
			return t.busy(err)
		}
		return nil
	case fault.Is(err, "E_GIT_UNREACHABLE") || fault.Is(err, "E_GITHUB_UNREACHABLE"):
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
	if len(t.others) > 0 {
		slices.Reverse(t.others) // the newest first
		others = "; these commits were there first: " + abridged(t.others)
	}
	return fault.Newf("E_INFRA_BUSY", "run again; where that happens often, let the workflows that write take turns (`concurrency:`)",
		"gave up after %d attempts%s: %w", t.count, others, err)
}

const (
	shortest = 100 * time.Millisecond // that an attempt is taken to last
	longest  = 5 * time.Second        // that is waited for in one go
)

// slot is about the time that one attempt takes.
func (t *tries) slot() time.Duration { return min(max(t.pace, shortest), longest) }

// backoff is how long to wait before the next attempt: up to twice as long each
// time, at random, so that those who collided do not meet again. It is a matter of
// how long attempts take: whoever waits for less meets the same writers.
func (t *tries) backoff() time.Duration {
	most := min(t.slot()<<min(t.count, 6), longest)
	return most/4 + rand.N(3*most/4)
}

// jittered is a duration of about that length, at random.
func jittered(d time.Duration) time.Duration { return 3*d/4 + rand.N(d/2) }
