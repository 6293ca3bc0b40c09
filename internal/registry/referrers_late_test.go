package registry_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// A list of tags lags behind a signature that was made a moment ago: what is attached
// to the image itself is asked for, and comes along all the same.
func TestPromoteAfterASignatureThatNoListHasYet(t *testing.T) {
	for _, api := range []bool{true, false} {
		t.Run(withAndWithout[api], func(t *testing.T) {
			from, to := withAPI(t, api), withAPI(t, true)
			img := randomImage(t, 100, 1)
			from.Put("acme/web", "main", img)
			signed := &signedImage{reg: from, path: "acme/web"}
			signed.push(t, "", artifact(t, img, "application/vnd.example.signature"))
			for _, kind := range []string{".sig", ".att", ".sbom"} {
				signed.cosign(t, img, kind, randomImage(t, 50, 1))
			}
			from.Fail(testkit.RegistryFailure{Method: "GET", Path: "/tags/list", Status: 200, Body: `{"name":"acme/web","tags":["main"]}`})
			if _, err := newClient().Promote(t.Context(), asVersion(t, from, to)); err != nil {
				t.Fatal(err)
			}
			from.Heal()
			signed.wholeAt(t, to, "team/web")
		})
	}
}
