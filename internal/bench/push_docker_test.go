package bench

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// engine is dockerd with an image in it. It keeps layers unpacked, and packs them anew
// for every push.
type engine struct{ image string }

// newEngine loads an image into the docker that runs; nil is none.
func newEngine(b *testing.B, img v1.Image) *engine {
	b.Helper()
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		b.Logf("no docker; `.ci/docker start` gives one: %s", out)
		return nil
	}
	e := &engine{"bench.example/acme/web:v1"}
	tag, err := name.NewTag(e.image)
	if err != nil {
		b.Fatal(err)
	}
	stream, to := io.Pipe()
	go func() { to.CloseWithError(tarball.Write(tag, img, to)) }()
	load := exec.Command("docker", "load", "--quiet")
	load.Stdin = stream
	if out, err := load.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.Cleanup(func() { e.forget(b, e.image) })
	return e
}

// names gives the image the names under which it is pushed, until the end.
func (e *engine) names(b *testing.B, images []string) {
	b.Helper()
	for _, image := range images {
		to := image + ":v1"
		if out, err := exec.Command("docker", "tag", e.image, to).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.Cleanup(func() { e.forget(b, to) })
	}
}

func (e *engine) forget(b *testing.B, image string) {
	if out, err := exec.Command("docker", "rmi", image).CombinedOutput(); err != nil {
		b.Logf("%v\n%s", err, out)
	}
}

// daemons are the processes that do what the program docker asks for.
func daemons() (folders []string) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm") // the pattern is right
	for _, file := range names {
		if name, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(name)) == "dockerd" {
			folders = append(folders, filepath.Dir(file))
		}
	}
	return folders
}

// refresh lets the system forget what dockerd held at most.
func (e *engine) refresh(b *testing.B) {
	b.Helper()
	for _, folder := range daemons() {
		if err := os.WriteFile(filepath.Join(folder, "clear_refs"), []byte("5"), 0); err != nil {
			b.Log(err)
		}
	}
}

// peak is what dockerd held at most since then, in KiB.
func (e *engine) peak(b *testing.B) (most int64) {
	b.Helper()
	for _, folder := range daemons() {
		text, err := os.ReadFile(filepath.Join(folder, "status"))
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "VmHWM:")
		line, _, _ := strings.Cut(rest, "kB")
		kib, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			b.Fatal(fmt.Errorf("VmHWM of %s: %w", folder, err))
		}
		most = max(most, kib)
	}
	return most
}
