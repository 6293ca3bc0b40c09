// Package plan decides what a run does: from the inputs and the event it makes
// the plan, with a reason for every decision. It is pure: no files, environment,
// clock or network. What acts reads the plan and decides nothing.
package plan

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// Plan is all that will happen, as data; its JSON is the output `plan`.
type Plan struct {
	Event  string           `json:"event"`             // "pull_request synchronize"
	Reason string           `json:"reason"`            // what the event means, in one sentence
	Commit Commit           `json:"commit"`            // what labels and tags name
	Images []ref.Repository `json:"images"`            // where the image goes; the first is what manifests name
	Tags   []Tag            `json:"tags"`              // in the order in which they are written
	Claim  *Claim           `json:"version,omitempty"` // the number to claim; absent where none is
	Build  Build            `json:"build"`
	Push   Step             `json:"push"`
	Bump   Bump             `json:"bump"`
}

// Step is whether something is done, and why or why not.
type Step struct {
	Do     bool   `json:"do"`
	Reason string `json:"reason"`
}

// Commit is the commit that a reader can find again.
type Commit struct {
	SHA    string `json:"sha"` // "" only where a payload is replayed that names none
	Reason string `json:"reason"`
	Source string `json:"source,omitempty"` // page of its repository; "" where there is none
}

// Claim asks for the next number of a series, or for a further build of an old one.
type Claim struct {
	Series string `json:"series"`           // v0.0
	Prefix string `json:"prefix"`           // of the git tag: cms/ for cms/v0.0.7; the image's tag has none
	Suffix string `json:"suffix,omitempty"` // v0.0.417 for v0.0.417-N, v0.0.417-2 for just that; "" is a new number
}

// form is how the version looks that is claimed, N in place of what only the claim
// will tell: v0.0.N, v0.0.417-N.
func (c Claim) form() string {
	switch {
	case c.Suffix == "":
		return c.Series + ".N"
	case strings.Contains(c.Suffix, "-"):
		return c.Suffix
	}
	return c.Suffix + "-N"
}

// first is the first version that the claim may come to.
func (c Claim) first() ref.Tag {
	if beginning, open := strings.CutSuffix(c.form(), "N"); open {
		return ref.Tag(beginning + "1")
	}
	return ref.Tag(c.Suffix)
}

// reason says which version that is.
func (c Claim) reason() string {
	if c.Suffix == "" {
		return "the next number of the series " + c.Series
	}
	old, _, _ := strings.Cut(c.Suffix, "-")
	return old + " once more"
}

// Tag is one tag of the image.
type Tag struct {
	Name      ref.Tag `json:"name,omitempty"`    // "" until the number is claimed
	Pattern   string  `json:"pattern,omitempty"` // v0.0.N or v0.0.417-N, where the number is still to be claimed
	Kind      string  `json:"kind"`              // that of the rule that gave it: pr, version, sha, branch, semver, semver-major-minor, semver-major, raw, date
	Immutable bool    `json:"immutable"`         // never overwritten; of a version another digest is an error
	Follows   string  `json:"follows,omitempty"` // the version that it stands for, or v0.0.N: it moves to newer ones only

	// Among is how those versions are written that are compared with the one it
	// follows, * in place of the version: web-*; none is * alone.
	Among  []string `json:"among,omitempty"`
	Reason string   `json:"reason"`
}

// String is the name, or what it will look like.
func (t Tag) String() string {
	if t.Name == "" {
		return t.Pattern
	}
	return string(t.Name)
}

// Build says what is built.
type Build struct {
	Step
	Context    string            `json:"context"`
	Dockerfile string            `json:"dockerfile"`
	Target     string            `json:"target,omitempty"`
	Platform   string            `json:"platform,omitempty"`
	Builder    string            `json:"builder"`
	Args       map[string]string `json:"args,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// Bump says where the new reference goes.
type Bump struct {
	Step
	Repository string   `json:"repository,omitempty"` // owner/name, a git URL, or a folder
	Branch     string   `json:"branch,omitempty"`     // "" is the repository's default branch
	Paths      []string `json:"paths,omitempty"`
	Exclude    []string `json:"exclude,omitempty"`
	Fields     []string `json:"fields,omitempty"` // addresses; without paths, these fields alone change
	Mode       Mode     `json:"mode,omitempty"`
	Pin        string   `json:"pin,omitempty"`   // tag, digest, both
	Image      string   `json:"image,omitempty"` // the repository whose references change

	Environment string       `json:"environment,omitempty"`  // name of what is deployed to; "" where it has none
	PullRequest *PullRequest `json:"pull-request,omitempty"` // of ModePullRequest alone

	OnLeftover     string   `json:"on-leftover,omitempty"`     // fail, ok
	ForbidTags     []string `json:"forbid-tags,omitempty"`     // globs of tags that are not written
	AllowDowngrade bool     `json:"allow-downgrade,omitempty"` // a newer version may be taken back
}

// Mode is how the infra repository is written.
type Mode string

// The modes of the input infra-mode.
const (
	ModePullRequest Mode = "pull-request" // one reused branch an image, for people to merge
	ModeCommit      Mode = "commit"       // a commit on the branch itself
	ModeFiles       Mode = "files"        // a folder, edited in place
)

// PullRequest says how a bump is put before people.
type PullRequest struct {
	Branch        string   `json:"branch,omitempty"` // "" is one that is made of the image and the environment, or the place
	Labels        []string `json:"labels,omitempty"`
	Reviewers     []string `json:"reviewers,omitempty"`      // logins
	TeamReviewers []string `json:"team-reviewers,omitempty"` // slugs of teams
	Assignees     []string `json:"assignees,omitempty"`      // logins
	Draft         bool     `json:"draft,omitempty"`
	AutoMerge     string   `json:"auto-merge,omitempty"` // merge, squash, rebase; "" leaves the merge to people
}
