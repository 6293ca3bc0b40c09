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
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
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
			o := r.combining()
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
	if _, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File)}), r.combining(), r.edit); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /api/graphql viewer repository", "POST /api/graphql createCommitOnBranch"}
	if diff := cmp.Diff(want, w.hub.Requests()); diff != "" {
		t.Error(diff)
	}
}

// An intent is written in this run's name, so it must be of this run's identity, and
// GitHub itself must say so: any author can be written into a commit.
func TestTrustOnTheAPI(t *testing.T) {
	for name, c := range map[string]struct {
		theirs hub.Token
		ours   hub.Token
		forge  bool
		want   bool
	}{
		"the same App":      {theirs: hub.Token{Kind: hub.AppToken}, ours: hub.Token{Kind: hub.AppToken}, want: true},
		"the same workflow": {theirs: hub.Token{Kind: hub.GitHubToken}, ours: hub.Token{Kind: hub.GitHubToken}, want: true},
		"another App":       {theirs: hub.Token{Kind: hub.AppToken, Login: "other[bot]"}, ours: hub.Token{Kind: hub.AppToken}},
		"a user, whose commits GitHub does not sign": {theirs: hub.Token{Kind: hub.Classic, Login: "ann"}, ours: hub.Token{Kind: hub.Classic, Login: "ann"}},
		"a user with the App's name":                 {theirs: hub.Token{Kind: hub.Classic, Login: "ann"}, ours: hub.Token{Kind: hub.AppToken}, forge: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t, start...)
			theirs, ours := w.hub.Token(c.theirs), w.hub.Token(c.ours)
			r := raise{"all.yaml", "api", 2}
			w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
			o := GitHubOptions{Paths: mustParse(t, r.File), Client: w.client(t, theirs)}
			if c.forge {
				o.Author = Identity{Name: "tagboat[bot]", Email: "1+tagboat[bot]@users.noreply.github.com"}
			}
			g := w.openGitHub(t, o)
			if _, err := g.Publish(t.Context(), mustRead(t, g), Intent{ID: newIntentID(clock()), Since: clock(), Subject: "api: 2", Data: r.data()}); err != nil {
				t.Fatal(err)
			}
			on := mustRead(t, w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File), Client: w.client(t, ours)}))
			if len(on.Waiting) != 1 || on.Waiting[0].Trusted != c.want || string(on.Waiting[0].Data) != string(r.data()) {
				t.Errorf("got %+v", on.Waiting)
			}
		})
	}
}

// Of several intents one may be gone by the time they are cleared: GitHub moves all
// refs or none.
func TestClearOnTheAPI(t *testing.T) {
	w := started(t, start...)
	g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "apps")})
	on := mustRead(t, g)
	var all []Intent
	for i := range 3 {
		in, err := g.Publish(t.Context(), on, Intent{ID: fmt.Sprint("id", i), Since: clock(), Subject: "s", Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in)
	}
	if err := g.Clear(t.Context(), on, all[1:2]); err != nil {
		t.Fatal(err)
	}
	if err := g.Clear(t.Context(), on, all); err != nil || w.intents() != "" {
		t.Errorf("got %v, left %s", err, w.intents())
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
