package registry

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// attach brings to the repository what is attached to one manifest, and sees that
// it is found there.
func (p *promotion) attach(ctx context.Context, there *finder, s *subject) error {
	var named []attachment
	for _, a := range s.attached {
		if a.Tag == "" {
			named = append(named, a)
			continue
		}
		if err := p.sign(ctx, a); err != nil {
			return err
		}
	}
	missing, api, err := p.unlisted(ctx, there, s.digest, named)
	if err != nil {
		return err
	}
	copied := named // the index under the fallback tag may name what is gone by now
	if api {
		copied = missing
	}
	gone, err := p.copyAttached(ctx, s.digest, copied)
	if err != nil {
		return err
	}
	missing = slices.DeleteFunc(missing, func(a attachment) bool { return gone[a.node.digest] })
	if api {
		missing, err = unnamed(missing, s.digest)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	return p.link(ctx, there, s.digest, missing)
}

// copyAttached copies what is attached to a manifest. What is listed and gone is
// left out, and said: clean-ups of what has no tag leave such lists behind, and
// what the original has lost already cannot be lost by a copy.
func (p *promotion) copyAttached(ctx context.Context, subject ref.Digest, all []attachment) (gone map[ref.Digest]bool, err error) {
	gone = map[ref.Digest]bool{}
	for _, a := range all {
		err := p.copy(ctx, a.node)
		if missing, ok := errors.AsType[*absent](err); ok && missing.digest == a.node.digest {
			gone[a.node.digest] = true
			p.warn(fault.Newf("E_ATTACHED_GONE", "attach it again if it is missed, such as a signature; see whether a clean-up removes what has no tag (GHCR keeps what was deleted for 30 days)",
				"%s: left out %s: %s lists it as attached to %s, and does not have it any more", p.target.image, a.node.digest, p.from.session.image, subject))
		} else if err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// link sees that what is attached is listed. A registry with the API does that by
// itself. Elsewhere an index is kept under the fallback tag, in which other signers
// write, too: what they have written stays, and what they undo is written again.
func (p *promotion) link(ctx context.Context, there *finder, subject ref.Digest, attached []attachment) error {
	return p.settle(ctx, fallbackTag(subject), func() (now holding, err error) {
		index, err := there.fallback(ctx, subject)
		if err != nil {
			return now, err
		}
		listed, err := index.referrers()
		if err != nil {
			return now, there.broken(subject, err)
		}
		now.digest = index.held
		for _, a := range unlistedOf(attached, listed) {
			if index, err = index.with(a.Referrer); err != nil {
				return now, err
			}
			now.next = index
		}
		return now, nil
	})
}

// unlisted is what the repository does not list as attached to a manifest.
func (p *promotion) unlisted(ctx context.Context, there *finder, subject ref.Digest, named []attachment) (missing []attachment, api bool, err error) {
	if len(named) == 0 {
		return nil, false, nil
	}
	listed, api, err := there.named(ctx, subject)
	if err != nil {
		return nil, api, err
	}
	return unlistedOf(named, listed), api, nil
}

// unlistedOf are the attachments that are not listed.
func unlistedOf(all []attachment, listed []Referrer) (missing []attachment) {
	for _, a := range all {
		if !slices.ContainsFunc(listed, func(r Referrer) bool { return r.Digest == a.Referrer.Digest }) {
			missing = append(missing, a)
		}
	}
	return missing
}

// unnamed are those that do not say themselves what they are attached to, so that
// no API lists them. All others it lists, maybe a moment later.
func unnamed(all []attachment, subject ref.Digest) (some []attachment, err error) {
	for _, a := range all {
		manifest, err := a.read()
		if err != nil {
			return nil, err
		}
		if manifest.subject != subject {
			some = append(some, a)
		}
	}
	return some, nil
}
