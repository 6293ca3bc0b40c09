package ecr

import (
	"testing"
	"time"
)

func TestPausesGrowAndStayBounded(t *testing.T) {
	for try, most := range map[int]time.Duration{
		0: 500 * time.Millisecond, 1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 4: 4 * time.Second, 5: 8 * time.Second, 6: 8 * time.Second, 99: 8 * time.Second,
	} {
		for range 20 {
			if got := backoff(try); got > most || got < most*3/4 {
				t.Errorf("the pause after try %d is %v, want at most %v", try, got, most)
			}
		}
	}
}
