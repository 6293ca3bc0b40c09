package infra

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Propose implements Repo: there is one branch and one open pull request for a
// proposal, whatever happens. A newer change set moves the branch onto the current
// head in one step, so that the pull request never stands empty, which would close
// it. A pull request that somebody closed is not opened again for the same key,
// and fails with E_PR_CLOSED.
func (g *GitHub) Propose(ctx context.Context, on *Snapshot, p Proposal, c ChangeSet) (Written, error) {
	there, err := g.standing(on, p, c)
	switch {
	case len(c.Files) == 0 && err != nil: // somebody's work, which is none of ours to take back
		return Written{Commit: on.Head, Branch: on.Branch}, nil
	case len(c.Files) == 0:
		return g.withdraw(ctx, on, p, there)
	case err != nil:
		return Written{}, err
	}
	c.Message = marked(c.Message, p.Branch)
	w, err := g.work(ctx, on, c)
	if err != nil {
		return Written{}, err
	}
	if len(w.files) == 0 {
		return g.withdraw(ctx, on, p, there)
	}
	d := newDescription(c, w)
	if there.open == nil {
		return g.open(ctx, w, p, there, d)
	}
	return g.update(ctx, w, p, there, d)
}

// standing is what there is of a proposal already.
type standing struct {
	tip  *tipAnswer  // of its branch; nil where there is none
	open *pullAnswer // nil where none is open
}

// standing looks at the branch and the pull requests that were read, and refuses
// what is somebody's work.
func (g *GitHub) standing(on *Snapshot, p Proposal, c ChangeSet) (there standing, err error) {
	if wrong := wrongBranch(on.Branch, p.Branch); wrong != nil {
		return there, wrong
	}
	repo := on.github.repo
	if method, ok := repo.merges(p.AutoMerge); !ok {
		return there, fault.Newf("E_PR_AUTO_MERGE", "switch it on in the repository's settings (General, Pull Requests), or leave out `pr-auto-merge`", "%s does not allow %s", g.o.Repository, method)
	}
	for i, pull := range repo.PullRequests.Nodes {
		if pull.IsCrossRepository { // somebody's fork has a branch of that name
			continue
		}
		if pull.State == "OPEN" && pull.BaseRefName != on.Branch {
			return there, fault.Newf("E_BRANCH_FOREIGN", "give this one a branch of its own with `pr-branch` or `environment`", "pull request #%d from branch %q is for %q, not for %q", pull.Number, p.Branch, pull.BaseRefName, on.Branch)
		}
		if pull.State == "OPEN" && there.open == nil {
			there.open = &repo.PullRequests.Nodes[i]
		}
	}
	if repo.Proposal != nil {
		there.tip = &repo.Proposal.Target
		if err := g.ours(on, p.Branch, there.tip, c); err != nil {
			return there, err
		}
	}
	return there, g.rejected(repo.PullRequests.Nodes, there, c)
}

// ours is nil where the branch holds a commit that this identity made and nobody
// amended; on top of it, GitHub may have merged the base into it at the press of
// a button.
func (g *GitHub) ours(on *Snapshot, branch string, tip *tipAnswer, c ChangeSet) error {
	message, parents := tip.Message, len(tip.Parents.Nodes)
	if parents == 2 && byWebFlow(tip.Committer) {
		message, parents = tip.Parents.Nodes[0].Message, 1
	} else if !byWebFlow(tip.Committer) && !tip.Committer.is(tip.Author) || !g.wrote(on.github, tip.Author) {
		parents = 0
	}
	if parents != 1 || !trailer.MatchString(message) {
		return fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit that is not Tagboat's: %s by %s <%s>", branch, tip.OID, tip.Author.Name, tip.Author.Email)
	}
	if is, was := images(c.Message), images(message); !share(c.Message, message) && len(is) > 0 && len(c.Files) > 0 && !slices.Equal(is, was) {
		return fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit for another image: %s is for %q, not for %q", branch, tip.OID, was, is)
	}
	return nil
}

