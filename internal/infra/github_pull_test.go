package infra

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// proposing is an edit that moves web to a version, with the text of a pull request.
func proposing(version string) Edit {
	return func(on *Snapshot) (ChangeSet, error) {
		data, err := fs.ReadFile(on.Files, "apps/web/deploy.yaml")
		before := strings.TrimSpace(strings.TrimPrefix(string(data), "image: web:"))
		return ChangeSet{
			Files:   map[string][]byte{"apps/web/deploy.yaml": []byte("image: web:" + version + "\n")},
			Message: "web: " + before + " → " + version + "\n\nTagboat-Image: web\n",
			Title:   "Deploy web " + version, Body: "web moves to " + version, Key: "web:" + version,
		}, err
	}
}

func (w *world) propose(t *testing.T, p Proposal, edit Edit) (*Result, error) {
	t.Helper()
	p.Branch = proposal
	return Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal}, "apps/web"), atOnce(Options{Mode: ModePropose, Proposal: p}), edit)
}

func (w *world) mustPropose(t *testing.T, p Proposal, edit Edit) Written {
	t.Helper()
	res, err := w.propose(t, p, edit)
	if err != nil {
		t.Fatal(err)
	}
	return res.Written
}

// pulls are all pull requests, oldest first.
func (w *world) pulls(t *testing.T) []*gogithub.PullRequest {
	t.Helper()
	all, _, err := w.client(t, token).REST().PullRequests.List(t.Context(), "acme", "infra", &gogithub.PullRequestListOptions{State: "all"})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b *gogithub.PullRequest) int { return a.GetNumber() - b.GetNumber() })
	w.hub.Requests()
	return all
}

// A bump opens one pull request, a newer one updates it, and once the branch holds
// what it proposes it is closed and its branch goes.
func TestLifeOfAPullRequest(t *testing.T) {
	w := started(t, start...)
	w.hub.User("ann")
	w.hub.Team("acme/ops")
	p := Proposal{Labels: []string{"deploy"}, Reviewers: []string{"ann"}, TeamReviewers: []string{"ops"}, Assignees: []string{"ann"}}

	first := w.mustPropose(t, p, proposing("2"))
	if first.PullRequest == nil || first.PullRequest.Operation != Created || len(first.PullRequest.Notes) > 0 || first.Commit != w.repo.Tip(proposal) {
		t.Fatalf("got %+v %+v", first, first.PullRequest)
	}
	want := []string{"POST /api/graphql viewer repository", "POST /api/graphql createRef createCommitOnBranch", "POST /api/graphql createPullRequest",
		"POST /api/v3/repos/acme/infra/issues/1/labels", "POST /api/v3/repos/acme/infra/issues/1/assignees", "POST /api/v3/repos/acme/infra/pulls/1/requested_reviewers"}
	if diff := cmp.Diff(want, w.hub.Requests()); diff != "" {
		t.Error(diff)
	}
	pull := w.pulls(t)[0]
	if pull.GetTitle() != "Deploy web 2" || !strings.HasPrefix(pull.GetBody(), "web moves to 2") || len(pull.Labels) != 1 || len(pull.RequestedReviewers) != 1 || len(pull.RequestedTeams) != 1 || len(pull.Assignees) != 1 {
		t.Errorf("got %+v", pull)
	}

	if again := w.mustPropose(t, p, proposing("2")); again.Changed || again.PullRequest.Operation != Unchanged || len(w.hub.Requests()) != 1 {
		t.Errorf("again: got %+v", again)
	}

	w.write(t, testkit.GitFile{Path: "other.yaml", Data: "x\n"})
	second := w.mustPropose(t, p, proposing("3"))
	if second.PullRequest.Operation != Updated || second.PullRequest.Number != first.PullRequest.Number {
		t.Fatalf("got %+v", second.PullRequest)
	}
	want = []string{"POST /api/graphql viewer repository", "POST /api/v3/repos/acme/infra/git/trees", "POST /api/v3/repos/acme/infra/git/commits", "POST /api/graphql updateRefs updatePullRequest"}
	if diff := cmp.Diff(want, w.hub.Requests()); diff != "" {
		t.Error(diff)
	}
	if w.repo.Git("rev-parse", proposal+"~1") != w.repo.Tip("main") || w.repo.Read(proposal, "apps/web/deploy.yaml") != "image: web:3\n" {
		t.Error("the branch is not one commit on main")
	}

	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:3\n"})
	last := w.mustPropose(t, p, proposing("3"))
	if last.PullRequest == nil || last.PullRequest.Operation != Closed || w.repo.Tip(proposal) != "" {
		t.Errorf("got %+v, branch at %q", last.PullRequest, w.repo.Tip(proposal))
	}
	all := w.pulls(t)
	if len(all) != 1 || all[0].GetState() != "closed" {
		t.Errorf("got %+v", all)
	}
	comments, _, err := w.client(t, token).REST().Issues.ListComments(t.Context(), "acme", "infra", 1, nil)
	if err != nil || len(comments) != 1 || !strings.Contains(comments[0].GetBody(), "nothing to merge") {
		t.Errorf("got %v, %v", comments, err)
	}
}

