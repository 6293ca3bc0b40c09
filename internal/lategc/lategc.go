// Package lategc lets the heap grow to 16 MB before the first garbage collection,
// where Go's own limit is 4 MB: most commands have ended by then. From the first
// collection on, the usual rule holds. It is imported for that alone, and imports
// next to nothing, so that it comes before much that allocates as it starts.
package lategc

import (
	"os"
	"runtime"
	"runtime/debug"
)

func init() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(400)
	runtime.AddCleanup(new([16]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
