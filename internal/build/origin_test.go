package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a context with a file of each kind.
func sample(t *testing.T) string {
	t.Helper()
	dir := folder(t, map[string]string{
		"Dockerfile": "FROM scratch\nCOPY app /app\n", ".dockerignore": "junk\n",
		"app/a.txt": "a", "app/b.txt": "b", "junk/c": "c", "Other": "FROM scratch\nCOPY app /other\n",
	})
	must(t, os.Symlink("a.txt", filepath.Join(dir, "app/link")))
	return dir
}

func TestOriginChangesWithWhatIsBuilt(t *testing.T) {
	write := func(name, text string) func(*testing.T, string, *Request) {
		return func(t *testing.T, dir string, _ *Request) {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
	asked := func(change func(*Request)) func(*testing.T, string, *Request) {
		return func(_ *testing.T, _ string, r *Request) { change(r) }
	}
	tests := map[string]struct {
		change        func(*testing.T, string, *Request)
		files, inputs bool // change
	}{
		"nothing":            {asked(func(*Request) {}), false, false},
		"a file":             {write("app/a.txt", "A"), true, false},
		"a file that is new": {write("app/new", ""), true, false},
		"one of two that swap their end": {func(t *testing.T, dir string, r *Request) {
			write("app/a.txt", "ab")(t, dir, r)
			write("app/b.txt", "")(t, dir, r)
		}, true, false},
		"a folder that is new": {func(t *testing.T, dir string, _ *Request) { must(t, os.Mkdir(filepath.Join(dir, "app/empty"), 0o755)) }, true, false},
		"a file that is run":   {func(t *testing.T, dir string, _ *Request) { must(t, os.Chmod(filepath.Join(dir, "app/a.txt"), 0o755)) }, true, false},
		"the umask":            {func(t *testing.T, dir string, _ *Request) { must(t, os.Chmod(filepath.Join(dir, "app/a.txt"), 0o640)) }, false, false},
		"a link": {func(t *testing.T, dir string, _ *Request) {
			must(t, os.Remove(filepath.Join(dir, "app/link")))
			must(t, os.Symlink("b.txt", filepath.Join(dir, "app/link")))
		}, true, false},
		"an ignored file":          {write("junk/c", "C"), false, false},
		".git":                     {write(".git/HEAD", "x"), false, false},
		"the Dockerfile":           {write("Dockerfile", "FROM scratch\n"), true, false},
		"another Dockerfile":       {func(_ *testing.T, dir string, r *Request) { r.Dockerfile = filepath.Join(dir, "Other") }, true, false},
		"the target":               {asked(func(r *Request) { r.Target = "x" }), false, true},
		"the platform":             {asked(func(r *Request) { r.Platform = "linux/s390x" }), false, true},
		"the platform of here":     {asked(func(r *Request) { r.Platform = host().String() }), false, false},
		"a build argument":         {asked(func(r *Request) { r.Args = map[string]string{"A": "2"} }), false, true},
		"a label":                  {asked(func(r *Request) { r.Labels = map[string]string{"l": "2"} }), false, true},
		"a label of the event":     {asked(func(r *Request) { r.Labels["org.opencontainers.image.revision"] = "1" }), false, false},
		"when it is":               {asked(func(r *Request) { r.Labels["org.opencontainers.image.created"] = "now" }), false, false},
		"an argument for a label":  {asked(func(r *Request) { r.Args, r.Labels = r.Labels, r.Args }), false, true},
		"where the image is built": {asked(func(r *Request) { r.Layout = "elsewhere" }), false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := sample(t)
			r := Request{Context: dir, Args: map[string]string{"A": "1"}, Labels: map[string]string{"l": "v"}}
			before, err := OriginOf(t.Context(), r, "native")
			must(t, err)
			test.change(t, dir, &r)
			after, err := OriginOf(t.Context(), r, "native")
			must(t, err)
			got := [2]bool{before.Files != after.Files, before.Inputs != after.Inputs}
			if want := [2]bool{test.files, test.inputs}; got != want {
				t.Errorf("files and inputs changed %v, want %v", got, want)
			}
		})
	}
}

func TestOriginIsThatOfItsBuilder(t *testing.T) {
	r := Request{Context: sample(t)}
	one, err := OriginOf(t.Context(), r, "native")
	must(t, err)
	two, err := OriginOf(t.Context(), r, "buildx")
	must(t, err)
	if one.Inputs == two.Inputs {
		t.Errorf("native %v, buildx %v", one, two)
	}
}

// BuildKit keeps the modes that files have on disk; the native builder makes those
// alike that differ by the umask.
func TestOriginHasTheModesOfItsBuilder(t *testing.T) {
	tests := map[string]struct {
		name          string
		one, two      os.FileMode
		native, build bool // differ
	}{
		"a file of the owner's":    {"app/a.txt", 0o600, 0o644, false, true},
		"a file of a group's":      {"app/a.txt", 0o664, 0o644, false, true},
		"a folder of the owner's":  {"app", 0o700, 0o755, false, true},
		"a folder with its setgid": {"app", 0o755 | os.ModeSetgid, 0o755, false, true},
		"a program":                {"app/a.txt", 0o755, 0o644, true, true},
		"a program with setuid":    {"app/a.txt", 0o755 | os.ModeSetuid, 0o755, true, true},
		"an ignored file":          {"junk/c", 0o600, 0o644, false, false},
	}
	for name, test := range tests {
		for builder, want := range map[string]bool{"native": test.native, "buildx": test.build} {
			t.Run(name+" "+builder, func(t *testing.T) {
				dir := sample(t)
				var files []string
				for _, mode := range []os.FileMode{test.one, test.two} {
					must(t, os.Chmod(filepath.Join(dir, test.name), mode))
					made, err := OriginOf(t.Context(), Request{Context: dir}, builder)
					must(t, err)
					files = append(files, made.Files)
				}
				if got := files[0] != files[1]; got != want {
					t.Errorf("they differ: %t, want %t", got, want)
				}
			})
		}
	}
}

// docker buildx builds for DOCKER_DEFAULT_PLATFORM where no platform is given, so
// that two jobs with another one make two images.
func TestOriginHasThePlatformOfTheEnvironment(t *testing.T) {
	tests := map[string]struct {
		builder, environment, platform, as string // as that of this platform
	}{
		"buildx":                {"buildx", "linux/s390x", "", "linux/s390x"},
		"in another spelling":   {"buildx", "linux/aarch64", "", "linux/arm64"},
		"what is said is first": {"buildx", "linux/s390x", "linux/ppc64le", "linux/ppc64le"},
		"none":                  {"buildx", "", "", host().String()},
		"native":                {"native", "linux/s390x", "", host().String()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := sample(t)
			want, err := OriginOf(t.Context(), Request{Context: dir, Platform: test.as}, test.builder)
			must(t, err)
			t.Setenv("DOCKER_DEFAULT_PLATFORM", test.environment)
			got, err := OriginOf(t.Context(), Request{Context: dir, Platform: test.platform}, test.builder)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What an Origin says of the platform is what docker is asked for.
func TestBuildxIsToldThePlatform(t *testing.T) {
	for environment, want := range map[string]string{"": host().String(), "linux/s390x": "linux/s390x"} {
		t.Run(environment, func(t *testing.T) {
			calls := useDocker(t, "docker-container")
			t.Setenv("DOCKER_DEFAULT_PLATFORM", environment)
			_, err := Buildx{}.Build(t.Context(), Request{Context: sample(t), Layout: t.TempDir()})
			must(t, err)
			data, err := os.ReadFile(calls)
			must(t, err)
			if !strings.Contains(string(data), `"--platform","`+want+`"`) {
				t.Errorf("docker was called with %s", data)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		useDocker(t, "docker-container")
		t.Setenv("DOCKER_DEFAULT_PLATFORM", "s390x")
		_, err := Buildx{}.Build(t.Context(), Request{Context: sample(t), Layout: t.TempDir()})
		wantFault(t, err, "E_BUILD_PLATFORM", 0, `"s390x" is not a platform`, "")
	})
}

func TestOriginIsTheSameElsewhere(t *testing.T) {
	one, err := OriginOf(t.Context(), Request{Context: sample(t)}, "native")
	must(t, err)
	two, err := OriginOf(t.Context(), Request{Context: sample(t)}, "native")
	must(t, err)
	if diff := cmp.Diff(one, two); diff != "" || !strings.HasPrefix(one.Files, "sha256:") {
		t.Errorf("%v\n%s", one, diff)
	}
}

// TestOriginWithGit wants no origin where the history of the checkout, which is
// another for each of them, goes into the image.
func TestOriginWithGit(t *testing.T) {
	tests := map[string]struct {
		dockerfile string
		ignore     string
		line       int // that takes it; 0: none
	}{
		"everything":              {"FROM scratch\nCOPY . /\n", "", 2},
		"everything but .git":     {"FROM scratch\nCOPY . /\n", ".git\n", 0},
		"a folder":                {"FROM scratch\nCOPY src go.mod /\n", "", 0},
		"a folder up and down":    {"FROM scratch\nCOPY src/.. /\n", "", 2},
		"one file of it":          {"FROM scratch\nADD .git/HEAD /\n", "", 2},
		"a wildcard":              {"FROM scratch\nCOPY *.txt /\n", "", 0},
		"a wildcard that is it":   {"FROM scratch\nCOPY .g* /\n", "", 2},
		"all by a wildcard":       {"FROM scratch\nCOPY * /\n", "", 2},
		"a variable":              {"FROM scratch\nARG D=.\nCOPY $D /\n", "", 3},
		"a stage":                 {"FROM scratch AS a\nFROM scratch\nCOPY --from=a . /\n", "", 0},
		"text":                    {"FROM scratch\nCOPY <<EOF /a\nx\nEOF\n", "", 0},
		"the network":             {"FROM scratch\nADD https://github.com/acme/web.git#main /\n", "", 0},
		"a program":               {"FROM a\nRUN make\n", "", 0},
		"a mount":                 {"FROM a\nRUN --mount=target=. make\n", "", 2},
		"a mount of one file":     {"FROM a\nRUN --mount=type=bind,source=go.mod,target=go.mod make\n", "", 0},
		"a mount of a variable":   {"FROM a\nRUN --mount=source=$X,target=/x make\n", "", 2},
		"a mount of a stage":      {"FROM a AS b\nFROM a\nRUN --mount=from=b,target=/b make\n", "", 0},
		"a cache":                 {"FROM a\nRUN --mount=type=cache,target=/c make\n", "", 0},
		"a trigger":               {"FROM scratch AS a\nONBUILD COPY . /\nFROM a\n", "", 2},
		"a trigger that runs":     {"FROM a AS b\nONBUILD RUN make\nFROM b\n", "", 0},
		"a frontend of its own":   {"# syntax=acme/frontend\nFROM scratch\n", "", 1},
		"what cannot be read":     {"FROM scratch\nNO\n", "", 1},
		"a name that begins so":   {"FROM scratch\nCOPY .github /\n", "", 0},
		"the Dockerfile's ignore": {"FROM scratch\nCOPY . /\n", "*\n!src\n", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"Dockerfile": test.dockerfile, ".dockerignore": test.ignore, ".git/HEAD": "ref: refs/heads/main", "src/a": "a"})
			_, err := OriginOf(t.Context(), Request{Context: dir}, "buildx")
			if test.line == 0 {
				must(t, err)
				return
			}
			want := filepath.Join(dir, "Dockerfile") + ":" + string(rune('0'+test.line)) + " takes .git into the image"
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "name it in .dockerignore") {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// TestAnnotations wants them on the manifest, whichever builder made it, and the
// layers and the config as they are without.
func TestAnnotations(t *testing.T) {
	want := map[string]string{"a": "1", "b": "2"}
	tests := map[string]struct {
		builder Builder
		way     string
		want    map[string]string
	}{
		"native":            {Native{}, "", want},
		"buildx":            {Buildx{}, "docker-container", want},
		"the docker driver": {Buildx{}, "docker driver", want},
		"Docker's manifest": {Buildx{}, "docker manifest", nil},
		"one that has some": {Buildx{}, "annotated", map[string]string{"a": "1", "b": "2", "c": "3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.way != "" {
				useDocker(t, test.way)
			}
			dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
			r := Request{Context: dir, Layout: t.TempDir(), Platform: "linux/arm64", Annotations: want}
			made, err := test.builder.Build(t.Context(), r)
			must(t, err)
			manifest, err := read(t, made, "").image.Manifest()
			must(t, err)
			if diff := cmp.Diff(test.want, manifest.Annotations); diff != "" {
				t.Error(diff)
			}
		})
	}
}
