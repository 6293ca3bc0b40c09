package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// claimer writes the placeholders of one claim. It believes no answer to a write:
// a lost one may have been a success, and Harbor says "created" to both of two that
// create a tag at once. What the tag holds afterwards decides.
type claimer struct {
	session *session
	pusher  *remote.Pusher
	mine    claim
}

// number takes the version, and sees that nobody can take it away again.
func (w *claimer) number(ctx context.Context, name ref.Tag) error {
	refusal := w.put(ctx, name, w.mine)
	if refusal != nil {
		if err := w.compare(ctx, name, refusal, claim.sameCommit); err != nil {
			return err
		}
	}
	if err := w.prove(ctx, name); err != nil {
		return err
	}
	return w.compare(ctx, name, nil, claim.sameCommit)
}

// own says which version the commit has, unless that is said already.
func (w *claimer) own(ctx context.Context, name ref.Tag) error {
	refusal := w.put(ctx, name, w.mine)
	return w.compare(ctx, name, refusal, claim.sameVersion)
}

func (w *claimer) put(ctx context.Context, name ref.Tag, what claim) error {
	return w.pusher.Put(ctx, w.session.repo.Tag(string(name)), what)
}

// prove tries to overwrite the placeholder with what differs from it. If that
// works, the placeholder is left as it is: only a version is lost, and a registry
// that can overwrite tags often cannot delete them.
func (w *claimer) prove(ctx context.Context, name ref.Tag) error {
	rival := w.mine
	rival.proof = true
	err := w.put(ctx, name, rival)
	switch status := answered(err); {
	case w.session.immutable(err):
		return nil
	case err == nil:
		return w.unsafe(fmt.Errorf("its tag %s was overwritten on trial, so that two runs could claim one version", name))
	case status >= 500, status == 0, status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return w.session.explain(ctx, err)
	}
	return w.unsafe(fmt.Errorf("nothing shows that its tag %s cannot be overwritten: %w", name, err))
}

func (w *claimer) unsafe(err error) error {
	return w.session.fault("E_CLAIM_UNSAFE", w.session.claimHint(), err)
}

// compare looks at what a placeholder holds, and fails with ErrTaken if that is
// not the same as ours. A refusal to write it is the error where it holds nothing.
func (w *claimer) compare(ctx context.Context, name ref.Tag, refusal error, same func(claim, claim) bool) error {
	ask := func() (*claim, error) { return w.session.claimed(ctx, name) }
	early := func(held *claim, err error) bool { return refusal == nil && err == nil && held == nil }
	held, err := patiently(ctx, w.session, fmt.Errorf("%s is not seen yet", name), ask, early)
	switch {
	case refusal != nil && (err != nil || held == nil):
		return w.session.explain(ctx, refusal)
	case err != nil:
		return err
	case held == nil:
		return w.session.fault("E_PUSH_VERIFY", "run again; if it stays so, see whether the registry removes tags",
			fmt.Errorf("%s was written, but the registry answers that there is none", name))
	case !same(*held, w.mine):
		return fmt.Errorf("%s:%s: %w", w.session.image, name, ErrTaken)
	}
	return nil
}

// kept are the words in which registries refuse to overwrite a tag that nobody may
// (ECR, Harbor, Docker Hub, GitLab; Alibaba Cloud; Nexus where its policy is Disable
// redeploy, in old words and new).
var kept = []string{"immutab", "cannot be overwritten", "does not allow updating assets", "cannot be updated"}

// immutable reports whether a registry refused to write a tag since that cannot
// be overwritten. Its words tell, but those that are the image's name do not.
func (s *session) immutable(err error) bool {
	status := answered(err)
	if status < 400 || status >= 500 || status == http.StatusUnauthorized || status == http.StatusTooManyRequests {
		return false
	}
	words := strings.ToLower(err.Error())
	for _, name := range append(strings.Split(s.image.Path(), "/"), s.image.Domain()) {
		if strings.Contains(name, "immutab") {
			words = strings.ReplaceAll(words, name, "")
		}
	}
	return hasAny(words, kept)
}
