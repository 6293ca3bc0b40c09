package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// A token ends at any request of a push, in the middle of a blob, too: what is
// sent again is sent whole.
func TestATokenEndsAtAnyRequest(t *testing.T) {
	img := randomImage(t, 300<<10, 1)
	dir, digest := onDisk(t, img)
	for uses := 3; uses < 20; uses++ { // several blobs are sent at once, and each may need a token
		t.Run(fmt.Sprint(uses), func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryTokens(uses))
			r := registry.PushRequest{
				Layout: dir, Digest: digest, Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
				Tags: []registry.Tag{{Name: "v0.0.7", Rule: registry.Fixed}, {Name: "main"}},
			}
			pushed, err := newClient().Push(t.Context(), r)
			if err != nil || len(pushed) != 2 || reg.Digest("acme/web", "main") != string(digest) {
				t.Fatalf("pushed %v, %v", short(pushed), err)
			}
		})
	}
}

// unauthorized refuses the nth request that carries a blob as a token service's
// registry does, when it has read all of it.
type unauthorized struct {
	http.RoundTripper
	mu   sync.Mutex
	left int
	sent []int // bytes of each
	host string
}

func (u *unauthorized) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPatch {
		return u.RoundTripper.RoundTrip(request)
	}
	data, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	u.sent = append(u.sent, len(data))
	u.left--
	refuse := u.left >= 0
	u.mu.Unlock()
	if refuse {
		header := http.Header{"Www-Authenticate": {`Bearer realm="http://` + u.host + `/token",service="testkit"`}}
		return &http.Response{StatusCode: 401, Header: header, Body: http.NoBody, Request: request}, nil
	}
	request.Body = io.NopCloser(bytes.NewReader(data))
	return u.RoundTripper.RoundTrip(request)
}

func TestABlobIsSentWholeWithAFreshToken(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryTokens(1000))
	r := oneBlob(t, reg)
	client := newClient()
	network := &unauthorized{RoundTripper: remote.DefaultTransport, left: 1, host: reg.Host}
	client.Transport = network
	if _, err := client.Push(t.Context(), r); err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
		t.Fatalf("the tag is %q, %v", reg.Digest("acme/web", "main"), err)
	}
	if len(network.sent) != 2 || network.sent[0] != network.sent[1] || network.sent[0] == 0 {
		t.Errorf("sent %v bytes, want twice the same", network.sent)
	}
	if n := reg.Count("GET", "/token"); n != 2 {
		t.Errorf("asked for %d tokens, want 2", n)
	}
}

// Registries and the proxies before them refuse what they have taken before, once
// in a while.
func TestRefusedAllOfASudden(t *testing.T) {
	denied := func(method, path string, skip, times int) testkit.RegistryFailure {
		return testkit.RegistryFailure{Method: method, Path: path, Skip: skip, Times: times, Status: 403, Code: "DENIED", Message: "denied"}
	}
	known := denied("PUT", "/manifests/main", 0, 1)
	known.Message = "permission_denied: write_package"
	for name, test := range map[string]struct {
		failure testkit.RegistryFailure
		code    string
		tries   int // of what is refused; 0 is not counted
	}{
		"a manifest, once":               {failure: denied("PUT", "/manifests/main", 0, 1), tries: 2},
		"a manifest, twice":              {failure: denied("PUT", "/manifests/main", 0, 2), tries: 3},
		"a manifest, always":             {failure: denied("PUT", "/manifests/main", 0, 0), code: "E_PUSH_DENIED", tries: 3},
		"a blob's end, once":             {failure: denied("PUT", "/blobs/", 0, 1), tries: 0},
		"a blob, twice":                  {failure: denied("PATCH", "", 0, 2), tries: 0},
		"a blob, always":                 {failure: denied("PATCH", "", 0, 0), code: "E_PUSH_DENIED"},
		"a question, once":               {failure: denied("HEAD", "/manifests/main", 1, 1), tries: 3},
		"what is known to stay":          {failure: known, code: "E_PUSH_DENIED", tries: 1},
		"the first write is final":       {failure: denied("POST", "", 0, 1), code: "E_PUSH_DENIED", tries: 1},
		"499 passes whenever it comes":   {failure: testkit.RegistryFailure{Method: "POST", Times: 1, Status: 499}, tries: 2},
		"401 after a token is a hiccup":  {failure: testkit.RegistryFailure{Method: "PUT", Path: "/manifests/main", Times: 1, Status: 401, Code: "UNAUTHORIZED", Message: "authentication required"}, tries: 2},
		"the first question is no write": {failure: denied("HEAD", "/manifests/main", 0, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryTokens(1000))
			reg.Fail(test.failure)
			r := oneBlob(t, reg)
			var log strings.Builder
			client, _ := patientClient(&log)
			_, err := client.Push(t.Context(), r)
			if test.code != "" {
				if !fault.Is(err, test.code) {
					t.Errorf("got %v, want %s", err, test.code)
				}
			} else if err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
				t.Errorf("the tag is %q, %v", reg.Digest("acme/web", "main"), err)
			}
			if n := reg.Count(test.failure.Method, test.failure.Path); test.tries > 0 && n != test.tries {
				t.Errorf("tried %d times, want %d\n%s", n, test.tries, strings.Join(reg.Requests(), "\n"))
			}
			if test.tries > 1 && test.failure.Status != 499 && reg.Count("GET", "/token") != test.tries-test.failure.Skip {
				t.Errorf("%d tokens, want a fresh one each time", reg.Count("GET", "/token"))
			}
		})
	}
}

