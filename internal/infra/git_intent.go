package infra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/git"
)

// posted are the commits of a branch's intents, by the intents' ids.
func posted(refs git.Refs, branch string) map[string]string {
	all := map[string]string{}
	for name, commit := range refs.IDs {
		if id, ok := strings.CutPrefix(name, intentFolder(branch)); ok {
			all[id] = commit
		}
	}
	return all
}

// unknown are the commits that were not read yet.
func (g *Git) unknown(posted map[string]string) (ids []string) {
	for _, intent := range sortedKeys(posted) {
		if _, known := g.intents[posted[intent]]; !known {
			ids = append(ids, posted[intent])
		}
	}
	return ids
}

// waiting reads the head and the intents. One that is gone by now is none.
func (g *Git) waiting(ctx context.Context, branch, head string, posted map[string]string) (tip commit, all []Intent, err error) {
	found, _, err := g.objects(ctx, append(g.unknown(posted), head))
	if err != nil {
		return tip, nil, err
	}
	if g.intents == nil {
		g.intents = map[string]commit{}
	}
	me := g.o.Author.String()
	for _, id := range sortedKeys(posted) {
		if raw, ok := found[posted[id]]; ok {
			g.intents[posted[id]] = parseCommit(string(raw))
		}
		c, known := g.intents[posted[id]]
		if !known {
			continue
		}
		in := parseIntent(branch, c.message)
		in.ID, in.Commit = id, posted[id]
		in.Trusted = c.author == me && c.committer == me // and whoever made its ref may push
		all = append(all, in)
	}
	return parseCommit(string(found[head])), all, nil
}

// Publish implements Board. The intent's commit has no files and no parents.
func (g *Git) Publish(ctx context.Context, on *Snapshot, in Intent) (Intent, error) {
	message, err := in.message(on.Branch)
	if err != nil {
		return in, err
	}
	who := g.o.Author.at(in.Since)
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit %s\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\nget-mark :1\ndone\n", refIntent, who, who, len(message), message)
	if in.Commit, err = g.imported(ctx, b.Bytes()); err != nil {
		return in, err
	}
	results, err := g.repo.Push(ctx, g.o.Remote, git.Update{Ref: in.ref(on.Branch), New: in.Commit})
	if err != nil {
		return in, err
	}
	switch r := results[0]; r.Status {
	case git.Done, git.Same:
		return in, nil
	case git.Refused:
		return in, r.Err
	default:
		return in, fmt.Errorf("%s: %s", r.Ref, r.Reason)
	}
}

// Clear implements Board.
func (g *Git) Clear(ctx context.Context, on *Snapshot, done []Intent) error {
	results, err := g.repo.Push(ctx, g.o.Remote, removals(on.Branch, done)...)
	if err != nil {
		return err
	}
	var refused []error
	for _, r := range results {
		refused = append(refused, r.Err)
	}
	return errors.Join(refused...)
}

// removals are the updates that remove intents.
func removals(branch string, done []Intent) (all []git.Update) {
	for _, in := range done {
		all = append(all, git.Update{Ref: in.ref(branch), Old: in.Commit})
	}
	return all
}

// Clears implements Board: refs are moved and removed in one push.
func (g *Git) Clears() bool { return true }

// Select implements Board.
func (g *Git) Select(ctx context.Context, on *Snapshot, paths []Paths) ([]Selection, error) {
	entries, err := g.list(ctx, on.Head)
	if err != nil {
		return nil, err
	}
	all := make([]Selection, len(paths))
	selected := make([][]entry, len(paths))
	var wanted []entry
	for i, p := range paths {
		selected[i], all[i].Err = p.selectFrom(entries)
		if all[i].Err == nil {
			wanted = append(wanted, selected[i]...)
		}
	}
	blobs, err := g.blobs(ctx, on.Branch, on.Head, wanted)
	if err != nil {
		return nil, err
	}
	known := func(e entry) ([]byte, bool) {
		data, ok := blobs[e.id]
		return data, ok
	}
	for i := range all {
		all[i].Files = newMemory(selected[i], known)
	}
	return all, nil
}

// advance moves the branch to a commit and removes what that fulfils, or does
// neither.
func (g *Git) advance(ctx context.Context, on *Snapshot, commit string, fulfils []Intent) error {
	if len(fulfils) == 0 {
		_, err := g.move(ctx, on.Branch, on.Head, commit)
		return err
	}
	branch := git.Update{Ref: "refs/heads/" + on.Branch, New: commit, Old: on.Head}
	results, err := g.repo.PushAtomic(ctx, g.o.Remote, append([]git.Update{branch}, removals(on.Branch, fulfils)...)...)
	if err != nil && !errors.Is(err, git.ErrNotAtomic) {
		return err
	}
	if err == nil {
		err := g.moved(ctx, on.Branch, commit, results[0])
		if err == nil || !held(results, fulfils) {
			return err
		}
	}
	// The branch is what matters: a host that does not remove such refs, and a lock on
	// one of them that nobody will release, must not stop it.
	if _, err := g.move(ctx, on.Branch, on.Head, commit); err != nil {
		return err
	}
	_ = g.Clear(ctx, on, fulfils) // what stays has nothing left to do, and the next to write tries again
	return nil
}

// held reports whether only the intents kept a push from coming true, and nobody has
// touched them.
func held(results []git.Result, fulfils []Intent) bool {
	if results[0].Status != git.Stale || results[0].Now != "" && !results[0].Still {
		return false
	}
	stands := false
	for i, r := range results[1:] {
		switch {
		case r.Status == git.Refused:
			stands = true
		case r.Still:
			stands = true
		case r.Now != fulfils[i].Commit:
			return false
		}
	}
	return stands
}

// Trusting implements Board. Without a token of ours, the host alone knows who may
// push, and who may push may write the branch.
func (g *Git) Trusting() bool { return g.o.Remote.Token == "" }
