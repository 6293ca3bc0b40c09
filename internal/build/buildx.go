package build

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/run"
)

// Buildx builds with `docker buildx build`, on the builder that is selected
// there (`docker buildx use`, or BUILDX_BUILDER), whatever its driver is. It asks
// for one platform and no attestations, so that the outcome is one manifest.
type Buildx struct {
	// Logins gives a folder with docker's configuration that has the logins for base
	// images. It is called where docker builds; nil, or "", leaves the choice to docker.
	Logins func(context.Context) (folder string, err error)

	config string // that folder
}

// docker is a call of the docker command.
func (b Buildx) docker(args ...string) run.Command {
	cmd := run.Command{Name: "docker", Args: args}
	if b.config != "" {
		cmd.Env = []string{"DOCKER_CONFIG=" + b.config}
	}
	return cmd
}

// Name is "buildx".
func (Buildx) Name() string { return "buildx" }

// Check looks at context, Dockerfile and target, and whether docker has buildx.
// It fails with E_BUILD_CONTEXT, E_DOCKERFILE_MISSING, E_DOCKERFILE,
// E_BUILD_TARGET, E_BUILD_PLATFORM or E_BUILDX_MISSING.
func (b Buildx) Check(ctx context.Context, r Request) error {
	var mistakes []error
	file, err := readDockerfile(r)
	switch {
	case err == nil:
		_, err := file.target(r.Target)
		mistakes = append(mistakes, err)
	case file != nil && file.syntax != "":
		// The frontend it names may know what this parser does not.
	default:
		mistakes = append(mistakes, err)
	}
	_, wrong := parsePlatform(withPlatform(r).Platform)
	mistakes = append(mistakes, wrong)
	_, err = run.Output(ctx, b.docker("buildx", "version"))
	if _, ok := errors.AsType[*run.Error](err); ok || fault.Is(err, "E_PROGRAM_MISSING") {
		err = fault.New("E_BUILDX_MISSING", "run `docker/setup-buildx-action` before this step, or use `builder: native` if the Dockerfile has no RUN",
			fmt.Errorf("docker buildx is not here: %w", err))
	}
	return errors.Join(append(mistakes, err)...)
}

// Build fails like Check, and with E_BUILD_FAILED.
func (b Buildx) Build(ctx context.Context, r Request) (*Image, error) {
	r = withPlatform(r)
	if err := b.Check(ctx, r); err != nil {
		return nil, err
	}
	if b.Logins != nil {
		config, err := b.Logins(ctx)
		if err != nil {
			return nil, err
		}
		b.config = config
	}
	store, err := openStore(r)
	if err != nil {
		return nil, err
	}
	image, err := b.build(ctx, r, store)
	if err = errors.Join(err, store.close()); err != nil {
		return nil, err
	}
	return image, nil
}

// withPlatform says which platform is built for where none is given: the one that
// buildx takes from the environment, or that of this machine, as of a native
// builder, whatever machine the selected builder is on. An Origin tells of it.
func withPlatform(r Request) Request {
	if r.Platform == "" {
		r.Platform = os.Getenv("DOCKER_DEFAULT_PLATFORM")
	}
	if r.Platform == "" {
		r.Platform = host().String()
	}
	return r
}

func (b Buildx) build(ctx context.Context, r Request, s *store) (*Image, error) {
	kind, err := b.exporter(ctx)
	if err != nil {
		return nil, err
	}
	dest := filepath.Join(s.temp, "image")
	if kind == "docker" {
		return b.throughStore(ctx, r, s, dest)
	}
	output := []string{"--output", "type=oci,tar=false,rewrite-timestamp=true," + csvField("dest="+dest)}
	if err := b.run(ctx, r, output); err != nil {
		return nil, err
	}
	return s.adoptLayout(ctx, dest, r.Platform)
}

// throughStore takes the image out of the daemon's own store, under a name that
// lasts until then: the docker driver exports to nowhere else.
func (b Buildx) throughStore(ctx context.Context, r Request, s *store, dest string) (image *Image, err error) {
	name := "tagboat-build:" + strings.ToLower(rand.Text())
	if err := b.run(ctx, r, []string{"--load", "--tag", name}); err != nil {
		return nil, err
	}
	defer func() { // also where the run was cancelled
		_, gone := run.Output(context.WithoutCancel(ctx), b.docker("image", "rm", name))
		err = errors.Join(err, gone)
	}()
	if _, err := run.Output(ctx, b.docker("image", "save", "--output", dest, name)); err != nil {
		return nil, noImage(err)
	}
	return s.adoptArchive(ctx, dest)
}

// run runs one build; output says where the image goes.
func (b Buildx) run(ctx context.Context, r Request, output []string) error {
	cmd := b.docker(buildxArgs(r, output)...)
	cmd.Stdout, cmd.Stderr = r.log(), r.log()
	// buildx passes it on as a build argument: BuildKit dates config and history by it.
	cmd.Env = append(cmd.Env, "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.created().Unix(), 10))
	return buildFailed(r, run.Run(ctx, cmd))
}

// driverForm is the line of `docker buildx inspect` that says how it builds.
var driverForm = pattern.New(`(?m)^Driver:\s+(\S+)`)

// exporter is the kind of output that the selected builder can write: all
// drivers but docker's own know OCI.
func (b Buildx) exporter(ctx context.Context) (string, error) {
	out, err := run.Output(ctx, b.docker("buildx", "inspect"))
	if err != nil {
		if _, ok := errors.AsType[*run.Error](err); !ok {
			return "", err
		}
		return "", fault.New("E_BUILD_FAILED", "see what `docker buildx inspect` says; does the Docker daemon run?", err)
	}
	if found := driverForm.Regexp().FindSubmatch(out); found != nil && string(found[1]) == "docker" {
		return "docker", nil
	}
	return "oci", nil
}

// buildxArgs is the command line after `docker`.
func buildxArgs(r Request, output []string) []string {
	args := []string{"buildx", "build", "--file", dockerfilePath(r), "--provenance=false", "--sbom=false", "--progress=plain"}
	args = append(args, output...)
	args = append(args, "--platform", r.Platform)
	if r.Target != "" {
		args = append(args, "--target", r.Target)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		args = append(args, "--build-arg", name+"="+r.Args[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		args = append(args, "--label", name+"="+r.Labels[name])
	}
	return append(args, r.Context)
}

// csvField quotes a field of --output, which is a line of CSV.
func csvField(s string) string {
	if !strings.ContainsAny(s, ",\"") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// brokenLine is where BuildKit says which line of the Dockerfile it could not
// carry out: a path and a number over the lines themselves.
var brokenLine = pattern.New(`(?m)^\S[^\n]*:(\d+)\n-{20}$`)

// buildFailed makes the failure of a build an E_BUILD_FAILED with the last lines
// that docker wrote; nil stays nil.
func buildFailed(r Request, err error) error {
	failed, ok := errors.AsType[*run.Error](err)
	if !ok {
		return err
	}
	const most = 20
	lines := strings.Split(failed.Stderr, "\n")
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	line := 0
	if found := brokenLine.FindStringSubmatch(failed.Stderr); found != nil {
		line, _ = strconv.Atoi(found[1])
	}
	return fault.Newf("E_BUILD_FAILED", "the whole output is in the log above", "docker buildx build ended with exit code %d:\n%s",
		failed.Code, strings.Join(lines, "\n")).At(filepath.ToSlash(dockerfilePath(r)), line)
}
