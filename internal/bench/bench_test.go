// Package bench measures the binary as users meet it: whole processes, their time
// and their peak memory. `make bench` prints the tables of docs/figures.md.
package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// binary builds tagboat as it is released.
func binary(b *testing.B) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "tagboat")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "github.com/seed-96940006/tagboat/cmd/tagboat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return file
}

// TestMain is also the program that measure puts between itself and what it
// measures: the system counts what a process held before it became another one,
// and this one holds the registry.
func TestMain(m *testing.M) {
	if report := os.Getenv("BENCH_REPORT"); report != "" {
		os.Exit(between(report, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// between runs a program and writes its peak resident memory in KiB into a file.
func between(report string, args []string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if err := os.WriteFile(report, []byte(strconv.FormatInt(peak, 10)), 0o644); err != nil {
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// measure runs a program once an iteration and adds its peak resident memory.
func measure(b *testing.B, dir string, command func(i int) []string) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	report := filepath.Join(b.TempDir(), "peak")
	var peak int64
	i := 0
	for b.Loop() {
		args := command(i)
		i++
		cmd := exec.Command(self, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "BENCH_REPORT="+report, "GIT_CONFIG_GLOBAL="+os.DevNull, "GITHUB_ACTIONS=", "GITHUB_OUTPUT=",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		text, err := os.ReadFile(report)
		if err != nil {
			b.Fatal(err)
		}
		kib, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		peak = max(peak, kib)
	}
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
}

func BenchmarkStart(b *testing.B) {
	tagboat := binary(b)
	for b.Loop() {
		if out, err := exec.Command(tagboat, "--version").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}

// application is a checkout whose context holds size bytes that do not compress.
func application(b *testing.B, size int) string {
	b.Helper()
	dir := b.TempDir()
	noise := rand.NewChaCha8([32]byte{1})
	data := make([]byte, size/20)
	for i := range 20 {
		_, _ = noise.Read(data) // never fails
		write(b, filepath.Join(dir, "data", fmt.Sprintf("%02d.bin", i)), data)
	}
	write(b, filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY data /data\n"))
	repo := testkit.NewGitRepo(b, dir)
	repo.Git("add", "--all")
	repo.Git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=Begin")
	return dir
}

func write(b *testing.B, file string, data []byte) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkShip20MB ships a context of 20 MB to a registry on loopback: into a
// new repository each time, and again with everything there already.
func BenchmarkShip20MB(b *testing.B) {
	tagboat, app := binary(b), application(b, 20<<20)
	registry := testkit.NewRegistry(b)
	run := 0
	b.Run("new", func(b *testing.B) {
		b.SetBytes(20 << 20)
		measure(b, app, func(int) []string {
			run++
			return []string{tagboat, "ship", "--images", fmt.Sprintf("%s/acme/web%d", registry.Host, run)}
		})
	})
	b.Run("again", func(b *testing.B) {
		b.SetBytes(20 << 20)
		measure(b, app, func(int) []string {
			return []string{tagboat, "ship", "--images", registry.Host + "/acme/web1"}
		})
	})
}

// infraHost is an infra repository on a git host: one of its files names the image.
func infraHost(b *testing.B, files int) (*testkit.GitServer, *testkit.GitRepo) {
	b.Helper()
	server := testkit.NewGitServer(b, "token")
	repo := server.Repo("infra")
	var all []testkit.GitFile
	for i := range files {
		image := fmt.Sprintf("registry.example/acme/app%d", i)
		if i == files/2 {
			image = "registry.example/acme/web"
		}
		all = append(all, testkit.GitFile{Path: fmt.Sprintf("apps/%03d/%05d.yaml", i%100, i), Data: manifest(image, i)})
	}
	repo.Commit("main", "Begin", all...)
	return server, repo
}

func manifest(image string, i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app%d\n  annotations:\n", i)
	for line := range 24 { // about 2 KiB, as manifests are
		fmt.Fprintf(&b, "    acme.example/note-%02d: %x\n", line, uint64(i)*2654435761+uint64(line)*40503)
	}
	fmt.Fprintf(&b, "spec:\n  template:\n    spec:\n      containers:\n        - name: app\n          image: %s:v0.0.0\n", image)
	return b.String()
}

var bumps atomic.Int64 // every bump writes a tag of its own, so that there is something to change

// BenchmarkBump bumps one reference in a repository on a git host, beside what
// the glue of today does: clone, sed, commit, push.
func BenchmarkBump(b *testing.B) {
	tagboat := binary(b)
	for _, files := range []int{100, 10_000} {
		server, repo := infraHost(b, files)
		url := server.URL + "/infra.git"
		path := fmt.Sprintf("apps/%03d/%05d.yaml", (files/2)%100, files/2)
		bump := func(more ...string) func(int) []string {
			return func(int) []string {
				return append([]string{tagboat, "bump", "--infra-repository", url, "--verify-image", "never",
					"--deploy-ref", fmt.Sprintf("registry.example/acme/web:v0.0.%d", bumps.Add(1))}, more...)
			}
		}
		b.Setenv("TAGBOAT_INFRA_TOKEN", "token")
		b.Run(fmt.Sprintf("files=%d/tagboat-path", files), func(b *testing.B) { counted(b, server, repo, bump("--infra-paths", path)) })
		b.Run(fmt.Sprintf("files=%d/tagboat-all", files), func(b *testing.B) { counted(b, server, repo, bump()) })
		script := `git clone -q --depth 1 "$1" "$2" && cd "$2" && sed -i "s|acme/web:.*|acme/web:$4|" "$3" && git commit -qam bump && git -c http.extraheader="$5" push -q`
		b.Run(fmt.Sprintf("files=%d/clone-sed-push", files), func(b *testing.B) {
			counted(b, server, repo, func(int) []string {
				return []string{"sh", "-c", script, "sh", url, filepath.Join(b.TempDir(), "clone"), path,
					fmt.Sprintf("v0.0.%d", bumps.Add(1)), "AUTHORIZATION: basic dG9rZW46dG9rZW4="}
			})
		})
	}
}

// counted measures, and adds the bytes that the host sent for one bump.
func counted(b *testing.B, server *testkit.GitServer, repo *testkit.GitRepo, command func(int) []string) {
	before, head, runs := server.Sent(), repo.Tip("main"), 0
	measure(b, b.TempDir(), func(i int) []string { runs++; return command(i) })
	b.ReportMetric(float64(server.Sent()-before)/float64(runs)/1024, "fetched-KiB/op")
	if repo.Tip("main") == head {
		b.Error("nothing was written")
	}
}
