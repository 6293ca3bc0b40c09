package attest

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
)

// Instance is a deployment of sigstore whose root is kept up to date by TUF
// (https://theupdateframework.io).
type Instance struct {
	Organization string // in the names of those who issue its certificates
	Mirror       string // URL of its TUF repository
	Anchor       []byte // a root.json that is trusted from the beginning
	Target       string // the name of the trusted root in it
}

const rootTarget = "trusted_root.json"

// gitHubAnchor is the root.json that gh 2.83.2 carries: version 3 of
// https://tuf-repo.github.com. Later ones are signed by its keys.
//
//go:embed tuf-repo.github.com.json
var gitHubAnchor []byte

// PublicGood is the instance that anybody can use; public repositories are attested
// by it.
func PublicGood() Instance {
	return Instance{Organization: publicGoodOrganization, Mirror: tuf.DefaultMirror, Anchor: tuf.DefaultRoot(), Target: rootTarget}
}

// GitHub is the instance that attests private repositories. A ghe.com host has a
// trust domain of its own in it.
func GitHub(trustDomain string) Instance {
	target := rootTarget
	if trustDomain != "" {
		target = trustDomain + "." + rootTarget
	}
	return Instance{Organization: gitHubOrganization, Mirror: "https://tuf-repo.github.com", Anchor: gitHubAnchor, Target: target}
}

func (r *Roots) instances() []Instance {
	if r.Instances != nil {
		return r.Instances
	}
	return []Instance{PublicGood(), GitHub(r.TrustDomain)}
}

// fetch is the newest root of an instance. One that is kept is good for a day.
func (r *Roots) fetch(ctx context.Context, from Instance) (*root.TrustedRoot, error) {
	reads := client(r.Transport, r.Sleep)
	through := fetcher.NewDefaultFetcher()
	through.SetHTTPUserAgent("tagboat")
	through.SetHTTPClient(sender(func(req *http.Request) (*http.Response, error) { return reads.Do(req.WithContext(ctx)) }))
	repository, err := tuf.New(&tuf.Options{
		Root: from.Anchor, RepositoryBaseURL: from.Mirror, Fetcher: through,
		CachePath: r.Cache, DisableLocalCache: r.Cache == "", CacheValidity: 1,
	})
	if err != nil {
		return nil, err
	}
	data, err := repository.GetTarget(from.Target)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedRootFromJSON(data)
}

// sender is the http.Client of the TUF client, which knows no context.
type sender func(*http.Request) (*http.Response, error)

// Do sends a request.
func (s sender) Do(req *http.Request) (*http.Response, error) { return s(req) }
