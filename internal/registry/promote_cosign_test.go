package registry_test

import (
	"net/http"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// signatures is what cosign 1 and 2 keep under one tag: a layer for each. They all
// sign one text, so that all layers have one digest; the signature is an annotation.
func signatures(t *testing.T, by ...string) v1.Image {
	t.Helper()
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for _, one := range by {
		var err error
		if img, err = mutate.Append(img, mutate.Addendum{
			Layer: static.NewLayer([]byte(`{"critical":{"image":{"docker-manifest-digest":"sha256:1"},"type":"cosign container image signature"},"optional":null}`),
				"application/vnd.dev.cosign.simplesigning.v1+json"),
			Annotations: map[string]string{"dev.cosignproject.cosign/signature": one, "dev.sigstore.cosign/certificate": "of " + one},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// signedByCosign is an image, and the tag with the signatures of some in two registries.
func signedByCosign(t *testing.T, from, to *testkit.Registry, ours, theirs []string) (tag string) {
	t.Helper()
	img := randomImage(t, 100, 1)
	tag = "sha256-" + string(digestOf(t, img))[len("sha256:"):] + ".sig"
	from.Put("acme/web", "main", img)
	from.Put("acme/web", tag, signatures(t, ours...))
	if len(theirs) > 0 {
		to.Put("team/web", tag, signatures(t, theirs...))
	}
	return tag
}

// What cosign adds to its tag is never lost in the target, and never left behind.
func TestPromoteAndTheSignaturesOfTheTarget(t *testing.T) {
	for name, test := range map[string]struct {
		ours, theirs, want []string
		code               string
	}{
		"none there":          {ours: []string{"ann"}, want: []string{"ann"}},
		"one more here":       {ours: []string{"ann", "bob"}, theirs: []string{"ann"}, want: []string{"ann", "bob"}},
		"one more there":      {ours: []string{"ann"}, theirs: []string{"ann", "bob"}, want: []string{"ann", "bob"}},
		"in another order":    {ours: []string{"ann", "bob"}, theirs: []string{"bob", "ann"}, want: []string{"bob", "ann"}},
		"another one at each": {ours: []string{"ann"}, theirs: []string{"bob"}, want: []string{"bob"}, code: "E_SIGNATURES_DIFFER"},
		"one more at each":    {ours: []string{"ann", "bob"}, theirs: []string{"ann", "eve"}, want: []string{"ann", "eve"}, code: "E_SIGNATURES_DIFFER"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, false), withAPI(t, false)
			tag := signedByCosign(t, from, to, test.ours, test.theirs)
			_, err := newClient().Promote(t.Context(), asVersion(t, from, to))
			if test.code != "" {
				check(t, err, test.code, to.Host+"/team/web:"+tag, "remove this tag")
				if to.Digest("team/web", "v1.0.0") != "" {
					t.Error("the version was set all the same")
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got, want := to.Digest("team/web", tag), string(digestOf(t, signatures(t, test.want...))); got != want {
				t.Errorf("%s is %s, want %s", tag, got, want)
			}
		})
	}
}

// Somebody signs in the target while the promotion runs: after the tag was first
// looked at, or over what the promotion has just written.
func TestPromoteWhileSomebodySigns(t *testing.T) {
	for name, test := range map[string]struct {
		method     string
		ours, adds []string
		want       []string
		code       string
	}{
		"another one, before it is written":    {http.MethodHead, []string{"ann"}, []string{"bob"}, []string{"bob"}, "E_SIGNATURES_DIFFER"},
		"another one, over it":                 {http.MethodPut, []string{"ann"}, []string{"bob"}, []string{"bob"}, "E_SIGNATURES_DIFFER"},
		"one more, before it is written":       {http.MethodHead, []string{"ann"}, []string{"ann", "bob"}, []string{"ann", "bob"}, ""},
		"one more, over it":                    {http.MethodPut, []string{"ann"}, []string{"ann", "bob"}, []string{"ann", "bob"}, ""},
		"one less, over it: written once more": {http.MethodPut, []string{"ann", "bob"}, []string{"ann"}, []string{"ann", "bob"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, false), withAPI(t, false)
			tag := signedByCosign(t, from, to, test.ours, nil)
			client := newClient()
			client.Transport = after{remote.DefaultTransport, test.method, "/team/web/manifests/" + tag, sync.OnceFunc(func() {
				to.Put("team/web", tag, signatures(t, test.adds...))
			})}
			_, err := client.Promote(t.Context(), asVersion(t, from, to))
			if test.code != "" {
				check(t, err, test.code, tag, "nothing is overwritten")
			} else if err != nil {
				t.Fatal(err)
			}
			if got, want := to.Digest("team/web", tag), string(digestOf(t, signatures(t, test.want...))); got != want {
				t.Errorf("%s is %s, want %s", tag, got, want)
			}
		})
	}
}

// A tag that was written once and may not move takes no second signature.
func TestPromoteASecondSignatureWhereTagsDoNotMove(t *testing.T) {
	for name, test := range map[string]struct {
		at   host
		hint string
	}{
		"ECR":           {atECR(testkit.ECR{Immutable: true}), "--repository-name prod --image-tag-mutability IMMUTABLE_WITH_EXCLUSION"},
		"ECR, excluded": {atECR(testkit.ECR{Immutable: true, Mutable: []string{"sha256-*"}}), ""},
		"another":       {at(testkit.RegistryImmutable()), "leave sha256-* out"},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg, client := test.at.open(t)
			from := image(t, test.at.image+":main")
			path := from.Repository.Path()
			img := randomImage(t, 100, 1)
			tag := "sha256-" + string(digestOf(t, img))[len("sha256:"):] + ".sig"
			reg.Put(path, "main", img)
			reg.Put(path, tag, signatures(t, "ann", "bob"))
			reg.Put("prod", tag, signatures(t, "ann"))
			_, err := client.Promote(t.Context(), registry.PromoteRequest{From: from, Repositories: []ref.Repository{repository(t, from.Repository.Domain()+"/prod")}})
			if test.hint == "" {
				if want := string(digestOf(t, signatures(t, "ann", "bob"))); err != nil || reg.Digest("prod", tag) != want {
					t.Errorf("%s is %s, want %s: %v", tag, reg.Digest("prod", tag), want, err)
				}
				return
			}
			check(t, err, "E_TAG_TAKEN", tag, test.hint)
		})
	}
}
