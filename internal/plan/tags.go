package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// defaultRules are those of an event for which `tags` says nothing.
func defaultRules(k kind) []Rule {
	switch k {
	case preview:
		return []Rule{plain["pr"], plain["sha"]}
	case release, exact:
		return []Rule{plain["version"]}
	}
	return nil
}

// occasion is what the rules are applied to.
type occasion struct {
	meaning
	event  runner.Event
	in     Inputs
	commit string
	rules  []Rule
}

// tags applies the rules. A rule that the event gives nothing for is left out.
func tags(o occasion) []Tag {
	var all []Tag
	for _, rule := range o.rules {
		if !o.holds(rule.When) {
			continue
		}
		if t, ok := rule.tag(o); ok {
			if t.Kind = rule.Kind; t.Follows != "" {
				t.Among = o.among(rule)
			}
			all = append(all, t)
		}
	}
	return once(all)
}

// once leaves each name once, as the strictest of its rules has it.
func once(all []Tag) []Tag {
	var kept []Tag
	for _, t := range all {
		i := slices.IndexFunc(kept, func(other Tag) bool { return other.String() == t.String() })
		switch {
		case i < 0:
			kept = append(kept, t)
		case t.strictness() > kept[i].strictness():
			kept[i] = t
		}
	}
	return kept
}

func (t Tag) strictness() int {
	switch {
	case t.Immutable:
		return 2
	case t.Follows != "":
		return 1
	}
	return 0
}

// holds reports whether the event is one that a rule is narrowed to.
func (o occasion) holds(when When) bool {
	switch when {
	case WhenTagged:
		return o.kind == exact
	case WhenScheduled:
		return o.event.Name == "schedule"
	case WhenDefaultBranch: // schedule and repository_dispatch run on no other
		return o.event.Name == "schedule" || o.event.Name == "repository_dispatch" ||
			o.event.DefaultBranch != "" && o.event.Branch() == o.event.DefaultBranch
	}
	return when == ""
}

// claims reports whether a rule asks for the next number.
func (o occasion) claims() bool {
	return o.kind == release && slices.ContainsFunc(o.rules, func(r Rule) bool {
		return (r.Kind == "version" || strings.HasPrefix(r.Kind, "semver")) && o.holds(r.When)
	})
}

// number is the version of the image, v0.0.N or v0.0.417-N where it is to be
// claimed; "" of what has none.
func (o occasion) number() string {
	switch {
	case o.kind == exact:
		return o.version
	case o.claims():
		return o.in.Claim.form()
	}
	return ""
}

func (r Rule) tag(o occasion) (Tag, bool) {
	switch r.Kind {
	case "pr":
		if o.kind == preview {
			return Tag{Name: ref.Tag(r.around(strconv.Itoa(o.event.PullRequest.Number))), Reason: "names the pull request; moves with it"}, true
		}
	case "version", "semver":
		return r.versionTag(o)
	case "sha":
		if id := o.commit; len(id) >= 12 {
			if r.Value != "long" {
				id = id[:12]
			}
			return Tag{Name: ref.Tag(r.around(id)), Immutable: true, Reason: "names the commit; stays where it was put first"}, true
		}
	case "branch":
		if name := branchOf(o.meaning, o.event); name != "" {
			return Tag{Name: ref.Tag(r.branchTag(name, o.rules)), Reason: fmt.Sprintf("names the branch %q; moves with it", name)}, true
		}
	case "semver-major-minor", "semver-major", "raw", "date":
		if o.kind == release || o.kind == exact && !o.prerelease {
			return r.floatingTag(o)
		}
	}
	return Tag{}, false
}

// versionTag is the version, as it is written or without its v.
func (r Rule) versionTag(o occasion) (Tag, bool) {
	number := o.number()
	if number == "" {
		return Tag{}, false
	}
	reason := o.reason
	if o.kind == release {
		reason = o.in.Claim.reason()
	}
	name := number
	if r.Kind == "semver" {
		if name = strings.TrimPrefix(number, "v"); name != number {
			reason += ", without the v"
		}
	}
	t := Tag{Immutable: true, Reason: reason}
	if o.kind == release {
		t.Pattern = r.around(name)
	} else {
		t.Name = ref.Tag(r.around(name))
	}
	return t, true
}

