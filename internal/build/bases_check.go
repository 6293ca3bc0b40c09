package build

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// CheckBases asks whether the images that the build begins with are there, and may
// be pulled. It fails with E_BASE_IMAGE where a registry says no; that one cannot be
// asked is left to the build.
func (b Native) CheckBases(ctx context.Context, r Request) error {
	p, err := makePlan(r)
	if err != nil {
		return nil // Check has told it
	}
	errs := make([]error, len(p.file.stages))
	var group errgroup.Group
	group.SetLimit(4)
	for _, i := range slices.Sorted(maps.Keys(p.stages)) {
		if stage := p.stages[i]; stage.base != "" && stage.base != scratch {
			group.Go(func() error {
				errs[i] = placed(b.ask(ctx, stage.base), p.file.name, stage.line)
				return nil
			})
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

// ask fails where the registry of an image says that it is not there, or not for us.
// HEAD counts as no pull; what it is told without words is asked for again.
func (b Native) ask(ctx context.Context, image string) error {
	parsed, err := ref.ParseImage(image)
	if err != nil {
		return nil // the build says what is wrong with it
	}
	reference, err := name.ParseReference(parsed.String())
	if err != nil {
		return nil
	}
	asking := options(ctx, reference, b.Keychain, b.Reach)
	if _, err = remote.Head(reference, asking...); err == nil || !refused(err) {
		return nil
	}
	if _, err = remote.Get(reference, asking...); err == nil || !refused(err) {
		return nil
	}
	return unreachable(image, err)
}

// refused reports whether a registry says no, or is none.
func refused(err error) bool {
	if fault.Is(err, "E_REGISTRY") || fault.Is(err, "E_NO_REGISTRY") {
		return true
	}
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, answer.StatusCode)
}
