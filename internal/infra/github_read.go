package infra

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Read implements Repo. It fails with E_REPO_EMPTY, E_BRANCH_MISSING,
// E_INFRA_PATH, or a fault of package github.
func (g *GitHub) Read(ctx context.Context) (*Snapshot, error) {
	wishes := g.o.Paths.wishes()
	if g.whole {
		wishes = nil
	}
	s, err := g.ask(ctx, wishes)
	if !g.whole && g.o.Remote.URL != "" && saidNo(err, github.TooLarge, github.Unreachable) && ctx.Err() == nil {
		return g.readByGit(ctx) // GitHub gives up on what takes it more than ten seconds
	}
	if err != nil {
		return nil, err
	}
	if g.whole {
		return g.fromGit(ctx, s)
	}
	on, err := g.snapshot(ctx, s)
	if errors.Is(err, errManyFolders) && g.o.Remote.URL != "" {
		return g.readByGit(ctx)
	}
	return on, err
}

// readByGit reads a repository that turned out to be too large for the API.
func (g *GitHub) readByGit(ctx context.Context) (*Snapshot, error) {
	fmt.Fprintln(g.o.Log, "so many files are read in one pack, with git; fewer `infra-paths` need no more than one request")
	g.whole = true
	return g.Read(ctx)
}

// ask sends the one query of a read and says what is wrong with the repository.
func (g *GitHub) ask(ctx context.Context, wishes []wish) (*state, error) {
	document, variables := g.readQuery(wishes)
	var answer readAnswer
	if err := g.query(ctx, document, variables, &answer); err != nil {
		return nil, g.explain(err, answer.Viewer.Login)
	}
	if answer.Repository == nil {
		return nil, fmt.Errorf("%s: the host answered without the repository", g.o.Repository)
	}
	s := &state{viewer: answer.Viewer.Login, repo: *answer.Repository, tree: newRemoteTree()}
	if !strings.EqualFold(s.repo.NameWithOwner, g.o.Repository) && s.repo.NameWithOwner != "" {
		fmt.Fprintf(g.o.Log, "%s is called %s now: set `infra-repository` to that\n", g.o.Repository, s.repo.NameWithOwner)
		g.o.Repository = s.repo.NameWithOwner
		g.owner, g.name, _ = strings.Cut(s.repo.NameWithOwner, "/")
	}
	if s.repo.IsEmpty {
		return nil, fault.Newf("E_REPO_EMPTY", "push a first commit to it", "%s has no branches yet", g.o.Repository)
	}
	if s.repo.Branch == nil || s.repo.Branch.Target.OID == "" {
		return nil, g.missing(ctx)
	}
	if may := s.repo.ViewerPermission; (may == "READ" || may == "TRIAGE") && !s.bot() {
		fmt.Fprintf(g.o.Log, "%s may read %s and not write to it: what a write needs is `contents: write`\n", s.viewer, g.o.Repository)
	}
	g.base, s.root = s.repo.Branch.Name, s.repo.Branch.Target.Root
	s.tree.learn(wishes, &s.repo.Branch.Target)
	s.tree.more = func(wishes ...wish) error { return g.learn(ctx, s, wishes) }
	s.tree.raw = func(id string) ([]byte, error) { return g.raw(ctx, id) }
	wishes = slices.DeleteFunc(slices.Clone(wishes), func(w wish) bool { return w.depth == 0 || !s.tree.absent[w.path] })
	return s, g.learn(ctx, s, wishes) // what is missing is asked for in another way
}

// What may be null although it was asked for: a place of a commit that is not there,
// and people that the token may not see.
var (
	place  = pattern.New(`^p\d+$`)
	people = pattern.New(`^(requestedReviewer|author|user|assignees|latestReviews|reviewRequests)$`)
)

// query asks for what may be null. GitHub says so in an error beside the answer as
// well, which is none here.
func (g *GitHub) query(ctx context.Context, document string, variables map[string]any, into any) error {
	err := g.o.Client.Query(ctx, document, variables, into)
	e, ok := errors.AsType[*github.Error](err)
	if !ok || len(e.All) == 0 {
		return err
	}
	for _, one := range e.All {
		last := ""
		if n := len(one.Whole); n > 0 {
			last = one.Whole[n-1]
		}
		absent := one.Kind == github.NotFound && place.MatchString(last)
		unseen := (one.Kind == github.NotFound || one.Kind == github.Denied) && people.MatchString(last)
		if !absent && !unseen {
			return err
		}
	}
	return nil
}

// mostWishes is how many places one query asks for.
const mostWishes = 100

// learn asks for more of the head.
func (g *GitHub) learn(ctx context.Context, s *state, wishes []wish) error {
	for len(wishes) > 0 {
		some := wishes[:min(len(wishes), mostWishes)]
		wishes = wishes[len(some):]
		absent, err := g.learnSome(ctx, s, some, s.repo.Branch.Target.OID)
		if err != nil {
			return err
		}
		// The folders that the host does not know by their path it knows by their id.
		for i, id := range absent {
			delete(s.tree.absent, some[i].path)
			if err := g.learnFolder(ctx, s, some[i], id); err != nil {
				return err
			}
		}
	}
	return nil
}

