//go:build e2e

package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// TestWhatOthersPushedIsPromoted promotes an image that docker pushed, an index that
// buildx made in a registry, and a signature, which a registry without the API for
// referrers keeps under a tag, to registries with and without that API.
func TestWhatOthersPushedIsPromoted(t *testing.T) {
	l := newLab(t)
	guarded, successor := l.private(), startServer(t, "distribution", t.TempDir()).address()
	knowing := testkit.NewRegistry(t, testkit.RegistryReferrers(), testkit.RegistryOnDisk(t.TempDir())).Host
	known, client := l.knowing(guarded), l.loggedIn(guarded)
	image, settings := guarded+"/acme/web", l.asking(guarded)
	for _, arch := range []string{"amd64", "arm64"} {
		known.verb("build", "--images", image, "--tags", "raw="+arch, "--platform", "linux/"+arch)
	}
	client.output("docker", "buildx", "imagetools", "create", "--tag", image+":both", image+":amd64", image+":arm64")
	client.output("docker", "pull", "--quiet", image+":amd64")
	client.output("docker", "tag", image+":amd64", image+":docker")
	client.output("docker", "push", "--quiet", image+":docker")
	client.output("docker", "image", "rm", image+":amd64", image+":docker")

	for _, tag := range []string{"both", "docker"} {
		digest := client.output("crane", "digest", image+":"+tag)
		signature := sign(t, image+"@"+digest, settings...)
		for _, host := range []string{successor, knowing} {
			to := host + "/acme/promoted"
			got := known.verb("promote", "--from", image+":"+tag, "--images", to, "--to", tag)
			if got.Digest != digest {
				t.Errorf("it promoted %s, want %s", got.Digest, digest)
			}
			client.raw(to+":"+tag, digest)
			if found := signatures(t, to+"@"+digest, settings...); !cmp.Equal(found, []string{signature}) {
				t.Errorf("%s at %s has the signatures %v, want %s", tag, host, found, signature)
			}
		}
	}
	if got := client.children(successor+"/acme/promoted:both", client.output("crane", "digest", image+":both")); len(got) != 2 {
		t.Errorf("the index has %v", got)
	}
}

// sign attaches a signature to an image.
func sign(t *testing.T, image string, options ...remote.Option) (digest string) {
	t.Helper()
	to, err := name.NewDigest(image)
	check(t, err)
	of, err := remote.Head(to, options...)
	check(t, err)
	signature, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.acme.signature"),
		mutate.Addendum{Layer: static.NewLayer([]byte("signed "+image), "text/plain")})
	check(t, err)
	signature = mutate.Subject(signature, v1.Descriptor{MediaType: of.MediaType, Digest: of.Digest, Size: of.Size}).(v1.Image)
	hash, err := signature.Digest()
	check(t, err)
	check(t, remote.Write(to.Context().Digest(hash.String()), signature, options...))
	return hash.String()
}

// signatures are what is attached to an image, as go-containerregistry finds it: by the
// API, or under a tag.
func signatures(t *testing.T, image string, options ...remote.Option) (digests []string) {
	t.Helper()
	of, err := name.NewDigest(image)
	check(t, err)
	index, err := remote.Referrers(of, options...)
	check(t, err)
	list, err := index.IndexManifest()
	check(t, err)
	for _, d := range list.Manifests {
		if _, err := remote.Get(of.Context().Digest(d.Digest.String()), options...); err != nil {
			t.Error(err)
		}
		digests = append(digests, d.Digest.String())
	}
	return digests
}

// asking are the settings with which this process itself asks registries, of which
// one wants a login.
func (l *lab) asking(guarded string) []remote.Option {
	return []remote.Option{remote.WithTransport(l.world.Transport()), remote.WithAuthFromKeychain(loginAt(guarded))}
}

// loginAt is the login for one host.
type loginAt string

func (host loginAt) Resolve(at authn.Resource) (authn.Authenticator, error) {
	if at.RegistryStr() == string(host) {
		return &authn.Basic{Username: reader, Password: password}, nil
	}
	return authn.Anonymous, nil
}
