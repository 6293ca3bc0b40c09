package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// Read implements version.Store. Beside the commit's own number only that of the
// highest is known.
func (p placeholders) Read(ctx context.Context, s version.Scope) (*version.View, error) {
	folder, series := splitAfter(s.Prefixes[0])
	used, err := p.claims.List(ctx, s.Commit)
	if err != nil {
		return nil, err
	}
	view := &version.View{Refs: map[string]string{}}
	var all []ref.Tag
	for tag, commit := range used {
		if strings.HasPrefix(string(tag), series) {
			all = append(all, tag)
			view.Refs[folder+string(tag)] = commit
		}
	}
	highest, err := version.Highest(all, "")
	if fault.Is(err, "E_VERSION_NONE") {
		return view, nil
	}
	if err == nil && used[highest] == "" {
		view.Refs[folder+string(highest)], err = p.claims.Commit(ctx, highest)
	}
	return view, err
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

// Descendant implements version.Store.
func (p placeholders) Descendant(ctx context.Context, _ *version.View, commit string, of []string) (string, error) {
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
