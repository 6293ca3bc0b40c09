package runner

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sethvargo/go-githubactions"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/proxy"
)

// MayIdentify reports whether the job may have an OIDC token.
func (r *Runner) MayIdentify() bool {
	return r.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != "" && r.getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != ""
}

// idTokenPauses are those between requests for the job's OIDC token: its service has
// moments of trouble, and a second request costs nothing.
var idTokenPauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// idTokenTime is how long one request may take.
const idTokenTime = 15 * time.Second

// IDToken is a new OIDC token of the job for an audience, by which a cloud knows
// the workflow (docs.github.com, "OpenID Connect"). client asks for it, since an
// enterprise server may have a certificate of its own. The token is masked. What the
// service has trouble with is asked again, with a line for people; IDToken fails with
// E_ID_TOKEN, also where the job may have no token.
func (r *Runner) IDToken(ctx context.Context, client *http.Client, audience string) (string, error) {
	if !r.MayIdentify() {
		return "", fault.Newf("E_ID_TOKEN", "give the job `permissions: id-token: write`; a pull request from a fork has none",
			"the job has no OIDC token")
	}
	for try := 0; ; try++ {
		token, err := r.askIDToken(ctx, client, audience)
		switch {
		case err == nil:
			r.Mask(token)
			return token, nil
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case try == len(idTokenPauses) || !passes(err):
			return "", fault.New("E_ID_TOKEN", idTokenHint(err), fmt.Errorf("the job's OIDC token: %w", err))
		}
		r.Printf("no OIDC token yet: %v: trying again in %s", err, idTokenPauses[try])
		select {
		case <-ctx.Done():
		case <-time.After(idTokenPauses[try]):
		}
	}
}

func (r *Runner) askIDToken(ctx context.Context, client *http.Client, audience string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, idTokenTime)
	defer cancel()
	refusing := *client
	refusing.Transport = statuses{client.Transport}
	action := githubactions.New(githubactions.WithGetenv(r.getenv), githubactions.WithHTTPClient(&refusing), githubactions.WithWriter(io.Discard))
	token, err := action.GetIDToken(ctx, audience)
	if sent, ok := errors.AsType[*url.Error](err); ok {
		err = sent
	}
	if err == nil && token == "" {
		err = errors.New("the answer holds none")
	}
	return token, err
}

// statuses makes an error of an answer's status, which go-githubactions does not tell.
type statuses struct{ base http.RoundTripper }

// RoundTrip fails where the answer is a refusal.
func (s statuses) RoundTrip(request *http.Request) (*http.Response, error) {
	base := s.base
	if base == nil {
		base = http.DefaultTransport
	}
	response, err := base.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	response.Body.Close()
	return nil, status(response.StatusCode)
}

// status is that of an answer which is none.
type status int

func (s status) Error() string { return fmt.Sprintf("%d %s", int(s), http.StatusText(int(s))) }

// passes reports whether asking again may help: the network failed, or the service.
func passes(err error) bool {
	if answer, ok := errors.AsType[status](err); ok {
		return answer >= 500 || answer == http.StatusTooManyRequests
	}
	sent, ok := errors.AsType[*url.Error](err)
	return ok && sent.Op != "parse" && !distrusted(err) && !proxy.Refuses(err) || errors.Is(err, io.ErrUnexpectedEOF)
}

func distrusted(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

func idTokenHint(err error) string {
	switch {
	case proxy.Hint(err) != "":
		return proxy.Hint(err)
	case distrusted(err):
		return "let the certificate of your server be trusted: name its authority in `ca-file`, or add it to the system"
	case passes(err):
		return "run again: the service that gives OIDC tokens to jobs has trouble"
	}
	return "run again; if it stays so, see what answers at ACTIONS_ID_TOKEN_REQUEST_URL: a proxy, or a server that gives no OIDC tokens"
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
