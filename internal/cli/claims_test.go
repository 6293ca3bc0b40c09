package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/version"
)

// A child has v0.0.1; v0.0.2 is the highest, of another line of history, or an
// image that nobody claimed. The parent is to be refused.
func TestPlaceholdersKeepTheOrder(t *testing.T) {
	for _, highest := range []string{"another line", "an image by hand", "a claim that was cut off"} {
		t.Run(highest, func(t *testing.T) {
			c := newCheckout(t, map[string]string{"a.txt": "a"})
			base := c.git("rev-parse", "HEAD")
			c.git("commit", "--quiet", "--allow-empty", "--message=parent")
			parent := c.git("rev-parse", "HEAD")
			c.git("commit", "--quiet", "--allow-empty", "--message=child")
			child := c.git("rev-parse", "HEAD")
			c.git("checkout", "--quiet", base)
			c.git("commit", "--quiet", "--allow-empty", "--message=other")
			other := c.git("rev-parse", "HEAD")

			host := testkit.NewRegistry(t, testkit.RegistryImmutable())
			repository, err := ref.ParseRepository(host.Host + "/acme/web")
			if err != nil {
				t.Fatal(err)
			}
			store := placeholders{claims: registry.Claims{Client: &registry.Client{}, Repository: repository}, git: version.GitStore{Repo: git.Repo{Dir: c.dir}, Temp: t.TempDir()}}
			claim := func(commit string) (version.Allocation, error) {
				return version.Allocate(t.Context(), store, version.Request{Commit: commit})
			}
			if _, err := claim(child); err != nil {
				t.Fatal(err)
			}
			switch highest {
			case "another line":
				if _, err := claim(other); err != nil {
					t.Fatal(err)
				}
			case "an image by hand":
				image, err := random.Image(64, 1)
				if err != nil {
					t.Fatal(err)
				}
				host.Put("acme/web", "v0.0.2", image)
			default:
				host.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/claim-of-" + other, Times: 1, Status: 403, Code: "DENIED", Message: "permission_denied: write_package"})
				if _, err := claim(other); err == nil {
					t.Fatal("it was not cut off")
				}
			}
			if got, err := claim(parent); err == nil {
				t.Errorf("the parent has %s, its child v0.0.1", got.Tag)
			}
		})
	}
}

// The commit of a number can vanish, as a branch does that was never merged.
func TestPlaceholdersOfVanishedCommits(t *testing.T) {
	for name, test := range map[string]struct {
		vanished int // which of two numbers, of commits that stand beside each other, nobody has the commit of
		code     string
	}{
		"a lower one": {1, ""},
		"the highest": {2, "E_VERSION_OLDER"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, map[string]string{"a.txt": "a"})
			base := c.git("rev-parse", "HEAD")
			c.git("commit", "--quiet", "--allow-empty", "--message=other")
			other := c.git("rev-parse", "HEAD")
			c.git("checkout", "--quiet", base)
			c.git("commit", "--quiet", "--allow-empty", "--message=mine")
			numbered := []string{other, other}
			numbered[test.vanished-1] = strings.Repeat("e", 40)

			host := testkit.NewRegistry(t, testkit.RegistryImmutable())
			repository, err := ref.ParseRepository(host.Host + "/acme/web")
			if err != nil {
				t.Fatal(err)
			}
			claims := registry.Claims{Client: &registry.Client{}, Repository: repository}
			for i, commit := range numbered {
				if err := claims.Create(t.Context(), ref.Tag(fmt.Sprintf("v0.0.%d", i+1)), commit); err != nil {
					t.Fatal(err)
				}
			}
			store := placeholders{claims: claims, git: version.GitStore{Repo: git.Repo{Dir: c.dir}, Temp: t.TempDir()}}
			got, err := version.Allocate(t.Context(), store, version.Request{Commit: c.git("rev-parse", "HEAD")})
			if test.code == "" && (err != nil || got.Tag != "v0.0.3") || test.code != "" && !fault.Is(err, test.code) {
				t.Errorf("got %q, %v", got.Tag, err)
			}
		})
	}
}
