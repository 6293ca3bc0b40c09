package plan

import (
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// Outdone is the newest version among the tags of a repository that keeps this
// tag from moving to the version that it follows; "" where it may move. 1.2 gives
// way to versions 1.2.x only, and to a pre-release nothing does but another one. A
// date that no image has yet is given in any case.
func (t Tag) Outdone(existing []ref.Tag) (by ref.Tag) {
	if t.Follows == "" || t.Kind == "date" && !slices.Contains(existing, t.Name) {
		return ""
	}
	line, newest := t.line(), ref.Tag(t.Follows)
	for _, tag := range existing {
		is, ok := t.reads(tag)
		if !ok || !strings.HasPrefix(strings.TrimPrefix(string(is), "v"), line) {
			continue
		}
		if newer, _ := version.Newer(is, newest); newer {
			by, newest = tag, is
		}
	}
	return by
}

// line is how the versions begin that the tag may stand for.
func (t Tag) line() string {
	numbers := strings.SplitN(strings.TrimPrefix(t.Follows, "v"), ".", 3)
	switch {
	case t.Kind == "semver-major":
		return numbers[0] + "."
	case t.Kind == "semver-major-minor" && len(numbers) > 1:
		return numbers[0] + "." + numbers[1] + "."
	}
	return ""
}

// reads is the version that a tag of a repository names, if it is a release, or the
// tag follows none either, and written as one that this tag is compared with.
func (t Tag) reads(tag ref.Tag) (is ref.Tag, ok bool) {
	candidate := !version.IsRelease(ref.Tag(t.Follows))
	for _, form := range t.forms() {
		before, after, _ := strings.Cut(form, "*")
		text, hasBefore := strings.CutPrefix(string(tag), before)
		text, hasAfter := strings.CutSuffix(text, after)
		if is = ref.Tag(text); hasBefore && hasAfter && (candidate || version.IsRelease(is)) {
			return is, true
		}
	}
	return "", false
}

func (t Tag) forms() []string {
	if len(t.Among) == 0 {
		return []string{bareForm}
	}
	return t.Among
}

// bareForm is that of a version with nothing around it; its v is part of it.
const bareForm = "*"

// form is how a version looks between what stands around the rule's names. The v
// of v{{version}} is the version's own.
func (r Rule) form() string {
	if strings.HasPrefix(r.Kind, "semver") {
		r.Prefix = strings.TrimSuffix(r.Prefix, "v")
	}
	return r.around(bareForm)
}

// among are the forms in which this run writes versions, for a tag of the rule to
// be compared with: the rule's own where versions have it, since 1.2.3-alpine
// stands beside latest-alpine, and else all. Where no rule writes any, those of
// other runs are taken to look like the tag. nil is the bare form alone.
func (o occasion) among(r Rule) []string {
	var all []string
	for _, other := range o.rules {
		if (other.Kind == "version" || other.Kind == "semver") && o.holds(other.When) && !slices.Contains(all, other.form()) {
			all = append(all, other.form())
		}
	}
	if len(all) == 0 || slices.Contains(all, r.form()) {
		all = []string{r.form()}
	}
	if slices.Equal(all, []string{bareForm}) {
		return nil
	}
	return all
}
