package build

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestMain lets the test binary stand in for docker: a link to it with that name
// is put on PATH by useDocker.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "docker" {
		os.Exit(docker(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// useDocker puts a docker on PATH, and nothing else, that behaves in this way and
// gives the file in which it notes how it was called.
func useDocker(t *testing.T, way string) string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	bin := t.TempDir()
	must(t, os.Symlink(self, filepath.Join(bin, "docker")))
	calls := filepath.Join(t.TempDir(), "calls")
	t.Setenv("PATH", bin)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each call takes a second with -race
	t.Setenv("FAKE_DOCKER", way)
	t.Setenv("FAKE_DOCKER_CALLS", calls)
	return calls
}

// docker answers like the docker command with buildx, and fails on what it was
// not taught.
func docker(args []string) int {
	way := os.Getenv("FAKE_DOCKER")
	if want := os.Getenv("FAKE_DOCKER_CONFIG"); want != "" && os.Getenv("DOCKER_CONFIG") != want && args[1] != "version" {
		fmt.Fprintf(os.Stderr, "%v: the configuration is %q\n", args, os.Getenv("DOCKER_CONFIG"))
		return 68
	}
	if way == "no buildx" {
		fmt.Fprintln(os.Stderr, "docker: 'buildx' is not a docker command.\nSee 'docker --help'")
		return 1
	}
	switch strings.Join(args[:2], " ") {
	case "buildx version":
		fmt.Println("github.com/docker/buildx v0.33.0 0000000")
		return 0
	case "buildx inspect":
		return dockerInspect(way)
	case "buildx build":
		return dockerBuild(way, args[2:])
	case "image save":
		return dockerSave(args[2:])
	case "image rm":
		return dockerRemove(args[2])
	}
	fmt.Fprintln(os.Stderr, "unknown command", args)
	return 64
}

func dockerInspect(way string) int {
	switch way {
	case "no daemon":
		fmt.Fprintln(os.Stderr, "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
		return 1
	case "docker driver":
		fmt.Println("Name:          default\nDriver:        docker\n\nNodes:\nName: default")
	default:
		fmt.Println("Name:          b\nDriver:        docker-container\n\nNodes:\nName: b0")
	}
	return 0
}

const brokenBuild = `#5 [2/2] RUN false
#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
 > [2/2] RUN false:
------
Dockerfile:7
--------------------
   6 |     FROM scratch
   7 | >>> RUN false
--------------------
ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
`

func dockerBuild(way string, args []string) int {
	note, err := json.Marshal(append(args, "SOURCE_DATE_EPOCH="+os.Getenv("SOURCE_DATE_EPOCH")))
	if err != nil || os.WriteFile(os.Getenv("FAKE_DOCKER_CALLS"), note, 0o600) != nil {
		return 65
	}
	if way == "broken" {
		fmt.Fprint(os.Stderr, brokenBuild)
		return 1
	}
	fmt.Fprintln(os.Stderr, "#1 building")
	if way == "nothing" {
		return 0
	}
	image := dockerImage()
	switch way {
	case "docker manifest":
		image = mutate.MediaType(image, types.DockerManifestSchema2)
	case "annotated":
		image = mutate.Annotations(image, map[string]string{"c": "3"}).(v1.Image)
	}
	options := map[string]string{}
	for i, arg := range args {
		if arg == "--tag" {
			options["tag"] = args[i+1]
		}
		if arg == "--load" {
			options["type"] = "docker"
		}
		if arg == "--output" {
			pairs, err := csv.NewReader(strings.NewReader(args[i+1])).Read()
			if err != nil {
				return 67
			}
			for _, pair := range pairs {
				key, value, _ := strings.Cut(pair, "=")
				options[key] = value
			}
		}
	}
	switch {
	case options["type"] == "oci" && options["tar"] == "false" && way != "docker driver":
		err = writeLayout(options["dest"], image, way)
	case options["type"] == "docker" && options["dest"] == "" && way == "docker driver":
		var tag name.Tag
		if tag, err = name.NewTag(options["tag"]); err == nil {
			err = tarball.WriteToFile(loaded(), tag, image)
		}
	default:
		fmt.Fprintln(os.Stderr, "ERROR: "+options["type"]+" exporter is not supported for the docker driver")
		return 1
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 66
	}
	return 0
}

// loaded is the store of the daemon: one image, as an archive.
func loaded() string { return os.Getenv("FAKE_DOCKER_CALLS") + ".tar" }

func dockerSave(args []string) int {
	tag, err := name.NewTag(args[2])
	if args[0] != "--output" || err != nil {
		fmt.Fprintln(os.Stderr, "unknown flags", args)
		return 64
	}
	image, err := tarball.ImageFromPath(loaded(), &tag)
	if err == nil {
		err = tarball.WriteToFile(args[1], tag, image)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error response from daemon: reference does not exist:", err)
		return 1
	}
	return 0
}

func dockerRemove(reference string) int {
	tag, err := name.NewTag(reference)
	if err == nil {
		_, err = tarball.ImageFromPath(loaded(), &tag)
	}
	if err != nil || os.Remove(loaded()) != nil {
		fmt.Fprintln(os.Stderr, "Error: No such image:", reference)
		return 1
	}
	return 0
}

// dockerImage is an image as BuildKit makes it.
func dockerImage() v1.Image {
	image, err := random.Image(1000, 2)
	if err != nil {
		panic(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		panic(err)
	}
	config.OS, config.Architecture = "linux", "arm64"
	if image, err = mutate.ConfigFile(image, config); err != nil {
		panic(err)
	}
	return mutate.MediaType(image, types.OCIManifestSchema1)
}

func writeLayout(dir string, image v1.Image, way string) error {
	index := v1.ImageIndex(empty.Index)
	other, err := random.Image(10, 1)
	if err != nil {
		return err
	}
	add := mutate.IndexAddendum{Add: image}
	if way == "index" { // as with attestations: an index in the index
		add.Descriptor.Platform = &v1.Platform{OS: "linux", Architecture: "arm64"}
		attestation := mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}}
		index = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: mutate.AppendManifests(empty.Index, add, attestation)})
	} else {
		index = mutate.AppendManifests(index, add)
	}
	path, err := layout.Write(dir, index)
	if err != nil || way != "damaged" {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	digest, err := layers[0].Digest()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(path), "blobs", "sha256", digest.Hex), []byte("damaged"), 0o600)
}