func TestMergedPullRequestIsFollowedByANewOne(t *testing.T) {
	w := started(t, start...)
	first := w.mustPropose(t, Proposal{}, proposing("2"))
	w.github.Merge(first.PullRequest.Number, "ann")
	// The branch stays where the repository does not delete it.
	second := w.mustPropose(t, Proposal{}, proposing("3"))
	if second.PullRequest.Number == first.PullRequest.Number || second.PullRequest.Operation != Created {
		t.Errorf("got %+v", second.PullRequest)
	}
	if got := w.repo.Git("rev-parse", proposal+"~1"); got != w.repo.Tip("main") {
		t.Errorf("on %s", got)
	}
}

// Nobody's no is taken for a yes: what somebody has closed stays closed until there
// is something new to propose.
func TestClosedPullRequestIsNotOpenedAgain(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	rest := w.client(t, token).REST()
	if _, _, err := rest.PullRequests.Edit(t.Context(), "acme", "infra", 1, &gogithub.PullRequest{State: new("closed")}); err != nil {
		t.Fatal(err)
	}
	_, err := w.propose(t, Proposal{}, proposing("2"))
	if fault.Code(err) != "E_PR_CLOSED" || len(w.pulls(t)) != 1 {
		t.Errorf("got %v", err)
	}
	if third := w.mustPropose(t, Proposal{}, proposing("3")); third.PullRequest.Operation != Created {
		t.Errorf("got %+v", third.PullRequest)
	}
}

func TestWithdrawnPullRequestMayComeBack(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:1\n"})
	if back := w.mustPropose(t, Proposal{}, proposing("2")); back.PullRequest.Operation != Created || len(w.pulls(t)) != 2 {
		t.Errorf("got %+v", back.PullRequest)
	}
}

// GitHub's button merges the base into the branch; that is nobody's work.
func TestUpdatedByTheButton(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "other.yaml", Data: "x\n"})
	merge := w.repo.Git("-c", "author.name=ann", "-c", "author.email=ann@example.com", "-c", "committer.name=GitHub", "-c", "committer.email=noreply@github.com",
		"commit-tree", "-p", proposal, "-p", "main", "-m", "Merge branch 'main' into "+proposal, proposal+"^{tree}")
	w.repo.Git("update-ref", "refs/heads/"+proposal, merge)
	if again := w.mustPropose(t, Proposal{}, proposing("3")); again.PullRequest.Operation != Updated {
		t.Errorf("got %+v", again.PullRequest)
	}
}

func TestSomebodysWorkOnTheBranchStays(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.repo.Commit(proposal, "somebody's work", testkit.GitFile{Path: "x", Data: "x"})
	tip := w.repo.Tip(proposal)
	_, err := w.propose(t, Proposal{}, proposing("3"))
	if fault.Code(err) != "E_BRANCH_FOREIGN" || w.repo.Tip(proposal) != tip {
		t.Errorf("got %v", err)
	}
}

func TestPullRequestForAnotherBranch(t *testing.T) {
	w := started(t, start...)
	w.repo.Git("branch", "production", "main")
	w.mustPropose(t, Proposal{}, proposing("2"))
	g := w.api(t, GitHubOptions{Proposal: proposal, Branch: "production"}, "apps/web")
	_, err := Apply(t.Context(), g, atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), proposing("2"))
	if fault.Code(err) != "E_BRANCH_FOREIGN" {
		t.Errorf("got %v", err)
	}
}

