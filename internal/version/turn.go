package version

import (
	"math/rand/v2"
	"time"
)

// turn is a claim's place among those that wait and write for themselves. It
// saves tries that others would win, and decides nothing: whoever creates the ref
// has the number, and a claim whose run is dead holds nobody up for long.
type turn struct {
	ahead int           // how many wait longer
	since time.Time     // when that last became less
	each  time.Duration // what one of them took
	took  time.Duration // what this claim's last attempt took: where that is long, all are slow
}

const (
	heads    = 3                      // how many at the head of the line try: one may be slow, or dead
	guessed  = 100 * time.Millisecond // what one claim takes, before it is known
	quickest = 20 * time.Millisecond  // and at least and at most: who waits too long holds others up
	slowest  = time.Second
	patience = 2 * time.Second // how long nobody may come to an end, at least
)

// here reports whether it is this claim's turn, now that so many wait longer.
func (t *turn) here(ahead int, now time.Time) bool {
	switch {
	case t.since.IsZero():
		t.since, t.each = now, guessed
	case ahead < t.ahead:
		t.each = min(max(now.Sub(t.since)/time.Duration(t.ahead-ahead), quickest), slowest)
		t.since = now
	case now.Sub(t.since) > max(patience, 4*t.took): // they are dead, or shut out
		return true
	}
	t.ahead = ahead
	return ahead < heads
}

// in reports whether the claim stands in a line.
func (t *turn) in() bool { return !t.since.IsZero() }

// wait is how long to wait before the next look: half of the time that those
// ahead will take, so that nobody is late who is next.
func (t *turn) wait() time.Duration {
	expected := min(time.Duration(max(t.ahead, 1))*t.each, 10*time.Second)
	return expected/3 + rand.N(expected/3)
}