// renewing is a keychain whose password is that of today.
type renewing struct {
	mu       sync.Mutex
	password int
	expired  []string // hosts
	stale    bool     // it has no better one
}

func (k *renewing) Resolve(authn.Resource) (authn.Authenticator, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &authn.Basic{Username: "AWS", Password: fmt.Sprint(k.password)}, nil
}

func (k *renewing) Expired(host string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expired = append(k.expired, host)
	if !k.stale {
		k.password++
	}
}

// ecr is a registry in front of another, whose password changes at the nth request.
type ecr struct {
	http.RoundTripper
	mu      sync.Mutex
	changes int
	asked   int
	now     int
}

func (e *ecr) RoundTrip(request *http.Request) (*http.Response, error) {
	_, password, given := request.BasicAuth()
	e.mu.Lock()
	if given {
		if e.asked++; e.asked == e.changes {
			e.now++
		}
	}
	right := password == fmt.Sprint(e.now)
	e.mu.Unlock()
	answer := &http.Response{Header: http.Header{}, Body: http.NoBody, Request: request}
	switch {
	case !given && request.URL.Scheme == "https":
		return nil, io.ErrClosedPipe
	case !given:
		answer.StatusCode = 401
		answer.Header.Set("Www-Authenticate", `Basic realm="https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"`)
		return answer, nil
	case right:
		inside := request.Clone(request.Context())
		inside.Header.Del("Authorization")
		return e.RoundTripper.RoundTrip(inside)
	}
	answer.StatusCode = 403
	if request.Method != http.MethodHead {
		answer.Body = io.NopCloser(strings.NewReader(`{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`))
	}
	return answer, nil
}

// The password of ECR ends in the middle of a push. Who has given it can be asked
// for another one.
func TestAnECRLoginEndsAtAnyRequest(t *testing.T) {
	for n := 1; ; n++ {
		reg := testkit.NewRegistry(t)
		r := oneBlob(t, reg)
		keychain := &renewing{}
		network := &ecr{RoundTripper: remote.DefaultTransport, changes: n}
		client := newClient()
		client.Keychain, client.Transport = keychain, network
		if _, err := client.Push(t.Context(), r); err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
			t.Fatalf("at request %d: the tag is %q, %v", n, reg.Digest("acme/web", "main"), err)
		}
		if network.asked < n {
			if n < 10 {
				t.Errorf("a push took %d requests only", network.asked)
			}
			break
		}
		if len(keychain.expired) == 0 || keychain.expired[0] != reg.Host {
			t.Errorf("at request %d: the keychain was told of %v", n, keychain.expired)
		}
	}
}

// A keychain that has nothing better, or cannot be told, makes it final.
func TestAnExpiredLoginStaysSo(t *testing.T) {
	stale := &renewing{stale: true}
	for name, keychain := range map[string]authn.Keychain{"no better one": stale, "cannot be told": deaf{stale}} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			client := newClient()
			client.Keychain, client.Transport = keychain, &ecr{RoundTripper: remote.DefaultTransport, changes: 4}
			_, err := client.Push(t.Context(), oneBlob(t, reg))
			check(t, err, "E_PUSH_DENIED", "token has expired", "log in to ECR again")
		})
	}
	if n := len(stale.expired); n == 0 || n > 4 {
		t.Errorf("the keychain was told %d times", n)
	}
}

type deaf struct{ keychain *renewing }

func (d deaf) Resolve(r authn.Resource) (authn.Authenticator, error) { return d.keychain.Resolve(r) }
