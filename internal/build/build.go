// Package build turns a Dockerfile and its context into an image: one OCI layout
// on disk, from which any number of registries is fed.
//
// It owns the builders and nothing after them: it pushes to no registry and
// decides no tag.
package build

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Builder builds one image. The implementations are Native, which needs no
// daemon, and Buildx, which drives `docker buildx`.
type Builder interface {
	// Name is how the builder is called in the input `builder` and in logs.
	Name() string
	// Check says whether Build has a chance, without building or fetching
	// anything: the context and the Dockerfile are there, the target exists and
	// the builder can do what the stages ask for. It reports every mistake.
	Check(ctx context.Context, r Request) error
	// Build leaves the image in Request.Layout and says what it is. It fails
	// with a fault that names the Dockerfile's line where there is one.
	Build(ctx context.Context, r Request) (*Image, error)
}

// Request says what to build. The same request on the same files gives the same
// digest with the native builder.
type Request struct {
	Context     string            // folder whose files COPY and ADD may take
	Dockerfile  string            // path of the Dockerfile, absolute or relative to the working folder; "" is the one in Context
	Target      string            // stage to stop at; "" is the last
	Platform    string            // os/arch[/variant]; "" is linux/<this machine's>
	Args        map[string]string // build arguments
	Labels      map[string]string // set on the image, over those of Dockerfile and base
	Annotations map[string]string // annotations of the image's manifest; one of Docker's own type has none
	Created     time.Time         // SOURCE_DATE_EPOCH: the time in config, history and layers; zero is 1970; that in Args wins
	Layout      string            // folder that receives the OCI layout and nothing else; made if missing
	Log         io.Writer         // progress for people; nil discards
}

// Image is what a build left behind.
type Image struct {
	Layout string     // folder of the OCI layout; its index has the one image
	Digest ref.Digest // of the image's manifest
	Size   int64      // bytes of manifest, config and layers as they are pushed
	Layers int
}

// log is where progress goes; it is never nil.
func (r Request) log() io.Writer {
	if r.Log == nil {
		return io.Discard
	}
	return r.Log
}

// epoch is the build argument SOURCE_DATE_EPOCH; given says whether there is one.
// It fails with E_INPUT.
func (r Request) epoch() (at time.Time, given bool, err error) {
	text := r.Args["SOURCE_DATE_EPOCH"]
	if text == "" {
		return time.Time{}, false, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false, fault.Newf("E_INPUT", "it is a number: seconds since 1970, as `git log -1 --format=%ct` prints them",
			"the build argument SOURCE_DATE_EPOCH is %q", text)
	}
	return time.Unix(seconds, 0).UTC(), true, nil
}

// created is Created, unless a build argument says otherwise, in whole seconds of
// UTC, which is all that a tar header and SOURCE_DATE_EPOCH can hold.
func (r Request) created() time.Time {
	if at, given, _ := r.epoch(); given { // a wrong one is refused when the plan is made
		return at
	}
	if r.Created.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return r.Created.UTC().Truncate(time.Second)
}
