package ship

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
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
	Digest   ref.Digest // of the image that was built, and then of the one that is deployed; "" before
	Found    ref.Image  // that a promotion has looked for; empty before, and of every other run
	FoundIn  string     // the file that names it, with its line; "" where the inputs do
	Pushed   []Pushed
	Ref      ref.Image // the reference to hand on; empty until it is in the registries
	Bump     *Bumped   // nil before the bump, and where there is none
	Outcomes []Outcome

	Warnings []*fault.Fault // what did not stop the run, and is not of the bump
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
// with the digest that the tag holds there. ok is false where there is no such
// thing, or not yet.
func (s *State) Deploy() (image ref.Image, ok bool) {
	if len(s.Plan.Images) == 0 || !s.Plan.Push.Do {
		return ref.Image{}, false
	}
	first := s.Plan.Images[0]
	tag, ok := plan.Deployed(slices.DeleteFunc(slices.Clone(s.Tags), func(t plan.Tag) bool { return s.stays(first, t) }))
	if !ok || tag.Name == "" {
		return ref.Image{}, false
	}
	return ref.Image{Repository: first, Tag: tag.Name, Digest: cmp.Or(s.Holds(first, tag.Name), s.Digest)}, true
}

// stays reports whether a tag that follows versions was left with a newer one.
func (s *State) stays(in ref.Repository, t plan.Tag) bool {
	return t.Follows != "" && len(s.Pushed) > 0 && !s.DryRun && s.Holds(in, t.Name) != s.Digest
}

// Holds is what a repository has under a tag, as it was seen when that was pushed;
// "" where it was not.
func (s *State) Holds(in ref.Repository, tag ref.Tag) ref.Digest {
	for _, p := range s.Pushed {
		if p.Image.Repository == in && p.Image.Tag == tag {
			return p.Image.Digest
		}
	}
	return ""
}

// Warned keeps a warning, and reports whether it is a new one.
func (s *State) Warned(f *fault.Fault) bool {
	if slices.ContainsFunc(s.Warnings, func(known *fault.Fault) bool { return known.Error() == f.Error() }) {
		return false
	}
	s.Warnings = append(s.Warnings, f)
	return true
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
