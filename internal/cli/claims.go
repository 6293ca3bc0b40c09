package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/version"
)

// placeholders are numbers that are claimed in a registry, as a store of versions:
// each stands for the git tag that there is not.
type placeholders struct {
	claims registry.Claims
	git    version.GitStore // tells the order of commits; nothing is written there
}

// Bounds on what is asked of a registry for the order of commits: how many claims,
// and among how many versions, since images that nobody claimed have none.
const (
	maxClaims   = 20
	maxVersions = 100
)

// Read implements version.Store. Beside the commit's own number those of the
// highest claims are known.
func (p placeholders) Read(ctx context.Context, s version.Scope) (*version.View, error) {
	folder, series := splitAfter(s.Prefixes[0])
	used, err := p.claims.List(ctx, s.Commit)
	if err != nil {
		return nil, err
	}
	view := &version.View{Refs: map[string]string{}}
	var versions []ref.Tag
	for tag, commit := range used {
		if !strings.HasPrefix(string(tag), series) {
			continue
		}
		view.Refs[folder+string(tag)] = commit
		if _, is := version.Newer(tag, tag); is {
			versions = append(versions, tag)
		}
	}
	slices.SortFunc(versions, newestFirst)
	versions = versions[:min(len(versions), maxVersions)]
	for known := 0; known < maxClaims && len(versions) > 0; {
		n := min(len(versions), maxClaims-known)
		commits, err := p.commits(ctx, versions[:n], used)
		if err != nil {
			return nil, err
		}
		for i, commit := range commits {
			if commit != "" {
				view.Refs[folder+string(versions[i])] = commit
				known++
			}
		}
		versions = versions[n:]
	}
	return view, nil
}

func newestFirst(a, b ref.Tag) int {
	if newer, _ := version.Newer(a, b); newer {
		return -1
	}
	if newer, _ := version.Newer(b, a); newer {
		return 1
	}
	return strings.Compare(string(a), string(b))
}

// commits tell whose some versions are, in their order; "" of those that have no
// claim, or one that was cut off.
func (p placeholders) commits(ctx context.Context, versions []ref.Tag, used map[ref.Tag]string) ([]string, error) {
	commits := make([]string, len(versions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, tag := range versions {
		if commits[i] = used[tag]; commits[i] != "" {
			continue
		}
		group.Go(func() (err error) {
			commits[i], err = p.claims.Commit(ctx, tag)
			return err
		})
	}
	return commits, group.Wait()
}

// splitAfter cuts refs/tags/cms/v0.0. behind its last slash.
func splitAfter(prefix string) (folder, rest string) {
	cut := strings.LastIndexByte(prefix, '/') + 1
	return prefix[:cut], prefix[cut:]
}

// Write implements version.Store: it claims, and gives nothing back.
func (p placeholders) Write(ctx context.Context, updates ...git.Update) error {
	for _, u := range updates {
		if u.New == "" {
			return fault.Newf("E_CLAIM_UNSAFE", "leave out `on-failure: free`, and `free`", "a tag of a registry with immutable tags cannot be taken back")
		}
		_, tag := splitAfter(u.Ref)
		err := p.claims.Create(ctx, ref.Tag(tag), u.New)
		if errors.Is(err, registry.ErrTaken) {
			return fmt.Errorf("%w: %w", version.ErrTaken, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Descendant implements version.Store. A commit that has vanished is passed over,
// unless it is that of the highest number.
func (p placeholders) Descendant(ctx context.Context, _ *version.View, commit string, of []string) (string, error) {
	found, err := p.descendant(ctx, commit, of)
	if err == nil || len(of) == 1 || ctx.Err() != nil {
		return found, err
	}
	for i, one := range of {
		found, err := p.descendant(ctx, commit, []string{one})
		if err == nil && found != "" || err != nil && i == 0 {
			return found, err
		}
	}
	return "", nil
}

func (p placeholders) descendant(ctx context.Context, commit string, of []string) (string, error) {
	at := &version.View{Refs: map[string]string{}}
	for _, numbered := range of {
		at.Refs[numbered] = numbered
	}
	found, err := p.git.Descendant(ctx, at, commit, of)
	if err != nil {
		return "", fault.New("E_VERSION_OLDER", "check out with `fetch-depth: 0`, or say `allow-older: true`",
			fmt.Errorf("whether commit %s comes after %s cannot be told: %w", commit, of[0], err))
	}
	return found, nil
}

// Place implements version.Store: claims in a registry do not wait for one another.
func (placeholders) Place(context.Context, *version.View, string) (version.Place, error) {
	return version.Place{}, nil
}
