package cli

import (
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// warnOfMoving says of files that name the image by a tag alone which moves: the next
// run moves the tag, and leaves git, by which the cluster goes, as it is.
func (j *job) warnOfMoving(b *ship.Bumped) {
	i := slices.IndexFunc(j.state.Tags, func(t plan.Tag) bool { return t.Name == b.Image.Tag })
	if i < 0 || !j.state.Tags[i].Moves() {
		return
	}
	stays := func(manifest.Change) bool { return true }
	if !movesForSure(j.state.Tags[i]) { // raw=build-417 may be new in every run: then git changes
		stays = func(c manifest.Change) bool { return c.Old == c.New && j.moved(b.Image.Tag) }
	}
	alone := byTagAlone(b.Changes, stays)
	if alone == nil {
		return
	}
	place := manifest.Warning{File: alone.File, Line: alone.Line}
	j.warner(j.state)(fault.Newf("E_TAG_MOVES", "add `version` to `tags`, or set `pin: both`",
		"%s moves from image to image, and %s names the image by it alone: git does not change when it moves, and nothing is deployed then",
		b.Image.Tag, strings.TrimSuffix(place.String(), ": ")))
}

// movesForSure reports whether the tag is one that runs share.
func movesForSure(t plan.Tag) bool { return t.Name == "latest" || t.Kind == "branch" || t.Kind == "pr" }

// moved reports whether this run has set the tag anew where files take it from.
func (j *job) moved(tag ref.Tag) bool {
	return slices.ContainsFunc(j.state.Pushed, func(p ship.Pushed) bool {
		return p.Image.Repository == j.state.Plan.Images[0] && p.Image.Tag == tag && !p.Already
	})
}

// byTagAlone is the first field, of those that stay as they are, of a file that names
// the image without a digest; nil where there is none. A digest may stand in a field
// of its own.
func byTagAlone(all []manifest.Change, stays func(manifest.Change) bool) *manifest.Change {
	digests := map[string]bool{}
	for _, c := range all {
		if strings.Contains(c.New, "sha256:") {
			digests[c.File] = true
		}
	}
	for i, c := range all {
		if !digests[c.File] && stays(c) {
			return &all[i]
		}
	}
	return nil
}
