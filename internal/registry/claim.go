package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// ErrTaken is what Create of Claims fails with where the version is another
// commit's, or the commit has another version.
var ErrTaken = errors.New("the version is taken")

// Claims gives versions to commits by tags of a repository, where no git tags can
// be pushed. A version is claimed by a placeholder, a manifest of a few hundred
// bytes: claim-v0.0.7 says whose v0.0.7 is, and claim-of-<commit> which version the
// commit has. The version itself stays free for the image.
//
// No registry can be asked to write a tag only if it is free. One whose tags are
// immutable does so all the same, and nothing but its refusal to overwrite a
// placeholder proves that it does: Create tries that each time, with one request.
type Claims struct {
	Client     *Client
	Repository ref.Repository
}

const (
	claimPrefix = "claim-"
	ownPrefix   = claimPrefix + "of-"
)

// List gives every version that is used, as an image or as a claim, and whatever
// other tags the repository has. The commit is told of one only: the version that
// this commit has. Commit tells those of others.
func (c Claims) List(ctx context.Context, commit string) (map[ref.Tag]string, error) {
	_, own, err := claimNames("v0", commit)
	if err != nil {
		return nil, err
	}
	s, err := c.Client.reading(ctx, c.Repository)
	if err != nil {
		return nil, err
	}
	tags, err := c.Client.list(ctx, s)
	if err != nil {
		return nil, err
	}
	used := make(map[ref.Tag]string, len(tags))
	for _, tag := range tags {
		if version, claimed := strings.CutPrefix(string(tag), claimPrefix); !claimed {
			used[tag] = ""
		} else if !strings.HasPrefix(string(tag), ownPrefix) && version != "" {
			used[ref.Tag(version)] = ""
		}
	}
	// The list may lag behind; what a tag holds does not.
	held, err := s.claimed(ctx, own)
	if err != nil || held == nil {
		return used, err
	}
	if held.version == "" {
		return nil, s.fault("E_TAG_TAKEN", "remove this tag: it is where claims of versions are looked for", fmt.Errorf("%s holds no claim", own))
	}
	used[held.version] = commit
	return used, nil
}

// Commit tells whose a version is; "" where it has no claim, or one that was not
// finished: its commit may have got another version.
func (c Claims) Commit(ctx context.Context, version ref.Tag) (string, error) {
	name, err := ref.ParseTag(claimPrefix + string(version))
	if err != nil {
		return "", fmt.Errorf("placeholder of %s: %w", version, err)
	}
	s, err := c.Client.reading(ctx, c.Repository)
	if err != nil {
		return "", err
	}
	held, err := s.claimed(ctx, name)
	if err != nil || held == nil || !commitForm.MatchString(held.commit) {
		return "", err
	}
	own, err := s.claimed(ctx, ref.Tag(ownPrefix+held.commit))
	if err != nil || own == nil || own.version != version {
		return "", err
	}
	return held.commit, nil
}

// Create claims a version for a commit. Of all that try at once for different
// commits one succeeds; the others fail with ErrTaken, and so does who would give
// a commit a second version, whose first one List then tells. What this leaves
// behind is a version that nobody gets.
//
// It fails with E_CLAIM_UNSAFE where tags can be overwritten, with E_TAG and
// E_COMMIT_UNKNOWN for names that make no sense, and with the faults of a push.
func (c Claims) Create(ctx context.Context, version ref.Tag, commit string) error {
	number, own, err := claimNames(version, commit)
	if err != nil {
		return err
	}
	s, err := c.Client.open(ctx, c.Repository, pushing)
	if err != nil {
		return err
	}
	options := append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return s.explain(ctx, err)
	}
	if err := s.bring(ctx, pusher, emptyBlob(), nil); err != nil {
		return s.explain(ctx, err)
	}
	w := &claimer{session: s, pusher: pusher, mine: claim{version: version, commit: commit, created: c.Client.now()}}
	if err := w.number(ctx, number); err != nil {
		return err
	}
	return w.own(ctx, own)
}

var commitForm = pattern.New(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// claimNames are the placeholders of a version and of a commit.
func claimNames(version ref.Tag, commit string) (number, own ref.Tag, err error) {
	if !commitForm.MatchString(commit) {
		return "", "", fault.Newf("E_COMMIT_UNKNOWN", "write the full id of a commit: 40 hex digits, as git rev-parse prints it", "%q is no commit", commit)
	}
	if _, err := ref.ParseTag(string(version)); err != nil {
		return "", "", err
	}
	number = ref.Tag(claimPrefix + version)
	if strings.HasPrefix(string(number), ownPrefix) {
		return "", "", fault.Newf("E_TAG", "a version begins with a number, or with v", "%q cannot be claimed", version)
	}
	if number, err = ref.ParseTag(string(number)); err != nil {
		return "", "", fmt.Errorf("placeholder of %s: %w", version, err)
	}
	return number, ref.Tag(ownPrefix + commit), nil
}
