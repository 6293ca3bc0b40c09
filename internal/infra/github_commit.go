package infra

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

// Commit implements Repo. Plain files travel with the commit in one mutation;
// what that cannot express (executable files, long ones, a committer of the
// user's) is made of git's objects, and the branch is moved by compare-and-swap
// all the same. Where GitHub refuses, it fails with a fault of package github
// (E_GITHUB_PROTECTED, E_GITHUB_AUTH, E_GITHUB_ARCHIVED and others).
func (g *GitHub) Commit(ctx context.Context, on *Snapshot, c ChangeSet) (Written, error) {
	w, err := g.work(ctx, on, c)
	if err != nil {
		return Written{}, err
	}
	if len(w.files) == 0 {
		return Written{Commit: on.Head, Branch: on.Branch}, nil
	}
	if w.plain {
		id, err := g.commitOnBranch(ctx, w, on.Branch, on.Head)
		return g.settle(ctx, w, on.Branch, on.Head, id, err)
	}
	id, err := g.object(ctx, w)
	if err != nil {
		return Written{}, g.explain(err, on.github.viewer)
	}
	err = g.moveRefs(ctx, on, refUpdate{Name: "refs/heads/" + on.Branch, Before: on.Head, After: id})
	return g.settle(ctx, w, on.Branch, on.Head, id, err)
}

// work is a change set that was checked against what it is made on.
type work struct {
	on      *Snapshot
	files   []changed // whose content is not what stands there
	plain   bool      // createCommitOnBranch can express it
	message string
}

// changed is one file with its mode and its new content.
type changed struct {
	path string
	mode string // git's, as the API spells it
	data []byte
}

// What createCommitOnBranch takes: text is read whole up to the first size, and a
// request of more than the second one may be refused.
const (
	mostText    = 512_000
	mostRequest = 20 << 20
)

