package ship

import (
	"net/url"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/render"
)

// State is what is known of a run so far: the plan, and what each step has
// added. It is complete enough to report on at any moment.
type State struct {
	Plan     plan.Plan
	DryRun   bool
	Version  ref.Tag    // the claimed number; "" before, and where none is claimed
	Latest   ref.Tag    // the highest version of another image; "" where none was asked for
	Tags     []plan.Tag // with their names, once the number is claimed
	Digest   ref.Digest // of the image; "" before the build
	Pushed   []Pushed
	Ref      ref.Image // the reference to hand on; empty until it is in the registries
	Bump     *Bumped   // nil before the bump, and where there is none
	Outcomes []Outcome
}

// Pushed is one reference in a registry.
type Pushed struct {
	Image   ref.Image // with tag and digest
	Already bool      // it was there
}

// Bumped is what a bump left in the infra repository.
type Bumped struct {
	Image      ref.Image // what references name now
	Repository string
	Page       string // of the repository on the web; "" where that is not known
	Base       string // the branch that is deployed; "" for a folder
	Branch     string // the branch that was written, or would be; "" for a folder, and where there was nothing to write
	Commit     string // "" for a folder and in a dry run
	Changed    bool   // false: every reference was so already
	Changes    []manifest.Change
	Diff       string
	Rendered   []render.Change     // what changes in the objects that kustomizations make
	Unverified []render.Unverified // kustomizations that could not be built to see that
	Warnings   []string

	PullRequest *PullRequest // nil where there is none
	Would       string       // what a dry run would have done about the pull request; may be ""
}

// PullRequest is the one that proposes a bump.
type PullRequest struct {
	Number    int
	URL       string   // its page
	Operation string   // created, updated, none, closed, merged
	Notes     []string // what people should know of it
}

// Unopened reports whether the branch was written for a pull request that people
// have to open, since git cannot; page is where, or "".
func (b *Bumped) Unopened() (page string, ok bool) {
	if b.PullRequest != nil || b.Commit == "" || b.Base == "" || b.Branch == b.Base {
		return "", false
	}
	if b.Page != "" {
		page = b.Page + "/compare/" + inURL(b.Base) + "..." + inURL(b.Branch) + "?expand=1"
	}
	return page, true
}

// inURL is a branch as a part of a URL; its slashes stay.
func inURL(branch string) string {
	return strings.ReplaceAll(url.PathEscape(branch), "%2F", "/")
}

// Deploy is what is deployed: the first image under the tag that is deployed,
// with its digest. ok is false where there is no such thing, or not yet.
func (s *State) Deploy() (image ref.Image, ok bool) {
	tag, ok := plan.Deployed(s.Tags)
	if !ok || tag.Name == "" || len(s.Plan.Images) == 0 || !s.Plan.Push.Do {
		return ref.Image{}, false
	}
	return ref.Image{Repository: s.Plan.Images[0], Tag: tag.Name, Digest: s.Digest}, true
}

// ShortDiff is at most the first limit bytes of the diff, in whole lines, and how
// many lines are left out.
func (b *Bumped) ShortDiff(limit int) (shown string, left int) {
	if len(b.Diff) <= limit {
		return b.Diff, 0
	}
	cut := strings.LastIndexByte(b.Diff[:limit], '\n') + 1
	return b.Diff[:cut], strings.Count(b.Diff[cut:], "\n")
}
