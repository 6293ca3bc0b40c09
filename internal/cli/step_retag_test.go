package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestMergedTags(t *testing.T) {
	const one, two = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"
	commit := func(message string, parents ...string) string {
		text := "tree " + one + "\n"
		for _, parent := range parents {
			text += "parent " + parent + "\n"
		}
		return text + "author Ada <ada@acme.example> 1 +0000\ngpgsig -----BEGIN\n parent " + strings.Repeat("3", 40) + "\n\n" + message
	}
	merged := runner.Event{PullRequest: &runner.PullRequest{Number: 7, HeadSHA: two, Merged: true}}
	tests := map[string]struct {
		rules  []string
		event  runner.Event
		commit string
		want   []ref.Tag
	}{
		"a merge":                        {commit: commit("Merge pull request #12 from acme/x\n\nTitle (#3)\n", one, two), want: []ref.Tag{"pr-12", "sha-222222222222"}},
		"a squash":                       {commit: commit("Log in (#12)\n\n* Begin (#3)\n", one), want: []ref.Tag{"pr-12"}},
		"a revert of one":                {commit: commit("Revert \"Log in (#3)\" (#12)\n", one), want: []ref.Tag{"pr-12"}},
		"a merge by hand":                {commit: commit("Merge branch 'x'\n", one, two), want: []ref.Tag{"sha-222222222222"}},
		"a number in the middle":         {commit: commit("Fix (#12) for good\n", one)},
		"the closed event":               {event: merged, want: []ref.Tag{"pr-7", "sha-222222222222"}},
		"the closed event and its merge": {event: merged, commit: commit("Merge pull request #7 from acme/x\n", one, two), want: []ref.Tag{"pr-7", "sha-222222222222"}},
		"the closed event, and more":     {event: merged, commit: commit("Log out (#8)", one), want: []ref.Tag{"pr-7", "pr-8", "sha-222222222222"}},
		"other names": {rules: []string{"sha=long", "type=ref,event=pr,prefix=try-", "raw=latest"}, commit: commit("Merge pull request #7 from acme/x\n", one, two),
			want: []ref.Tag{"try-7", "pr-7", "sha-" + two, "sha-222222222222"}},
		"a first commit": {commit: commit("Begin\n")},
		"no commit":      {},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, mergedTags(test.rules, test.event, test.commit)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheImageOfACommit(t *testing.T) {
	ours := origin{Origin: build.Origin{Files: "f", Inputs: "i"}, tree: "t"}
	tests := map[string]struct {
		origin origin
		commit string
		found  registry.Revision
		want   bool
	}{
		"by its commit":           {commit: "c", found: registry.Revision{Commit: "c"}, want: true},
		"by its tree":             {origin: ours, commit: "c", found: registry.Revision{Commit: "head", Tree: "t", Files: "x", Inputs: "x"}, want: true},
		"by both hashes":          {origin: ours, commit: "c", found: registry.Revision{Commit: "head", Tree: "x", Files: "f", Inputs: "i"}, want: true},
		"by the files alone":      {origin: ours, commit: "c", found: registry.Revision{Commit: "head", Tree: "x", Files: "f", Inputs: "x"}},
		"another":                 {origin: ours, commit: "c", found: registry.Revision{Commit: "x", Tree: "x", Files: "x", Inputs: "x"}},
		"nothing is known of it":  {origin: ours, commit: "c"},
		"nothing is known at all": {},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := plan.Plan{Build: plan.Build{Labels: map[string]string{registry.RevisionKey: test.commit}}}
			j := &job{origin: test.origin, state: &ship.State{Plan: p}}
			if got := j.ofThisCommit(test.found); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// checkout is a repository whose numbers are claimed in itself.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T, files map[string]string) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	for name, value := range map[string]string{
		"HOME": c.dir, "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "DOCKER_CONFIG": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.git("init", "--quiet", "--initial-branch=main")
	c.git("config", "user.name", "Ada")
	c.git("config", "user.email", "ada@acme.example")
	c.git("add", "--all")
	c.git("commit", "--quiet", "--message=Begin")
	return c
}

func (c checkout) git(args ...string) string {
	c.t.Helper()
	out, err := gitIn(c.dir).Run(c.t.Context(), gitCall(args...))
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// ship wants run to end well, and gives what it said.
func (c checkout) ship(event string, args ...string) string {
	c.t.Helper()
	log, code := c.run(event, args...)
	if code != exitOK {
		c.t.Fatalf("exit code %d\n%s", code, log)
	}
	return log
}

// run is `tagboat ship` in a workflow that an event of testdata/events has started.
func (c checkout) run(event string, args ...string) (said string, code int) {
	c.t.Helper()
	temp := c.t.TempDir()
	kind, _, _ := strings.Cut(event, ".")
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": kind, "GITHUB_SHA": c.git("rev-parse", "HEAD"), "GITHUB_REPOSITORY": "acme/web", "RUNNER_TEMP": temp,
		"GITHUB_EVENT_PATH": "../../testdata/events/" + event + ".json", "GITHUB_SERVER_URL": "https://github.example",
		"GITHUB_OUTPUT": filepath.Join(temp, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(temp, "summary"),
	}
	var log bytes.Buffer
	args = append([]string{"ship", "--context", c.dir, "--source-repository", c.dir}, args...)
	world := World{Getenv: func(name string) string { return env[name] }, Stdout: &log, Stderr: &log, Now: time.Now}
	code = Run(c.t.Context(), world, args)
	return log.String(), code
}

// TestRetagIsAHandfulOfRequests ships a merge to two registries that have the
// image of its pull request. Each is greeted, asked whether it answers, once for its
// tags and for the version, and what the push wants to know; one of them says what
// its image is. All that is written is one tag in each.
func TestRetagIsAHandfulOfRequests(t *testing.T) {
	const most = 22
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
	all := []*testkit.Registry{testkit.NewRegistry(t), testkit.NewRegistry(t)}
	args := []string{"--images", all[0].Host + "/acme/web", "--images", all[1].Host + "/acme/web"}
	c.ship("pull_request.synchronize", args...)
	for _, r := range all {
		r.Forget()
	}
	c.git("commit", "--quiet", "--allow-empty", "--message=Merge pull request #7 from acme/feature/login")
	if log := c.ship("push.main", args...); !strings.Contains(log, "pr-7 was built from the same tree") {
		t.Fatal(log)
	}
	var asked []string
	for _, r := range all {
		if got, want := r.Digest("acme/web", "v0.0.1"), r.Digest("acme/web", "pr-7"); got != want || got == "" {
			t.Errorf("v0.0.1 is %q, pr-7 is %q", got, want)
		}
		if n := r.Count("PUT", ""); n != 1 {
			t.Errorf("%d writes, want that of the tag alone", n)
		}
		asked = append(asked, r.Requests()...)
	}
	if text := strings.Join(asked, "\n"); len(asked) > most || strings.Contains(text, "/blobs/sha256:") {
		t.Errorf("%d requests, want at most %d and none for a blob:\n%s", len(asked), most, text)
	}
}

// TestARetaggedImageNamesTheHead wants labels and annotations that are those of
// the pull request, and the same.
func TestARetaggedImageNamesTheHead(t *testing.T) {
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
	r := testkit.NewRegistry(t)
	c.ship("pull_request.synchronize", "--images", r.Host+"/acme/web", "--build-args", "PASSWORD=hunter2")
	c.git("commit", "--quiet", "--allow-empty", "--message=Log in (#7)")
	c.ship("push.main", "--images", r.Host+"/acme/web", "--build-args", "PASSWORD=hunter2")
	image, err := ref.ParseImage(r.Host + "/acme/web:v0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&registry.Client{}).Revision(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	for what, hash := range map[string]*string{"files": &got.Files, "inputs": &got.Inputs, "digest": (*string)(&got.Digest)} {
		if !strings.HasPrefix(*hash, "sha256:") || len(*hash) != len("sha256:")+64 {
			t.Errorf("%s: %q", what, *hash)
		}
		*hash = ""
	}
	want := registry.Revision{Commit: "7e1da26917465db2f1cb7ad84456e0f430afa444", Source: "https://github.example/acme/web", Tree: c.git("rev-parse", "HEAD^{tree}")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	reference, err := name.ParseReference(image.String())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := remote.Image(reference)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err1 := stored.Manifest()
	config, err2 := stored.ConfigFile()
	raw, err3 := stored.RawConfigFile()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Annotations) != 5 {
		t.Errorf("annotations %v", manifest.Annotations)
	}
	for key, value := range manifest.Annotations {
		if config.Config.Labels[key] != value {
			t.Errorf("%s: annotation %q, label %q", key, value, config.Config.Labels[key])
		}
	}
	if strings.Contains(string(raw), "hunter2") {
		t.Errorf("a build argument that the Dockerfile does not take is in the config: %s", raw)
	}
}

// fakeDocker is a docker whose builds all leave one image.
const fakeDocker = `#!/bin/sh
case "$1 $2" in
"buildx version") echo v0 ;;
"buildx inspect") echo "Driver: docker" ;;
"buildx build" | "image rm") ;;
"image save") cat "$IMAGE" >"$4" ;;
*) exit 64 ;;
esac
`

// TestRetagNeedsNoDocker ships the merge of an image that only docker can build
// where there is none.
func TestRetagNeedsNoDocker(t *testing.T) {
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nRUN make\n"})
	r := testkit.NewRegistry(t)
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	bin, without := t.TempDir(), t.TempDir()
	t.Setenv("IMAGE", filepath.Join(bin, "image.tar"))
	err = errors.Join(os.Symlink(git, filepath.Join(without, "git")), os.WriteFile(filepath.Join(bin, "docker"), []byte(fakeDocker), 0o755),
		tarball.WriteToFile(os.Getenv("IMAGE"), name.MustParseReference("image").(name.Tag), image))
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", bin+":"+path)
	c.ship("pull_request.synchronize", "--images", r.Host+"/acme/web")

	t.Setenv("PATH", without)
	c.git("commit", "--quiet", "--allow-empty", "--message=Log in (#7)")
	log := c.ship("push.main", "--images", r.Host+"/acme/web")
	if !strings.Contains(log, "done: no builder is needed: pr-7 was built") || r.Digest("acme/web", "v0.0.1") != r.Digest("acme/web", "pr-7") {
		t.Error(log)
	}
	c.git("commit", "--quiet", "--allow-empty", "--message=Log in (#8)")
	if log, code := c.run("push.main", "--images", r.Host+"/acme/web"); code != exitFailed || !strings.Contains(log, "E_BUILDX_MISSING") {
		t.Errorf("exit code %d\n%s", code, log)
	}

	t.Setenv("PATH", bin+":"+path)
	c.ship("push.main", "--images", r.Host+"/acme/web")
	t.Setenv("PATH", without)
	if log := c.ship("push.main", "--images", r.Host+"/acme/web"); !strings.Contains(log, "done: no builder is needed: v0.0.2 was built from this commit") {
		t.Error(log)
	}
}
