package infra

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/github"
)

// made is a commit that no branch holds yet.
type made struct{ id, tree string }

// object makes a commit on the snapshot's head: what stands in the tree keeps its
// mode. Without an author of the user's GitHub signs it for Apps and for a job's
// token.
func (g *GitHub) object(ctx context.Context, w *work) (string, error) {
	c, err := g.objectOn(ctx, w, made{w.on.Head, w.on.github.root})
	return c.id, err
}

func (g *GitHub) objectOn(ctx context.Context, w *work, parent made) (c made, err error) {
	entries := make([]*gogithub.TreeEntry, len(w.files))
	for i, f := range w.files {
		e := &gogithub.TreeEntry{Path: &f.path, Mode: &f.mode, Type: new("blob")}
		if text := string(f.data); utf8.Valid(f.data) && len(f.data) <= mostText {
			e.Content = &text
		} else {
			id, err := g.blob(ctx, f.data)
			if err != nil {
				return c, err
			}
			e.SHA = &id
		}
		entries[i] = e
	}
	tree, err := unreferenced(ctx, func() (*gogithub.Tree, error) {
		tree, _, err := g.o.Client.REST().Git.CreateTree(ctx, g.owner, g.name, parent.tree, entries)
		return tree, err
	})
	if err != nil {
		return c, err
	}
	c.tree = tree.GetSHA()
	c.id, err = g.commitObject(ctx, w.message, c.tree, parent.id)
	return c, err
}

// CommitEach implements Chain.
func (g *GitHub) CommitEach(ctx context.Context, on *Snapshot, sets []ChangeSet) ([]Written, error) {
	var last *work
	tip := made{on.Head, on.github.root}
	all := make([]Written, len(sets))
	for i, c := range sets {
		w, err := g.work(ctx, on, c)
		if err != nil {
			return nil, err
		}
		if len(w.files) > 0 {
			if tip, err = g.objectOn(ctx, w, tip); err != nil {
				return nil, g.explain(err, on.github.viewer)
			}
			last = w
		}
		all[i] = Written{Commit: tip.id, Branch: on.Branch, Changed: len(w.files) > 0}
	}
	if last == nil {
		return all, nil
	}
	err := g.moveRefs(ctx, on, refUpdate{Name: "refs/heads/" + on.Branch, Before: on.Head, After: tip.id})
	_, err = g.settle(ctx, last, on.Branch, on.Head, tip.id, err)
	return all, err
}

// commitObject makes a commit of a tree.
func (g *GitHub) commitObject(ctx context.Context, message, tree string, parents ...string) (string, error) {
	c := &gogithub.Commit{Message: &message, Tree: &gogithub.Tree{SHA: &tree}}
	for _, p := range parents {
		c.Parents = append(c.Parents, &gogithub.Commit{SHA: &p})
	}
	if id := g.o.Author; id != (Identity{}) {
		c.Author = &gogithub.CommitAuthor{Name: &id.Name, Email: &id.Email, Date: &gogithub.Timestamp{Time: g.o.Now()}}
		c.Committer = c.Author
	}
	commit, err := unreferenced(ctx, func() (*gogithub.Commit, error) {
		commit, _, err := g.o.Client.REST().Git.CreateCommit(ctx, g.owner, g.name, c, nil)
		return commit, err
	})
	return commit.GetSHA(), err
}

// blob uploads bytes that cannot stand in a tree's request.
func (g *GitHub) blob(ctx context.Context, data []byte) (string, error) {
	content := base64.StdEncoding.EncodeToString(data)
	blob, err := unreferenced(ctx, func() (*gogithub.Blob, error) {
		blob, _, err := g.o.Client.REST().Git.CreateBlob(ctx, g.owner, g.name, &gogithub.Blob{Content: &content, Encoding: new("base64")})
		return blob, err
	})
	return blob.GetSHA(), err
}

// unreferenced makes an object that nothing points at, so that a lost answer is
// no matter: it is made again. So it is where GitHub does not see the tree yet
// that it made a moment ago.
func unreferenced[T any](ctx context.Context, create func() (T, error)) (T, error) {
	const most = 4
	for try := 1; ; try++ {
		object, err := create()
		err = github.Explain(err)
		kind := github.KindOf(err)
		unseen := kind == github.Invalid && strings.Contains(err.Error(), "Tree SHA does not exist")
		if err == nil || try == most || kind != github.Lost && kind != github.Unreachable && !unseen {
			return object, err
		}
		t := tries{count: try}
		if wrong := sleep(ctx, t.backoff()); wrong != nil {
			return object, wrong
		}
	}
}

// refUpdate moves one ref, if it still holds what was read.
type refUpdate struct {
	Name   string `json:"name"`
	Before string `json:"beforeOid"` // noCommit: it must not exist
	After  string `json:"afterOid"`  // noCommit deletes it
	Force  bool   `json:"force"`     // also to where its commits are not part of the history
}

// noCommit is where a ref points that does not exist.
const noCommit = "0000000000000000000000000000000000000000"

const refsMutation = `mutation($refs: UpdateRefsInput!) { updateRefs(input: $refs) { clientMutationId } }
`

// moveRefs moves refs, all or none. REST knows no compare-and-swap: it would put
// back what somebody has taken out of a branch.
func (g *GitHub) moveRefs(ctx context.Context, on *Snapshot, updates ...refUpdate) error {
	return g.o.Client.Mutate(ctx, refsMutation, map[string]any{"refs": refsInput(on, updates...)}, nil)
}

func refsInput(on *Snapshot, updates ...refUpdate) map[string]any {
	return map[string]any{"repositoryId": on.github.repo.ID, "refUpdates": updates}
}
