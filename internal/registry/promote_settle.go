package registry

import (
	"context"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// settleTries bounds how often a tag is written that others write, too.
const settleTries = 5

// holding is what a tag holds ("" is nothing), and what belongs in its place: nil
// where it holds enough.
type holding struct {
	digest ref.Digest
	next   typed
}

// settle writes a tag to which other signers add, too, without any lock. It is
// looked at right before and again afterwards, until it holds what it should.
// Registries may show a write a moment later, so that what was there before it is
// looked at again after pauses; what somebody else has written meanwhile is not.
func (p *promotion) settle(ctx context.Context, tag ref.Tag, look func() (holding, error)) error {
	now, err := look()
	for n := 0; err == nil && now.next != nil; n++ {
		// Nobody takes such a tag away: where there is none after a write, it is not shown.
		if n == settleTries || n > 0 && now.digest == "" {
			return p.target.session.fault("E_PUSH_VERIFY", "run again: another job writes the same tag, and each undoes what the other has written; or the registry shows it late",
				fmt.Errorf("tag %s was written, and does not hold what is attached", tag))
		}
		if err := p.put(ctx, string(tag), now.next); err != nil {
			return p.guarded(tag, err)
		}
		before := now.digest
		now, err = patiently(ctx, p.target.session, fmt.Errorf("%s is not seen yet", tag), look, func(seen holding, err error) bool {
			return err == nil && seen.next != nil && (seen.digest == "" || seen.digest == before)
		})
	}
	return err
}

// guarded explains why a tag cannot be written a second time, where that is why.
func (p *promotion) guarded(tag ref.Tag, refusal error) error {
	if !p.target.session.immutable(refusal) {
		return refusal
	}
	hint := "let signatures be added: leave sha256-* out of the repository's rules of immutable tags, and run again"
	if kindOf(p.target.image.Domain()) == ecr {
		hint = "let signatures be added, and run again: aws ecr put-image-tag-mutability --repository-name " + p.target.image.Path() +
			" --image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters 'filterType=WILDCARD,filter=sha256-*', and the filters that it has"
	}
	return p.target.session.fault("E_TAG_TAKEN", hint, fmt.Errorf("tag %s holds less than is attached to the original, and cannot be written again: %w", tag, refusal))
}
