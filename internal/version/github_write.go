package version

import (
	"context"
	"fmt"
	"slices"
	"strings"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	hintCreate    = "give the job `permissions: contents: write`, or a token that may create tags in this repository"
	hintInTheWay  = hintGuarded + "; or a tag has the name of this one's folder, or is in a folder of its name (v0.0.7 and v0.0.7/x): delete that one"
	hintWorkflows = "the commit changes workflows, and this token may not put a tag on it: use one with the permission `workflows: write`, or number it once it is merged"
)

// noObject is what a ref holds that does not exist.
const noObject = "0000000000000000000000000000000000000000"

// Write implements Store. A single new ref is created over REST, everything else is
// one updateRefs, which compares each ref with what it should hold. Nothing is sent
// again whose answer was lost. It fails with E_COMMIT_UNKNOWN where the repository
// does not have a commit, and with E_VERSION_DENIED where this identity may not
// write a ref.
func (g *GitHubStore) Write(ctx context.Context, updates ...git.Update) error {
	var err error
	switch {
	case len(updates) == 0:
		return nil
	case len(updates) == 1 && updates[0].Old == "":
		err = g.create(ctx, updates[0])
	default:
		err = g.updateRefs(ctx, updates)
	}
	if err == nil {
		return nil
	}
	return g.refusal(ctx, github.Explain(err), updates)
}

func (g *GitHubStore) create(ctx context.Context, u git.Update) error {
	owner, name, _ := strings.Cut(g.Repository, "/")
	_, _, err := g.Client.REST().Git.CreateRef(ctx, owner, name, &gogithub.Reference{Ref: &u.Ref, Object: &gogithub.GitObject{SHA: &u.New}})
	return err
}

const updateMutation = `mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }
`

// refUpdate moves one ref, if it holds what it should.
type refUpdate struct {
	Name   string `json:"name"`
	Before string `json:"beforeOid"`
	After  string `json:"afterOid"`
	Force  bool   `json:"force,omitempty"`
}

func (g *GitHubStore) updateRefs(ctx context.Context, updates []git.Update) error {
	id, err := g.repositoryID(ctx)
	if err != nil {
		return err
	}
	all := make([]refUpdate, len(updates))
	for i, u := range updates {
		all[i] = refUpdate{Name: u.Ref, Before: orNone(u.Old), After: orNone(u.New), Force: u.New == ""} // to delete is no step forward
	}
	return g.Client.Mutate(ctx, updateMutation, map[string]any{"input": map[string]any{"repositoryId": id, "refUpdates": all}}, nil)
}

func orNone(id string) string {
	if id == "" {
		return noObject
	}
	return id
}

func (g *GitHubStore) repositoryID(ctx context.Context) (string, error) {
	if id := g.repository(); id != "" {
		return id, nil
	}
	d := g.document()
	d.ask("id")
	answer, err := g.ask(ctx, d, "")
	if err != nil {
		return "", err
	}
	id, err := decode[string](answer, "id")
	g.named(id)
	return id, err
}

// refusal says what a write means that was refused. GitHub tells a guarded ref from
// one that cannot be only over REST, and says in no documented words that a ref is
// not as it should be: then the refs are looked at.
func (g *GitHubStore) refusal(ctx context.Context, err error, updates []git.Update) error {
	said := strings.ToLower(err.Error())
	hint := ""
	switch kind := github.KindOf(err); {
	case kind == github.Exists || kind == github.Stale || kind == github.Missing:
		return fmt.Errorf("%w: %v", ErrTaken, err)
	case strings.Contains(said, "object does not exist"), strings.Contains(said, "resolve to an object with the oid"):
		return fault.New("E_COMMIT_UNKNOWN", hintPush, g.explain(err))
	case kind == github.Denied, kind == github.NotFound:
		hint = hintCreate
	case kind == github.Protected:
		hint = hintGuarded
	case kind == github.Workflow:
		hint = hintWorkflows
	case kind == github.Invalid:
		otherwise, looked := g.otherwise(ctx, updates)
		if looked != nil {
			return fmt.Errorf("%v: %w", err, looked)
		}
		if otherwise {
			return fmt.Errorf("%w: %v", ErrTaken, err)
		}
		hint = hintInTheWay
	default:
		return g.explain(err)
	}
	name := strings.TrimPrefix(updates[0].Ref, "refs/")
	return fault.New("E_VERSION_DENIED", hint, fmt.Errorf("%s: %w", name, err))
}

// otherwise reports whether a ref is not as an update wants it.
func (g *GitHubStore) otherwise(ctx context.Context, updates []git.Update) (bool, error) {
	names := make([]string, len(updates))
	for i, u := range updates {
		names[i] = u.Ref
	}
	refs, err := g.at(ctx, names)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(updates, func(u git.Update) bool { return refs[u.Ref] != u.Old }), nil
}

// at is what refs hold, "" where there is none of that name.
func (g *GitHubStore) at(ctx context.Context, names []string) (map[string]string, error) {
	at := map[string]string{}
	if way := g.way(); way != nil {
		if refs, err := way.list(ctx, names...); err == nil {
			for name, ref := range refs {
				at[name] = ref.id
			}
			return at, nil
		}
	}
	d := g.document()
	for i, name := range names {
		d.ask("at%d: ref(qualifiedName: %s) { target { oid } }", i, d.declare(fmt.Sprintf("name%d", i), "String!", name))
	}
	answer, err := g.ask(ctx, d, "")
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		ref, err := decode[refAnswer](answer, fmt.Sprintf("at%d", i))
		if err != nil {
			return nil, err
		}
		at[name] = ref.Target.OID
	}
	return at, nil
}
