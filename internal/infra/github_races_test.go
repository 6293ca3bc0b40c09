package infra

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// unlessOutdone is an edit that sees a newer proposal when it is made again.
func unlessOutdone(version string) Edit {
	calls := 0
	return func(on *Snapshot) (ChangeSet, error) {
		if calls++; calls > 1 {
			return ChangeSet{}, errors.New("the branch proposes a newer version")
		}
		return proposing(version)(on)
	}
}

// A run with nothing left to do leaves the proposal that a newer one made meanwhile.
func TestWithdrawLeavesANewerProposal(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
	w.hub.Before("updateRefs", func() {
		if r := w.mustPropose(t, Proposal{}, proposing("3")); r.PullRequest.Operation != Updated {
			t.Errorf("got %+v", r.PullRequest)
		}
	})
	if _, err := w.propose(t, Proposal{}, unlessOutdone("2")); err == nil {
		t.Error("it was not skipped")
	}
	p := w.pulls(t)[0]
	if p.GetState() != "open" {
		t.Errorf("the proposal of web:3 was closed")
	}
}

// The text of an update that comes too late does not stay: it is not of what the branch holds.
func TestLateUpdateLeavesTheText(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("1.5"))
	w.hub.Before("updatePullRequest", func() { w.mustPropose(t, Proposal{}, proposing("3")) })
	if _, err := w.propose(t, Proposal{}, unlessOutdone("2")); err == nil {
		t.Error("it was not skipped")
	}
	p := w.pulls(t)[0]
	if !strings.HasSuffix(p.GetTitle(), "3") || strings.Contains(p.GetBody(), "moves to 2") {
		t.Errorf("title %q over %q", p.GetTitle(), w.repo.Read(proposal, "apps/web/deploy.yaml"))
	}
}

// once gives a snapshot that was read before.
type once struct {
	*GitHub
	on *Snapshot
}

func (o *once) Read(ctx context.Context) (*Snapshot, error) {
	if on := o.on; on != nil {
		o.on = nil
		return on, nil
	}
	return o.GitHub.Read(ctx)
}

// Another run that reads after the branch was made and before its pull request joins it.
func TestReadBetweenBranchAndPullRequest(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	b := &once{GitHub: w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal})}
	w.hub.Before("createPullRequest", func() { b.on = mustRead(t, b.GitHub) })
	one, two := raise{"all.yaml", "web", 2}, raise{"all.yaml", "api", 5}
	res, err := Apply(t.Context(), w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml"), Proposal: proposal}), one.sharing(), one.edit)
	if err != nil || res.Written.PullRequest.Operation != Created {
		t.Fatalf("%+v %v", res, err)
	}
	if _, err := Apply(t.Context(), b, two.sharing(), two.edit); err != nil {
		t.Fatal(err)
	}
	if n := len(w.pulls(t)); n != 1 {
		t.Errorf("%d pull requests", n)
	}
	if got := w.repo.Read(proposal, "all.yaml"); got != "web: 2\napi: 5\n" {
		t.Errorf("branch holds %q", got)
	}
}

// A pull request that is merged or closed between two requests is followed by a new one.
func TestMergedBeforeTheUpdate(t *testing.T) {
	for _, how := range []string{"merged", "closed"} {
		t.Run(how, func(t *testing.T) {
			w := started(t, start...)
			w.mustPropose(t, Proposal{}, proposing("2"))
			w.hub.Before("updatePullRequest", func() {
				if how == "merged" {
					w.github.Merge(1, "ann")
					return
				}
				_, _, _ = w.client(t, token).REST().PullRequests.Edit(t.Context(), "acme", "infra", 1, &gogithub.PullRequest{State: new("closed")})
			})
			w.mustPropose(t, Proposal{}, proposing("3"))
			all := w.pulls(t)
			last := all[len(all)-1]
			if last.GetState() != "open" {
				t.Errorf("web:3 is before nobody")
			}
		})
	}
}

// Who is called like the bot is not the bot.
func TestForgedNames(t *testing.T) {
	g := &GitHub{}
	s := &state{viewer: "acme-bot[bot]"}
	for _, p := range []personAnswer{
		{Name: "acme-bot", Email: "7+ann@users.noreply.github.com", User: struct{ Login string }{"ann"}},
		{Name: "Ann", Email: "me+acme-bot@gmail.com", User: struct{ Login string }{"ann"}},
	} {
		if g.wrote(s, p) {
			t.Errorf("%+v is taken for %s", p, s.viewer)
		}
	}
}

