package registry_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
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

// A push to several repositories reads one to write to the other, for which the
// preflight has asked as well.
func TestMayPushGreetsForThePush(t *testing.T) {
	_, reg, client := atGHCR(testkit.GHCR{Password: s3cret}).open(t)
	var all []ref.Repository
	for _, name := range []string{"web", "copy", "team/web", "team/copy", "a", "b"} {
		all = append(all, repository(t, "ghcr.io/acme/"+name))
	}
	for _, one := range all {
		if err := client.MayPush(t.Context(), one, all...); err != nil {
			t.Fatal(err)
		}
	}
	reg.Forget()
	if _, err := client.Push(t.Context(), request(t, all...)); err != nil {
		t.Fatal(err)
	}
	for _, line := range reg.Requests() {
		if line == "GET /v2/" || line == "GET /token" {
			t.Errorf("the push asked %s of its own", line)
		}
	}
	if n := reg.Count("PATCH", ""); n != 4 {
		t.Errorf("sent %d blobs of 4", n)
	}
}

// What GHCR denies since it does not exist yet is no mood of the registry, also if
// that has let us begin an upload before.
func TestFirstPushAfterPreflightWaitsForNothing(t *testing.T) {
	_, reg, client := atGHCR(testkit.GHCR{Password: s3cret}).open(t)
	s := &sleeper{}
	client.Sleep = s.sleep
	client.Retry = remote.Backoff{Steps: 3, Duration: time.Second, Factor: 3}
	web := repository(t, "ghcr.io/acme/team/web")
	if err := client.MayPush(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	reg.Forget()
	if _, err := client.Push(t.Context(), request(t, web)); err != nil {
		t.Fatal(err)
	}
	if n := reg.Count("GET", "/token"); len(s.slept) != 0 || n != 0 {
		t.Errorf("slept %v, took %d tokens", s.slept, n)
	}
}

// A registry may send uploads to another address, though not to one of our network.
func TestMayPushIsRedirected(t *testing.T) {
	for name, test := range map[string]struct{ to, told string }{
		"to another address of its own": {to: "/v2/acme/web/blobs/uploads/?here=1"},
		"to our own network":            {to: "http://10.0.0.7/v2/acme/web/blobs/uploads/?here=1", told: `to the private address "10.0.0.7"`},
		"to the clouds' metadata":       {to: "http://169.254.169.254/latest", told: "the private address"},
		"in a circle":                   {to: "/v2/acme/web/blobs/uploads/", told: "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			client := newClient()
			client.Transport = plainly{roundTrip(func(request *http.Request) (*http.Response, error) {
				if request.URL.Host != reg.Host {
					t.Errorf("asked %s", request.URL)
				}
				if request.Method == http.MethodPost && !request.URL.Query().Has("here") {
					answer := stub(request, http.StatusTemporaryRedirect, "")
					answer.Header.Set("Location", test.to)
					return answer, nil
				}
				return remote.DefaultTransport.RoundTrip(request)
			})}
			err := client.MayPush(t.Context(), repository(t, reg.Host+"/acme/web"))
			_, pushed := client.Push(t.Context(), oneBlob(t, reg))
			if test.told == "" && (err != nil || pushed != nil) || test.told != "" && (err == nil || pushed == nil || !strings.Contains(err.Error(), test.told)) {
				t.Errorf("got %v, and the push %v", err, pushed)
			}
		})
	}
}