// floatingTag is a tag of what is deployed.
func (r Rule) floatingTag(o occasion) (Tag, bool) {
	number := o.number()
	switch r.Kind {
	case "raw":
		return r.rawTag(number), true
	case "date":
		moment, of := o.moment(r.Clock)
		date := dateText(r.Value, moment)
		if number == "" {
			return Tag{Name: ref.Tag(r.around(date)), Reason: of + ", in UTC; moves with every release"}, date != ""
		}
		return r.forward(date, number, of+", in UTC"), date != ""
	}
	parts := strings.SplitN(strings.TrimPrefix(number, "v"), ".", 3)
	if len(parts) < 3 {
		return Tag{}, false
	}
	line := parts[0]
	if r.Kind == "semver-major-minor" {
		line += "." + parts[1]
	}
	return r.forward(line, number, "stands for the newest version "+line), true
}

func (r Rule) rawTag(number string) Tag {
	name := r.around(r.Value)
	switch {
	case versionForm.MatchString(r.Value) || versionForm.MatchString(name):
		return Tag{Name: ref.Tag(name), Immutable: true, Reason: "given by `tags`; a version is never overwritten"}
	case r.Value == "latest" && number != "":
		return r.forward(r.Value, number, "given by `tags`")
	}
	return Tag{Name: ref.Tag(name), Reason: "given by `tags`; moves with every release"}
}

// forward is a tag that stands for the newest of several versions: an older one
// never moves it back.
func (r Rule) forward(name, number, reason string) Tag {
	return Tag{Name: ref.Tag(r.around(name)), Follows: number, Reason: reason + "; moves to newer versions only"}
}

func branchOf(m meaning, e runner.Event) string {
	switch {
	case m.kind == preview || m.kind == exact:
		return ""
	case e.PullRequest != nil: // merged
		return e.PullRequest.BaseRef
	}
	return e.Branch()
}

// Names are the tags once the number is claimed; version is "" where none was.
func (p Plan) Names(version ref.Tag) []Tag {
	named := slices.Clone(p.Tags)
	if version == "" || p.Claim == nil {
		return named
	}
	for i, t := range named {
		if t.Name == "" {
			name := strings.Replace(t.Pattern, bare(p.Claim.form()), bare(string(version)), 1)
			named[i].Name, named[i].Pattern = ref.Tag(name), ""
		}
		if t.Follows != "" {
			named[i].Follows = string(version)
		}
	}
	return once(named)
}

// Numbered is how the tags look that will hold the number, as that of a new one:
// v0.0.N, web-0.0.N. It is the same where an old number is built once more.
func (p Plan) Numbered() (forms []string) {
	for _, t := range p.Tags {
		if t.Name == "" && p.Claim != nil {
			forms = append(forms, strings.Replace(t.Pattern, bare(p.Claim.form()), bare(p.Claim.Series)+".N", 1))
		}
	}
	return forms
}

func bare(version string) string { return strings.TrimPrefix(version, "v") }

// IsVersion reports whether the tag means one image for good. The tag of a
// commit does not: a commit may be built twice with another outcome.
func (t Tag) IsVersion() bool { return t.Immutable && t.Kind != "sha" }

// Deployed is the tag that is deployed: the version where there is one, or else
// the first of all; ok is false where there is none.
func Deployed(tags []Tag) (tag Tag, ok bool) {
	if len(tags) == 0 {
		return Tag{}, false
	}
	first := func(is func(Tag) bool) *Tag {
		if i := slices.IndexFunc(tags, is); i >= 0 {
			return &tags[i]
		}
		return nil
	}
	return *cmp.Or(first(func(t Tag) bool { return t.Kind == "version" }), first(Tag.IsVersion), &tags[0]), true
}
