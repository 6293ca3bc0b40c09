package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// sign sets a tag of cosign. One that holds more than the original's stays. What
// it names goes ahead, so that there is no upload between the last look at the tag
// and its write.
func (p *promotion) sign(ctx context.Context, a attachment) error {
	s := p.target.session
	held, err := s.digest(ctx, string(a.Tag))
	if err != nil || held == a.Referrer.Digest {
		return err
	}
	manifest, err := a.read()
	if err != nil {
		return err
	}
	if err := p.sendParts(ctx, manifest); err != nil {
		return err
	}
	return p.settle(ctx, a.Tag, func() (now holding, err error) {
		now.digest, err = s.digest(ctx, string(a.Tag))
		if err != nil || now.digest == a.Referrer.Digest {
			return now, err
		}
		enough := false
		if now.digest != "" {
			enough, err = p.holdsMore(ctx, a.Tag, now.digest, manifest)
		}
		if err == nil && !enough {
			now.next = manifest
		}
		return now, err
	})
}

// holdsMore compares what cosign keeps as the layers of one manifest: signatures,
// or attestations. It fails where each of the two has some that the other lacks.
func (p *promotion) holdsMore(ctx context.Context, tag ref.Tag, held ref.Digest, manifest *content) (bool, error) {
	there := &original{session: p.target.session}
	theirs, err := there.node(ctx, held, "").read()
	if err != nil {
		return false, err
	}
	ours, others := signaturesOf(manifest), signaturesOf(theirs)
	if lacking(others, ours) == 0 {
		return true, nil
	}
	if n := lacking(ours, others); n > 0 {
		return false, fault.Newf("E_SIGNATURES_DIFFER", "nothing is overwritten: sign the image in the target once more, or remove this tag there and run again",
			"%s:%s holds %d signatures or attestations that the original does not have, and lacks some of its", p.target.image, tag, n)
	}
	return false, nil
}

// signaturesOf tells one signature from another: by what is signed, which is the
// same for all who sign one image, and by the annotations, where the signature is.
func signaturesOf(of *content) (all []string) {
	var m struct{ Layers, Manifests []v1.Descriptor }
	if err := json.Unmarshal(of.raw, &m); err != nil {
		return nil // parse has read it before
	}
	for _, d := range slices.Concat(m.Layers, m.Manifests) {
		one := d.Digest.String()
		for _, name := range slices.Sorted(maps.Keys(d.Annotations)) {
			one += fmt.Sprintf("\n%q=%q", name, d.Annotations[name])
		}
		all = append(all, one)
	}
	return all
}

// lacking counts what is in want and not in have.
func lacking(have, want []string) (n int) {
	for _, one := range want {
		if !slices.Contains(have, one) {
			n++
		}
	}
	return n
}
