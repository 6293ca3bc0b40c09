package registry

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// target is one repository of a push.
type target struct {
	image   ref.Repository
	source  *source
	tags    []Tag // fixed ones first
	session *session
	held    map[ref.Tag]ref.Digest // what the registry said last; no entry, or "": nothing
	done    []Pushed
	err     error

	uploaded bool // the image is there, by its digest
}

// ask finds out what the tags hold now, and fails where a version holds another image.
func (t *target) ask(ctx context.Context, c *Client) (err error) {
	if t.session, err = c.open(ctx, t.image, pushing); err != nil {
		return err
	}
	t.session.meter.total = t.source.size
	t.held = map[ref.Tag]ref.Digest{}
	var clashes []error
	for _, tag := range t.tags {
		digest, err := t.session.digest(ctx, string(tag.Name))
		if fault.Is(err, "E_PUSH_DENIED") {
			// Several registries say "denied" of what does not exist yet. If they
			// mean it, the upload is refused before anything has been sent.
			continue
		}
		if err != nil {
			return err
		}
		t.held[tag.Name] = digest
		if _, err := t.judge(tag, digest); err != nil {
			clashes = append(clashes, err)
		}
	}
	return errors.Join(clashes...)
}

// send writes the tags that do not hold the image yet. It stops at the first that
// cannot be written, so that nothing floats without its version; only a tag that
// the repository does not let move is left behind.
func (t *target) send(ctx context.Context) error {
	pusher, err := t.pusher(ctx)
	if err != nil {
		return t.session.explain(ctx, err)
	}
	var errs []error
	for _, tag := range t.tags {
		before := t.session.meter.counts()
		status, err := t.set(ctx, pusher, tag)
		if err != nil {
			errs = append(errs, err)
			if tag.Rule == Moves && fault.Is(err, "E_TAG_TAKEN") {
				continue
			}
			break
		}
		result := Pushed{Repository: t.image, Tag: tag.Name, Digest: t.source.digest, Status: status}
		if status == StatusKept {
			result.Digest = t.held[tag.Name]
		}
		used := t.session.meter.counts().minus(before)
		result.Sent, result.Blobs, result.Skipped = used.sent, used.blobs, used.skipped
		t.done = append(t.done, result)
	}
	return errors.Join(errs...)
}

// upload brings the image to the repository by its digest, unless it is there.
// That takes as long as its blobs take, and changes no tag.
//
// A registry may lose a blob between the question for it and the manifest that
// names it: another run pushes the same one, or a clean-up runs. Then everything
// is asked again.
func (t *target) upload(ctx context.Context, pusher *remote.Pusher) error {
	if t.uploaded {
		return nil
	}
	push := func() (bool, error) {
		err := pusher.Push(ctx, t.session.reference(string(t.source.digest)), t.source.manifest)
		return err == nil, err
	}
	done, err := patiently(ctx, t.session, errBlobLost, push, func(_ bool, err error) bool {
		if !blobLost(err) {
			return false
		}
		fresh, failed := t.pusher(ctx) // a pusher remembers what it has sent
		if failed == nil {
			pusher = fresh
		}
		return failed == nil
	})
	t.uploaded = done
	return t.session.explain(ctx, err)
}

// pusher sends to the repository.
func (t *target) pusher(ctx context.Context) (*remote.Pusher, error) {
	options := append(t.session.options[:len(t.session.options):len(t.session.options)], remote.WithContext(ctx))
	return remote.NewPusher(options...)
}

var errBlobLost = errors.New("the registry does not know a blob any more that it had")

// blobLost reports whether a manifest was refused since the registry lacks what it names.
func blobLost(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && (says(answer, transport.ManifestBlobUnknownErrorCode) || says(answer, transport.BlobUnknownErrorCode))
}