func TestAutoMerge(t *testing.T) {
	for name, c := range map[string]struct {
		settings hub.Settings
		protect  *hub.Protection
		method   MergeMethod
		want     Operation
		code     string
	}{
		"waits for its checks":      {hub.Settings{AutoMerge: true}, &hub.Protection{Ref: "main", Checks: []string{"ci"}, PullRequest: true}, MergeSquash, Created, ""},
		"nothing to wait for":       {hub.Settings{AutoMerge: true}, nil, MergeSquash, Merged, ""},
		"not allowed":               {hub.Settings{}, nil, MergeSquash, "", "E_PR_AUTO_MERGE"},
		"the method is not allowed": {hub.Settings{AutoMerge: true, MergeMethods: "merge"}, nil, MergeRebase, "", "E_PR_AUTO_MERGE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t, start...)
			w.github.Set(func(s *hub.Settings) { *s = c.settings })
			if c.protect != nil {
				w.github.Protect(*c.protect)
			}
			res, err := w.propose(t, Proposal{AutoMerge: c.method}, proposing("2"))
			if c.code != "" {
				if fault.Code(err) != c.code || len(w.pulls(t)) != 0 {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || res.Written.PullRequest.Operation != c.want {
				t.Fatalf("got %+v, %v", res, err)
			}
			if merged := c.want == Merged; merged && (res.Written.Commit != w.repo.Tip("main") || res.Written.Branch != "main") || len(res.Written.PullRequest.Notes) > 0 != merged {
				t.Errorf("got %+v %v", res.Written, res.Written.PullRequest)
			}
			if c.want == Created {
				w.github.Status(res.Written.Commit, "ci", "success")
			}
			if got := w.repo.Read("main", "apps/web/deploy.yaml"); got != "image: web:2\n" {
				t.Errorf("main holds %q", got)
			}
		})
	}
}

func TestNotesOfAJobsToken(t *testing.T) {
	w := started(t, start...)
	jobs := w.client(t, w.hub.Token(hub.Token{Kind: hub.GitHubToken, Repos: []string{"acme/infra"}}))
	o := atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}})
	res, err := Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: jobs}, "apps/web"), o, proposing("2"))
	if err != nil || len(res.Written.PullRequest.Notes) != 1 || !strings.Contains(res.Written.PullRequest.Notes[0], "checks do not start") {
		t.Fatalf("got %+v, %v", res, err)
	}
	w = started(t, start...)
	w.github.Set(func(s *hub.Settings) { s.NoPullsByActions = true })
	jobs = w.client(t, w.hub.Token(hub.Token{Kind: hub.GitHubToken, Repos: []string{"acme/infra"}}))
	_, err = Apply(t.Context(), w.api(t, GitHubOptions{Proposal: proposal, Client: jobs}, "apps/web"), o, proposing("2"))
	if fault.Code(err) != "E_GITHUB_PR_FORBIDDEN" {
		t.Errorf("got %v", err)
	}
}

// Whatever answer is lost, there is one pull request in the end.
func TestLostAnswersOfPullRequests(t *testing.T) {
	for _, field := range []string{"createCommitOnBranch", "createPullRequest", "updatePullRequest", "POST */git/trees", "POST */git/commits", "closePullRequest"} {
		t.Run(strings.ReplaceAll(field, "/", " "), func(t *testing.T) {
			w := started(t, start...)
			w.hub.Fail(field, 1, hub.BadGatewayAfter)
			w.mustPropose(t, Proposal{}, proposing("2"))
			w.mustPropose(t, Proposal{}, proposing("3"))
			if all := w.pulls(t); len(all) != 1 || all[0].GetState() != "open" || all[0].GetTitle() != "Deploy web 3" {
				t.Errorf("got %+v", all)
			}
			w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:3\n"})
			w.mustPropose(t, Proposal{}, proposing("3"))
			if all := w.pulls(t); len(all) != 1 || all[0].GetState() != "closed" || w.repo.Tip(proposal) != "" {
				t.Errorf("got %+v", all)
			}
		})
	}
}

// A branch of the same name in somebody's fork is none of ours.
func TestForksMayHaveTheSameBranch(t *testing.T) {
	w := started(t, start...)
	theirs := w.github.ForkPull("mallory", proposal)
	first := w.mustPropose(t, Proposal{}, proposing("2"))
	second := w.mustPropose(t, Proposal{}, proposing("3"))
	if first.PullRequest.Operation != Created || first.PullRequest.Number == theirs || second.PullRequest.Number != first.PullRequest.Number {
		t.Errorf("#%d is theirs; got %+v and %+v", theirs, first.PullRequest, second.PullRequest)
	}
}

// A classic token with the scope repo sees no teams, and needs none.
func TestProposeWithARepoScope(t *testing.T) {
	w := started(t, start...)
	ann := w.client(t, w.hub.Token(hub.Token{Kind: hub.Classic, Login: "ann"}))
	for _, version := range []string{"2", "3"} {
		g := w.api(t, GitHubOptions{Proposal: proposal, Client: ann}, "apps/web")
		res, err := Apply(t.Context(), g, atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}}), proposing(version))
		if err != nil || len(res.Written.PullRequest.Notes) > 0 {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
}

// One who cannot review keeps nobody else from being asked, and no text is too long.
func TestWhatPullRequestsCannotHold(t *testing.T) {
	w := started(t, start...)
	w.hub.User("ann")
	edit := func(on *Snapshot) (ChangeSet, error) {
		c, err := proposing("2")(on)
		c.Title, c.Body = strings.Repeat("ä", 300), strings.Repeat("ö", 70_000)
		return c, err
	}
	made := w.mustPropose(t, Proposal{Reviewers: []string{"nobody-of-that-name", "ann"}}, edit)
	if len(made.PullRequest.Notes) != 1 || !strings.Contains(made.PullRequest.Notes[0], "nobody-of-that-name") {
		t.Errorf("got %v", made.PullRequest.Notes)
	}
	if pull := w.pulls(t)[0]; len(pull.RequestedReviewers) != 1 || strings.Contains(pull.GetTitle(), "\n") || !strings.HasSuffix(pull.GetTitle(), "…") {
		t.Errorf("got %+v", pull.RequestedReviewers)
	}
	if again := w.mustPropose(t, Proposal{Reviewers: []string{"ann"}}, edit); again.PullRequest.Operation != Unchanged {
		t.Errorf("got %+v", again.PullRequest)
	}
}
