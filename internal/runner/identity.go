package runner

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// idTokenTries is how often the job's OIDC token is asked for: its service has
// moments of trouble, and a second request costs nothing.
const idTokenTries = 3

// MayIdentify reports whether the job may have an OIDC token.
func (r *Runner) MayIdentify() bool {
	return r.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != "" && r.getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != ""
}

// IDToken is a new OIDC token of the job for an audience, by which a cloud knows
// the workflow (docs.github.com, "OpenID Connect"). It is masked. It fails with
// E_ID_TOKEN where the job may have none.
func (r *Runner) IDToken(ctx context.Context, audience string) (string, error) {
	if !r.MayIdentify() {
		return "", fault.Newf("E_ID_TOKEN", "give the job `permissions: id-token: write`; a pull request from a fork has none",
			"the job has no OIDC token")
	}
	var token string
	var err error
	for range idTokenTries {
		token, err = r.action.GetIDToken(ctx, audience)
		if err == nil && token == "" {
			err = errors.New("the answer holds none")
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return "", fault.New("E_ID_TOKEN", "run again: the service that gives OIDC tokens to jobs has trouble", fmt.Errorf("the job's OIDC token: %w", err))
	}
	r.Mask(token)
	return token, nil
}

// Export sets a variable for the later steps of the job, which is no place for
// secrets. Outside Actions there are none.
func (r *Runner) Export(name, value string) error {
	file := r.getenv("GITHUB_ENV")
	if file == "" {
		return nil
	}
	end := "end_" + rand.Text()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", name, end, value, end)
	return appendTo(file, b.Bytes())
}
