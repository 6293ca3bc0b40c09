package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// ecrPublic is a registry in front of another, whose token service is ECR Public's:
// a token that has ended is answered with 400, and no challenge.
type ecrPublic struct {
	http.RoundTripper
	ends int // the token does, at the nth request

	mu    sync.Mutex
	asked int
	now   int
}

func (e *ecrPublic) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" {
		return plainly{e.RoundTripper}.RoundTrip(request)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	token, given := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	switch {
	case request.URL.Path == "/token":
		return stub(request, 200, fmt.Sprintf(`{"token":"%d"}`, e.now)), nil
	case !given:
		answer := stub(request, 401, "")
		answer.Header.Set("Www-Authenticate", `Bearer realm="http://`+request.URL.Host+`/token",service="public.ecr.aws",scope="aws"`)
		return answer, nil
	}
	if e.asked++; e.asked == e.ends {
		e.now++
	}
	if token != fmt.Sprint(e.now) {
		return declines(request, 400, `{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`), nil
	}
	inside := request.Clone(request.Context())
	inside.Header.Del("Authorization")
	return e.RoundTripper.RoundTrip(inside)
}

func TestATokenOfECRPublicEndsAtAnyRequest(t *testing.T) {
	for n := 1; ; n++ {
		reg := testkit.NewRegistry(t)
		network := &ecrPublic{RoundTripper: remote.DefaultTransport, ends: n}
		client := newClient()
		client.Keychain, client.Transport = &renewing{}, network
		r := request(t, repository(t, reg.Host+"/acme/web"))
		if _, err := client.Push(t.Context(), r); err != nil || reg.Digest("acme/web", "v0.0.7") != string(r.Digest) {
			t.Errorf("at request %d: %v", n, err)
		}
		if network.asked < n {
			if n < 10 {
				t.Errorf("a push took %d requests only", network.asked)
			}
			break
		}
	}
}

// broke is a keychain that has one login, and none after that.
type broke struct {
	mu    sync.Mutex
	given int
}

func (b *broke) Resolve(authn.Resource) (authn.Authenticator, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.given++; b.given > 1 {
		return nil, fault.Newf("E_AWS_AUTH", "correct the role's trust policy", "AccessDenied: not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	return &authn.Basic{Username: "AWS", Password: "0"}, nil
}

func (*broke) Expired(string) {}

// Why there is no other login is what has to be repaired.
func TestARenewalThatFailsIsTold(t *testing.T) {
	denied := testkit.RegistryFailure{Method: "PUT", Path: "/manifests/", Status: 403, Code: "DENIED", Message: "denied"}
	for name, test := range map[string]struct {
		changes int
		failure *testkit.RegistryFailure
		told    string
	}{
		"expired, a question":    {changes: 1, told: "AccessDenied: not authorized"},
		"expired, a blob":        {changes: 5, told: "AccessDenied: not authorized"},
		"expired, its end":       {changes: 6, told: "AccessDenied: not authorized"},
		"denied all of a sudden": {failure: &denied, told: "DENIED: denied; there is no other login: "},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			if test.failure != nil {
				reg.Fail(*test.failure)
			}
			client := newClient()
			client.Keychain, client.Transport = &broke{}, &ecr{RoundTripper: remote.DefaultTransport, changes: test.changes}
			_, err := client.Push(t.Context(), oneBlob(t, reg))
			if !fault.Is(err, "E_AWS_AUTH") || !strings.Contains(err.Error(), test.told) || strings.Contains(err.Error(), "?") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Moods of a registry leave the right to renew a login that has really ended.
func TestRenewalsAreCountedByTheirReason(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "main", randomImage(t, 100, 1))
	web := image(t, reg.Host+"/acme/web:main")
	network := &ecr{RoundTripper: remote.DefaultTransport}
	client := newClient()
	client.Keychain, client.Transport = &renewing{}, network
	for question := range 7 {
		if question > 0 {
			reg.Fail(testkit.RegistryFailure{Method: "HEAD", Path: "/manifests/main", Times: 1, Status: 403})
		}
		if _, err := client.Resolve(t.Context(), web); question <= 5 && err != nil {
			t.Fatalf("question %d: %v", question, err)
		}
		reg.Heal()
	}
	network.mu.Lock()
	network.now++ // the password
	network.mu.Unlock()
	if _, err := client.Resolve(t.Context(), web); err != nil {
		t.Error(err)
	}
}

// slow is a keychain whose second login is long in coming.
type slow struct {
	renewing
	begun, come chan struct{}
}

func (s *slow) Resolve(r authn.Resource) (authn.Authenticator, error) {
	s.mu.Lock()
	again := len(s.expired) > 0
	s.mu.Unlock()
	if again {
		close(s.begun)
		<-s.come
	}
	return s.renewing.Resolve(r)
}

// Who waits for another's login can give up.
func TestALoginKeepsNobodyWaiting(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "main", randomImage(t, 100, 1))
	web := image(t, reg.Host+"/acme/web:main")
	keychain := &slow{begun: make(chan struct{}), come: make(chan struct{})}
	network := &ecr{RoundTripper: remote.DefaultTransport, changes: 2}
	client := newClient()
	client.Keychain = keychain
	ctx, cancel := context.WithCancel(t.Context())
	client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
		response, err := network.RoundTrip(request)
		if err == nil && response.StatusCode == 403 && request.Context().Value(secondKey{}) != nil {
			cancel() // refused, as the first was
		}
		return response, err
	})
	if _, err := client.Resolve(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := client.Resolve(t.Context(), web)
		first <- err
	}()
	<-keychain.begun
	go func() {
		_, err := client.Resolve(context.WithValue(ctx, secondKey{}, true), web)
		second <- err
	}()
	if err := <-second; err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("who has given up got %v", err)
	}
	close(keychain.come)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

type secondKey struct{}

// Some registries lock out who sends a wrong password too often.
func TestAWrongPasswordIsSentOnce(t *testing.T) {
	_, reg, client := atHub(testkit.DockerHub{User: "acme", Password: "another"}).open(t)
	r := request(t, repository(t, "acme/web"), repository(t, "acme/copy"))
	if _, err := client.Push(t.Context(), r); !fault.Is(err, "E_REGISTRY_AUTH") {
		t.Fatal(err)
	}
	if n := reg.Count("GET", "/token"); n != 2 {
		t.Errorf("the password was sent %d times for 2 repositories\n%s", n, strings.Join(reg.Requests(), "\n"))
	}
}

// An answer of a token service that has no token may have something else to hide.
func TestATokenServiceIsNotQuoted(t *testing.T) {
	for name, good := range map[string]int{"at the greeting": 0, "in a push": 1} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryTokens(3))
			client := newClient()
			var mu sync.Mutex
			given := 0
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				if request.URL.Path != "/token" {
					return remote.DefaultTransport.RoundTrip(request)
				}
				mu.Lock()
				defer mu.Unlock()
				if given++; given > good {
					return stub(request, 200, `{"refresh_token":"`+s3cret+`"}`), nil
				}
				return remote.DefaultTransport.RoundTrip(request)
			})
			_, err := client.Push(t.Context(), oneBlob(t, reg))
			check(t, err, "E_REGISTRY", "no token in bearer response", "the token service answers without a token")
			if strings.Contains(err.Error(), s3cret) {
				t.Errorf("told %v", err)
			}
		})
	}
}
