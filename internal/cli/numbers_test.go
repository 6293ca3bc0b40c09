package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/version"
)

func TestVersionsThatTagsStandFor(t *testing.T) {
	for name, c := range map[string]struct {
		series string
		names  []string
		tag    ref.Tag
		want   []ref.Tag
	}{
		"as the series":            {"v0.0", nil, "v0.0.7", []ref.Tag{"v0.0.7"}},
		"without its v":            {"v0.0", nil, "0.0.7", []ref.Tag{"v0.0.7"}},
		"with a v that it has not": {"1.2", nil, "v1.2.7-1", []ref.Tag{"1.2.7-1"}},
		"another series":           {"v0.0", []string{"v0.0.N"}, "v0.10.7", nil},
		"between prefix and suffix": {"v0.0", []string{"web-0.0.N-alpine"}, "web-0.0.7-alpine",
			[]ref.Tag{"v0.0.7"}},
		"a further build of a variant": {"v0.0", []string{"v0.0.N-alpine"}, "v0.0.7-1-alpine",
			[]ref.Tag{"v0.0.7-1-alpine", "v0.0.7-1"}},
		"another image's": {"v0.0", []string{"web-0.0.N"}, "api-0.0.7", nil},
	} {
		t.Run(name, func(t *testing.T) {
			series, err := version.ParseSeries(c.series)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, heldBy(series, c.names, c.tag)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Only the version without its v is pushed. The push of a later tag fails; the
// number is an image's by then, and not given back.
func TestANumberWhoseImageHasAnotherSpellingStays(t *testing.T) {
	for name, rule := range map[string]string{"semver": "semver", "suffix": "type=semver,pattern=v{{version}},suffix=-alpine"} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
			r := testkit.NewRegistry(t)
			r.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/edge", Times: 1, Status: 403, Code: "DENIED", Message: "permission_denied: write_package"})
			args := []string{"--images", r.Host + "/acme/web", "--tags", rule, "--tags", "raw=edge", "--on-failure", "free"}
			log, code := c.run("push.main", args...)
			if code == exitOK {
				t.Fatal(log)
			}
			if tags := c.git("tag"); tags != "v0.0.1" {
				t.Errorf("the registry has %v, git %q\n%s", r.Tags("acme/web"), tags, log)
			}
			c.git("commit", "--quiet", "--allow-empty", "--message=two")
			if err := writeFile(c, "a.txt", "b"); err != nil {
				t.Fatal(err)
			}
			c.git("commit", "--quiet", "--all", "--message=three")
			if log, code := c.run("push.main", args...); code != exitOK {
				t.Errorf("the next commit: exit code %d\n%s", code, log)
			}
		})
	}
}

// A registry holds 0.0.1 to 0.0.3, git nothing: the next number is 4.
func TestNumbersWithoutVCount(t *testing.T) {
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
	r := testkit.NewRegistry(t)
	for n := range 3 {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		r.Put("acme/web", fmt.Sprintf("0.0.%d", n+1), image)
	}
	c.ship("push.main", "--images", r.Host+"/acme/web", "--tags", "semver")
	if r.Digest("acme/web", "0.0.4") == "" {
		t.Errorf("the registry has %v", r.Tags("acme/web"))
	}
}

// The checkout of a pull request is its test merge, unless the workflow says what
// to check out.
func TestTheNumberOfATestMerge(t *testing.T) {
	for name, test := range map[string]struct {
		event string
		args  []string
		warns bool
	}{
		"the test merge":      {"pull_request", nil, true},
		"a commit that stays": {"pull_request", []string{"--commit", "HEAD"}, false},
		"a push":              {"push", nil, false},
		"a look":              {"pull_request", []string{"--dry-run"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, map[string]string{"a.txt": "a"})
			head := c.git("rev-parse", "HEAD")
			env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": test.event, "GITHUB_SHA": head, "RUNNER_TEMP": t.TempDir()}
			args := []string{"version", "--source", c.dir, "--source-repository", c.dir}
			for _, arg := range test.args {
				args = append(args, strings.Replace(arg, "HEAD", head, 1))
			}
			var log bytes.Buffer
			world := World{Getenv: func(name string) string { return env[name] }, Stdout: &log, Stderr: &log, Now: time.Now}
			if code := Run(t.Context(), world, args); code != exitOK || strings.Contains(log.String(), "E_COMMIT_VANISHES") != test.warns {
				t.Errorf("exit code %d\n%s", code, &log)
			}
		})
	}
}

func writeFile(c checkout, name, text string) error {
	return os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644)
}
