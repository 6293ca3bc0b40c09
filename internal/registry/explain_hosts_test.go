package registry_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// s3cret is the password of everybody in these tests.
const s3cret = "s3cret-of-one-registry"

// host is a registry under its real name.
type host struct {
	image   string // in it
	serves  []string
	options []testkit.RegistryOption
	user    string // "" is nobody
	failure *testkit.RegistryFailure
	as      world.Certificate
}

var (
	ecrName = "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"
	hubs    = []string{"index.docker.io", "auth.docker.io"}
	right   = func(password string) (ok, expired bool) { return password == s3cret, false }
	expired = func(string) (ok, expired bool) { return false, true }
)

func atGHCR(g testkit.GHCR) host {
	return host{image: "ghcr.io/acme/team/web", user: "octocat", options: []testkit.RegistryOption{testkit.RegistryGHCR(g)}}
}

func atHub(h testkit.DockerHub) host {
	return host{image: "acme/web", serves: hubs, user: "acme", options: []testkit.RegistryOption{testkit.RegistryDockerHub(h)}}
}

func atECR(e testkit.ECR) host {
	return host{image: ecrName + "/web", user: "AWS", options: []testkit.RegistryOption{testkit.RegistryECR(e)}}
}

func at(options ...testkit.RegistryOption) host {
	return host{image: "registry.example/acme/web", options: options}
}

func (h host) fails(f testkit.RegistryFailure) host {
	h.failure = &f
	return h
}

func (h host) shows(c world.Certificate) host {
	h.as = c
	return h
}

func (h host) with(o testkit.RegistryOption) host {
	h.options = append(h.options, o)
	return h
}

func (h host) by(user string) host {
	h.user = user
	return h
}

func (h host) nobody() host { return h.by("") }

// open puts the registry into a world, and makes a client that has one login, for
// this registry. Whoever else is told the password fails the test.
func (h host) open(t *testing.T) (*world.World, *testkit.Registry, *registry.Client) {
	t.Helper()
	w, reg := world.New(t), testkit.NewRegistry(t, h.options...)
	if h.failure != nil {
		reg.Fail(*h.failure)
	}
	repo := repository(t, h.image)
	if len(h.serves) == 0 {
		h.serves = []string{repo.Domain()}
	}
	for _, name := range h.serves {
		w.HandleAs(name, h.as, reg)
	}
	w.Handle("storage.example", reg.Storage())
	w.Secret(s3cret, h.serves...)
	client := &registry.Client{
		Retry: atOnce, Transport: w.Transport(), Keychain: oneLogin{h.serves[0], h.user},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return w, reg, client
}

// oneLogin is a keychain with a login for one host.
type oneLogin struct{ host, user string }

func (o oneLogin) Resolve(at authn.Resource) (authn.Authenticator, error) {
	if o.user == "" || at.RegistryStr() != o.host {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: o.user, Password: s3cret}), nil
}

func (oneLogin) Source(string) string { return "the test's keychain" }

// outcome is what a refused call is to say.
type outcome struct{ code, told, hint string }

