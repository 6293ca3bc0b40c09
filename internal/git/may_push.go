package git

import (
	"context"
	"strings"
)

// MayPush asks whether the remote lets this identity write. It begins a push that
// would change nothing and does not carry it out: a host says no when it is asked
// which refs it has for a push. What the rules of a branch say, only a real push
// is told.
func (r Repo) MayPush(ctx context.Context, remote Remote) error {
	const nobodys = "refs/tagboat/preflight"
	_, err := r.Run(ctx, Call{Args: []string{"push", "--dry-run", "--porcelain", "--no-verify", "--", remote.URL, ":" + nobodys}, Remote: &remote})
	if strings.Contains(stderr(err), "remote ref does not exist") {
		return nil // the answer of a host that would have taken it
	}
	return err
}
