package infra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v62/github"
	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// What is merged or closed, and its branch deleted, between two requests keeps its text and is followed by a new pull request.
func TestMergedAndDeletedBeforeTheUpdate(t *testing.T) {
	for _, how := range []string{"merged", "closed"} {
		t.Run(how, func(t *testing.T) {
			w := started(t, start...)
			w.mustPropose(t, Proposal{}, proposing("2"))
			w.hub.Before("updatePullRequest", func() {
				if how == "merged" {
					w.github.Merge(1, "ann")
				} else {
					_, _, _ = w.client(t, token).REST().PullRequests.Edit(t.Context(), "acme", "infra", 1, &gogithub.PullRequest{State: new("closed")})
				}
				if w.repo.Tip(proposal) != "" {
					if _, err := w.client(t, token).REST().Git.DeleteRef(t.Context(), "acme", "infra", "refs/heads/"+proposal); err != nil {
						t.Error(err)
					}
				}
			})
			_, err := w.propose(t, Proposal{}, proposing("3"))
			if err != nil {
				t.Errorf("run failed: %v", err)
			}
			if got := w.pulls(t)[0].GetTitle(); got != "Deploy web 2" {
				t.Errorf("#1 retitled to %q", got)
			}
		})
	}
}

// A ruleset may forbid new branches.
func TestCreationOfTheBranchIsRestricted(t *testing.T) {
	for _, exe := range []bool{false, true} {
		w := started(t, start...)
		w.github.Protect(hub.Protection{Ref: "tagboat/*", Ruleset: true, Creation: true})
		w.github.Protect(hub.Protection{Ref: proposal, Ruleset: true, Creation: true})
		edit := proposing("2")
		if exe {
			edit = replace("web:1", "web:2", "apps/run.yaml")
		}
		n := 0
		o := atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}})
		o.Now = clock
		var log strings.Builder
		o.Log = &log
		_, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal}, "apps"), limited(o, &n), edit)
		if err == nil || fault.Code(err) == "E_INFRA_BUSY" || w.repo.Tip(proposal) != "" {
			t.Errorf("executable %v: got %v", exe, err)
		}
	}
}

// A withdrawal whose second half fails is completed by the next run, so that the version can be proposed again.
func TestHalfAWithdrawal(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
	w.hub.Fail("addComment", 1, hub.BadGateway)
	if _, err := w.propose(t, Proposal{}, proposing("2")); err != nil { // it is tried again at once
		t.Error(err)
	}
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:1\n"}) // a roll back
	if _, err := w.propose(t, Proposal{}, proposing("2")); err != nil {
		t.Errorf("web:2 again after a roll back: %v", err)
	}
}

// limited are options under which a run that does not end is noticed.
func limited(o Options, n *int) Options {
	old := o.Sleep
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		if *n++; *n > 30 {
			return errors.New("30 sleeps")
		}
		return old(ctx, d)
	}
	return o
}

// proxied is a client whose GraphQL answers pass through change.
func (w *world) proxied(t *testing.T, change func(asked, answer string) string) *github.Client {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		var answer string
		if pre := change(string(asked), ""); pre != "" {
			answer = pre
		} else {
			req, _ := http.NewRequest(r.Method, w.hub.GraphQL, bytes.NewReader(asked))
			req.Header = r.Header.Clone()
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			answer = change(string(asked), string(b))
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	c, err := github.New(github.Options{
		API: w.hub.API, GraphQL: s.URL + "/graphql", Sleep: atOnce(Options{}).Sleep, Now: clock, Silence: 200 * time.Millisecond,
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A refusal that does not say why is told, and not tried again until the deadline.
func TestRefusedWithoutAReason(t *testing.T) {
	w := started(t, start...)
	c := w.proxied(t, func(asked, answer string) string {
		if strings.Contains(asked, "createRef(") && answer == "" {
			return `{"data":{"createRef":null,"createCommitOnBranch":null},"errors":[{"type":"UNPROCESSABLE","path":["createRef"],"message":"Reference update failed"},{"type":"NOT_FOUND","path":["createCommitOnBranch"],"message":"Could not resolve"}]}`
		}
		return answer
	})
	n := 0
	o := limited(atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), &n)
	_, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: c}, "apps"), o, proposing("2"))
	if n > 1 {
		t.Errorf("%d attempts, then %v", n, err)
	}
}

