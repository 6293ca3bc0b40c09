package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Native builds Dockerfiles without RUN in this process: no daemon, no root, no
// network but for base images. It follows BuildKit, whose parser it uses, and
// departs from it where the machine would show in the image: see contextFiles
// for the modes of files; every file has the time Request.Created; a layer has
// its entries in one order. Nothing is held in memory but the headers of files.
//
// The zero value is ready: it pulls base images with the logins of the docker
// command.
type Native struct {
	Keychain authn.Keychain                      // logins for base images; nil is that of the docker command
	Reach    func(host string) http.RoundTripper // how the registry of a base image is reached, and asked again; nil is go-containerregistry's default
	Retry    remote.Backoff                      // how often a layer that breaks off is fetched again, and after which waits; zero is 3 times, after 1, 3 and 9 s
}

// Name is "native".
func (Native) Name() string { return "native" }

// Check reads the Dockerfile and nothing else. It fails with E_BUILD_CONTEXT,
// E_DOCKERFILE_MISSING, E_DOCKERFILE, E_BUILD_TARGET, E_BUILD_PLATFORM,
// E_INPUT, E_BUILD_RUN or E_BUILD_UNSUPPORTED.
func (Native) Check(_ context.Context, r Request) error {
	_, err := makePlan(r)
	return err
}

// Build fails like Check before anything is written, and with E_BUILD_COPY,
// E_BASE_IMAGE or, for what shows only when variables are filled in,
// E_DOCKERFILE and E_BUILD_UNSUPPORTED.
func (b Native) Build(ctx context.Context, r Request) (*Image, error) {
	p, err := makePlan(r)
	if err != nil {
		return nil, err
	}
	for _, name := range p.unusedArgs(r.Args) {
		fmt.Fprintf(r.log(), "warning: no ARG in %s takes the build argument %s\n", p.file.name, name)
	}
	from, err := openContext(r)
	if err != nil {
		return nil, err
	}
	store, err := openStore(r)
	if err != nil {
		return nil, errors.Join(err, from.root.Close())
	}
	image, err := b.build(ctx, r, p, from, store)
	if err != nil && ctx.Err() != nil { // whatever it broke off
		err = context.Cause(ctx)
	}
	if err = errors.Join(err, from.root.Close(), store.close()); err != nil {
		return nil, err
	}
	return image, nil
}

func (b Native) build(ctx context.Context, r Request, p *plan, from *contextFiles, s *store) (*Image, error) {
	file, err := os.Create(filepath.Join(s.temp, "spool"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	run := &building{
		request: r, plan: p, context: from, store: s, spool: &spool{file: file},
		puller: &puller{keychain: b.Keychain, reach: b.Reach, store: s},
		stages: map[int]*stage{}, bases: map[string]*base{},
	}
	run.puller.retry = retry{waits: b.Retry, logf: run.logf}
	if b.Retry.Steps == 0 {
		run.puller.retry.waits = patience
	}
	target, err := run.stage(ctx, p.target)
	if err != nil {
		return nil, err
	}
	return run.finish(ctx, target)
}

// building is one build on its way.
type building struct {
	request Request
	plan    *plan
	context *contextFiles
	store   *store
	spool   *spool
	puller  *puller
	stages  map[int]*stage   // those that are done
	bases   map[string]*base // by name and platform
	logging sync.Mutex       // layers are pulled side by side
}

// logf writes a line of progress.
func (b *building) logf(format string, args ...any) {
	b.logging.Lock()
	defer b.logging.Unlock()
	fmt.Fprintf(b.request.log(), format+"\n", args...)
}

// finish writes the image of a stage into the store.
func (b *building) finish(ctx context.Context, s *stage) (*Image, error) {
	if s.origin != nil {
		if err := s.origin.pull(ctx); err != nil {
			return nil, placed(err, b.plan.file.name, s.line)
		}
	}
	image := &s.image
	if len(b.request.Labels) > 0 {
		labels := maps.Clone(image.Config.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, b.request.Labels)
		image.Config.Labels = labels
	}
	platform := b.plan.platform
	if !b.plan.explicit && image.OS != "" && image.Architecture != "" {
		platform = normalize(v1.Platform{OS: image.OS, Architecture: image.Architecture, Variant: image.Variant})
	}
	image.OS, image.Architecture, image.Variant = platform.OS, platform.Architecture, platform.Variant
	created := b.request.created()
	image.Created = &created
	image.RootFS = s.rootFS()
	config, err := json.Marshal(image)
	if err != nil {
		return nil, err
	}
	return b.store.finish(ctx, config, s.layers, platform)
}

// base gives an image that a stage begins with or copies from, fetching its
// config once.
func (b *building) base(ctx context.Context, image string, platform v1.Platform) (*base, error) {
	key := image + " " + platform.String()
	if done, ok := b.bases[key]; ok {
		return done, nil
	}
	found, err := b.puller.fetch(ctx, image, platform)
	if err != nil {
		return nil, err
	}
	b.logf("base image %s", found.name)
	b.bases[key] = found
	return found, nil
}

// matches refuses an image for another platform. An index was searched for the
// right one before; a single image may say what it is, or nothing.
func (base *base) matches(want v1.Platform) error {
	have := v1.Platform{OS: base.config.OS, Architecture: base.config.Architecture, Variant: base.config.Variant}
	if have.OS == "" || have.Architecture == "" || fits(have, want) >= 0 {
		return nil
	}
	return fault.Newf("E_BASE_IMAGE", fmt.Sprintf("if that is meant, write `FROM --platform=%s`", have),
		"%s is an image for %s, not for %s", base.name, have, want)
}

// rootFS lists the layers as the config does.
func (s *stage) rootFS() ocispec.RootFS {
	root := ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{}}
	for _, l := range s.layers {
		root.DiffIDs = append(root.DiffIDs, digest.Digest(l.diffID.String()))
	}
	return root
}
