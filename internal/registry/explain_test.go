package registry_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// answer is a failure that lasts.
func answer(method, path string, status int, code, message string) *testkit.RegistryFailure {
	return &testkit.RegistryFailure{Method: method, Path: path, Status: status, Code: code, Message: message}
}

func TestPushRefused(t *testing.T) {
	for name, test := range map[string]struct {
		options []testkit.RegistryOption
		failure *testkit.RegistryFailure
		code    string
		told    string // the registry's own words
		hint    string // part of it
	}{
		"no login": {
			options: []testkit.RegistryOption{testkit.RegistryLogin("bot", "secret")},
			code:    "E_REGISTRY_AUTH", told: "authentication required", hint: "there are none for 127.0.0.1:",
		},
		"package not linked": {
			options: []testkit.RegistryOption{testkit.RegistryDenies("acme/")},
			code:    "E_PUSH_DENIED", told: "permission_denied: write_package", hint: "Manage Actions access",
		},
		"job without packages: write": {
			failure: answer("POST", "/blobs/", 403, "DENIED", "installation not allowed to Create organization package"),
			code:    "E_PUSH_DENIED", told: "installation not allowed", hint: "`permissions: packages: write`",
		},
		"expired ECR token, seen at HEAD first": {
			failure: answer("", "/v2/acme/", 403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."),
			code:    "E_PUSH_DENIED", told: "authorization token has expired", hint: "log in to ECR again",
		},
		"ECR policy": {
			failure: answer("POST", "/blobs/", 403, "DENIED", "User: arn:aws:iam::1:role/ci is not authorized to perform: ecr:InitiateLayerUpload on resource: x"),
			code:    "E_PUSH_DENIED", told: "InitiateLayerUpload", hint: "ecr:PutImage",
		},
		"Docker Hub token that may only read": {
			failure: answer("POST", "/blobs/", 401, "UNAUTHORIZED", "access token has insufficient scopes"),
			code:    "E_PUSH_DENIED", told: "insufficient scopes", hint: "scope Read & Write",
		},
		"refused without words": {
			failure: answer("POST", "/blobs/", 403, "", ""),
			code:    "E_PUSH_DENIED", told: "403 Forbidden", hint: "there are none for 127.0.0.1:",
		},
		"no such repository at ECR": {
			options: []testkit.RegistryOption{testkit.RegistryLacks("acme/")},
			code:    "E_REPOSITORY_MISSING", told: "does not exist in the registry", hint: "create the repository acme/web",
		},
		"too many requests": {
			failure: answer("HEAD", "/manifests/", 429, "", ""),
			code:    "E_REGISTRY_LIMIT", told: "429 Too Many Requests", hint: "run again",
		},
		"too many requests, in words": {
			failure: answer("", "/manifests/", 429, "TOOMANYREQUESTS", "You have reached your pull rate limit."),
			code:    "E_REGISTRY_LIMIT", told: "You have reached your pull rate limit.", hint: "run again",
		},
		"disk full": {
			failure: answer("PATCH", "", 507, "UNKNOWN", "no space left on device"),
			code:    "E_REGISTRY_FULL", told: "no space left", hint: "make room",
		},
		"a manifest it does not like": {
			failure: answer("PUT", "/manifests/", 400, "MANIFEST_INVALID", "config media type"),
			code:    "E_REGISTRY", told: "MANIFEST_INVALID: config media type",
		},
		"no registry at all": {
			failure: answer("GET", "/v2/", 404, "", ""),
			code:    "E_NO_REGISTRY", told: "404 Not Found", hint: "no registry",
		},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, test.options...)
			if test.failure != nil {
				reg.Fail(*test.failure)
			}
			client := newClient()
			_, err := client.Push(t.Context(), request(t, repository(t, reg.Host+"/acme/web")))
			check(t, err, test.code, test.told, test.hint)
			if n := reg.Count("PUT", "/manifests/"); n > 1 {
				t.Errorf("%d manifests were written after a refusal", n)
			}
		})
	}
}

// noCredentials knows nobody.
type noCredentials struct{}

func (noCredentials) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.Anonymous, nil
}