// A rollback does not take up the edit of a run that died, which it is to undo.
func TestRollbackStays(t *testing.T) {
	for _, mode := range []Combine{CombineOne, CombineEach} {
		w := started(t, start...)
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 2\napi: 1\n"})
		dead := raise{"all.yaml", "web", 2} // its run was killed after another run had written it
		in := Intent{ID: newIntentID(clock()), Since: clock().Truncate(time.Second), Subject: "web: 2", Data: dead.data()}
		in.MAC = in.sum("main", secret)
		g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml")})
		if _, err := g.Publish(t.Context(), mustRead(t, g), in); err != nil {
			t.Fatal(err)
		}
		now := clock().Add(2 * time.Minute)
		o := atOnce(Options{Combine: mode, Data: []byte(`{"File":"all.yaml","Field":"web","To":1}`), Replay: replayRaise, Secret: secret, Now: func() time.Time { return now }})
		rollback := func(on *Snapshot) (ChangeSet, error) {
			data, err := fs.ReadFile(on.Files, "all.yaml")
			return ChangeSet{Files: map[string][]byte{"all.yaml": bytes.ReplaceAll(data, []byte("web: 2"), []byte("web: 1"))}, Message: "web: 2 → 1\n\nTagboat-Image: web\n"}, err
		}
		res, err := Apply(t.Context(), g, o, rollback)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, "all.yaml"); got != "web: 1\napi: 1\n" {
			t.Errorf("%s: reported %+v files %v, branch holds %q", mode, res.Written, res.Files, got)
		}
	}
}

// What cannot be read for a moment does not get lost from a shared proposal.
func TestSharedEditSurvivesTrouble(t *testing.T) {
	w := started(t, start...)
	big := "api: 1\n" + strings.Repeat("# x\n", 200_000)
	w.write(t, testkit.GitFile{Path: "web.yaml", Data: "web: 1\n"}, testkit.GitFile{Path: "api/big.yaml", Data: big})
	one, two := raise{"api/big.yaml", "api", 5}, raise{"web.yaml", "web", 2}
	run := func(r raise) (*Result, error) {
		return Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File), Proposal: proposal}), r.sharing(), r.edit)
	}
	if _, err := run(one); err != nil {
		t.Fatal(err)
	}
	w.hub.Fail("GET *git/blobs/*", 4, hub.BadGateway)
	_, err := run(two)
	if got := w.repo.Read(proposal, "api/big.yaml"); !strings.HasPrefix(got, "api: 5") {
		t.Errorf("api: 5 is gone from the proposal (err %v): %.20q", err, got)
	}
}

// What people closed together does not come back one by one.
func TestClosedSharedPullRequest(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	keyed := func(r raise) Edit {
		return func(on *Snapshot) (ChangeSet, error) {
			c, err := r.edit(on)
			c.Key = fmt.Sprint(r.Field, ":", r.To)
			return c, err
		}
	}
	run := func(r raise) error {
		_, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal}), r.sharing(), keyed(r))
		return err
	}
	for _, r := range []raise{{"all.yaml", "web", 2}, {"all.yaml", "api", 5}} {
		if err := run(r); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _ = w.client(t, token).REST().PullRequests.Edit(t.Context(), "acme", "infra", 1, &gogithub.PullRequest{State: new("closed")})
	err := run(raise{"all.yaml", "web", 2})
	if n := len(w.pulls(t)); n != 1 {
		t.Errorf("%d pull requests, err %v", n, err)
	}
}

