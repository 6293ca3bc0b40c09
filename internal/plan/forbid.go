package plan

import (
	"errors"
	"path"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

const globHint = "write one glob a line, of what a whole tag looks like, such as pr-* or v0.0.[0-9]"

// globForm is what tags are made of, and what path.Match gives a meaning: with
// anything else a glob would match no tag, and forbid nothing.
var globForm = pattern.New(`^[A-Za-z0-9_.*?\[\]^\\-]+$`)

// CheckGlobs holds the input `forbid-tags` to the syntax of path.Match; all
// mistakes come back at once, as E_INPUT.
func CheckGlobs(globs []string) error {
	var errs []error
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || !globForm.MatchString(glob) {
			errs = append(errs, fault.Newf("E_INPUT", globHint, "forbid-tags: %q is no glob of tags", glob))
		}
	}
	return errors.Join(errs...)
}

// Permits fails with E_TAG_FORBIDDEN where the tag may not be written into the
// infra repository.
func (b Bump) Permits(tag ref.Tag) error {
	for _, glob := range b.ForbidTags {
		if match, _ := path.Match(glob, string(tag)); match {
			return fault.Newf("E_TAG_FORBIDDEN", "deploy another tag, or take that line out of `forbid-tags`",
				"%s may not be deployed: forbid-tags has %q", tag, glob)
		}
	}
	return nil
}

// permitted looks at the tag that would be deployed; one that has no number yet
// is looked at as if it got number 1, and again once it is claimed.
func (p Plan) permitted() error {
	tags := p.Tags
	if p.Claim != nil {
		tags = p.Names(p.Claim.first())
	}
	tag, ok := Deployed(tags)
	if !ok || !p.Bump.Do {
		return nil
	}
	return p.Bump.Permits(tag.Name)
}
