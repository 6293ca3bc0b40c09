package cli

import (
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// warner tells of what did not stop a run, once each, and keeps it for the summary.
func (a *app) warner(s *ship.State) func(*fault.Fault) {
	return func(f *fault.Fault) {
		if s.Warned(f) {
			a.Warn(f)
		}
	}
}
