package build

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// fallback keeps what "auto" promises where Check cannot see far enough: a
// variable may hold a URL, an archive may be packed with xz, a base image may
// bring an ONBUILD RUN along. It is a decorator: it builds with first and, where
// that ends in nothing but what only Docker can do, with then, from the start
// and into the same folder. All other mistakes are the user's with both.
type fallback struct {
	first, then Builder
	fell        bool // the last Build went on to then
}

// Name is that of the builder that built last, and of first before that, so that
// the log and the report say who made the image.
func (f *fallback) Name() string {
	if f.fell {
		return f.then.Name()
	}
	return f.first.Name()
}

// Check is first's.
func (f *fallback) Check(ctx context.Context, r Request) error { return f.first.Check(ctx, r) }

// Build fails like first or, once it has gone on, like then. Where then is not
// installed, both reasons are told.
func (f *fallback) Build(ctx context.Context, r Request) (*Image, error) {
	image, err := f.first.Build(ctx, r)
	if f.fell = needsDocker(err); !f.fell {
		return image, err
	}
	fmt.Fprintf(r.log(), "%v; docker %s builds it anew\n", err, f.then.Name())
	image, again := f.then.Build(ctx, r)
	if fault.Is(again, "E_BUILDX_MISSING") {
		return nil, errors.Join(err, again)
	}
	return image, again
}
