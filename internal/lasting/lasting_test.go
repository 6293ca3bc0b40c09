package lasting_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-96940006/tagboat/internal/lasting"
)

var (
	noon    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	errBusy = errors.New("busy")
)

// maker makes numbers that live for a time, or for ever.
type maker struct {
	now   time.Time
	life  time.Duration // 0 is for ever
	fails error
	waits chan struct{} // each making waits for; nil is nothing

	made int
}

func (m *maker) fresh(ctx context.Context) (int, time.Time, error) {
	m.made++
	if m.waits != nil {
		select {
		case <-m.waits:
		case <-ctx.Done():
			return 0, time.Time{}, ctx.Err()
		}
	}
	if m.life == 0 {
		return m.made, time.Time{}, m.fails
	}
	return m.made, m.now.Add(m.life), m.fails
}

func TestWhenAValueIsMadeAnew(t *testing.T) {
	type look struct {
		at    time.Duration // since noon
		fails error
		want  int // 0 is an error
	}
	tests := map[string]struct {
		life  time.Duration
		looks []look
	}{
		"five minutes before its end":      {12 * time.Hour, []look{{0, nil, 1}, {11*time.Hour + 55*time.Minute - 1, nil, 1}, {11*time.Hour + 55*time.Minute, nil, 2}}},
		"after nine tenths of a short one": {10 * time.Minute, []look{{0, nil, 1}, {9*time.Minute - 1, nil, 1}, {9 * time.Minute, nil, 2}}},
		"never":                            {0, []look{{0, nil, 1}, {10000 * time.Hour, nil, 1}}},
		"by a clock that is ahead":         {-time.Hour, []look{{0, nil, 1}, {time.Minute - 1, nil, 1}, {time.Minute, nil, 2}}},
		"the old one serves":               {time.Hour, []look{{0, nil, 1}, {55 * time.Minute, errBusy, 1}, {56*time.Minute - 1, nil, 1}, {56 * time.Minute, nil, 3}}},
		"to its end":                       {time.Hour, []look{{0, nil, 1}, {time.Hour, errBusy, 0}, {time.Hour, nil, 3}}},
		"a failure is not kept":            {time.Hour, []look{{0, errBusy, 0}, {0, nil, 2}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var v lasting.Value[int]
			m := &maker{life: test.life}
			for _, l := range test.looks {
				m.now, m.fails = noon.Add(l.at), l.fails
				got, err := v.Get(t.Context(), m.now, m.fresh)
				if got != l.want || (err == nil) != (l.want != 0) {
					t.Errorf("after %v: got %d, %v, want %d", l.at, got, err, l.want)
				}
			}
		})
	}
}

// Many who want the same at once share what comes of one attempt, a failure too.
func TestOneMakesItForAll(t *testing.T) {
	for _, fails := range []error{nil, errBusy} {
		synctest.Test(t, func(t *testing.T) {
			var v lasting.Value[int]
			m := &maker{now: noon, life: time.Hour, fails: fails, waits: make(chan struct{})}
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if _, err := v.Get(t.Context(), noon, m.fresh); !errors.Is(err, fails) {
						t.Errorf("got %v, want %v", err, fails)
					}
				})
			}
			synctest.Wait() // all stand in the line
			close(m.waits)
			group.Wait()
			if m.made != 1 {
				t.Errorf("it was made %d times", m.made)
			}
		})
	}
}

func TestWhoGivesUpDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v lasting.Value[int]
		m := &maker{now: noon, waits: make(chan struct{})}
		enough := errors.New("enough")
		ctx, giveUp := context.WithCancelCause(t.Context())
		gone, done := make(chan error, 1), make(chan error, 1)
		go func() { _, err := v.Get(ctx, noon, m.fresh); gone <- err }()
		synctest.Wait()
		go func() { _, err := v.Get(t.Context(), noon, m.fresh); done <- err }()
		giveUp(enough)
		if err := <-gone; !errors.Is(err, enough) {
			t.Errorf("who gave up was told %v", err)
		}
		close(m.waits)
		if err := <-done; err != nil || m.made != 1 {
			t.Errorf("got %v, made %d times", err, m.made)
		}
	})
}

// What is never answered is given up.
func TestMakingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v lasting.Value[int]
		m := &maker{waits: make(chan struct{})}
		if _, err := v.Get(t.Context(), noon, m.fresh); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDrop(t *testing.T) {
	var v lasting.Value[int]
	m := &maker{now: noon}
	v.Drop(func(int, time.Time) bool { t.Error("there is nothing to drop"); return true })
	get := func(want int) {
		t.Helper()
		if got, err := v.Get(t.Context(), noon, m.fresh); got != want || err != nil {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
	}
	get(1)
	v.Drop(func(value int, made time.Time) bool { return value != 1 || !made.Equal(noon) })
	get(1)
	v.Drop(func(value int, made time.Time) bool { return value == 1 && made.Equal(noon) })
	get(2)
}
