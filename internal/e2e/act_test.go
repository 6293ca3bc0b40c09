//go:build e2e

// Package e2e runs the actions as users do: nektos/act runs real workflows that
// say `uses:`, against a registry on loopback and an infra repository in a folder.
package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// shop is an application's repository with its workflows, and what they reach.
type shop struct {
	t        *testing.T
	root     string // of this project
	dir      string // the application's checkout
	source   string // bare: numbers are claimed here
	infra    string // bare
	image    string // in the registry
	registry *testkit.Registry
	toolkit  string // a copy of this project, as act finds it: it reads the whole folder into memory
	results  string // where workflows leave the outputs of their steps
}

const (
	placeholder = "registry.example/acme/web"
	uses        = "seed-96940006/tagboat"
	infraToken  = "s3cr3t-infra-token"
)

// newShop lays out the application with the workflows of testdata/workflows.
func newShop(t *testing.T) *shop {
	t.Helper()
	root, err := filepath.Abs("../..")
	check(t, err)
	registry := testkit.NewRegistry(t)
	folder := t.TempDir()
	s := &shop{
		t: t, root: root, dir: filepath.Join(folder, "shop"), source: filepath.Join(folder, "shop.git"),
		infra: filepath.Join(folder, "infra.git"), registry: registry, image: registry.Host + "/acme/web",
		results: filepath.Join(folder, "results"), toolkit: filepath.Join(folder, "toolkit"),
	}
	check(t, os.MkdirAll(s.results, 0o755))
	s.copyToolkit(s.toolkit)
	s.copy("testdata/app", s.dir)
	s.copy("testdata/workflows", filepath.Join(s.dir, ".github", "workflows"))
	s.commit(s.dir, s.source)
	infra := filepath.Join(folder, "infra")
	s.copy("testdata/infra", infra)
	s.commit(infra, s.infra)
	return s
}

// copy copies a folder of the project; the placeholder becomes the image's name.
func (s *shop) copy(from, to string) {
	s.t.Helper()
	files := os.DirFS(filepath.Join(s.root, from))
	check(s.t, os.CopyFS(to, files))
	check(s.t, filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), placeholder) {
			return err
		}
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(data), placeholder, s.image)), 0o644)
	}))
}

// copyToolkit copies what the actions are made of. What only tests need is left out:
// act reads and writes all of it for every step.
func (s *shop) copyToolkit(to string) {
	s.t.Helper()
	files := os.DirFS(s.root)
	for _, root := range []string{"action.yml", "go.mod", "go.sum", "actions", "cmd", "internal", "testdata"} {
		check(s.t, fs.WalkDir(files, root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || strings.HasSuffix(path, "_test.go"):
				return err
			case d.IsDir() && (path == "internal/testkit" || path == "testdata/script" || path != root && d.Name() == "testdata"):
				return fs.SkipDir
			case d.IsDir():
				return os.MkdirAll(filepath.Join(to, path), 0o755)
			}
			return copyFile(filepath.Join(s.root, path), filepath.Join(to, path))
		}))
	}
}

// copyFile copies a file with its mode.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode())
}

// commit makes a folder a repository with a bare one beside it.
func (s *shop) commit(dir, bare string) {
	s.t.Helper()
	s.git("", "init", "--quiet", "--bare", "--initial-branch=main", bare)
	s.git(dir, "init", "--quiet", "--initial-branch=main")
	s.git(dir, "add", "--all")
	s.git(dir, "commit", "--quiet", "--message=Begin")
	s.git(dir, "push", "--quiet", bare, "main")
}

func (s *shop) git(dir string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@acme.example"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// run is one run of a workflow.
type run struct {
	log     string
	failed  bool
	outputs map[string]map[string]string // by step
	summary string
}

// act runs one workflow for an event.
func (s *shop) act(workflow, event string, payload any, more ...string) run {
	s.t.Helper()
	data, err := json.Marshal(payload)
	check(s.t, err)
	file := filepath.Join(s.t.TempDir(), "event.json")
	check(s.t, os.WriteFile(file, data, 0o644))
	check(s.t, os.RemoveAll(s.results))
	check(s.t, os.MkdirAll(s.results, 0o755))
	args := append([]string{
		event, "--json", "--no-cache-server", "-P", "ubuntu-latest=-self-hosted", "-W", ".github/workflows/" + workflow,
		"-e", file, "--actor", "ada", "--local-repository", uses + "@v1=" + s.toolkit,
		"--env", "GITHUB_REPOSITORY=acme/web", "--env", "RESULTS=" + s.results,
		"--env", "IMAGE=" + s.image, "--env", "SOURCE=" + s.source, "--env", "INFRA=" + s.infra,
		"-s", "INFRA_TOKEN=" + infraToken,
	}, more...)
	cmd := exec.Command("act", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.cache()...)
	out, err := cmd.CombinedOutput()
	r := run{log: string(out), failed: err != nil, outputs: map[string]map[string]string{}, summary: summaries(string(out))}
	files, err := filepath.Glob(filepath.Join(s.results, "*"))
	check(s.t, err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		check(s.t, err)
		var outputs map[string]string
		check(s.t, json.Unmarshal(data, &outputs))
		r.outputs[filepath.Base(f)] = outputs
	}
	return r
}

// summaries are what steps have written to their summary; act shows them as
// lines of its log.
func summaries(log string) string {
	var all strings.Builder
	for line := range strings.Lines(log) {
		var entry struct{ Command, Content string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Command == "summary" {
			all.WriteString(entry.Content)
		}
	}
	return all.String()
}

// cache is kept between runs: in it act has its tool cache, so that the binary
// is built once, and Go what it has compiled.
func (s *shop) cache() []string {
	s.t.Helper()
	dir := filepath.Join(s.root, ".cache", "e2e")
	check(s.t, os.MkdirAll(dir, 0o755))
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	check(s.t, err)
	return []string{"XDG_CACHE_HOME=" + dir, "GOCACHE=" + strings.TrimSpace(string(compiled))}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