// learnSome gives the ids of the folders that a second way found.
func (g *GitHub) learnSome(ctx context.Context, s *state, wishes []wish, head string) (map[int]string, error) {
	document, variables := g.commitQuery(head, wishes)
	var answer struct {
		Repository map[string]*struct {
			headAnswer
		}
	}
	if err := g.query(ctx, document, variables, &answer); err != nil {
		return nil, g.explain(err, s.viewer)
	}
	target := answer.Repository["target"]
	if target == nil || target.Root == "" {
		return nil, fmt.Errorf("%s: commit %s: %w", g.o.Repository, head, ErrStale)
	}
	s.tree.learn(wishes, &target.headAnswer)
	folders := map[int]string{}
	for i, w := range wishes {
		if other := answer.Repository[fmt.Sprintf("o%d", i)]; other != nil && other.OID != "" && s.tree.absent[w.path] {
			folders[i] = other.OID
		}
	}
	return folders, nil
}

// learnFolder asks for a folder by the id of its tree.
func (g *GitHub) learnFolder(ctx context.Context, s *state, w wish, id string) error {
	document := fmt.Sprintf("query($owner: String!, $repository: String!, $id: GitObjectID!) {\n  repository(owner: $owner, name: $repository) { object(oid: $id) { ... on Tree { %s } } }\n}\n", treeFields(max(w.depth, 1), w.lean))
	if !w.lean {
		document += blobFragment
	}
	var answer struct {
		Repository struct {
			Object struct{ Entries []entryAnswer }
		}
	}
	err := g.o.Client.Query(ctx, document, map[string]any{"owner": g.owner, "repository": g.name, "id": id}, &answer)
	if err != nil {
		return g.explain(err, s.viewer)
	}
	s.tree.put(w.path, &entryAnswer{Mode: modeFolder, OID: id})
	s.tree.list(w.path, answer.Repository.Object.Entries)
	return nil
}

// raw is a file as it is, whatever is in it.
func (g *GitHub) raw(ctx context.Context, id string) ([]byte, error) {
	data, _, err := g.o.Client.REST().Git.GetBlobRaw(ctx, g.owner, g.name, id)
	return data, github.Explain(err)
}

// snapshot selects what the paths say.
func (g *GitHub) snapshot(ctx context.Context, s *state) (*Snapshot, error) {
	files, err := g.files(ctx, s, g.o.Paths)
	if err != nil {
		return nil, err
	}
	s.entries = func(context.Context) ([]entry, error) { return s.tree.entries(), nil }
	head := s.repo.Branch.Target
	return &Snapshot{
		Branch: s.repo.Branch.Name, Head: head.OID, By: head.By, Parents: head.Parents, Files: files, Tree: s.tree,
		Waiting: g.waiting(s), github: s,
	}, nil
}

// files are those that paths select. Folders that were not reached yet are asked for.
func (g *GitHub) files(ctx context.Context, s *state, p Paths) (fs.FS, error) {
	for _, pattern := range p.included() {
		base, depth := reach(pattern)
		counts := func(folder string) bool { return below(pattern, folder) && !hidden(folder+"/x", pattern) }
		if depth == 0 {
			continue
		}
		if err := s.tree.complete(ctx, base, counts); err != nil {
			return nil, err
		}
	}
	selected, err := p.selectKnown(s.tree.entries(), s.tree.holds)
	if err != nil {
		return nil, g.suggesting(ctx, s, p, err)
	}
	files := newMemory(selected, s.tree.known)
	files.load = func(missed *node) error {
		data, err := s.tree.ReadFile(missed.path)
		if err == nil {
			missed.data.Store(&data)
		}
		return err
	}
	return files, nil
}

// suggesting is the fault of a path that selects nothing, with the names that
// may be meant. These are looked at only now.
func (g *GitHub) suggesting(ctx context.Context, s *state, p Paths, wrong error) error {
	if err := g.learn(ctx, s, []wish{{".", deepest, true}}); err != nil {
		return wrong
	}
	if _, err := p.selectKnown(s.tree.entries(), s.tree.holds); err != nil {
		return err
	}
	return wrong
}

// fromGit is the whole repository at the commit that git sees.
func (g *GitHub) fromGit(ctx context.Context, s *state) (*Snapshot, error) {
	if g.o.Remote.URL == "" {
		return nil, fault.Newf("E_INFRA_PATH", "name the folders to look in with `infra-paths`", "a whole repository is not read through the API")
	}
	if g.git == nil {
		var err error
		if g.git, err = NewGit(GitOptions{Remote: g.o.Remote, Branch: s.repo.Branch.Name, Paths: g.o.Paths, Temp: g.o.Temp, Now: g.o.Now}); err != nil {
			return nil, err
		}
	}
	on, err := g.git.Read(ctx)
	if err != nil {
		return nil, err
	}
	commits, err := g.git.commits(ctx, on.Head)
	if err != nil {
		return nil, err
	}
	s.root = commits[0].tree
	s.entries = func(ctx context.Context) ([]entry, error) { return g.git.list(ctx, on.Head) }
	on.Waiting, on.github = g.waiting(s), s
	return on, nil
}

// missing is the fault of a branch that is not there; it names those that are.
func (g *GitHub) missing(ctx context.Context) error {
	const document = `query($owner: String!, $repository: String!) {
  repository(owner: $owner, name: $repository) { refs(refPrefix: "refs/heads/", first: 100) { nodes { name } } }
}
`
	var answer struct {
		Repository struct {
			Refs struct{ Nodes []struct{ Name string } }
		}
	}
	if err := g.o.Client.Query(ctx, document, map[string]any{"owner": g.owner, "repository": g.name}, &answer); err != nil {
		return g.explain(err, "")
	}
	var branches []string
	for _, ref := range answer.Repository.Refs.Nodes {
		branches = append(branches, ref.Name)
	}
	return noBranch(g.o.Repository, g.o.Branch, branches)
}

var _ io.Closer = (*GitHub)(nil)
var _ fs.ReadDirFS = (*remoteTree)(nil)