// Somebody amended the commit; the button on top of it changes nothing about that.
func TestAmendedThenUpdatedByTheButton(t *testing.T) {
	w := started(t, start...)
	w.mustPropose(t, Proposal{}, proposing("2"))
	amended := w.repo.Git("-c", "author.name=ann", "-c", "author.email=ann@example.com", "-c", "committer.name=ann", "-c", "committer.email=ann@example.com",
		"commit-tree", "-p", "main", "-m", w.repo.Git("log", "-1", "--format=%B", proposal), w.repo.Git("rev-parse", "main^{tree}"))
	w.repo.Git("update-ref", "refs/heads/"+proposal, amended)
	if _, err := w.propose(t, Proposal{}, proposing("3")); fault.Code(err) != "E_BRANCH_FOREIGN" {
		t.Errorf("before the button: %v", err)
	}
	w.repo.Git("update-ref", "refs/heads/"+proposal, amended)
	w.write(t, testkit.GitFile{Path: "other.yaml", Data: "x\n"})
	merge := w.repo.Git("-c", "author.name=ann", "-c", "author.email=ann@example.com", "-c", "committer.name=GitHub", "-c", "committer.email=noreply@github.com",
		"commit-tree", "-p", amended, "-p", "main", "-m", "Merge branch 'main' into "+proposal, "main^{tree}")
	w.repo.Git("update-ref", "refs/heads/"+proposal, merge)
	if _, err := w.propose(t, Proposal{}, proposing("3")); fault.Code(err) != "E_BRANCH_FOREIGN" {
		t.Errorf("after the button: err %v, ann's work is gone: %v", err, w.repo.Tip(proposal) != merge)
	}
}

// Two jobs of one run may write two files under the same message.
func TestSameMessageIsNotTheSameCommit(t *testing.T) {
	w := started(t, start...)
	edit := func(name string) Edit {
		return func(on *Snapshot) (ChangeSet, error) {
			c, err := replace("web:1", "web:2", name)(on)
			c.Message = "web: 1 → 2\n\nTagboat-Image: web\nTagboat-Run: https://x/runs/1\n"
			return c, err
		}
	}
	w.hub.Before("createCommitOnBranch", func() {
		if _, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps"), atOnce(Options{}), edit("apps/web/same.yaml")); err != nil {
			t.Error(err)
		}
	})
	w.hub.Fail("createCommitOnBranch", 1, hub.BadGateway)
	// the rule is taken by the outer request, the hook's own passes
	res, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps"), atOnce(Options{}), edit("apps/web/deploy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.read(t, "apps/web/deploy.yaml"); got != "image: web:2\n" {
		t.Errorf("reported %+v, but the branch holds %q", res.Written, got)
	}
}

// A branch whose commit was refused stands in nobody's way.
func TestBranchWithoutItsCommit(t *testing.T) {
	w := started(t, start...)
	w.github.Protect(hub.Protection{Ref: proposal, Ruleset: true, Update: true})
	if _, err := w.propose(t, Proposal{}, proposing("2")); err == nil {
		t.Error("the ruleset let it through")
	}
	w.github.Unprotect()
	if _, err := w.propose(t, Proposal{}, proposing("2")); err != nil {
		t.Errorf("once the rule is gone: %v", err)
	}
}

// Text of others may look like the mark.
func TestTextThatLooksLikeTheMark(t *testing.T) {
	d := description{body: "diff\n+# <!-- tagboat key=evil state=x -->", key: "web:2", hash: "h"}
	if key, _ := readMark(d.marked("c")); key != "web:2" {
		t.Errorf("key %q", key)
	}
	if key, _ := readMark(unmarked(d.marked("c"))); key != "" {
		t.Errorf("still marked: %q", key)
	}
}

// An edit that this run cannot read stays in the proposal.
func TestSharedEditThatCannotBeRead(t *testing.T) {
	w := started(t, start...)
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	one, two := raise{"all.yaml", "web", 2}, raise{"all.yaml", "api", 5}
	if _, err := Apply(t.Context(), w.open(t, "all.yaml"), one.sharing(), one.edit); err != nil {
		t.Fatal(err)
	}
	o := two.sharing()
	o.Replay = func(data []byte) (Paths, Edit, error) { return Paths{}, nil, fmt.Errorf("an intent: its form is none") }
	var log strings.Builder
	o.Log = &log
	_, err := Apply(t.Context(), w.open(t, "all.yaml"), o, two.edit)
	if got := w.repo.Read(proposal, "all.yaml"); err == nil && got != "web: 2\napi: 5\n" {
		t.Errorf("branch holds %q, log %q", got, log.String())
	}
}

// What takes GitHub too long is read by git.
func TestTooMuchForOneQuery(t *testing.T) {
	isolate(t)
	w := newAPIAndGit(t)
	w.write(t, start...)
	w.hub.Fail("repository", 4, hub.Timeout)
	g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "apps")})
	if _, err := g.Read(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}

// Labels that somebody put on meanwhile stay.
func TestLabelsOfOthersStay(t *testing.T) {
	w := started(t, start...)
	w.hub.Before("POST *issues/1/labels", func() {
		if _, _, err := w.client(t, token).REST().Issues.Edit(t.Context(), "acme", "infra", 1, &gogithub.IssueRequest{Labels: &[]string{"labeler"}}); err != nil {
			t.Error(err)
		}
	})
	w.mustPropose(t, Proposal{Labels: []string{"deploy"}}, proposing("2"))
	if p := w.pulls(t)[0]; len(p.Labels) != 2 {
		t.Errorf("labels %v", p.Labels)
	}
}
