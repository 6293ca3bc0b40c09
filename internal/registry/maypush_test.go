package registry_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestMayPush(t *testing.T) {
	for name, test := range map[string]struct {
		options []testkit.RegistryOption
		failure *testkit.RegistryFailure
		code    string
		asked   []string
	}{
		"it may":           {asked: []string{"GET /v2/", "POST /v2/acme/web/blobs/uploads/", "DELETE "}},
		"with a token":     {options: []testkit.RegistryOption{testkit.RegistryTokens(99)}, asked: []string{"GET /v2/", "GET /token", "POST /v2/acme/web/blobs/uploads/", "DELETE "}},
		"it may not":       {options: []testkit.RegistryOption{testkit.RegistryDenies("acme/")}, code: "E_PUSH_DENIED"},
		"no repository":    {options: []testkit.RegistryOption{testkit.RegistryLacks("acme/")}, code: "E_REPOSITORY_MISSING"},
		"no login":         {options: []testkit.RegistryOption{testkit.RegistryLogin("a", "b")}, code: "E_REGISTRY_AUTH"},
		"cannot be undone": {failure: &testkit.RegistryFailure{Method: "DELETE", Status: 500}},
		"on a bad day":     {failure: &testkit.RegistryFailure{Method: "POST", Status: 503, Times: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, test.options...)
			if test.failure != nil {
				reg.Fail(*test.failure)
			}
			client := newClient()
			err := client.MayPush(t.Context(), repository(t, reg.Host+"/acme/web"))
			if test.code != "" {
				check(t, err, test.code, reg.Host+"/acme/web", "")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			asked := reg.Requests()
			for i, want := range test.asked {
				if len(asked) != len(test.asked) || !strings.HasPrefix(asked[i], want) {
					t.Fatalf("asked %q, want %q", asked, test.asked)
				}
			}
			reg.Forget()
			if _, err := client.Push(t.Context(), oneBlob(t, reg)); err != nil {
				t.Fatal(err)
			}
			if n := reg.Count("GET", ""); n != 0 {
				t.Errorf("the push took %d greetings of its own", n)
			}
		})
	}
}

// An upload may be meant to go elsewhere, which is told nothing of this.
func TestMayPushTellsNobodyElse(t *testing.T) {
	reg := testkit.NewRegistry(t)
	network := &listens{RoundTripper: toABucket{remote.DefaultTransport}}
	client := newClient()
	client.Transport = network
	if err := client.MayPush(t.Context(), repository(t, reg.Host+"/acme/web")); err != nil {
		t.Fatal(err)
	}
	for _, one := range network.asked {
		if strings.Contains(one, "bucket.example") {
			t.Errorf("asked %s", one)
		}
	}
}

type toABucket struct{ http.RoundTripper }

func (e toABucket) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := e.RoundTripper.RoundTrip(request)
	if err == nil && request.Method == http.MethodPost {
		response.Header.Set("Location", "https://bucket.example/upload/1")
	}
	return response, err
}
