package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Another tag in the same repository is the manifest, a question for the tag and the
// write: no upload is begun, and nothing is asked twice.
func TestAnotherTagIsAFewRequests(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	reg := testkit.NewRegistry(t, testkit.RegistryReferrers())
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	reg.Put("acme/web", "pr-7", image)
	reg.Forget()
	var log bytes.Buffer
	world := World{Getenv: func(string) string { return "" }, Stdout: &log, Stderr: &log, Now: time.Now}
	if code := Run(t.Context(), world, []string{"promote", "--from", reg.Host + "/acme/web:pr-7", "--to", "v0.0.8"}); code != exitOK {
		t.Fatal(log.String())
	}
	asked := slices.DeleteFunc(reg.Requests(), func(line string) bool { return line == "GET /v2/" })
	if len(asked) > 3 || reg.Digest("acme/web", "v0.0.8") == "" {
		t.Errorf("%d requests:\n%s", len(asked), strings.Join(asked, "\n"))
	}
}
