package version

import (
	"slices"
	"sort"
	"time"
)

// A commit is committed after all that it has among its ancestors, but for clocks
// that are wrong. A commit with a number is asked about if it may be younger than
// the one that wants a number by a clock that is a day slow, which is what git
// itself allows for. That costs requests, and so those that are older than all
// that GitHub showed are left alone already where they are older by an hour.
//
// A date may also be made up: by an import, or by whoever keeps that of a mail. So
// those are asked about as well whose dates are out of step with their numbers, and
// the few that are left, if all in all they are no more than can be compared. What
// is not proven: that a commit is in front which is dated years back, where that
// fits the place of its number, and there are more of that age.
const (
	slowClock      = 24 * time.Hour
	slowClockOfOld = time.Hour
)

// mayFollow reports whether a commit may come after another one by their dates.
// The newest numbers may, whatever the dates: GitHub may not have shown them yet.
func (v *View) mayFollow(commit, numbered string, newest bool) bool {
	began := v.dates[commit]
	date, dated := v.dates[numbered]
	switch {
	case dated:
		return newest || date.After(began.Add(-slowClock))
	case newest || v.since.IsZero():
		return true
	default:
		return v.since.After(began.Add(-slowClockOfOld))
	}
}

// outOfStep tells, by their places, which of some commits with numbers have dates
// that do not rise with the numbers: the fewest without which all others do, and of
// these those that are off by more than a slow clock. So one date in the future, or
// one import, does not make all the others look wrong.
//
// A commit that GitHub did not show is older than all that it did.
func (v *View) outOfStep(of []string) []bool {
	odd := make([]bool, len(of))
	dates := make([]time.Time, len(of))
	for i, numbered := range of {
		var shown bool
		if dates[i], shown = v.dates[numbered]; !shown {
			dates[i] = v.since
		}
	}
	kept := rising(dates)
	var low time.Time
	for i, date := range slices.Backward(dates) { // from the lowest number
		_, shown := v.dates[of[i]]
		switch {
		case kept[i]:
			low = date
		case !date.IsZero() && date.Before(low):
			odd[i] = !shown || date.Before(low.Add(-slowClock))
		}
	}
	var high time.Time
	for i, date := range dates {
		switch {
		case kept[i]:
			high = date
		case !high.IsZero() && date.After(high.Add(slowClock)):
			odd[i] = true
		}
	}
	return odd
}

// rising keeps as many dates as can be without one that is before one further on.
// The zero time is none.
func rising(dates []time.Time) (kept []bool) {
	var ends []int                    // by length, the last one of the row of that length that ends first
	before := make([]int, len(dates)) // by place, the one before it in its row
	for i, date := range slices.Backward(dates) {
		if date.IsZero() {
			continue
		}
		length := sort.Search(len(ends), func(n int) bool { return dates[ends[n]].After(date) })
		if before[i] = -1; length > 0 {
			before[i] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, i)
		}
		ends[length] = i
	}
	kept = make([]bool, len(dates))
	if len(ends) == 0 {
		return kept
	}
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		kept[i] = true
	}
	return kept
}
