package registry_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

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
