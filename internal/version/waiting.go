package version

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// waiting is a claim that met others: it stands as a ref, so that whoever comes
// first writes the numbers of all. The ref names the commit, and its name the rest.
type waiting struct {
	since  time.Time // from when on it may be numbered, to the millisecond, by the clock of its run
	commit string
	depth  int    // of the commit in history; 0 where it is not known
	older  bool   // it may stand behind a commit that has it among its ancestors
	hidden bool   // it wants a hidden number
	after  Number // it wants a higher one
}

// waitingLife is after what time a claim is taken for one whose run is dead: no
// claim waits for so long, and a number without a run would be a gap.
const waitingLife = 30 * time.Minute

var waitingForm = pattern.New(`^(\d{13})-([0-9a-f]{40}(?:[0-9a-f]{24})?)(?:-depth([1-9]\d{0,17}))?(-older)?(-hidden)?(?:-after(\d{1,19}))?$`)

// name is the last part of the ref's name.
func (w waiting) name() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%013d-%s", w.since.UnixMilli(), w.commit)
	if w.depth > 0 {
		fmt.Fprintf(&b, "-depth%d", w.depth)
	}
	if w.older {
		b.WriteString("-older")
	}
	if w.hidden {
		b.WriteString("-hidden")
	}
	if w.after > 0 {
		fmt.Fprintf(&b, "-after%d", w.after)
	}
	return b.String()
}

// parseWaiting reads such a name. What another program has written there, or a
// later version of this one, is left alone.
func parseWaiting(name string) (w waiting, ok bool) {
	parts := waitingForm.FindStringSubmatch(name)
	if parts == nil {
		return waiting{}, false
	}
	milli, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return waiting{}, false
	}
	w = waiting{since: time.UnixMilli(milli), commit: parts[2], older: parts[4] != "", hidden: parts[5] != ""}
	if parts[3] != "" {
		if w.depth, err = strconv.Atoi(parts[3]); err != nil {
			return waiting{}, false
		}
	}
	if parts[6] != "" {
		after, err := strconv.ParseUint(parts[6], 10, 63)
		if err != nil {
			return waiting{}, false
		}
		w.after = Number(after)
	}
	return w, true
}
