package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// streams bounds how many blobs go to one repository at once.
const streams = 4

var (
	errBlobLost   = errors.New("the registry does not know a blob any more that it had")
	errNoManifest = errors.New("the index names something that is neither a manifest nor a blob")
)

// upload brings the image to the repository by its digest, unless it is there.
// That takes as long as its blobs take, and changes no tag.
//
// A registry may lose a blob between the question for it and the manifest that
// names it: another run pushes the same one, or a clean-up runs. Then everything
// is asked again.
func (t *target) upload(ctx context.Context, origin ref.Repository) error {
	if t.uploaded || !t.wants() {
		return nil
	}
	t.near(ctx, origin)
	push := func() (struct{}, error) { return struct{}{}, t.bring(ctx, origin) }
	_, err := patiently(ctx, t.session, errBlobLost, push, func(_ struct{}, err error) bool { return forgot(err) })
	if err != nil {
		return t.session.explain(ctx, err)
	}
	t.uploaded, t.fresh, t.used = true, false, t.meter.counts()
	return nil
}

// bring sends what the repository does not have.
func (t *target) bring(ctx context.Context, origin ref.Repository) error {
	root := t.source.digest
	if there, err := t.has(ctx, string(root)); there || err != nil {
		return err
	}
	parts, err := t.source.parts()
	if err != nil {
		return err
	}
	missing, err := t.missing(ctx, parts)
	if err != nil {
		return err
	}
	pusher, err := t.session.pusher(ctx)
	if err != nil {
		return err
	}
	if err := t.bringBlobs(ctx, pusher, blobsOf(missing), origin); err != nil {
		return err
	}
	return t.bringManifests(ctx, pusher, missing)
}

// missing asks which manifests below the image are not there.
func (t *target) missing(ctx context.Context, parts []part) ([]part, error) {
	there := make([]bool, len(parts))
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	for i, p := range parts[:len(parts)-1] {
		group.Go(func() (err error) {
			there[i], err = t.has(asking, p.digest.String())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing []part
	for i, p := range parts {
		if !there[i] {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// has asks for a manifest. Several registries say "denied" of what does not exist
// yet, and if they mean it, the upload is refused.
func (t *target) has(ctx context.Context, digest string) (bool, error) {
	_, err := remote.Head(t.session.reference(digest), append(t.session.options[:len(t.session.options):len(t.session.options)], remote.WithContext(ctx))...)
	switch answered(err) {
	case http.StatusNotFound, http.StatusForbidden:
		return false, nil
	case 0:
		failed, _ := unreachable(err)
		if err != nil && (failed || ctx.Err() != nil) {
			return false, err
		}
		return err == nil, nil // an answer that is of no use: it is sent
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return false, nil
	}
	return false, err
}

func (t *target) bringBlobs(ctx context.Context, pusher *remote.Pusher, blobs []blob, origin ref.Repository) error {
	t.meter.expect(blobs)
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	for _, b := range blobs {
		group.Go(func() error {
			layer := v1.Layer(b)
			if from, err := t.session.sibling(origin); err == nil {
				layer = &remote.MountableLayer{Layer: layer, Reference: from.Digest(b.digest.String())}
			}
			return t.session.bring(sending, pusher, layer, t.meter)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	t.meter.finish()
	return nil
}

// bringManifests writes manifests after those that they name.
func (t *target) bringManifests(ctx context.Context, pusher *remote.Pusher, parts []part) error {
	for height, left := 0, len(parts); left > 0; height++ {
		group, writing := errgroup.WithContext(ctx)
		group.SetLimit(streams)
		for _, p := range parts {
			if p.height != height {
				continue
			}
			left--
			put := func() error {
				return pusher.Put(writing, t.session.reference(p.digest.String()), p.manifest)
			}
			if !p.subject {
				group.Go(put)
			} else if err := put(); err != nil { // lists of referrers are read and rewritten: one after the other
				group.Wait()
				return err
			}
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// bring uploads one blob, unless it is there or can be mounted. What fails on its
// way begins anew: a registry keeps no half of it.
func (s *session) bring(ctx context.Context, pusher *remote.Pusher, layer v1.Layer, m *meter) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	size, err := layer.Size()
	if err != nil {
		return err
	}
	silences := 0
	for tries := s.tries.begin(); ; {
		t := &trial{size: size}
		err := pusher.Upload(withTrial(ctx, t), s.repo, layer)
		m.ended(t, size, err == nil)
		if err == nil || !t.passes(err) {
			return err
		}
		if damaged := compare(ctx, layer, err); damaged != nil {
			return damaged
		}
		if isSilence(err) {
			silences++
		}
		if silences == maxSilences {
			return err
		}
		why := fmt.Sprintf("blob %.12s (%.1f MB): %v", digest.Hex, mega(size), brief(err))
		if !tries.again(ctx, why, t.asked) {
			return err
		}
	}
}

// passes reports whether another try of an upload may succeed: also where the
// registry has forgotten it, or did not get what was sent.
func (t *trial) passes(err error) bool {
	if t.again || temporary(err) {
		return true
	}
	answer, ok := errors.AsType[*transport.Error](err)
	if !ok || answer.Request == nil || !uploads(answer.Request) {
		return false
	}
	return answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusRequestedRangeNotSatisfiable ||
		says(answer, transport.BlobUploadInvalidErrorCode) || says(answer, transport.BlobUploadUnknownErrorCode) ||
		says(answer, transport.DigestInvalidErrorCode) || says(answer, transport.SizeInvalidErrorCode)
}

// compare looks at a blob on disk that the registry found to be another one.
func compare(ctx context.Context, layer v1.Layer, refusal error) error {
	if mountable, ok := layer.(*remote.MountableLayer); ok {
		layer = mountable.Layer
	}
	b, ok := layer.(blob)
	if !ok || b.layout == "" || answered(refusal) != http.StatusBadRequest {
		return nil
	}
	return archive.CheckBlob(ctx, b.layout, b.digest)
}

// brief is an error without the address, which is long and may carry a signature.
func brief(err error) string {
	answer, ok := errors.AsType[*transport.Error](err)
	switch {
	case !ok:
		for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
			err = inner
		}
		return err.Error()
	case len(answer.Errors) > 0:
		return fmt.Sprintf("%d %s", answer.StatusCode, answer.Errors[0])
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
}

// pusher sends to the repository, and remembers what it has sent.
func (s *session) pusher(ctx context.Context) (*remote.Pusher, error) {
	return remote.NewPusher(append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))...)
}

// forgot reports whether it was the target that lacks a blob, and not the source.
func forgot(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && answer.Request != nil && answer.Request.Method == http.MethodPut && blobLost(err)
}

// blobLost reports whether a manifest was refused since the registry lacks what it names.
func blobLost(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && (says(answer, transport.ManifestBlobUnknownErrorCode) || says(answer, transport.BlobUnknownErrorCode))
}