// work checks a change set and says how it can be written.
func (g *GitHub) work(ctx context.Context, on *Snapshot, c ChangeSet) (*work, error) {
	if strings.TrimSpace(c.Message) == "" || strings.Contains(c.Message, "\x00") {
		return nil, errors.New("a commit needs a message of plain text")
	}
	if on.github.repo.IsArchived {
		return nil, fault.Newf("E_GITHUB_ARCHIVED", "name another repository with `infra-repository`, or unarchive this one in its settings", "%s is archived, so nothing can be written", g.o.Repository)
	}
	for _, name := range sortedKeys(c.Files) { // learns what stands there
		if _, err := fs.Stat(on.Tree, name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
			return nil, err
		}
	}
	entries, err := on.github.entries(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkChange(entries, c); err != nil {
		return nil, err
	}
	modes := map[string]fs.FileMode{}
	for _, e := range entries {
		modes[e.path] = e.mode
	}
	w := &work{on: on, plain: g.o.Author == (Identity{}), message: strings.TrimRight(c.Message, "\n")}
	total := 0
	for _, name := range sortedKeys(c.Files) {
		before, err := fs.ReadFile(on.Tree, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		data := c.Files[name]
		if err == nil && bytes.Equal(before, data) {
			continue
		}
		f := changed{path: name, mode: "100644", data: data}
		if modes[name].Perm()&0o100 != 0 {
			f.mode = "100755"
		}
		w.files = append(w.files, f)
		total += base64.StdEncoding.EncodedLen(len(data))
		w.plain = w.plain && f.mode == "100644" && len(before) <= mostText && len(data) <= mostText && total <= mostRequest
	}
	return w, nil
}

const commitMutation = `mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }
`

// commitInput is that of createCommitOnBranch, for a branch that holds head.
func (g *GitHub) commitInput(w *work, branch, head string) map[string]any {
	headline, body, _ := strings.Cut(w.message, "\n")
	var additions []map[string]string
	for _, f := range w.files {
		additions = append(additions, map[string]string{"path": f.path, "contents": base64.StdEncoding.EncodeToString(f.data)})
	}
	return map[string]any{
		"branch":          map[string]string{"repositoryNameWithOwner": g.owner + "/" + g.name, "branchName": branch},
		"expectedHeadOid": head,
		"message":         map[string]string{"headline": headline, "body": strings.TrimLeft(body, "\n")},
		"fileChanges":     map[string]any{"additions": additions},
	}
}

// commitOnBranch commits in one request; GitHub signs it.
func (g *GitHub) commitOnBranch(ctx context.Context, w *work, branch, head string) (string, error) {
	var answer struct {
		CreateCommitOnBranch struct{ Commit struct{ OID string } }
	}
	err := g.o.Client.Mutate(ctx, commitMutation, map[string]any{"input": g.commitInput(w, branch, head)}, &answer)
	return answer.CreateCommitOnBranch.Commit.OID, err
}

// settle is what came of a write to a branch that held old. After an answer that was
// lost, and after one that does not say why, it looks whether the branch holds the
// commit, or something else by now.
func (g *GitHub) settle(ctx context.Context, w *work, branch, old, id string, err error) (Written, error) {
	if err == nil {
		return Written{Commit: id, Branch: branch, Changed: true}, nil
	}
	stale := fmt.Errorf("branch %s: %w", branch, ErrStale)
	switch kind := github.KindOf(err); kind {
	case github.Stale, github.Exists, github.Missing:
		return Written{}, stale
	case github.Lost, github.Invalid, github.Other, github.NotFound:
		there, tip, looked := g.landed(ctx, w, branch, id)
		switch {
		case looked != nil:
			return Written{}, g.explain(err, w.on.github.viewer)
		case there != "":
			return Written{Commit: there, Branch: branch, Changed: true}, nil
		case tip != old && kind != github.Lost:
			return Written{}, stale
		}
	}
	return Written{}, g.explain(err, w.on.github.viewer)
}

const historyQuery = `query($owner: String!, $repository: String!, $branch: String!) {
  repository(owner: $owner, name: $repository) { ref(qualifiedName: $branch) { target { oid ... on Commit {
    history(first: 50) { nodes { oid parents(first: 2) { nodes { oid } } } } } } } }
}
`

// landed looks for our commit among the newest ones of a branch: by its id, or,
// where GitHub was to make it, for one on the head that was read in which all files
// are as they should be. tip is noCommit where there is no such branch.
func (g *GitHub) landed(ctx context.Context, w *work, branch, id string) (commit, tip string, err error) {
	var answer historyAnswer
	variables := map[string]any{"owner": g.owner, "repository": g.name, "branch": "refs/heads/" + branch}
	if err := g.o.Client.Query(ctx, historyQuery, variables, &answer); err != nil {
		return "", "", err
	}
	if answer.Repository == nil || answer.Repository.Ref == nil {
		return "", noCommit, nil
	}
	target := answer.Repository.Ref.Target
	for _, c := range target.History.Nodes {
		if id != "" && c.OID == id {
			return id, target.OID, nil
		}
		if id != "" || len(c.Parents.Nodes) != 1 || c.Parents.Nodes[0].OID != w.on.Head {
			continue
		}
		if same, err := g.holds(ctx, w, c.OID); err != nil || same {
			return c.OID, target.OID, err
		}
	}
	return "", target.OID, nil
}

// holds reports whether the files of a change set are in a commit as they should be.
func (g *GitHub) holds(ctx context.Context, w *work, commit string) (bool, error) {
	files := w.files
	for len(files) > 0 {
		some := files[:min(len(files), mostWishes)]
		files = files[len(some):]
		wishes := make([]wish, len(some))
		for i, f := range some {
			wishes[i] = wish{f.path, 0, true}
		}
		s := &state{viewer: w.on.github.viewer, tree: newRemoteTree()}
		if _, err := g.learnSome(ctx, s, wishes, commit); err != nil {
			return false, err
		}
		for _, f := range some {
			if n := s.tree.nodes[f.path]; n == nil || n.id != blobID(f.data) {
				return false, nil
			}
		}
	}
	return true, nil
}
