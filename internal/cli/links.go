package cli

import (
	"context"
	"net/url"
	"strings"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// source is where an image comes from, as far as that is known.
type source struct {
	page    string // of the repository; "" where it is not known
	commit  string
	prefix  string            // of the git tags that hold its versions
	claimed map[string]string // these tags, with their commits; nil where versions are no tags of that repository
}

// source is that of the image that a job deploys. Its tags are looked at where
// people will read of them.
func (j *job) source(ctx context.Context) source {
	p := j.state.Plan
	s := source{page: p.Commit.Source, commit: p.Commit.SHA, prefix: j.in.Prefix}
	tag, _ := plan.Deployed(p.Tags)
	if p.Bump.PullRequest == nil || j.state.DryRun || tag.Kind != "version" || j.in.SourceRepository != "" {
		return s
	}
	const folder = "refs/tags/"
	remote, err := j.sourceRemote(ctx, j.in.numberInputs, j.in.Context)
	if err == nil {
		remote.CAFile = j.trust.caFile
		var seen *version.View
		if seen, err = (version.GitStore{Repo: gitIn(j.in.Context), Remote: remote}).Read(ctx, version.Scope{Prefixes: []string{folder + s.prefix}}); err == nil {
			s.claimed = map[string]string{}
			for name, commit := range seen.Refs {
				s.claimed[strings.TrimPrefix(name, folder)] = commit
			}
		}
	}
	if err != nil {
		j.Printf("the pull request leads to the commit, since the versions cannot be listed: %v", err)
	}
	return s
}

// originPage is the page of the repository that a checkout came from; "" where it
// came from no server.
func originPage(ctx context.Context, folder, server string) string {
	origin, err := originOf(ctx, folder)
	if err != nil {
		return ""
	}
	remote, err := git.Locate(origin, server)
	if err != nil {
		return ""
	}
	if page := pageOf(server, remote); page != "" {
		return page
	}
	if page := strings.TrimSuffix(remote.String(), ".git"); strings.HasPrefix(page, "https://") && !strings.Contains(page, "@") {
		return page
	}
	return ""
}

// sourceOf is what an image in its registry says of itself.
func (a *app) sourceOf(ctx context.Context, client *registry.Client, image ref.Image) source {
	said, err := client.Revision(ctx, image)
	if err != nil {
		a.Printf("the pull request leads to no commit: %v", err)
	}
	if !pageForm.MatchString(said.Source) || !commitForm.MatchString(said.Commit) {
		return source{}
	}
	return source{page: strings.TrimSuffix(strings.TrimSuffix(said.Source, "/"), ".git"), commit: said.Commit}
}

// holds reports whether a version is a tag of the repository.
func (s source) holds(tag string) bool { return s.claimed[s.prefix+tag] != "" }

// links lead from a pull request to what is in the image, and to the run.
func (t texts) links(b *ship.Bumped, s source) []report.Link {
	var all []report.Link
	from := replaced(b)
	switch {
	case s.page == "":
	case len(from) == 1 && follows(ref.Tag(from[0]), b.Image.Tag) && s.holds(from[0]) && s.holds(string(b.Image.Tag)):
		was, is := s.prefix+from[0], s.prefix+string(b.Image.Tag)
		all = append(all, report.Link{Text: was + "..." + is, URL: s.page + "/compare/" + escaped(was) + "..." + escaped(is)})
	case s.commit != "":
		all = append(all, report.Link{Text: "commit " + s.commit[:min(len(s.commit), 12)], URL: s.page + "/commit/" + s.commit})
	}
	if t.run != "" {
		all = append(all, report.Link{Text: "run", URL: t.run})
	}
	return all
}

// replaced are the versions that were there before, in the form of the new one:
// what a chart calls 0.0.7 is v0.0.7.
func replaced(b *ship.Bumped) []string {
	return sorted(oldValues(b), func(old string) string {
		if v := "v" + old; follows(ref.Tag(v), b.Image.Tag) {
			return v
		}
		return old
	})
}

// follows reports whether both are versions in one form, the second after the first.
func follows(was, is ref.Tag) bool {
	newer, ok := version.Newer(is, was)
	return ok && newer && strings.HasPrefix(string(was), "v") == strings.HasPrefix(string(is), "v")
}

// escaped is a git tag as a part of a URL; its slashes stay.
func escaped(tag string) string {
	parts := strings.Split(tag, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

var loginForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// coAuthor is the person who triggered the run, by the address that the server
// knows them by without showing their own; "" of a bot and outside of a workflow.
func coAuthor(c runner.Context) string {
	host, err := url.Parse(c.ServerURL)
	if !c.InActions || err != nil || !loginForm.MatchString(c.Actor) || c.ActorID == "" || strings.Trim(c.ActorID, "0123456789") != "" {
		return ""
	}
	return c.Actor + " <" + c.ActorID + "+" + c.Actor + "@users.noreply." + host.Hostname() + ">"
}
