package build

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// CheckBases asks whether the images that the build begins with are there, and may
// be pulled. It fails where a registry, or who gives a login for it, says no, at the
// first line that names the image; that one cannot be asked now is left to the build.
// An answer that may be better later is worth no wait: let Reach ask once.
func (b Native) CheckBases(ctx context.Context, r Request) error {
	p, err := makePlan(r)
	if err != nil {
		return nil // Check has told it
	}
	bases := p.bases()
	errs := make([]error, len(bases))
	asking := &puller{keychain: b.Keychain, reach: b.Reach}
	var group errgroup.Group
	group.SetLimit(4)
	for i, stage := range bases {
		group.Go(func() error {
			errs[i] = placed(asking.ask(ctx, stage.base), p.file.name, stage.line)
			return nil
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// bases are the stages that begin with an image, the first for each image.
func (p *plan) bases() []*stagePlan {
	var all []*stagePlan
	for _, i := range slices.Sorted(maps.Keys(p.stages)) {
		stage := p.stages[i]
		named := slices.ContainsFunc(all, func(other *stagePlan) bool { return other.base == stage.base })
		if stage.base != "" && stage.base != scratch && !named {
			all = append(all, stage)
		}
	}
	return all
}

// ask fails where the registry of an image says that it is not there, or not for us.
// HEAD counts as no pull; what it is told without words is asked for again.
func (g *puller) ask(ctx context.Context, image string) error {
	parsed, err := ref.ParseImage(image)
	if err != nil {
		return nil // the build says what is wrong with it
	}
	reference, err := name.ParseReference(parsed.String())
	if err != nil {
		return nil
	}
	auth, err := authn.Resolve(ctx, g.logins(), reference.Context())
	if err != nil {
		if slices.Contains(withoutLogin, fault.Code(err)) {
			return g.unreachable(image, err)
		}
		return nil
	}
	err = g.openly(ctx, reference, remote.WithAuth(auth), func(with ...remote.Option) error {
		_, err := remote.Head(reference, with...)
		if err != nil && refused(err) {
			_, err = remote.Get(reference, with...)
		}
		return err
	})
	if err == nil || !refused(err) {
		return nil
	}
	return g.unreachable(image, err)
}

// withoutLogin are the codes of a login that is refused, or cannot be had: the build
// would meet the same. That a cloud is in trouble, or busy, is none of them.
var withoutLogin = []string{"E_REGISTRY_AUTH", "E_AWS_AUTH", "E_AWS_ROLE", "E_ID_TOKEN"}

// refused reports whether a registry says no, or is none. At an address that is asked
// with https and then with http, what the former will say counts for more than what
// the latter has said.
func refused(err error) bool {
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return false
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, answer.StatusCode)
	}
	return slices.Contains([]string{"E_REGISTRY", "E_NO_REGISTRY"}, fault.Code(err))
}
