package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// target is one repository of a push.
type target struct {
	image   ref.Repository
	also    []ref.Repository // that blobs may be mounted from
	source  *source
	tags    []Tag // fixed ones first
	client  *Client
	session *session
	meter   *meter
	now     func() time.Time
	held    map[ref.Tag]ref.Digest // what the registry said last; no entry, or "": nothing
	asked   time.Time              // when that began
	fresh   bool                   // nothing was sent since
	used    counts                 // by the upload
	done    []Pushed
	err     error

	uploaded bool // the image is there, by its digest
}

// ask finds out what the tags hold now, and fails where a version holds another image.
func (t *target) ask(ctx context.Context, c *Client) (err error) {
	t.client = c
	if t.session, err = c.pushing(ctx, t.image, t.also...); err != nil {
		return err
	}
	if t.meter == nil {
		t.meter, t.now = t.session.meter, c.now
	}
	t.held, t.asked, t.fresh = map[ref.Tag]ref.Digest{}, t.now(), true
	t.uploaded = t.source.from == t.image
	var clashes []error
	for _, tag := range t.tags {
		digest, err := t.session.digest(ctx, string(tag.Name))
		if fault.Is(err, "E_PUSH_DENIED") {
			// Several registries say "denied" of what does not exist yet. If they
			// mean it, the upload is refused before anything has been sent.
			t.fresh = false
			continue
		}
		if err != nil {
			return err
		}
		t.held[tag.Name] = digest
		t.uploaded = t.uploaded || digest == t.source.digest
		if _, err := t.judge(tag, digest); err != nil {
			clashes = append(clashes, err)
		}
	}
	return errors.Join(clashes...)
}

// wants reports whether anything is to be written.
func (t *target) wants() bool {
	if len(t.tags) == 0 {
		return !t.uploaded
	}
	for _, tag := range t.tags {
		if status, err := t.judge(tag, t.held[tag.Name]); status == "" && err == nil {
			return true
		}
	}
	return false
}

// send writes the tags that do not hold the image yet. It stops at the first that
// cannot be written, so that nothing floats without its version; only a tag that
// the repository does not let move is left behind.
func (t *target) send(ctx context.Context) error {
	if len(t.tags) == 0 {
		t.done = append(t.done, t.untagged())
	}
	var errs []error
	for _, tag := range t.tags {
		before := t.meter.counts()
		status, err := t.set(ctx, tag)
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
		if status == StatusPushed { // the first tag that is written tells of the upload, too
			used := t.meter.counts().minus(before).plus(t.used)
			result.Sent, result.Blobs, result.Skipped = used.sent, used.blobs, used.skipped
			t.used = counts{}
		}
		t.done = append(t.done, result)
	}
	return errors.Join(errs...)
}

// untagged is the image in the repository by its digest alone.
func (t *target) untagged() Pushed {
	one := Pushed{Repository: t.image, Digest: t.source.digest, Status: StatusAlready,
		Sent: t.used.sent, Blobs: t.used.blobs, Skipped: t.used.skipped}
	if t.used.sent > 0 {
		one.Status = StatusPushed
	}
	return one
}

// near opens the session anew where it was not opened to read the repository that
// blobs are mounted from. Where that fails they are uploaded.
func (t *target) near(ctx context.Context, origin ref.Repository) {
	if origin == (ref.Repository{}) || origin == t.image || origin.Domain() != t.image.Domain() || slices.Contains(t.session.asked, origin) {
		return
	}
	if s, err := t.client.pushing(ctx, t.image, origin); err == nil {
		t.session = s
	}
}

// sibling is another repository of the registry, from which blobs can be mounted: one
// that the session may read. To ask for another one would want a right in the middle
// of an upload that the login may not have.
func (s *session) sibling(image ref.Repository) (name.Repository, error) {
	if !slices.Contains(s.also, image) {
		return name.Repository{}, errors.ErrUnsupported
	}
	return name.NewRepository(image.String(), name.StrictValidation)
}
