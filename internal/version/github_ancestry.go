package version

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	mostLines    = 100 // commits whose ancestors are asked for in one query
	mostAsked    = 400 // and in several, before git's one fetch of history is less
	mostCompares = 4   // commits that are compared one by one, before it is
)

// Descendant implements Store. What a view shows decides in the quiet case: the
// highest number stands on one of the commit's nearest ancestors. What it leaves
// open is asked of GitHub, first of many commits in one query, and of git where that
// is too much. One descendant is enough to say no: that another one has a higher
// number is not worth a request.
func (g *GitHubStore) Descendant(ctx context.Context, v *View, commit string, of []string) (string, error) {
	if v.dates[commit].IsZero() {
		if err := g.ancestors(ctx, v, []string{commit}); err != nil {
			return "", err
		}
	}
	git := g.Git.Remote.URL != ""
	found, open := g.undecided(v, commit, of)
	if found == "" && (len(open) <= mostAsked || !git) {
		if err := g.ancestors(ctx, v, open); err != nil {
			return "", err
		}
		found, open = g.undecided(v, commit, of)
	}
	if found != "" {
		return found, nil
	}
	if len(open) > mostCompares && git {
		found, err := g.Git.fetched(ctx, v.one(open), commit, open)
		if err == nil && found == "" {
			g.lieApart(commit, open...)
		}
		return found, err
	}
	for _, numbered := range open {
		if before, err := g.compare(ctx, commit, numbered); before || err != nil {
			return numbered, err
		}
		g.lieApart(commit, numbered)
	}
	return "", nil
}

// undecided finds the first of some commits of which it is known that they come
// after another one. Where there is none, it gives those that may.
func (g *GitHubStore) undecided(v *View, commit string, of []string) (found string, open []string) {
	known := v.Lines.down(commit)
	known[commit] = true
	g.mu.Lock()
	maps.Copy(known, g.apart[commit])
	g.mu.Unlock()
	shown := slices.IndexFunc(of, func(numbered string) bool { _, dated := v.dates[numbered]; return dated })
	odd := v.outOfStep(of)
	var old []string // in step
	for i, numbered := range of {
		if known[numbered] {
			continue
		}
		before, told := false, false
		if v.Lines[numbered] != nil {
			before, told = v.Lines.Before(commit, numbered)
		}
		date, dated := v.dates[numbered]
		known[numbered] = true // once is enough
		switch {
		case before:
			return numbered, nil
		case told || dated && date.IsZero(): // what is no commit comes after none
		case odd[i] || v.mayFollow(commit, numbered, i == 0 || i < min(shown, mostLines)):
			open = append(open, numbered)
		default:
			old = append(old, numbered)
		}
	}
	if len(open)+len(old) <= mostCompares {
		open = append(open, old...)
	}
	return "", open
}

// lieApart remembers that commits do not come after another one.
func (g *GitHubStore) lieApart(commit string, numbered ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.apart == nil {
		g.apart = map[string]map[string]bool{}
	}
	if g.apart[commit] == nil {
		g.apart[commit] = map[string]bool{}
	}
	for _, other := range numbered {
		g.apart[commit][other] = true
	}
}

// one is a view of one ref of each of some commits, which is enough to fetch them.
func (v *View) one(commits []string) *View {
	names := make(map[string]string, len(commits))
	for _, commit := range commits {
		names[commit] = ""
	}
	one := &View{Refs: map[string]string{}}
	for name, commit := range v.Refs {
		if other, wanted := names[commit]; wanted && (other == "" || name < other) {
			delete(one.Refs, other)
			names[commit], one.Refs[name] = name, commit
		}
	}
	return one
}

// down is what is known of a commit's ancestors, by way of others.
func (l Lines) down(commit string) map[string]bool {
	known := map[string]bool{}
	for next := []string{commit}; len(next) > 0; next = next[1:] {
		for _, ancestor := range l[next[0]] {
			if !known[ancestor] {
				known[ancestor] = true
				next = append(next, ancestor)
			}
		}
	}
	return known
}

// ancestors asks when commits were committed, and what comes before them, where
// neither was told before. The more they are, the less is asked of each.
func (g *GitHubStore) ancestors(ctx context.Context, v *View, commits []string) error {
	commits = slices.DeleteFunc(slices.Clone(commits), func(commit string) bool { return v.Lines[commit] != nil })
	for some := range slices.Chunk(commits, mostLines) {
		d := g.document()
		length := d.declare("length", "Int!", max(30, min(100, 2000/len(some))))
		for i, commit := range some {
			d.ask("of%d: object(oid: %s) { oid ... on Commit { committedDate history(first: %s) { nodes { oid } } } }", i, d.declare(fmt.Sprintf("of%d", i), "GitObjectID!", commit), length)
		}
		answer, err := g.ask(ctx, d, "")
		if err != nil {
			return err
		}
		for i, commit := range some {
			told, err := decode[commitAnswer](answer, fmt.Sprintf("of%d", i))
			if err != nil {
				return err
			}
			told.OID = commit // also of what is not there
			g.learn(told)
		}
	}
	g.knowing(v)
	return nil
}

// compare asks whether a commit is an ancestor of another one. Of a later page of
// one commit GitHub tells neither files nor many commits.
func (g *GitHubStore) compare(ctx context.Context, commit, other string) (bool, error) {
	owner, name, _ := strings.Cut(g.Repository, "/")
	compared, _, err := g.Client.REST().Repositories.CompareCommits(ctx, owner, name, commit, other, &gogithub.ListOptions{PerPage: 1, Page: 2})
	if err = github.Explain(err); err != nil {
		if github.KindOf(err) == github.NotFound && strings.Contains(strings.ToLower(err.Error()), "no common ancestor") {
			return false, nil
		}
		return false, g.explain(err)
	}
	return compared.GetStatus() == "ahead", nil
}