func (p personAnswer) is(other personAnswer) bool {
	return p.Name == other.Name && p.Email == other.Email
}

// byWebFlow reports whether GitHub itself was the committer, as it is of what its
// API and its pages make.
func byWebFlow(p personAnswer) bool {
	return p.Name == "GitHub" && strings.HasPrefix(p.Email, "noreply@")
}

// wrote reports whether a commit's author is who writes here.
func (g *GitHub) wrote(s *state, author personAnswer) bool {
	if g.o.Author != (Identity{}) {
		return author.is(personAnswer{Name: g.o.Author.Name, Email: g.o.Author.Email})
	}
	login := strings.TrimSuffix(s.viewer, "[bot]")
	return author.User.Login == s.viewer || strings.TrimSuffix(author.Name, "[bot]") == login || strings.Contains(author.Email, "+"+login+"@") || strings.Contains(author.Email, "+"+login+"[bot]@")
}

// rejected refuses to open again what somebody has closed.
func (g *GitHub) rejected(pulls []pullAnswer, there standing, c ChangeSet) error {
	if there.open != nil || c.Key == "" || len(c.Files) == 0 {
		return nil
	}
	for _, pull := range pulls { // newest first
		if pull.IsCrossRepository {
			continue
		}
		if key, _ := readMark(pull.Body); pull.State == "CLOSED" && key == c.Key {
			return fault.Newf("E_PR_CLOSED", "reopen it at "+pull.URL+", or bump to another version", "pull request #%d proposed %s, and somebody closed it without a merge", pull.Number, c.Key)
		}
		return nil // the newest one alone counts
	}
	return nil
}

// merges reports whether the repository lets a pull request merge by itself in
// this way; the text says what it does not allow.
func (r *repositoryAnswer) merges(m MergeMethod) (string, bool) {
	switch {
	case m == "":
		return "", true
	case !r.AutoMergeAllowed:
		return "auto-merge", false
	case m == MergeSquash:
		return "squash merges", r.SquashMergeAllowed
	case m == MergeRebase:
		return "rebase merges", r.RebaseMergeAllowed
	}
	return "merge commits", r.MergeCommitAllowed
}

// description is the text of a pull request, and what tells that it is up to date.
type description struct {
	title, body string
	key, hash   string
}

func newDescription(c ChangeSet, w *work) description {
	subject, rest, _ := strings.Cut(w.message, "\n")
	d := description{title: c.Title, body: c.Body, key: c.Key}
	if d.title == "" {
		d.title = subject
	}
	if d.body == "" {
		d.body = strings.TrimSpace(rest)
	}
	h := sha256.New()
	fmt.Fprintln(h, w.on.Head)
	for _, f := range w.files {
		fmt.Fprintf(h, "%q %s %d\n%s\n", f.path, f.mode, len(f.data), f.data)
	}
	d.hash = fmt.Sprintf("%x", h.Sum(nil)[:8])
	return d
}

// The mark in a pull request's body tells a later run what it proposes and from
// which bytes on which commit; people do not see it.
var mark = pattern.New(`<!-- tagboat key=(\S*) state=(\S*) -->`)

// marked is the body with the mark of what a commit proposes.
func (d description) marked(commit string) string {
	return fmt.Sprintf("%s\n\n<!-- tagboat key=%s state=%s-%s -->\n", d.body, url.QueryEscape(d.key), d.hash, commit)
}

func readMark(body string) (key, state string) {
	m := mark.FindStringSubmatch(body)
	if m == nil {
		return "", ""
	}
	key, err := url.QueryUnescape(m[1])
	if err != nil {
		return "", ""
	}
	return key, m[2]
}

// unmarked is the body without its mark: the proposal may be made again.
func unmarked(body string) string {
	if m := mark.FindStringSubmatch(body); m != nil {
		return strings.TrimSpace(strings.ReplaceAll(body, m[0], ""))
	}
	return body
}

// saidNo reports whether an error is of one of these kinds.
func saidNo(err error, kinds ...github.Kind) bool {
	return err != nil && slices.Contains(kinds, github.KindOf(err))
}
