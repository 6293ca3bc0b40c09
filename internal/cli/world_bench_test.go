package cli_test

import (
	"testing"
	"time"
)

// BenchmarkPreflight is the time from the start of a ship to three registries, with an
// infra repository, to the end of its step check, where every answer and every
// connection takes 50 ms.
func BenchmarkPreflight(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		p := newPreflight(b, "push.main", 50*time.Millisecond)
		b.StartTimer()
		p.run(b, b.StopTimer)
		b.StartTimer()
	}
}