// Somebody may open another pull request from the same branch.
func TestOpenedAnewByHand(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	run := func(r raise) error {
		_, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal}), r.sharing(), r.edit)
		return err
	}
	if err := run(raise{"all.yaml", "web", 2}); err != nil {
		t.Fatal(err)
	}
	rest := w.client(t, token).REST()
	_, _, _ = rest.PullRequests.Edit(t.Context(), "acme", "infra", 1, &gogithub.PullRequest{State: new("closed")})
	_, _, err := rest.PullRequests.Create(t.Context(), "acme", "infra", &gogithub.NewPullRequest{Title: new("again"), Head: new(proposal), Base: new("main")})
	if err != nil {
		t.Fatal(err)
	}
	err = run(raise{"all.yaml", "api", 5})
	if got := w.repo.Read(proposal, "all.yaml"); got != "web: 2\napi: 5\n" {
		t.Errorf("%v; branch holds %q", err, got)
	}
}

// Who does not share and has nothing to do takes nothing back.
func TestNothingToDoLeavesOthersAlone(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	one, two := raise{"all.yaml", "web", 2}, raise{"all.yaml", "api", 1}
	open := func() *GitHub {
		return w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal})
	}
	if _, err := Apply(t.Context(), open(), one.sharing(), one.edit); err != nil {
		t.Fatal(err)
	}
	o := two.sharing()
	o.Slot = ""
	res, err := Apply(t.Context(), open(), o, two.edit)
	if w.pulls(t)[0].GetState() != "open" {
		t.Errorf("closed web's: %+v %v", res.Written.PullRequest, err)
	}
}

// Who has nothing to do has nothing to prove.
func TestNothingToDoIsNoFault(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	one, two := raise{"all.yaml", "web", 2}, raise{"all.yaml", "api", 1}
	open := func() *GitHub {
		return w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal})
	}
	if _, err := Apply(t.Context(), open(), one.sharing(), one.edit); err != nil {
		t.Fatal(err)
	}
	o := two.sharing()
	o.Secret = []byte("rotated")
	if _, err := Apply(t.Context(), open(), o, two.edit); err != nil {
		t.Errorf("a run with nothing to do fails: %v", err)
	}
}

// A reviewer whom the token may not see is no reason not to read.
func TestTeamThatMayNotBeSeen(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	c := w.proxied(t, func(asked, answer string) string {
		if !strings.Contains(asked, "requestedReviewer") || answer == "" {
			return answer
		}
		return strings.TrimSuffix(strings.TrimSpace(answer), "}") + `,"errors":[{"type":"FORBIDDEN","path":["repository","open","nodes",0,"reviewRequests","nodes",0,"requestedReviewer"],"locations":[{"line":9,"column":62}],"message":"Resource not accessible by integration"}]}`
	})
	_, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: c}, "apps"), atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), proposing("3"))
	if err != nil {
		t.Error(err)
	}
}

// What is merged while it is withdrawn stays merged.
func TestMergedWhileWithdrawn(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
	w.hub.Before("updateRefs", func() {
		w.repo.Git("update-ref", "refs/heads/main", w.repo.Git("-c", "user.name=eve", "-c", "user.email=eve@example.com", "commit-tree", "-p", "main", "-p", proposal, "-m", "Merge", "main^{tree}"))
		_ = w.pulls(t)
		w.repo.Git("update-ref", "-d", "refs/heads/"+proposal)
	})
	res, err := w.propose(t, Proposal{}, proposing("2"))
	if p := w.pulls(t)[0]; p.MergedAt == nil || strings.Contains(p.GetBody(), "nothing to merge") {
		t.Errorf("got %+v", p)
	}
	if err != nil {
		t.Error(err)
	} else if res.Written.PullRequest != nil {
		t.Errorf("%+v", res.Written.PullRequest)
	}
}

// Forks do not hide what people closed.
func TestManyForks(t *testing.T) {
	w := started(t, start...)
	first := w.mustPropose(t, Proposal{}, proposing("2"))
	rest := w.client(t, token).REST()
	_, _, _ = rest.PullRequests.Edit(t.Context(), "acme", "infra", first.PullRequest.Number, &gogithub.PullRequest{State: new("closed")})
	w.hub.User("eve")
	for range 20 {
		n := w.github.ForkPull("eve", proposal)
		_, _, _ = rest.PullRequests.Edit(t.Context(), "acme", "infra", n, &gogithub.PullRequest{State: new("closed")})
	}
	if _, err := w.propose(t, Proposal{}, proposing("2")); err == nil {
		t.Error("what people closed was proposed again")
	}
}