func TestWrongPassword(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryLogin("bot", "secret"))
	for name, test := range map[string]struct {
		password, code, hint string
	}{
		"right": {password: "secret"},
		"wrong": {password: "guess", code: "E_REGISTRY_AUTH", hint: `those of "bot" in the test's keychain were refused`},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Keychain = onePassword(test.password)
			_, err := client.Push(t.Context(), request(t, repository(t, reg.Host+"/acme/"+name)))
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			check(t, err, test.code, "authentication required", test.hint)
		})
	}
}

type onePassword string

func (p onePassword) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: "bot", Password: string(p)}), nil
}

func (onePassword) Source(string) string { return "the test's keychain" }

func TestBrokenDockerConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", home)
	if err := os.WriteFile(filepath.Join(home, "config.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := new(registry.Client).Resolve(t.Context(), image(t, "127.0.0.1:1/acme/web:main"))
	check(t, err, "E_REGISTRY_AUTH", "credentials", "repair docker's config.json")
}

// refuses is a network on which every request ends in the same error.
type refuses struct{ error }

func (r refuses) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.error }

func TestUnreachable(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		hint string
	}{
		"name":          {&net.DNSError{Err: "no such host", Name: "registry.example", IsNotFound: true}, "host name"},
		"port":          {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "nothing listens"},
		"route":         {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, "HTTPS_PROXY"},
		"reset":         {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "closed the connection"},
		"end":           {io.ErrUnexpectedEOF, "closed the connection"},
		"timeout":       {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "HTTPS_PROXY"},
		"plain http":    {errors.New("http: server gave HTTP response to HTTPS client"), "plain http"},
		"proxy":         {&net.OpError{Op: "proxyconnect", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "the proxy that HTTPS_PROXY names does not answer"},
		"alert":         {&net.OpError{Op: "remote error", Err: tls.AlertError(70)}, "ended the TLS handshake"},
		"unknown to us": {&tls.CertificateVerificationError{Err: errors.New("signed by unknown authority")}, "SSL_CERT_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Transport = refuses{test.err}
			_, err := client.Resolve(t.Context(), image(t, "registry.example/acme/web:main"))
			check(t, err, "E_REGISTRY_UNREACHABLE", test.err.Error(), test.hint)
		})
	}
}

func TestSelfSignedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs that its certificate is refused
	server.StartTLS()
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	_, err := newClient().Resolve(t.Context(), image(t, host+"/acme/web:main"))
	check(t, err, "E_REGISTRY_UNREACHABLE", "certificate signed by unknown authority", "SSL_CERT_FILE")
}

// At a loopback address plain http is tried after TLS has failed; what that is
// told is not what is wrong.
func TestPlainHTTPIsNoRemedy(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	client := newClient()
	client.Transport = server.Client().Transport
	_, err := client.Resolve(t.Context(), image(t, strings.TrimPrefix(server.URL, "https://")+"/acme/web:main"))
	check(t, err, "E_REGISTRY_UNREACHABLE", "HTTP request to an HTTPS server", "no handshake came about")
}

func TestNoName(t *testing.T) {
	_, err := newClient().Resolve(t.Context(), ref.Image{})
	check(t, err, "E_IMAGE_NAME", `image ""`, "name a repository")
}

// Hints depend on the registry's host, which a fake on loopback cannot have.
func TestDeniedHintsByHost(t *testing.T) {
	for name, hint := range map[string]string{
		"ghcr.io/acme/web": "`permissions: packages: write`",
		"acme/web":         "Docker Hub access token with the scope Read & Write as `dockerhub-token`, of an account that may write to acme/web",
		"111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/web": "ecr:PutImage",
		"registry.example/acme/web":                            "let this login write to registry.example/acme/web",
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Keychain = onePassword("secret")
			client.Transport = says{status: 403}
			_, err := client.Push(t.Context(), request(t, repository(t, name)))
			check(t, err, "E_PUSH_DENIED", "403 Forbidden", hint)
		})
	}
	t.Run("missing at ECR", func(t *testing.T) {
		client := newClient()
		client.Keychain = onePassword("secret")
		client.Transport = says{status: 404}
		name := "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web"
		_, err := client.Push(t.Context(), request(t, repository(t, name)))
		check(t, err, "E_REPOSITORY_MISSING", "404", "aws ecr create-repository --repository-name team/web")
	})
	t.Run("Docker Hub's limit for nobody", func(t *testing.T) {
		client := newClient()
		client.Transport = says{status: 429}
		_, err := client.Resolve(t.Context(), image(t, "nginx:1"))
		check(t, err, "E_REGISTRY_LIMIT", "429", "log in to Docker Hub")
	})
}

