package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/run"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// latencies are how long every answer takes at least, those to git as well: nothing,
// and what a runner finds between itself and GitHub.
var latencies = []time.Duration{0, 50 * time.Millisecond}

// withoutAccount keeps the git configuration of this machine out, and says who commits.
func withoutAccount(b *testing.B) {
	b.Helper()
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull, "GIT_TERMINAL_PROMPT": "0",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		b.Setenv(name, value)
	}
}

// inMemory is a folder in memory where there is such: making and deleting so many
// files is slow on some disks, and that is not what is measured.
func inMemory(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tagboat-bench-")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// seed fills a repository in one go, however many files there are.
func seed(b *testing.B, r *hub.Repo, count int, file func(i int) (path, text string)) {
	b.Helper()
	stream, to := io.Pipe()
	go func() {
		fmt.Fprint(to, "commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata 5\nBegin\n")
		for i := range count {
			path, text := file(i)
			fmt.Fprintf(to, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
		fmt.Fprint(to, "\ndone\n")
		to.Close()
	}()
	c := r.Command("fast-import", "--quiet", "--done")
	c.Stdin = stream
	if err := run.Run(context.Background(), c); err != nil {
		b.Fatal(err)
	}
}

// services is how many of them every repository holds; its other files are manifests
// that name other images.
const services = 50

// service is the kustomization or the deployment of a service, or another manifest.
func service(i int) (path, text string) {
	name := fmt.Sprintf("app%04d", i/2)
	switch {
	case i >= 2*services:
		return fmt.Sprintf("clusters/c%02d/n%03d/%05d.yaml", i%20, i/20%250, i), manifest(fmt.Sprintf("registry.example/acme/other%d", i), i)
	case i%2 == 1:
		return "apps/" + name + "/deployment.yaml", strings.ReplaceAll(manifest("ghcr.io/acme/"+name, i), ":v0.0.0\n", "\n")
	}
	return "apps/" + name + "/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- deployment.yaml\nimages:\n" + entry(name)
}

// entry is an image of a kustomization.
func entry(name string) string {
	return fmt.Sprintf("- name: ghcr.io/acme/%s\n  newTag: v0.0.0\n", name)
}

// median is the middle one, and the upper one of two.
func median[T int | time.Duration](all []T) T {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// inEnv is a token for git, where neither the process list nor a URL shows it.
func inEnv(token string) []string {
	return []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraheader", "GIT_CONFIG_VALUE_0=AUTHORIZATION: basic " + basic(token)}
}