// Auto-merge that people switched off stays off.
func TestAutoMergeStaysOff(t *testing.T) {
	w := started(t, start...)
	w.github.Set(func(s *hub.Settings) { s.AutoMerge = true })
	w.github.Protect(hub.Protection{Ref: "main", Ruleset: true, PullRequest: true, Reviews: 1})
	p := Proposal{AutoMerge: MergeSquash, Labels: []string{"deploy"}}
	w.mustPropose(t, p, proposing("2"))
	if err := w.client(t, token).Mutate(t.Context(), `mutation($i: DisablePullRequestAutoMergeInput!) { disablePullRequestAutoMerge(input: $i) { clientMutationId } }`, map[string]any{"i": map[string]any{"pullRequestId": w.pulls(t)[0].GetNodeID()}}, nil); err != nil {
		t.Fatal(err)
	}
	w.hub.Requests()
	w.mustPropose(t, p, proposing("2"))
	for _, r := range w.hub.Requests() {
		if strings.Contains(r, "enablePullRequestAutoMerge") {
			t.Errorf("switched on again: %s", r)
		}
	}
}

// A text that is refused is a note: the branch holds what it should.
func TestTextRefused(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	c := w.proxied(t, func(asked, answer string) string {
		if !strings.Contains(asked, "updatePullRequest(") || answer == "" {
			return answer
		}
		return `{"data":{"updateRefs":{"clientMutationId":null},"updatePullRequest":null},"errors":[{"type":"FORBIDDEN","path":["updatePullRequest"],"message":"Resource not accessible by integration"}]}`
	})
	res, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: c}, "apps"), atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), proposing("3"))
	if err != nil || w.repo.Read(proposal, "apps/web/deploy.yaml") != "image: web:3\n" || len(res.Written.PullRequest.Notes) != 1 {
		t.Errorf("got %+v, %v", res, err)
	}
}

// A branch that goes while it is withdrawn is looked at again.
func TestMissingWhileWithdrawn(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
	c := w.proxied(t, func(asked, answer string) string {
		if answer == "" && strings.Contains(asked, "updateRefs(") {
			w.github.Merge(1, "ann")
			if w.repo.Tip(proposal) != "" {
				w.repo.Git("update-ref", "-d", "refs/heads/"+proposal)
			}
			return `{"data":{"updateRefs":null},"errors":[{"type":"UNPROCESSABLE","path":["updateRefs"],"message":"Reference does not exist"}]}`
		}
		return answer
	})
	res, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: c}, "apps"), atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), proposing("2"))
	if err != nil {
		t.Errorf("failed: %v", err)
	} else if res.Written.PullRequest != nil {
		t.Errorf("says %+v", res.Written.PullRequest)
	}
}

// Without a secret, GitHub has to say who proposed an edit.
func TestForgedEditWithoutSecret(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	me := "tagboat[bot]"
	mail := "7+tagboat[bot]@users.noreply.github.com"
	forged := w.repo.Git("-c", "user.name="+me, "-c", "user.email="+mail, "commit-tree", "-p", "main", "-m",
		"api: 9\n\nTagboat-Image: api\nTagboat-Edit: api - "+string(raise{"all.yaml", "api", 9}.data()), "main^{tree}")
	w.repo.Git("update-ref", "refs/heads/"+proposal, forged)
	r := raise{"all.yaml", "web", 2}
	o := r.sharing()
	o.Secret = nil
	_, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal}), o, r.edit)
	if got := w.repo.Read(proposal, "all.yaml"); strings.Contains(got, "api: 9") {
		t.Errorf("replayed: %q by %s, %v", got, w.repo.Git("log", "-1", "--format=%an", proposal), err)
	}
	_ = fs.ValidPath
}
