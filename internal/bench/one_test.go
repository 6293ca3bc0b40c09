package bench

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// clonePush is the script that is found in most workflows: $1 is the repository, $2 a
// folder, $3 kustomize, $4 the image.
const clonePush = `git clone -q --depth 1 "$1" "$2" && cd "$2/apps/app0042" && "$3" edit set image "$4" && git commit -qam bump && git push -q`

// contestant is one of those who bump in turn, and what each time took.
type contestant struct {
	name     string
	command  func(tag string) *exec.Cmd
	rounds   int // how many are enough
	times    []time.Duration
	requests []int
}

// BenchmarkBumpOnGitHub moves the tag of one kustomization through the API, in
// repositories of all sizes, beside a script that clones.
func BenchmarkBumpOnGitHub(b *testing.B) {
	kustomize, tagboat := peer(b, "kustomize"), binary(b)
	withoutAccount(b)
	h := hub.New(b)
	token := h.Token(hub.Token{Kind: hub.AppToken, Limit: 1_000_000})
	for _, files := range []int{100, 10_000, 20_000, 100_000} {
		name := fmt.Sprintf("acme/infra-%d", files)
		r := h.Repo(name)
		seed(b, r, files, service)
		url, clone := h.URL+"/"+name+".git", filepath.Join(inMemory(b), "clone")
		for _, latency := range latencies {
			h.Latency(latency)
			b.Run(fmt.Sprintf("files=%d/latency=%s", files, latency), func(b *testing.B) {
				inTurn(b, h, r, clone, []contestant{
					{name: "tagboat", rounds: 100, command: func(tag string) *exec.Cmd {
						c := exec.Command(tagboat, "bump", "--infra-repository", name, "--infra-paths", "apps/app0042/kustomization.yaml",
							"--verify-image", "never", "--deploy-ref", "ghcr.io/acme/app0042:"+tag)
						c.Env = append(os.Environ(), "GITHUB_ACTIONS=", "GITHUB_OUTPUT=", "GITHUB_STEP_SUMMARY=", "TAGBOAT_INFRA_TOKEN="+token,
							"GITHUB_SERVER_URL="+h.URL, "GITHUB_API_URL="+h.API, "GITHUB_GRAPHQL_URL="+h.GraphQL)
						return c
					}},
					{name: "script", rounds: min(3, max(1, 40_000/files)), command: func(tag string) *exec.Cmd {
						c := exec.Command("sh", "-c", clonePush, "sh", url, clone, kustomize, "ghcr.io/acme/app0042:"+tag)
						c.Env = append(os.Environ(), inEnv(token)...)
						return c
					}},
				})
			})
		}
		h.Latency(0)
	}
}

// inTurn lets everybody bump, each time to another tag, and reports the medians.
func inTurn(b *testing.B, h *hub.Hub, r *hub.Repo, clone string, all []contestant) {
	for round := 0; b.Loop(); round++ {
		for i := range all {
			c := &all[i]
			if round >= c.rounds {
				continue
			}
			tag := fmt.Sprintf("v1.0.%d", bumps.Add(1))
			cmd := c.command(tag)
			h.Requests()
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%s: %v\n%s", c.name, err, out)
			}
			c.times, c.requests = append(c.times, time.Since(began)), append(c.requests, len(h.Requests()))
			if text := r.Read("main", "apps/app0042/kustomization.yaml"); !strings.Contains(text, tag) {
				b.Fatalf("%s has not written %s:\n%s", c.name, tag, text)
			}
			if err := os.RemoveAll(clone); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of all
	for _, c := range all {
		b.ReportMetric(1000*median(c.times).Seconds(), c.name+"-ms")
		b.ReportMetric(float64(median(c.requests)), c.name+"-requests")
	}
	b.ReportMetric(median(all[1].times).Seconds()/median(all[0].times).Seconds(), "times-faster")
}

func basic(token string) string {
	return base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
}
