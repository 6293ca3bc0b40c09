package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// peer is a program that .ci/tools installs; without it the benchmark is skipped.
func peer(b *testing.B, name string) string {
	b.Helper()
	file, err := filepath.Abs("../../.cache/tools/" + name)
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		b.Skipf("%v; `.ci/tools %s` installs it", err, name)
	}
	return file
}

// contest lets tagboat and a peer move one image in a file of their own, in turn
// and to a new tag each time, and reports the fastest process of each: what else
// the machine does can only add to it.
func contest(b *testing.B, file, content string, other func(tag string) []string) {
	b.Helper()
	tagboat := binary(b)
	contestants := []struct {
		name, dir string
		command   func(tag string) []string
		times     []time.Duration
	}{
		{name: "tagboat", dir: b.TempDir(), command: func(tag string) []string {
			return []string{tagboat, "bump", "--infra-repository", ".", "--infra-mode", "files", "--infra-paths", file, "--deploy-ref", "ghcr.io/acme/web:" + tag}
		}},
		{name: "peer", dir: b.TempDir(), command: other},
	}
	for _, c := range contestants {
		write(b, filepath.Join(c.dir, file), []byte(content))
	}
	for round := 0; b.Loop(); round++ {
		tag := fmt.Sprintf("v1.0.%d", round+1)
		for i := range contestants {
			c := &contestants[i]
			began := time.Now()
			start(b, c.dir, c.command(tag))
			c.times = append(c.times, time.Since(began))
			if text, err := os.ReadFile(filepath.Join(c.dir, file)); err != nil || strings.Count(string(text), tag) != 1 {
				b.Fatalf("%s has not written %s: %v", c.name, tag, err)
			}
		}
	}
	ours, theirs := slices.Min(contestants[0].times), slices.Min(contestants[1].times)
	b.ReportMetric(0, "ns/op") // of both
	b.ReportMetric(1000*ours.Seconds(), "tagboat-ms")
	b.ReportMetric(1000*theirs.Seconds(), "peer-ms")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-faster")
}

// start runs a program in a folder, outside of any workflow.
func start(b *testing.B, dir string, args []string) {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=", "GITHUB_OUTPUT=", "GITHUB_STEP_SUMMARY=")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// BenchmarkValues2000Lines is a file of Helm values, beside `yq -i`.
func BenchmarkValues2000Lines(b *testing.B) {
	yq := peer(b, "yq")
	var text strings.Builder
	for i := range 249 {
		fmt.Fprintf(&text, "service%03d:\n  # -- whether it runs\n  enabled: true\n", i)
		fmt.Fprintf(&text, "  hosts: [ a%03d.example.com, b%03d.example.com ]   # where it answers\n", i, i)
		fmt.Fprintf(&text, "  resources:\n    limits: {cpu: %dm, memory: 128Mi}\n  text: \"some value %d\"\n\n", i, i)
		if i == 124 {
			text.WriteString("image:\n  # -- where it is\n  repository: ghcr.io/acme/web\n  tag: v1.0.0\n  pullPolicy: Always\n\n")
		}
	}
	contest(b, "values.yaml", text.String(), func(tag string) []string {
		return []string{yq, "-i", fmt.Sprintf(".image.tag = %q", tag), "values.yaml"}
	})
}

// BenchmarkKustomization2000Lines is a kustomization, beside `kustomize edit set image`.
func BenchmarkKustomization2000Lines(b *testing.B) {
	kustomize := peer(b, "kustomize")
	var text strings.Builder
	text.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "- ../apps/app%04d\n", i)
	}
	text.WriteString("images:\n")
	for i := range 498 {
		name := fmt.Sprintf("app%03d", i)
		if i == 249 {
			name = "web"
		}
		fmt.Fprintf(&text, "- name: ghcr.io/acme/%s\n  newTag: v1.0.0\n", name)
	}
	contest(b, "kustomization.yaml", text.String(), func(tag string) []string {
		return []string{kustomize, "edit", "set", "image", "ghcr.io/acme/web:" + tag}
	})
}