// pushTroubles are refusals of a push, at each kind of registry.
var pushTroubles = map[string]struct {
	host
	outcome
}{
	"GHCR, a token that is none": {
		atGHCR(testkit.GHCR{Password: "another"}),
		outcome{"E_REGISTRY_AUTH", "DENIED: denied", "`permissions: packages: write` and its token as `registry-token`"},
	},
	"GHCR, nobody": {
		atGHCR(testkit.GHCR{Password: s3cret}).nobody(),
		outcome{"E_REGISTRY_AUTH", "unauthorized", "there are none for ghcr.io in the test's keychain"},
	},
	"GHCR, a package of another repository": {
		atGHCR(testkit.GHCR{Password: s3cret, Denied: []string{"acme/"}}),
		outcome{"E_PUSH_DENIED", "permission_denied: write_package", `"Manage Actions access" with the role Write at https://github.com/orgs/acme/packages/container/team%2Fweb/settings`},
	},
	"GHCR, a first push without the permission": {
		atGHCR(testkit.GHCR{Password: s3cret, Denied: []string{"acme/"}, Denial: "installation not allowed to Create organization package"}),
		outcome{"E_PUSH_DENIED", "installation not allowed to Create", "https://github.com/organizations/acme/settings/packages"},
	},
	"GHCR, a job that may not write": {
		atGHCR(testkit.GHCR{Password: s3cret, Denied: []string{"acme/"}, Denial: "installation not allowed to Write organization package"}),
		outcome{"E_PUSH_DENIED", "installation not allowed to Write", "give the job `permissions: packages: write`"},
	},
	"GHCR, a token for something else": {
		atGHCR(testkit.GHCR{Password: s3cret, Denied: []string{"acme/"}, Denial: "permission_denied: The token provided does not match expected scopes."}),
		outcome{"E_PUSH_DENIED", "does not match expected scopes", "scope write:packages"},
	},
	"Docker Hub, a wrong password": {
		atHub(testkit.DockerHub{User: "acme", Password: "another"}),
		outcome{"E_REGISTRY_AUTH", "401 Unauthorized: incorrect username or password", "`dockerhub-username` and `dockerhub-token`"},
	},
	"Docker Hub, nobody": {
		atHub(testkit.DockerHub{User: "acme", Password: s3cret}).nobody(),
		outcome{"E_REGISTRY_AUTH", "authentication required", "there are none for docker.io"},
	},
	"Docker Hub, another's repository": {
		atHub(testkit.DockerHub{User: "octocat", Password: s3cret}).by("octocat"),
		outcome{"E_PUSH_DENIED", "authentication required", "of an account that may write to acme/web"},
	},
	"Docker Hub, another's repository, public": {
		atHub(testkit.DockerHub{User: "octocat", Password: s3cret, Public: []string{"acme/"}}).by("octocat"),
		outcome{"E_PUSH_DENIED", "requested access to the resource is denied", "of an account that may write to acme/web"},
	},
	"Docker Hub, a token that may only read": {
		atHub(testkit.DockerHub{User: "acme", Password: s3cret, ReadOnly: true}),
		outcome{"E_PUSH_DENIED", "insufficient scopes", "scope Read & Write as `dockerhub-token`"},
	},
	"Docker Hub, abuse": {
		atHub(testkit.DockerHub{User: "acme", Password: s3cret, Abuse: true}),
		outcome{"E_REGISTRY_LIMIT", "Too Many Requests", "wait and run again"},
	},
	"ECR, a wrong password": {
		atECR(testkit.ECR{Password: func(string) (bool, bool) { return false, false }}),
		outcome{"E_REGISTRY_AUTH", "Not Authorized", "`aws-role` with `permissions: id-token: write`"},
	},
	"ECR, an expired password": {
		atECR(testkit.ECR{Password: expired}),
		outcome{"E_PUSH_DENIED", "Your authorization token has expired", "log in to ECR again"},
	},
	"ECR, no such repository": {
		atECR(testkit.ECR{Password: right, HasRepository: func(string) bool { return false }}),
		outcome{"E_REPOSITORY_MISSING", "The repository with name 'web' does not exist", "`create-repository: true`"},
	},
	"ECR, a policy": {
		atECR(testkit.ECR{Password: right}).fails(*answer("POST", "", 403, "DENIED", "User: arn:aws:iam::1:role/ci is not authorized to perform: ecr:InitiateLayerUpload on resource: x")),
		outcome{"E_PUSH_DENIED", "ecr:InitiateLayerUpload", "allow ecr:PutImage"},
	},
	"read-only": {
		at(testkit.RegistryReadOnly()),
		outcome{"E_REGISTRY_READONLY", "405 Method Not Allowed", "registry.example is in maintenance"},
	},
	"read-only, a cache": {
		at().fails(*answer("POST", "", 405, "UNSUPPORTED", "The operation is unsupported.")),
		outcome{"E_REGISTRY_READONLY", "The operation is unsupported.", "a cache of another one"},
	},
	"read-only, Harbor": {
		at().fails(*answer("POST", "", 403, "DENIED", "The system is in read only mode. Any modification is prohibited.")),
		outcome{"E_REGISTRY_READONLY", "read only mode", "in maintenance"},
	},
	"disk full": {
		at(testkit.RegistryFull(1 << 10)),
		outcome{"E_REGISTRY_FULL", "Err:28", "make room at the registry"},
	},
	"disk full, in words": {
		at().fails(testkit.RegistryFailure{Method: "PATCH", Status: 500, Body: `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"write /data: no space left on device"}]}`}),
		outcome{"E_REGISTRY_FULL", "no space left on device", "make room"},
	},
	"disk full, by status": {
		at().fails(*answer("PATCH", "", 507, "", "")),
		outcome{"E_REGISTRY_FULL", "507 Insufficient Storage", "raise its quota"},
	},
	"a quota": {
		at().fails(*answer("PUT", "/manifests/", 403, "DENIED", "adding 12 MiB of storage resource, which when updated to current usage of 1 GiB will exceed the configured upper limit of 1 GiB.")),
		outcome{"E_REGISTRY_FULL", "upper limit", "raise its quota"},
	},
	"truncated, by digest": {
		at().fails(*answer("PUT", "/blobs/", 400, "DIGEST_INVALID", "provided digest did not match uploaded content")),
		outcome{"E_REGISTRY", "DIGEST_INVALID", "what arrived is not what was sent"},
	},
	"truncated, by size": {
		at().fails(*answer("PUT", "/blobs/", 400, "SIZE_INVALID", "provided length did not match content length")),
		outcome{"E_REGISTRY", "SIZE_INVALID", "what arrived is not what was sent"},
	},
	"the connection breaks each time": {
		at().fails(testkit.RegistryFailure{Method: "PATCH", Reset: true}),
		outcome{"E_REGISTRY_UNREACHABLE", "connection reset by peer", "closed the connection each time"},
	},
	"a proxy with a limit": {
		at().fails(testkit.RegistryFailure{Method: "PATCH", Status: 413, Body: "<html>\n<head><title>413 Request Entity Too Large</title></head>\n<body>nginx</body></html>\n"}),
		outcome{"E_REGISTRY", `413 Request Entity Too Large with a page of HTML: "413 Request Entity Too Large"`, "client_max_body_size"},
	},
	"a gateway's page": {
		at().fails(testkit.RegistryFailure{Method: "POST", Status: 502, Body: "<!DOCTYPE html><html><title>Bad gateway</title></html>"}),
		outcome{"E_REGISTRY", `502 Bad Gateway with a page of HTML: "Bad gateway"`, "in trouble"},
	},
	"a page to log in at": {
		at(testkit.RegistryHTML()),
		outcome{"E_NO_REGISTRY", `200 OK with a page of HTML: "Log in"`, "no registry answers at registry.example"},
	},
	"a page once it comes to manifests": {
		at().fails(testkit.RegistryFailure{Path: "/manifests/", Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><title>Log in</title></html>"}),
		outcome{"E_NO_REGISTRY", "/manifests/v0.0.7: 200 OK with a page of HTML", "a page to log in at"},
	},
	"no registry there": {
		at().fails(*answer("GET", "/v2/", 404, "", "")),
		outcome{"E_NO_REGISTRY", "404 Not Found", "check the image's name"},
	},
	"a self-signed certificate": {
		at().shows(world.SelfSigned),
		outcome{"E_REGISTRY_UNREACHABLE", "signed by unknown authority", "SSL_CERT_FILE"},
	},
	"an expired certificate": {
		at().shows(world.Expired),
		outcome{"E_REGISTRY_UNREACHABLE", "certificate has expired", "renew it, or set this machine's clock"},
	},
	"another's certificate": {
		at().shows(world.OtherName),
		outcome{"E_REGISTRY_UNREACHABLE", "certificate is valid for other.example", "name the registry as its certificate does (other.example)"},
	},
	"plain http": {
		at().shows(world.NoTLS),
		outcome{"E_REGISTRY_UNREACHABLE", "HTTP response to HTTPS client", "plain http"},
	},
	"a token service without TLS": {
		at().fails(testkit.RegistryFailure{Path: "/v2/", Status: 401, Header: http.Header{"Www-Authenticate": {`Bearer realm="http://registry.example/token",service="x"`}}}),
		outcome{"E_REGISTRY", "not allowed for a secure registry", "set its realm to an address with https"},
	},
	"a token service of an inner network": {
		at().fails(testkit.RegistryFailure{Path: "/v2/", Status: 401, Header: http.Header{"Www-Authenticate": {`Bearer realm="https://10.0.0.7/token",service="x"`}}}),
		outcome{"E_REGISTRY", "private or link-local address", "address that clients see"},
	},
	"an upload at an inner address": {
		at(testkit.RegistryRedirects("https://10.0.0.7:5000", "uploads")),
		outcome{"E_REGISTRY", "private/link-local host", "X-Forwarded-Proto"},
	},
	"a storage that refuses": {
		at(testkit.RegistryRedirects("https://refused.example", "uploads")),
		outcome{"E_REGISTRY_UNREACHABLE", "refused.example", "does not allow this host"},
	},
}

// A registry that refuses moves no tag, is told to nobody, and does not stop the
// other registry of the push.
func TestPushTroubles(t *testing.T) {
	for name, test := range pushTroubles {
		t.Run(name, func(t *testing.T) {
			w, reg, client := test.open(t)
			good := testkit.NewRegistry(t)
			w.Handle("good.example", good)
			w.Refuse("refused.example", http.StatusForbidden)
			repo := repository(t, test.image)
			other := randomImage(t, 100, 1)
			reg.Fill(repo.Path(), other, "main", "latest")
			_, err := client.Push(t.Context(), request(t, repo, repository(t, "good.example/acme/web")))
			check(t, err, test.code, test.told, test.hint)
			if got, want := reg.Tags(repo.Path()), []string{"latest", "main"}; !cmp.Equal(got, want) {
				t.Errorf("the repository has %v, want %v", got, want)
			}
			for _, tag := range []string{"main", "latest"} {
				if got := reg.Digest(repo.Path(), tag); got != string(digestOf(t, other)) {
					t.Errorf("%s moved to %s", tag, got)
				}
			}
			if got := good.Tags("acme/web"); len(got) != 3 {
				t.Errorf("the other registry has %v", got)
			}
		})
	}
}

// lookUps are refusals of a question.
var lookUps = map[string]struct {
	host
	outcome
}{
	"GHCR, no such package": {
		atGHCR(testkit.GHCR{Password: s3cret}),
		outcome{"E_PULL_DENIED", "DENIED: denied", "https://github.com/orgs/acme/packages/container/team%2Fweb/settings"},
	},
	"GHCR, nobody": {
		atGHCR(testkit.GHCR{Password: s3cret}).nobody(),
		outcome{"E_REGISTRY_AUTH", "unauthorized", "`permissions: packages: read`"},
	},
	"Docker Hub, no such repository": {
		atHub(testkit.DockerHub{User: "octocat", Password: s3cret}).by("octocat"),
		outcome{"E_PULL_DENIED", "authentication required", "of an account that may see acme/web"},
	},
	"Docker Hub, nobody": {
		atHub(testkit.DockerHub{}).nobody(),
		outcome{"E_REGISTRY_AUTH", "authentication required", "of an image that does not exist it says the same"},
	},
	"ECR, an expired password": {
		atECR(testkit.ECR{Password: expired}),
		outcome{"E_PULL_DENIED", "has expired", "`aws-role`"},
	},
	"a page to log in at": {
		at(testkit.RegistryHTML()),
		outcome{"E_NO_REGISTRY", "page of HTML", "no registry answers"},
	},
	"an expired certificate": {
		at().shows(world.Expired),
		outcome{"E_REGISTRY_UNREACHABLE", "expired", "renew it"},
	},
}

func TestLookUpTroubles(t *testing.T) {
	for name, test := range lookUps {
		t.Run(name, func(t *testing.T) {
			_, _, client := test.open(t)
			_, err := client.Resolve(t.Context(), image(t, test.image+":main"))
			check(t, err, test.code, test.told, test.hint)
			if found, err := client.Exists(t.Context(), image(t, test.image+":main")); found || !fault.Is(err, test.code) {
				t.Errorf("exists: %v, %v", found, err)
			}
			if tags, err := client.Tags(t.Context(), repository(t, test.image)); len(tags) != 0 || !fault.Is(err, test.code) {
				t.Errorf("tags: %v, %v", tags, err)
			}
		})
	}
}

func TestProxyTroubles(t *testing.T) {
	for name, test := range map[string]struct {
		trouble func(*world.World)
		hint    string
	}{
		"no login":    {func(w *world.World) { w.RefuseStrangers("me", "pw") }, "wants a login"},
		"not allowed": {func(w *world.World) { w.Refuse("registry.example", 403) }, "does not allow this host"},
		"not found":   {func(w *world.World) { w.Refuse("registry.example", 502) }, "cannot reach this host"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, client := at().open(t)
			test.trouble(w)
			_, err := client.Resolve(t.Context(), image(t, "registry.example/acme/web:main"))
			check(t, err, "E_REGISTRY_UNREACHABLE", "registry.example", test.hint)
		})
	}
}

// Bursts are refused, and tokens end, in the middle of a push.
func TestPushesThatSurvive(t *testing.T) {
	for name, h := range map[string]host{
		"GHCR, bursts":             atGHCR(testkit.GHCR{Password: s3cret, Burst: 12}),
		"GHCR, tokens that end":    atGHCR(testkit.GHCR{Password: s3cret}).with(testkit.RegistryTokens(3)),
		"Docker Hub, tokens end":   atHub(testkit.DockerHub{User: "acme", Password: s3cret}).with(testkit.RegistryTokens(3)),
		"Docker Hub, few pulls":    atHub(testkit.DockerHub{User: "acme", Password: s3cret, Pulls: 1}),
		"ECR, blobs are elsewhere": atECR(testkit.ECR{Password: right, Blobs: "storage.example"}),
	} {
		t.Run(name, func(t *testing.T) {
			_, reg, client := h.open(t)
			repo := repository(t, h.image)
			r := request(t, repo)
			pushed, err := client.Push(t.Context(), r)
			if err != nil || len(pushed) != 3 {
				t.Fatalf("pushed %v, %v", short(pushed), err)
			}
			for _, tag := range r.Tags {
				if got := reg.Digest(repo.Path(), string(tag.Name)); got != string(r.Digest) {
					t.Errorf("%s is %s", tag.Name, got)
				}
			}
		})
	}
}

// Asking what a tag holds is free at Docker Hub; to read it is not.
func TestDockerHubsLimit(t *testing.T) {
	for name, test := range map[string]struct{ user, hint string }{
		"nobody": {"", "with `dockerhub-username` and `dockerhub-token`"}, "a login": {"acme", "wait and run again"},
	} {
		t.Run(name, func(t *testing.T) {
			h := atHub(testkit.DockerHub{User: "acme", Password: s3cret, Public: []string{"acme/"}, Pulls: 1}).by(test.user)
			_, reg, client := h.open(t)
			reg.Put("acme/web", "v1", randomImage(t, 100, 1))
			for range 5 {
				if _, err := client.Resolve(t.Context(), image(t, "acme/web:v1")); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.Revision(t.Context(), image(t, "acme/web:v1")); err != nil {
				t.Fatal(err)
			}
			_, err := client.Revision(t.Context(), image(t, "acme/web:v1"))
			check(t, err, "E_REGISTRY_LIMIT", "You have reached your pull rate limit", test.hint)
		})
	}
}

// The registry changes what it is given, or says so.
func TestAnotherDigestThanWasSent(t *testing.T) {
	for name, option := range map[string]testkit.RegistryOption{
		"stores another": testkit.RegistryRewrites(), "names another": testkit.RegistryMisnames(),
	} {
		t.Run(name, func(t *testing.T) {
			_, reg, client := at(option).open(t)
			r := request(t, repository(t, "registry.example/acme/web"))
			r.Tags = []registry.Tag{{Name: "main"}, {Name: "v0.0.7", Rule: registry.Fixed}}
			_, err := client.Push(t.Context(), r)
			check(t, err, "E_PUSH_VERIFY", string(r.Digest), "")
			if got := reg.Digest("acme/web", "main"); got != "" {
				t.Errorf("main is %s without a version that is seen", got)
			}
		})
	}
}

// A tag that ECR does not let move: the same image is no trouble, another one is
// named beside it.
func TestImmutableTagsOfECR(t *testing.T) {
	for name, test := range map[string]struct {
		tag  ref.Tag
		same bool
		code string
	}{
		"the same image":       {tag: "v0.0.7", same: true},
		"another image":        {tag: "v0.0.7", code: "E_TAG_TAKEN"},
		"a tag that may move":  {tag: "pr-7"},
		"a branch that cannot": {tag: "main", code: "E_TAG_TAKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			h := atECR(testkit.ECR{Password: right, Immutable: true, Mutable: []string{"pr-*"}})
			_, reg, client := h.open(t)
			r := request(t, repository(t, h.image))
			r.Tags = []registry.Tag{{Name: test.tag}}
			held := randomImage(t, 100, 1)
			if test.same {
				held = layoutImage(t, r)
			}
			reg.Put("web", string(test.tag), held)
			_, err := client.Push(t.Context(), r)
			if test.code == "" {
				if err != nil || reg.Digest("web", string(test.tag)) != string(r.Digest) {
					t.Fatal(err)
				}
				return
			}
			check(t, err, test.code, string(r.Digest), "let this tag move")
			check(t, err, test.code, string(digestOf(t, held)), "")
		})
	}
}

// A server of GitHub's has its registry, and its pages, at names of its own.
func TestHintsOfAServer(t *testing.T) {
	for name, test := range map[string]struct{ image, server, page string }{
		"github.com": {"ghcr.io/acme/web", "", "https://github.com/orgs/acme/packages/container/web/settings"},
		"ghe.com":    {"containers.acme.ghe.com/acme/web", "", "https://acme.ghe.com/orgs/acme/packages/container/web/settings"},
		"a server":   {"containers.git.example/acme/web", "https://git.example", "https://git.example/orgs/acme/packages/container/web/settings"},
		"another's":  {"ghcr.io/acme/web", "https://git.example", "https://github.com/orgs/acme/packages/container/web/settings"},
	} {
		t.Run(name, func(t *testing.T) {
			h := host{image: test.image, user: "octocat", options: []testkit.RegistryOption{testkit.RegistryGHCR(testkit.GHCR{Password: s3cret, Denied: []string{"acme/"}})}}
			_, _, client := h.open(t)
			client.Server = test.server
			_, err := client.Push(t.Context(), request(t, repository(t, test.image)))
			check(t, err, "E_PUSH_DENIED", "write_package", test.page)
		})
	}
}

// What is refused of a tag that would move, though nobody may write: that is no
// matter of this tag.
func TestRetagAtARegistryThatIsReadOnly(t *testing.T) {
	_, reg, client := at(testkit.RegistryReadOnly()).open(t)
	r := request(t, repository(t, "registry.example/acme/web"))
	r.Tags = []registry.Tag{{Name: "main"}}
	reg.Put("acme/web", "v0.0.7", layoutImage(t, r))
	other := randomImage(t, 100, 1)
	reg.Put("acme/web", "main", other)
	_, err := client.Push(t.Context(), r)
	check(t, err, "E_REGISTRY_READONLY", "405", "Except for the tags told above, none was moved")
	if got := reg.Digest("acme/web", "main"); got != string(digestOf(t, other)) {
		t.Errorf("main is %s", got)
	}
}
