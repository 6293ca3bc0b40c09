package registry

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// Referrer is a manifest that is attached to another one: a signature, an SBOM,
// an attestation. What the registry did not tell of it is empty.
type Referrer struct {
	Digest       ref.Digest
	MediaType    string
	ArtifactType string
	Annotations  map[string]string
	Size         int64
	Tag          ref.Tag // by which cosign attached it; "" where it names its subject itself
}

// Referrers finds what is attached to a manifest, in three places: the referrers
// API; where a registry has none, the index that clients keep for it under the tag
// sha256-<hex> (both opencontainers/distribution-spec, spec.md, Listing Referrers);
// and cosign's tags beside, sha256-<hex>.sig, .att and .sbom. Nothing attached is
// no error, and neither is a repository that does not exist.
func (c *Client) Referrers(ctx context.Context, repository ref.Repository, digest ref.Digest) ([]Referrer, error) {
	s, err := c.reading(ctx, repository)
	if err != nil {
		return nil, err
	}
	return (&finder{client: c, session: s, root: digest}).all(ctx, digest)
}

// finder looks for what is attached to the manifests of one repository. It keeps
// what it learns of the registry, so that many manifests take few requests.
type finder struct {
	client  *Client
	session *session
	root    ref.Digest // of which no list counts

	mu    sync.Mutex
	api   sighting // of the API, by the first answer
	count int      // of what was found for many

	busy    bool // the repository is written to meanwhile, so that no list of its tags counts
	listing sync.Once
	tags    map[string]bool // of the repository, if one page has them all; else nil
}

// all is what is attached to a manifest in any way.
func (f *finder) all(ctx context.Context, digest ref.Digest) ([]Referrer, error) {
	found, api, err := f.named(ctx, digest)
	if err != nil {
		return nil, err
	}
	if api && f.tagged(ctx, digest, fallbackTag(digest)) != notThere { // it may be kept from before the registry had the API
		older, err := f.byTag(ctx, digest)
		if err != nil {
			return nil, err
		}
		found = append(found, older...)
	}
	for _, r := range found {
		if _, err := ref.ParseDigest(string(r.Digest)); err != nil {
			return nil, f.session.fault("E_REGISTRY", "attach it again under a digest of sha256, and take this entry out of the list: registries are asked for such digests alone",
				fmt.Errorf("%s: what is attached to it as %q can neither be read nor copied", digest, r.Digest))
		}
	}
	beside, err := f.cosign(ctx, digest)
	return onceEach(append(found, beside...)), err
}

// named are the manifests that the registry, or the index in its place, says to be
// attached; api tells which of the two it was. The first answer tells whether there
// is an API: some that have one (Quay) refuse the question about a single manifest
// that they do not have.
func (f *finder) named(ctx context.Context, digest ref.Digest) (found []Referrer, api bool, err error) {
	if f.knows(notLooked) != notThere {
		found, api, err = f.byAPI(ctx, digest)
		if err != nil {
			return nil, api, err
		}
		if f.knows(seen(api)); api {
			return found, true, nil
		}
	}
	if f.tagged(ctx, digest, fallbackTag(digest)) == notThere {
		return nil, false, nil
	}
	found, err = f.byTag(ctx, digest)
	return found, false, err
}

// knows keeps the first thing that is said of the API, and tells it.
func (f *finder) knows(said sighting) sighting {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.api == notLooked {
		f.api = said
	}
	return f.api
}

// cosign are the manifests that cosign has attached by their tags.
func (f *finder) cosign(ctx context.Context, digest ref.Digest) (found []Referrer, err error) {
	for _, kind := range []string{".sig", ".att", ".sbom"} {
		tag := fallbackTag(digest) + ref.Tag(kind)
		if f.tagged(ctx, digest, tag) == notThere {
			continue
		}
		attached, err := f.session.digest(ctx, string(tag))
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", tag, err)
		}
		if attached != "" {
			found = append(found, Referrer{Digest: attached, Tag: tag})
		}
	}
	return found, nil
}

// fallbackTag is the tag under which clients keep what the API would list.
func fallbackTag(digest ref.Digest) ref.Tag {
	return ref.Tag(strings.Replace(string(digest), ":", "-", 1))
}

// onceEach leaves out what was found before in another way.
func onceEach(all []Referrer) (once []Referrer) {
	seen := map[ref.Digest]bool{}
	for _, r := range all {
		if r.Tag == "" && seen[r.Digest] {
			continue
		}
		seen[r.Digest] = true
		once = append(once, r)
	}
	return once
}
