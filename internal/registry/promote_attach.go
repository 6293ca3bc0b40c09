package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

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
		if err := p.tag(ctx, a); err != nil {
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
	for _, a := range copied {
		if err := p.copy(ctx, a.node); err != nil {
			return err
		}
	}
	if api {
		missing, err = unnamed(missing, s.digest)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	return p.link(ctx, there, s.digest, missing)
}

// linkTries bounds how often the fallback tag is written where others write it, too.
const linkTries = 5

// link sees that what is attached is listed. A registry with the API does that by
// itself. Elsewhere an index is kept under the fallback tag, which is read and
// written without any lock: another signer's write may undo ours, so that it is
// looked at again until everything stands in it.
func (p *promotion) link(ctx context.Context, there *finder, subject ref.Digest, attached []attachment) error {
	for range linkTries {
		index, err := there.fallback(ctx, subject)
		if err != nil {
			return err
		}
		listed, err := index.referrers()
		if err != nil {
			return err
		}
		missing := unlistedOf(attached, listed)
		if len(missing) == 0 {
			return nil
		}
		for _, a := range missing {
			if index, err = index.with(a.Referrer); err != nil {
				return err
			}
		}
		if err := p.put(ctx, string(fallbackTag(subject)), index); err != nil {
			return err
		}
	}
	return p.target.session.fault("E_PUSH_VERIFY", "run again: another job attaches something to the same image, and each undoes what the other has written",
		fmt.Errorf("tag %s does not keep what is attached to %s", fallbackTag(subject), subject))
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

// tag sets a tag of cosign. One that holds more than the original's stays.
func (p *promotion) tag(ctx context.Context, a attachment) error {
	s := p.target.session
	held, err := s.digest(ctx, string(a.Tag))
	if err != nil || held == a.Referrer.Digest {
		return err
	}
	if err := p.copy(ctx, a.node); err != nil {
		return err
	}
	manifest, err := a.read()
	if err != nil {
		return err
	}
	if held != "" {
		more, err := p.holdsMore(ctx, held, manifest)
		if err != nil || more {
			return err
		}
	}
	return p.put(ctx, string(a.Tag), manifest)
}

// holdsMore compares what cosign keeps as the layers of one manifest: signatures,
// or attestations. It fails where each of the two has some that the other lacks.
func (p *promotion) holdsMore(ctx context.Context, held ref.Digest, manifest *content) (bool, error) {
	there := &original{session: p.target.session}
	theirs, err := there.node(ctx, held, "").read()
	if err != nil {
		return false, err
	}
	ours, others := layers(manifest), layers(theirs)
	if lacking(others, ours) == 0 {
		return true, nil
	}
	if n := lacking(ours, others); n > 0 {
		return false, fault.Newf("E_SIGNATURES_DIFFER", "nothing is overwritten: sign the image in the target once more, or remove this tag there and run again",
			"%s@%s holds %d signatures or attestations that the original does not have, and lacks some of its", p.target.image, held, n)
	}
	return false, nil
}

// layers are the digests of a manifest's layers.
func layers(of *content) []v1.Hash {
	var m struct{ Layers []v1.Descriptor }
	if err := json.Unmarshal(of.raw, &m); err != nil {
		return nil // parse has read it before
	}
	var all []v1.Hash
	for _, l := range m.Layers {
		all = append(all, l.Digest)
	}
	return all
}

// lacking counts what is in want and not in have.
func lacking(have, want []v1.Hash) (n int) {
	in := map[v1.Hash]bool{}
	for _, h := range have {
		in[h] = true
	}
	for _, h := range want {
		if !in[h] {
			n++
		}
	}
	return n
}
