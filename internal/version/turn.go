package version

import (
	"math/rand/v2"
	"time"
)

// turn is a claim's place among those that wait. It saves tries that others would
// win, and decides nothing: whoever creates the ref has the number, and a claim
// whose run is dead holds nobody up for long.
type turn struct {
	ahead int           // how many wait longer
	since time.Time     // when that last became less
	each  time.Duration // what one of them took
	took  time.Duration // what this claim's last attempt took: where that is long, all are slow
}

const (
	guessed  = 100 * time.Millisecond // what one claim takes, before it is known
	heads    = 3                      // how many try at once
	quickest = 100 * time.Millisecond // and at least and at most: who waits too long holds others up
	slowest  = time.Second
	patience = 2 * time.Second // how long one may take at the head, at least, before the next one tries as well
)

// here reports whether it is this claim's turn, now that so many wait before
// it: none that may be of an ancestor, and of others a few, who try at once.
func (t *turn) here(ahead, ancestors int, now time.Time) bool {
	switch {
	case t.since.IsZero():
		t.since, t.each = now, guessed
	case ahead < t.ahead:
		t.each = min(max(now.Sub(t.since)/time.Duration(t.ahead-ahead), quickest), slowest)
		t.since = now
	}
	t.ahead = ahead
	dead := int(now.Sub(t.since) / max(patience, 4*t.took)) // or shut out
	return ancestors <= dead && ahead < heads+dead
}

// in reports whether the claim stands in a line.
func (t *turn) in() bool { return !t.since.IsZero() }

// wait is how long to wait before the next look: half of the time that those
// ahead will take, so that nobody is late who is next.
func (t *turn) wait() time.Duration {
	expected := min(time.Duration(max(t.ahead, 1))*t.each, time.Minute)
	return expected/3 + rand.N(expected/3)
}
