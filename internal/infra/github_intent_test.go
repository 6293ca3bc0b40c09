package infra

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// With a commit for each edit, all land as well.
func TestEachOnTheAPI(t *testing.T) {
	const writers = 12
	w := started(t, start...)
	w.hub.Latency(2 * time.Millisecond) // so that they meet
	var group sync.WaitGroup
	all := w.raises(t, writers, false)
	for _, r := range all {
		g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File)})
		group.Go(func() {
			o := r.signed()
			o.Combine = CombineEach
			if res, err := Apply(t.Context(), g, o, r.edit); err != nil || !res.Written.Changed {
				t.Errorf("%+v: %+v, %v", r, res, err)
			}
		})
	}
	group.Wait()
	w.landed(t, all)
	if n := w.repo.Git("rev-list", "--count", "main", "--grep=^app"); n != fmt.Sprint(writers) {
		t.Errorf("%s commits", n)
	}
}

// Who is alone does not ask for more, nor send more, than with combining off.
func TestAloneOnTheAPI(t *testing.T) {
	w := started(t, start...)
	r := w.raises(t, 1, false)[0]
	if _, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File)}), r.signed(), r.edit); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /api/graphql viewer repository", "POST /api/graphql createCommitOnBranch"}
	if diff := cmp.Diff(want, w.hub.Requests()); diff != "" {
		t.Error(diff)
	}
}

// An intent is written in this run's name, so its maker must hold this run's secret:
// who may push can make any commit, with any author, and GitHub signs what people
// merge.
func TestForgedIntents(t *testing.T) {
	theirs := raise{"all.yaml", "api", 2}
	genuine := Intent{ID: newIntentID(clock()), Since: clock().Truncate(time.Second), Subject: "api: 2", Data: theirs.data()}
	genuine.MAC = genuine.sum("main", secret)
	for name, forge := range map[string]func(*Intent){
		"none":             func(*Intent) {},
		"another secret":   func(in *Intent) { in.MAC = in.sum("main", []byte("x")) },
		"no proof":         func(in *Intent) { in.MAC = "" },
		"other data":       func(in *Intent) { in.Data = raise{"all.yaml", "api", 3}.data() },
		"made young again": func(in *Intent) { in.Since = in.Since.Add(time.Minute) },
		"another id":       func(in *Intent) { in.ID += "0" },
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t, start...)
			w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
			in := genuine
			forge(&in)
			mine := raise{"all.yaml", "web", 2}
			g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml")})
			if _, err := g.Publish(t.Context(), mustRead(t, g), in); err != nil {
				t.Fatal(err)
			}
			want := "web: 2\napi: 1\n"
			if name == "none" {
				want = "web: 2\napi: 2\n"
			}
			now := clock().Add(2 * time.Minute) // nobody waits for its run any more
			o := atOnce(mine.signed())
			o.Now = func() time.Time { return now }
			if _, err := Apply(t.Context(), g, o, mine.edit); err != nil || w.read(t, "all.yaml") != want {
				t.Errorf("got %q, %v", w.read(t, "all.yaml"), err)
			}
		})
	}
}

// A token that no other run has leaves nothing for others, and nothing behind.
func TestCrowdWithoutASecret(t *testing.T) {
	w := started(t, start...)
	w.hub.Latency(2 * time.Millisecond)
	all := w.raises(t, 6, false)
	var group sync.WaitGroup
	for _, r := range all {
		g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File)})
		group.Go(func() {
			if res, err := Apply(t.Context(), g, r.combining(), r.edit); err != nil || !res.Written.Changed {
				t.Errorf("%+v: %+v, %v", r, res, err)
			}
		})
	}
	group.Wait()
	w.onBranch(t, all)
	for _, line := range w.hub.Requests() {
		if strings.HasSuffix(line, "/git/refs") {
			t.Errorf("%s", line)
		}
	}
}

// Of several intents one may be gone by the time they are cleared: GitHub moves all
// refs or none.
func TestClearOnTheAPI(t *testing.T) {
	w := started(t, start...)
	g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "apps")})
	on := mustRead(t, g)
	var all []Intent
	for i := range 16 {
		in, err := g.Publish(t.Context(), on, Intent{ID: fmt.Sprintf("id%02d", i), Since: clock(), Subject: "s", Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in)
	}
	if err := g.Clear(t.Context(), on, all[5:6]); err != nil {
		t.Fatal(err)
	}
	w.hub.Requests()
	if err := g.Clear(t.Context(), on, all); err != nil || w.intents() != "" {
		t.Errorf("got %v, left %s", err, w.intents())
	}
	if n := len(w.hub.Requests()); n > 3 {
		t.Errorf("%d requests", n)
	}
}

// A run whose own paths are narrow reads what others' need in one request.
func TestSelectOnTheAPI(t *testing.T) {
	w := started(t, start...)
	g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "apps/web")})
	on := mustRead(t, g)
	w.hub.Requests()
	got, err := g.Select(context.Background(), on, []Paths{mustParse(t, "kustomize"), mustParse(t, "apps/web/deploy.yaml"), mustParse(t, "gone/x.yaml")})
	if err != nil || len(got) != 3 || got[0].Err != nil || got[1].Err != nil || got[2].Err == nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"kustomize/Kustomization"}, list(t, got[0].Files)); diff != "" {
		t.Error(diff)
	}
	if n := len(w.hub.Requests()); n > 2 { // the second one looks for what gone/x.yaml may mean
		t.Errorf("%d requests", n)
	}
	if strings.Join(list(t, got[1].Files), " ") != "apps/web/deploy.yaml" {
		t.Errorf("got %v", list(t, got[1].Files))
	}
}
