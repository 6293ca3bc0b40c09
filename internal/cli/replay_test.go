package cli

import (
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

func quietApp() *app {
	world := World{Getenv: func(string) string { return "" }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	return &app{Runner: runner.New(world.Getenv, io.Discard, io.Discard), world: world}
}

// wish is a reference of which everything was asked for that can be.
func wish(t testing.TB, image string) reference {
	t.Helper()
	parsed, err := ref.ParseImage(image)
	if err != nil {
		t.Fatal(err)
	}
	return reference{
		Bump: plan.Bump{
			Repository: "acme/infra", Mode: plan.ModeCommit, Image: parsed.Repository.String(), Pin: "tag",
			Paths: []string{"apps/**"}, Exclude: []string{"apps/old"}, Fields: []string{"apps/web.yaml:.version=tag"},
			Environment: "prod", OnLeftover: "fail", ForbidTags: []string{"pr-*"},
		},
		image: parsed, onNoChange: "fail",
		texts:  texts{message: "{{.Name}} <{{.To}}>", environment: "prod", coAuthor: "ada <1+ada@users.noreply.github.com>", run: "https://github.example/acme/web/actions/runs/42"},
		source: source{page: "https://github.example/acme/web", commit: strings.Repeat("d", 40)},
	}
}

func head(files map[string]string) *infra.Snapshot {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return &infra.Snapshot{Branch: "main", Head: strings.Repeat("a", 40), Files: m, Tree: m}
}

// TestAReplayDoesWhatTheRunItselfWouldDo compares the edit that another run makes
// of the data with that of the run that wrote the data.
func TestAReplayDoesWhatTheRunItselfWouldDo(t *testing.T) {
	on := head(map[string]string{
		"apps/web.yaml":   "image: ghcr.io/acme/web:v0.0.7\nversion: v0.0.7 # ours\n",
		"apps/other.yaml": "image: ghcr.io/acme/other:v0.0.7\n",
	})
	for _, mode := range []plan.Mode{plan.ModeCommit, plan.ModePullRequest} {
		r := wish(t, "ghcr.io/acme/web:v0.0.8")
		r.Mode = mode
		edited, bumped, err := quietApp().decide(on, r, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.changeSet(edited, bumped)
		if err != nil {
			t.Fatal(err)
		}
		paths, edit, err := quietApp().replay(r.data())
		if err != nil {
			t.Fatal(err)
		}
		got, err := edit(on)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got.Files) != 1 || (got.Body != "") != (mode == plan.ModePullRequest) {
			t.Errorf("%s: -want +got:\n%s", mode, diff)
		}
		if own, err := scope(r.Bump); err != nil || !cmp.Equal(own, paths, cmp.AllowUnexported(infra.Paths{})) {
			t.Errorf("%s: paths %+v, want %+v (%v)", mode, paths, own, err)
		}
	}
}

func TestAReplayLeavesANewerVersion(t *testing.T) {
	r := wish(t, "ghcr.io/acme/web:v0.0.8")
	on := head(map[string]string{"apps/web.yaml": "image: ghcr.io/acme/web:v0.0.9\nversion: v0.0.9\n"})
	_, edit, err := quietApp().replay(r.data())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := edit(on); err != nil || len(c.Files) > 0 {
		t.Errorf("got %+v, %v", c, err)
	}
	r.AllowDowngrade = true
	if _, edit, err = quietApp().replay(r.data()); err != nil {
		t.Fatal(err)
	}
	if c, err := edit(on); err != nil || len(c.Files) != 1 {
		t.Errorf("a downgrade that is allowed gives %+v, %v", c, err)
	}
}

func TestAReplayFailsWhereTheRunWould(t *testing.T) {
	_, edit, err := quietApp().replay(wish(t, "ghcr.io/acme/web:v0.0.8").data())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := edit(head(map[string]string{"apps/web.yaml": "image: ghcr.io/acme/web:v0.0.7\n"})); err == nil {
		t.Errorf("a field is missing, and the edit is %+v", c)
	}
}

func TestDataThatNoInputsGiveIsRefused(t *testing.T) {
	good := string(wish(t, "ghcr.io/acme/web:v0.0.8").data())
	for name, data := range map[string]string{
		"nothing":            "",
		"no JSON":            "bump",
		"null":               "null",
		"another form":       strings.Replace(good, `"form":1`, `"form":2`, 1),
		"an unknown field":   strings.Replace(good, `{"form":1`, `{"form":1,"x":1`, 1),
		"a field twice":      strings.Replace(good, `"pin":"tag"`, `"pin":"tag","pin":"tag"`, 1),
		"another case":       strings.Replace(good, `"pin"`, `"Pin"`, 1),
		"more behind it":     good + good,
		"another pin":        strings.Replace(good, `"pin":"tag"`, `"pin":"sha"`, 1),
		"another mode":       strings.Replace(good, `"mode":"commit"`, `"mode":"files"`, 1),
		"no commit":          strings.Replace(good, strings.Repeat("d", 40), "main", 1),
		"no page":            strings.Replace(good, "https://github.example/acme/web\"", "javascript:x\"", 1),
		"an image only":      strings.Replace(good, "web:v0.0.8", "web", 1),
		"no image":           strings.Replace(good, "ghcr.io/acme/web:v0.0.8", "", 1),
		"a path that leaves": strings.Replace(good, "apps/**", "../apps", 1),
		"a broken glob":      strings.Replace(good, "pr-*", "[", 1),
		"a broken address":   strings.Replace(good, ".version=tag", "version", 1),
		"a forbidden tag":    strings.Replace(good, "web:v0.0.8", "web:pr-8", 1),
		"a broken template":  strings.Replace(good, "{{.Name}}", "{{.Tag}}", 1),
		"two co-authors":     strings.Replace(good, "ada ", `ada\nx: y `, 1),
		"a run in two lines": strings.Replace(good, "runs/42", `runs/42\nx`, 1),
		"another scheme":     strings.Replace(good, "https://github", "file://github", 1),
		"too long":           strings.Replace(good, "apps/**", strings.Repeat("a", intentLimit), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if name != "nothing" && data == good {
				t.Fatal("the data was not changed")
			}
			if _, _, err := quietApp().replay([]byte(data)); err == nil {
				t.Errorf("taken: %s", data)
			}
		})
	}
}

// FuzzReadReference: whatever is read is written as it was read.
func FuzzReadReference(f *testing.F) {
	f.Add(wish(f, "ghcr.io/acme/web:v0.0.8").data())
	f.Add(wish(f, "docker.io/library/nginx:1@sha256:"+strings.Repeat("a", 64)).data())
	f.Add([]byte(`{"form":1,"mode":"pull-request","image":"docker.io/library/a:1","pin":"both","on-no-change":"ok","on-leftover":"ok"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := readReference(data)
		if err == nil && string(r.data()) != string(data) {
			t.Errorf("read %q, wrote %q", data, r.data())
		}
	})
}
