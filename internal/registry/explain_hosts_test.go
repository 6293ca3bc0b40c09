package registry_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

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
