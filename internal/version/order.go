package version

import (
	"cmp"
	"context"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// mayFollow sees that no commit with a number has this one among its ancestors:
// the highest number is the newest commit.
func (c *claim) mayFollow(ctx context.Context, view *View, versions map[ref.Tag]held, numbered []string) error {
	if c.request.AllowOlder || len(numbered) == 0 {
		return nil
	}
	front, err := c.store.Descendant(ctx, view, c.request.Commit, numbered)
	if err != nil || front == "" {
		return err
	}
	var tag ref.Tag
	for _, h := range versions {
		if h.commit == front && (tag == "" || h.number > versions[tag].number) {
			tag = h.tag
		}
	}
	return fault.Newf("E_VERSION_OLDER",
		"nothing is lost: that version has this commit in it. Deploy it; or say `allow-older: true`, and this commit gets a higher number, which is deployed over the later one",
		"commit %s is not numbered: %s is %s already and comes after it", c.request.Commit, front, tag)
}

// inFallingOrder are the commits that have numbers, the highest first.
func inFallingOrder(s Series, versions map[ref.Tag]held) []string {
	var members []held
	for tag, h := range versions {
		if _, member := s.Number(string(tag)); member && h.commit != "" {
			members = append(members, h)
		}
	}
	slices.SortFunc(members, func(a, b held) int { return cmp.Compare(b.number, a.number) })
	commits := make([]string, len(members))
	for i, h := range members {
		commits[i] = h.commit
	}
	return commits
}
