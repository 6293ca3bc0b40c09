package version

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

const hintPush = "push the commit first: this repository does not have it"

// Read implements Store. It is one request, and another one where a folder holds
// more refs than one answer: the highest number may stand on an old commit. It
// fails with E_COMMIT_UNKNOWN where the repository does not have the commit.
func (g *GitHubStore) Read(ctx context.Context, s Scope) (*View, error) {
	answer, err := g.ask(ctx, g.readQuery(s), datedFragments+lineFragment)
	if err != nil {
		return nil, err
	}
	id, err := decode[string](answer, "id")
	if err != nil {
		return nil, err
	}
	g.named(id)
	commit, err := decode[*commitAnswer](answer, "commit")
	switch {
	case err != nil:
		return nil, err
	case commit == nil || commit.CommittedDate.IsZero():
		return nil, fault.Newf("E_COMMIT_UNKNOWN", hintPush, "%s has no commit %s", g.Repository, s.Commit)
	}
	g.learn(*commit)
	r := &reading{store: g, scope: s, view: &View{Refs: map[string]string{}, Room: true}}
	if err := r.take(answer); err != nil {
		return nil, err
	}
	if len(r.more) > 0 || s.Late {
		if err := r.rest(ctx); err != nil {
			return nil, err
		}
	}
	g.knowing(r.view)
	return r.view, nil
}

// readQuery asks for the commit, the newest numbers, and the claims that wait. Where
// a number may go from one folder to another one, the latter is asked for later.
func (g *GitHubStore) readQuery(s Scope) *document {
	d := g.document()
	d.ask("id commit: object(oid: %s) { ...Line "+placeFields+" }", d.declare("commit", "GitObjectID!", s.Commit))
	for i, prefix := range slices.Backward(s.Prefixes) {
		f := folderOf(prefix)
		path := d.declare(fmt.Sprintf("path%d", i), "String!", f.path)
		if prefix == s.Waiting {
			d.ask("refs%d: refs(refPrefix: %s, first: %d, orderBy: {field: ALPHABETICAL, direction: ASC}) { nodes { %s } }", i, path, page, waitingFields)
			continue
		}
		begin := d.declare(fmt.Sprintf("begin%d", i), "String!", f.begin)
		newest := fmt.Sprintf("refPrefix: %s, query: %s, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}", path, begin)
		d.ask("refs%d: refs(first: %d, %s) { pageInfo { hasNextPage endCursor } nodes { %s } }", i, page, newest, refFields)
		d.ask("line%d: refs(first: 1, %s) { nodes { %s } }", i, newest, lineFields)
	}
	return d
}

// reading is a view that is being made.
type reading struct {
	store *GitHubStore
	scope Scope
	view  *View
	more  map[string]string // by prefix, where the rest of a folder begins
}

// take adds what an answer holds of the folders.
func (r *reading) take(answer map[string]json.RawMessage) error {
	for i, prefix := range r.scope.Prefixes {
		newest, err := decode[refsAnswer](answer, fmt.Sprintf("line%d", i))
		if err != nil {
			return err
		}
		for _, n := range newest.Nodes {
			r.store.learn(n.Target.peeled())
		}
		refs, err := decode[refsAnswer](answer, fmt.Sprintf("refs%d", i))
		if err != nil {
			return err
		}
		r.refs(prefix, refs)
		if refs.PageInfo.HasNextPage {
			r.goesOn(prefix, refs)
		}
	}
	return nil
}

// refs adds a page. GitHub finds a text anywhere in a name.
func (r *reading) refs(prefix string, refs refsAnswer) {
	for _, n := range refs.Nodes {
		target := n.Target.peeled()
		r.store.learn(target)
		if name := n.in(folderOf(prefix).path); strings.HasPrefix(name, prefix) {
			r.view.Refs[name] = target.OID
		}
	}
}

// goesOn notes that a folder holds more, and how old that is at most.
func (r *reading) goesOn(prefix string, refs refsAnswer) {
	first := len(r.more) == 0
	if first {
		r.more = map[string]string{}
	}
	r.more[prefix] = refs.PageInfo.EndCursor
	switch oldest, known := refs.since(); {
	case !known:
		r.view.since = time.Time{}
	case first || !r.view.since.IsZero() && oldest.After(r.view.since):
		r.view.since = oldest
	}
}

// rest makes a view exact: by one request to git's server, by git itself where that
// is not answered, and page by page where there is no git.
func (r *reading) rest(ctx context.Context) error {
	g := r.store
	if way := g.way(); way != nil {
		refs, err := way.list(ctx, r.scope.Prefixes...)
		if err == nil {
			clear(r.view.Refs)
			for name, ref := range refs {
				r.view.Refs[name] = ref.commit()
			}
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
	}
	if g.Git.Remote.URL == "" {
		return r.pages(ctx)
	}
	exact, err := g.Git.Read(ctx, r.scope)
	if err != nil {
		return err
	}
	r.view.Refs = exact.Refs
	return nil
}

// pages reads the rest of the folders.
func (r *reading) pages(ctx context.Context) error {
	for prefix, after := range r.more {
		for after != "" {
			d, f := r.store.document(), folderOf(prefix)
			d.ask("refs(first: %d, after: %s, refPrefix: %s, query: %s, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { %s } }", page,
				d.declare("after", "String!", after), d.declare("path", "String!", f.path), d.declare("begin", "String!", f.begin), refFields)
			answer, err := r.store.ask(ctx, d, datedFragments)
			if err != nil {
				return err
			}
			refs, err := decode[refsAnswer](answer, "refs")
			if err != nil {
				return err
			}
			r.refs(prefix, refs)
			if after = refs.PageInfo.EndCursor; !refs.PageInfo.HasNextPage {
				after = ""
			}
		}
	}
	return nil
}
