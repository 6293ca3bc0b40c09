package version_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// outrun is a store on which somebody else gets the next number so many times.
func outrun(times int) *scripted {
	m := withTags()
	return &scripted{memory: m, write: func(call int, u git.Update) (bool, error) {
		if call > times {
			return true, nil
		}
		u.New = commit(99)
		return false, errors.Join(m.Write(context.Background(), u), version.ErrTaken)
	}}
}

func TestPausesGrowAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if _, err := version.Allocate(t.Context(), outrun(12), version.Request{Commit: commit(1)}); err != nil {
			t.Fatal(err)
		}
		// Below 50 ms, then the double each time, up to four times below 12.8 s.
		if took := time.Since(start); took == 0 || took > 64*time.Second {
			t.Errorf("12 pauses took %s", took)
		}
	})
}

func TestPauseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := version.Allocate(ctx, outrun(1<<20), version.Request{Commit: commit(1)})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 30*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}
