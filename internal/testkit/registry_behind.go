package testkit

import (
	"net/http/httputil"
	"net/url"

	"github.com/google/go-containerregistry/pkg/registry"
)

// RegistryBehind keeps everything in a real registry at a URL, whose user and
// password, if it has any, are used for all. The manners are those of the options;
// what they leave alone is answered by the real one.
func RegistryBehind(address string) RegistryOption {
	return func(r *Registry) {
		backend, err := url.Parse(address)
		if err != nil {
			r.t.Fatal(err)
		}
		user := backend.User
		backend.User = nil
		r.real, r.blobs = true, nil
		r.store = &httputil.ReverseProxy{ErrorLog: silent(), Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(backend)
			p.Out.Host = p.In.Host // in which the registry gives addresses
			p.SetXForwarded()
			p.Out.Header.Del("Authorization")
			if password, ok := user.Password(); ok {
				p.Out.SetBasicAuth(user.Username(), password)
			}
		}}
	}
}

// RegistryOnDisk keeps blobs in a folder, where they need no memory once they have
// arrived. All repositories see them.
func RegistryOnDisk(dir string) RegistryOption {
	return func(r *Registry) {
		r.blobs = nil
		r.store = registry.New(registry.Logger(silent()), registry.WithReferrersSupport(true),
			registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)))
	}
}
