package infra

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

// Propose implements Repo: there is one branch and one open pull request for a
// proposal, whatever happens. A newer change set moves the branch onto the current
// head in one step, so that the pull request never stands empty, which would close
// it. A pull request that somebody closed is not opened again for the same key,
// and fails with E_PR_CLOSED.
func (g *GitHub) Propose(ctx context.Context, on *Snapshot, p Proposal, c ChangeSet) (Written, error) {
	there, err := g.standing(on, p, c)
	if len(c.Files) == 0 {
		return g.withdraw(ctx, on, p, there, c.Key, err)
	}
	if err == nil {
		err = g.permits(on, p, there, c)
	}
	if err != nil {
		return Written{}, err
	}
	c.Message = marked(c.Message, p.Branch)
	w, err := g.work(ctx, on, c)
	if err != nil {
		return Written{}, err
	}
	d := newDescription(c, w)
	switch {
	case len(w.files) == 0:
		return g.withdraw(ctx, on, p, there, c.Key, nil)
	case there.open == nil:
		return g.open(ctx, w, p, there, d)
	}
	return g.update(ctx, w, p, there, d)
}

// standing is what there is of a proposal already.
type standing struct {
	tip  *commitAnswer // of its branch; nil where there is none
	open *pullAnswer   // nil where none is open
}

// standing looks at the branch and the pull requests that were read, and refuses
// what is somebody's work.
func (g *GitHub) standing(on *Snapshot, p Proposal, c ChangeSet) (there standing, err error) {
	if wrong := CheckBranch(on.Branch, p.Branch); wrong != nil {
		return there, wrong
	}
	repo := on.github.repo
	for i, pull := range repo.Open.Nodes {
		switch {
		case pull.IsCrossRepository: // somebody's fork has a branch of that name
		case pull.BaseRefName != on.Branch:
			return there, fault.Newf("E_BRANCH_FOREIGN", "give this one a branch of its own with `pr-branch` or `environment`", "pull request #%d from branch %q is for %q, not for %q", pull.Number, p.Branch, pull.BaseRefName, on.Branch)
		case there.open == nil:
			there.open = &repo.Open.Nodes[i]
		}
	}
	if repo.Proposal == nil {
		return there, nil
	}
	there.tip = &repo.Proposal.Target
	return there, g.ours(on, p.Branch, there, c)
}

// ours is nil where the branch holds a commit that this identity made and nobody
// amended, or the very commit that the pull request was written for; on top of it,
// GitHub may have merged the base into it at the press of a button. A branch that
// stands where the base does holds nobody's work.
func (g *GitHub) ours(on *Snapshot, branch string, there standing, c ChangeSet) error {
	tip := *there.tip
	if tip.OID == on.Head {
		return nil
	}
	if parents := tip.Parents.Nodes; len(parents) == 2 && byWebFlow(tip.Committer) {
		tip = parents[0]
	}
	if !trailer.MatchString(tip.Message) || !g.made(on.github, tip) && !there.told(tip) {
		return fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit that this identity did not make: %s by %s <%s>", branch, tip.OID, tip.Author.Name, tip.Author.Email)
	}
	if is, was := images(c.Message), images(tip.Message); !share(c.Message, tip.Message) && len(is) > 0 && !slices.Equal(is, was) {
		return fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit for another image: %s is for %q, not for %q", branch, tip.OID, was, is)
	}
	return nil
}

// told reports whether the open pull request's own text says that it is of this
// commit: another identity of ours may have made it.
func (there standing) told(c commitAnswer) bool {
	if there.open == nil {
		return false
	}
	_, state := readMark(there.open.Body)
	return strings.HasSuffix(state, "-"+c.OID)
}

// made reports whether this identity made a commit, in one piece with what stands in
// it now: who amends or rebases it becomes its committer.
func (g *GitHub) made(s *state, c commitAnswer) bool {
	return len(c.Parents.Nodes) == 1 && (byWebFlow(c.Committer) || c.Committer.is(c.Author)) && g.wrote(s, c.Author)
}

func (p personAnswer) is(other personAnswer) bool {
	return p.Name == other.Name && p.Email == other.Email
}

// byWebFlow reports whether GitHub itself was the committer, as it is of what its
// API and its pages make.
func byWebFlow(p personAnswer) bool {
	return p.Name == "GitHub" && strings.HasPrefix(p.Email, "noreply@")
}

// wrote reports whether a commit's author is who writes here. A bot's address is its
// number and its login at the host's noreply domain.
func (g *GitHub) wrote(s *state, author personAnswer) bool {
	if g.o.Author != (Identity{}) {
		return author.is(personAnswer{Name: g.o.Author.Name, Email: g.o.Author.Email})
	}
	if author.User.Login != "" {
		return author.User.Login == s.viewer
	}
	_, address, _ := strings.Cut(author.Email, "+")
	login, domain, _ := strings.Cut(address, "@")
	return strings.HasSuffix(login, "[bot]") && strings.TrimSuffix(login, "[bot]") == strings.TrimSuffix(s.viewer, "[bot]") && strings.Contains(domain, "noreply.")
}

// permits refuses what the repository or somebody in it does not want.
func (g *GitHub) permits(on *Snapshot, p Proposal, there standing, c ChangeSet) error {
	repo := on.github.repo
	if method, ok := repo.merges(p.AutoMerge); !ok {
		return fault.Newf("E_PR_AUTO_MERGE", "switch it on in the repository's settings (General, Pull Requests), or leave out `pr-auto-merge`", "%s does not allow %s", g.o.Repository, method)
	}
	for _, pull := range repo.Done.Nodes { // newest first
		if pull.IsCrossRepository || there.open != nil || c.Key == "" {
			continue
		}
		if key, _ := readMark(pull.Body); pull.State == "CLOSED" && covers(key, c.Key) {
			return fault.Newf("E_PR_CLOSED", "reopen it at "+pull.URL+", or bump to another version", "pull request #%d proposed %s, and somebody closed it without a merge", pull.Number, c.Key)
		}
		break // the newest one alone counts
	}
	return nil
}

// covers reports whether all that a key names is named by another one: a shared
// proposal has several.
func covers(all, some string) bool {
	named := strings.Fields(all)
	return !slices.ContainsFunc(strings.Fields(some), func(one string) bool { return !slices.Contains(named, one) })
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

// saidNo reports whether an error is of one of these kinds.
func saidNo(err error, kinds ...github.Kind) bool {
	return err != nil && slices.Contains(kinds, github.KindOf(err))
}
