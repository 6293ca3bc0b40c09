// Package registry asks, reads and writes container registries: one image, of an
// OCI layout or of a registry, goes to any number of repositories, and afterwards
// every one of them is asked what it holds. Where no git tags can be pushed, its
// tags claim versions.
//
// It speaks the distribution protocol through go-containerregistry and turns every
// refusal into a fault. It builds nothing, decides no tag, and keeps no credentials:
// those come from a keychain.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Client talks to registries. The zero value uses the credentials of docker's
// configuration and the network as it is; a Client may be used by many at once.
//
// Loopback and private addresses, and *.localhost, are tried with https and then
// with plain http; all others with https only.
type Client struct {
	Keychain  authn.Keychain    // nil is authn.DefaultKeychain: docker's configuration
	Transport http.RoundTripper // nil is remote.DefaultTransport
	Retry     remote.Backoff    // between tries; no Steps is three tries, after 1 s and 3 s
	Platform  string            // os/arch to take from an index; "" is the first that can run
	Server    string            // of GitHub, for pages in hints; "" is https://github.com
	NoCreate  bool              // nothing here makes repositories that are missing, so that no hint says so
	Log       io.Writer         // progress of long uploads, for people; nil discards
	Now       func() time.Time  // clock of the progress lines; nil is time.Now
	Silence   time.Duration     // how long an answer may take to begin, or to go on, that to a blob 15 times as long; 0 is a minute

	// Sleep waits between tries; nil waits by the clock. It ends early, with the
	// error, where the context does.
	Sleep func(context.Context, time.Duration) error

	logging  sync.Mutex // keeps lines of parallel uploads apart
	opening  sync.Mutex
	sessions map[ref.Repository]*session      // one a repository
	fetched  map[ref.Image]*remote.Descriptor // by repository and digest
	limited  limits
}

// Resolve asks which digest the image's tag points at, or whether its digest is
// there. It fails with E_IMAGE_MISSING where the registry does not have it, and with
// E_PULL_DENIED, with ErrHidden within it, where it may not have it.
func (c *Client) Resolve(ctx context.Context, image ref.Image) (ref.Digest, error) {
	s, err := c.reading(ctx, image.Repository)
	if err != nil {
		return "", err
	}
	digest, err := s.digest(ctx, identifier(image))
	if err == nil && digest == "" {
		return "", s.missing(image)
	}
	return digest, hidden(err)
}

// Fetch is Resolve for an image that is promoted next: its manifest comes along in
// the same answer, and Promote does not ask for it again. Registries that count pulls
// count it.
func (c *Client) Fetch(ctx context.Context, image ref.Image) (ref.Digest, error) {
	s, err := c.reading(ctx, image.Repository)
	if err != nil {
		return "", hidden(err)
	}
	_, found, err := c.get(ctx, image)
	if answered(err) == http.StatusNotFound {
		return "", s.missing(image)
	}
	if err != nil {
		return "", hidden(err)
	}
	digest := ref.Digest(found.Digest.String())
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.fetched == nil {
		c.fetched = map[ref.Image]*remote.Descriptor{}
	}
	c.fetched[ref.Image{Repository: image.Repository, Digest: digest}] = found
	return digest, nil
}

// manifest is that of an image, as Fetch has left it or as it is read now.
func (c *Client) manifest(ctx context.Context, image ref.Image) (*session, *remote.Descriptor, error) {
	c.opening.Lock()
	found, ok := c.fetched[ref.Image{Repository: image.Repository, Digest: image.Digest}]
	c.opening.Unlock()
	if !ok {
		return c.get(ctx, image)
	}
	s, err := c.reading(ctx, image.Repository)
	return s, found, err
}

// hidden marks a refused look-up that may mean that there is no such image.
func hidden(err error) error {
	denied, ok := errors.AsType[*fault.Fault](err)
	if !ok || denied.Code != "E_PULL_DENIED" || knownDenial(denied.Error()) != "" {
		return err
	}
	return fault.New(denied.Code, denied.Hint, fmt.Errorf("%w (%w)", denied.Err, ErrHidden))
}

// Exists reports whether the registry has the image. An error means that it
// could not be asked.
func (c *Client) Exists(ctx context.Context, image ref.Image) (bool, error) {
	_, err := c.Resolve(ctx, image)
	if fault.Is(err, "E_IMAGE_MISSING") {
		return false, nil
	}
	return err == nil, err
}

// identifier is what names the image within its repository, as registries see it:
// the digest if there is one, else the tag, else latest.
func identifier(image ref.Image) string {
	switch {
	case image.Digest != "":
		return string(image.Digest)
	case image.Tag != "":
		return string(image.Tag)
	}
	return "latest"
}

func (c *Client) keychain() authn.Keychain {
	if c.Keychain == nil {
		return authn.DefaultKeychain
	}
	return c.Keychain
}

// source says where credentials for a repository are looked for.
func (c *Client) source(image ref.Repository) string {
	if told, ok := c.keychain().(interface{ Source(name string) string }); ok {
		return told.Source(image.String())
	}
	return "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"
}

func (c *Client) transport() http.RoundTripper {
	if c.Transport == nil {
		return remote.DefaultTransport
	}
	return c.Transport
}

func (c *Client) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *Client) silence() time.Duration {
	if c.Silence == 0 {
		return longestSilence
	}
	return c.Silence
}

// printLine writes one line to Log.
func (c *Client) printLine(line string) {
	if c.Log == nil {
		return
	}
	c.logging.Lock()
	defer c.logging.Unlock()
	io.WriteString(c.Log, line+"\n")
}
