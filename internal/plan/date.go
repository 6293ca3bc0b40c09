package plan

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

var timeForm = pattern.New(`^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$`)

// dateText writes a moment, 2026-01-31T09:30:00Z, as a layout says:
// YYYYMMDD-HHmmss. It is "" of a moment that is unknown.
func dateText(layout, moment string) string {
	parts := timeForm.FindStringSubmatch(moment)
	if parts == nil {
		return ""
	}
	return strings.NewReplacer("YYYY", parts[1], "MM", parts[2], "DD", parts[3],
		"HH", parts[4], "mm", parts[5], "ss", parts[6]).Replace(layout)
}

// moment is the time that a date tells, and what it is the time of. The commit's
// time gives one commit one tag, however often it is run. A schedule builds what
// may be an old commit, and means today.
func (o occasion) moment(clock string) (moment, of string) {
	if clock == "" && o.event.Name == "schedule" {
		clock = "run"
	}
	if clock != "run" && o.in.Committed != "" {
		return o.in.Committed, "tells when the commit was made"
	}
	if clock == "commit" {
		return "", ""
	}
	return o.in.Now, "tells when the run began"
}
