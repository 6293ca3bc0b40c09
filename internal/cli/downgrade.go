package cli

import (
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// takesBack says no to a bump that would take a newer version back, unless that
// is allowed. To a run that deploys what was merged, or that was overtaken while
// it was at work, the newer one is as it should be: it would have come after this
// one anyhow. To whoever asks for an older version it is an error, since nothing
// is deployed.
func (r reference) takesBack(changes []manifest.Change, attempt int) error {
	newer := newerThan(r.image.Tag, changes)
	if r.AllowDowngrade || len(newer) == 0 {
		return nil
	}
	there := was(newer[0], r.image.Tag)
	text := fmt.Sprintf("%s is deployed, which is newer than %s", there, r.image.Tag)
	if r.mayBeLate || attempt > 1 {
		return ship.Skip(text + "; `allow-downgrade` takes it back")
	}
	if more := len(newer) - 1; more > 0 {
		text += fmt.Sprintf(" (and newer ones at %s)", count(more, "more place"))
	}
	return fault.Newf("E_DOWNGRADE", "to go back all the same: `allow-downgrade: true`, or --allow-downgrade", "%s", text).
		At(newer[0].File, newer[0].Line)
}

// newerThan are the changes of fields whose version is after ours.
func newerThan(tag ref.Tag, changes []manifest.Change) (newer []manifest.Change) {
	for _, c := range changes {
		if after, comparable := version.Newer(ref.Tag(was(c, tag)), tag); comparable && after {
			newer = append(newer, c)
		}
	}
	return newer
}