// Blobs may lie elsewhere. That host's answer to a HEAD is not asked for again by
// GET: it is not the registry, and its answer would be the blob.
func TestOnlyTheRegistryIsAskedForItsWords(t *testing.T) {
	client := newClient()
	network := &listens{RoundTripper: elsewhere{}}
	client.Transport = network
	_, err := client.Push(t.Context(), request(t, repository(t, "registry.example/acme/web")))
	check(t, err, "E_PUSH_DENIED", "storage.example", "")
	if !slices.ContainsFunc(network.asked, func(line string) bool { return strings.HasPrefix(line, "HEAD https://storage.example/") }) {
		t.Errorf("the storage was not asked: %v", network.asked)
	}
	for _, line := range network.asked {
		if strings.HasPrefix(line, "GET https://storage.example/") {
			t.Errorf("asked %s", line)
		}
	}
}

// elsewhere is a registry that holds no manifests and sends everybody who asks for
// a blob to another host, which refuses.
type elsewhere struct{}

func (elsewhere) RoundTrip(request *http.Request) (*http.Response, error) {
	header := http.Header{}
	status := http.StatusNotFound
	switch {
	case request.URL.Host == "storage.example":
		status = http.StatusForbidden
	case request.URL.Path == "/v2/":
		status = http.StatusOK
	case strings.Contains(request.URL.Path, "/blobs/"):
		status = http.StatusTemporaryRedirect
		header.Set("Location", "https://storage.example"+request.URL.Path)
	}
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: request}, nil
}

// says is a network on which a registry lets everybody in, asks no password, and
// then has one answer for everything.
type says struct{ status int }

func (s says) RoundTrip(request *http.Request) (*http.Response, error) {
	status := s.status
	if request.URL.Path == "/v2/" {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// moved is a registry that has addresses of its own for uploads and for blobs, and
// refuses whatever comes there.
type moved struct {
	to     string
	status int
}

func (m moved) RoundTrip(request *http.Request) (*http.Response, error) {
	if at := request.URL.Host + request.URL.Path; strings.Contains(at, "artifacts-") || strings.Contains(at, "amazonaws") {
		if request.Body != nil {
			io.Copy(io.Discard, request.Body)
		}
		return &http.Response{StatusCode: m.status, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case request.Method == http.MethodPost && response.StatusCode == http.StatusAccepted:
		response.Header.Set("Location", m.to)
	case request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/blobs/"):
		response.StatusCode = http.StatusTemporaryRedirect
		response.Header.Set("Location", m.to)
	}
	return response, nil
}

// Uploads and blobs have addresses of their own, at Google's registries without
// /blobs/: what is refused there is no login.
func TestRefusedAtAnotherAddress(t *testing.T) {
	const google, bucket = "/artifacts-uploads/namespaces/p/repositories/r/uploads/A", "https://bucket.s3.amazonaws.com/3f-uuid?X-Amz-Signature=x"
	for name, test := range map[string]struct {
		to         string
		status     int
		push, pull string
	}{
		"Google, denied":   {google, 403, "E_PUSH_DENIED", "E_PULL_DENIED"},
		"Google, lost":     {google, 404, "E_REPOSITORY_MISSING", "E_IMAGE_MISSING"},
		"a bucket, denied": {bucket, 403, "E_PUSH_DENIED", "E_PULL_DENIED"},
		"a bucket, lost":   {bucket, 404, "E_REPOSITORY_MISSING", "E_IMAGE_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			client := newClient()
			client.Transport = moved{test.to, test.status}
			_, err := client.Push(t.Context(), oneBlob(t, reg))
			check(t, err, test.push, reg.Host+"/acme/web", "")
			reg.Put("acme/web", "v1", randomImage(t, 10, 1))
			_, err = client.File(t.Context(), image(t, reg.Host+"/acme/web:v1"), "/etc/hosts")
			check(t, err, test.pull, reg.Host+"/acme/web", "")
		})
	}
}
