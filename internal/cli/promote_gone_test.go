package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// fallbackIndex is a list of what is attached, kept under a tag.
type fallbackIndex string

func (i fallbackIndex) RawManifest() ([]byte, error)        { return []byte(i), nil }
func (i fallbackIndex) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }

// A signature that is listed and gone is no secret of the log: it is an annotation, and
// stands in the summary.
func TestWhatAPromotionLeavesOutIsAWarning(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	reg := testkit.NewRegistry(t)
	for _, tag := range []string{"pr-7", "signature"} {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		reg.Put("acme/web", tag, image)
	}
	gone := reg.Digest("acme/web", "signature")
	reg.Put("acme/web", "sha256-"+strings.TrimPrefix(reg.Digest("acme/web", "pr-7"), "sha256:"), fallbackIndex(fmt.Sprintf(
		`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"size":1,"digest":%q}]}`, types.OCIImageIndex, types.OCIManifestSchema1, gone)))
	remove, err := http.NewRequest(http.MethodDelete, "http://"+reg.Host+"/v2/acme/web/manifests/"+gone, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(remove)
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatal(answer, err)
	}
	folder := t.TempDir()
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": filepath.Join(folder, "summary.md"), "GITHUB_OUTPUT": filepath.Join(folder, "output"), "RUNNER_TEMP": folder}
	var log bytes.Buffer
	world := World{Getenv: func(name string) string { return env[name] }, Stdout: &log, Stderr: &log, Now: time.Now}
	if code := Run(t.Context(), world, []string{"promote", "--from", reg.Host + "/acme/web:pr-7", "--to", "v0.0.8", "--images", reg.Host + "/team/web"}); code != exitOK {
		t.Fatal(log.String())
	}
	if n := len(regexp.MustCompile(`(?m)^::warning [^:]*title=E_ATTACHED_GONE[^:]*::.*left out `+gone).FindAllString(log.String(), -1)); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil || !strings.Contains(string(summary), "E_ATTACHED_GONE") || !strings.Contains(string(summary), "left out "+gone) {
		t.Errorf("the summary: %v\n%s", err, summary)
	}
}
