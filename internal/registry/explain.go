package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// ErrNoLogin is within the fault E_REGISTRY_AUTH where a registry wants a login, and
// none was found for it.
var ErrNoLogin = errors.New("no login was given")

// explain turns what came back from a registry into a fault that keeps the
// registry's own words.
func (s *session) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*fault.Fault](err); done {
		return fault.WithoutQueries(err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", s.image, context.Cause(ctx))
	}
	// An untrusted certificate is looked for first: at a loopback address it comes
	// together with the answer to a second try over plain http.
	if hint := distrusted(err); hint != "" {
		return s.fault("E_REGISTRY_UNREACHABLE", hint, err)
	}
	if wrong, ok := errors.AsType[*astray](err); ok {
		return s.fault("E_REGISTRY", wrong.hint, wrong)
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return s.explainAnswer(ctx, answer, err)
	}
	if page, ok := errors.AsType[*htmlPage](err); ok {
		return s.fault("E_NO_REGISTRY", s.noRegistryHint(), page)
	}
	if failed, hint := unreachable(err); failed {
		return s.fault("E_REGISTRY_UNREACHABLE", hint, err)
	}
	if hint := knownDefect(err.Error()); hint != "" {
		return s.fault("E_REGISTRY", hint, err)
	}
	return s.fault("E_REGISTRY", "run again; if it stays so, see whether another client has the same trouble with this registry", err)
}

// explainAnswer explains what a registry said. A request that was made for another
// repository is explained by the session that it belongs to.
func (s *session) explainAnswer(ctx context.Context, answer *transport.Error, err error) error {
	if asked := answer.Request; asked != nil {
		if reader, ok := asked.Context().Value(readBy{}).(*session); ok && reader != s {
			return reader.explain(ctx, err)
		}
	}
	if told := s.spell(ctx, answer); told != nil {
		answer, err = told, told
	}
	code, hint := s.refusal(answer)
	err = readable(answer, err)
	switch {
	case code == "E_REGISTRY_AUTH" && s.withheld != nil:
		return s.fault(code, s.withheld.hint, fmt.Errorf("%w; %w", err, s.withheld))
	case code == "E_REGISTRY_AUTH" && s.anonymous:
		err = fmt.Errorf("%w (%w)", err, ErrNoLogin)
	}
	return s.fault(code, hint, err)
}

func (s *session) fault(code, hint string, err error) error {
	return fault.New(code, hint, fmt.Errorf("%s: %w", s.image, fault.WithoutQueries(err)))
}

// spell asks by GET for what the answer to a HEAD could not say: it has no body.
// It gives nil where GET is answered otherwise.
func (s *session) spell(ctx context.Context, answer *transport.Error) *transport.Error {
	asked := answer.Request
	if s.transport == nil || asked == nil || asked.Method != http.MethodHead || asked.URL.Host != s.repo.RegistryStr() {
		return nil
	}
	request, err := http.NewRequestWithContext(single(ctx), http.MethodGet, asked.URL.String(), nil)
	if err != nil {
		return nil
	}
	request.Header.Set("Accept", asked.Header.Get("Accept"))
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	told, ok := errors.AsType[*transport.Error](transport.CheckError(response, http.StatusOK, http.StatusTemporaryRedirect))
	if !ok || told.StatusCode != answer.StatusCode {
		return nil
	}
	return told
}

// refusal is the code for a registry's answer, and the hint.
func (s *session) refusal(answer *transport.Error) (code, hint string) {
	told := answer.Error()
	switch status := answer.StatusCode; {
	case strings.Contains(told, "HTTP request to an HTTPS server"):
		return "E_REGISTRY_UNREACHABLE", "this registry speaks TLS, but no handshake came about: see what it says of its certificate and its versions of TLS"
	case isLimit(answer):
		return "E_REGISTRY_LIMIT", s.limitHint()
	case atLogin(answer) && status == http.StatusNotFound:
		return "E_NO_REGISTRY", s.noRegistryHint()
	case s.scope == pushing && blobLost(answer):
		return "E_REGISTRY", "the registry does not know a part of the image any more that it had: run again, and see whether a clean-up runs"
	case status == http.StatusNotFound && s.scope == pushing:
		return "E_REPOSITORY_MISSING", s.repositoryHint()
	case status == http.StatusNotFound:
		return "E_IMAGE_MISSING", "push the image first, or correct its name"
	case isFull(answer):
		return "E_REGISTRY_FULL", "make room at the registry, or raise its quota, and run again: except for the tags told above, none was moved, and what was sent is not sent again"
	case isReadOnly(answer):
		return "E_REGISTRY_READONLY", s.readOnlyHint()
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return s.denial(answer)
	case knownDefect(told) != "":
		return "E_REGISTRY", knownDefect(told)
	case status == http.StatusRequestEntityTooLarge:
		return "E_REGISTRY", "a proxy before the registry lets no body of this size through: raise its limit (nginx: client_max_body_size 0)"
	case status >= 500:
		return "E_REGISTRY", "the registry is in trouble: run again later; what was sent is not sent again"
	}
	return "E_REGISTRY", "the registry says why in its own words; whoever runs it can tell more"
}

// denial tells a login that is refused from one that may not do this.
func (s *session) denial(answer *transport.Error) (code, hint string) {
	told := answer.Error()
	switch {
	case atLogin(answer):
		return "E_REGISTRY_AUTH", s.loginHint()
	case answer.StatusCode == http.StatusUnauthorized && !s.taken() &&
		(s.anonymous || !says(answer, transport.DeniedErrorCode)) && knownDenial(told) == "":
		return "E_REGISTRY_AUTH", s.loginHint()
	case s.scope == pushing:
		return "E_PUSH_DENIED", s.deniedHint(told)
	}
	return "E_PULL_DENIED", s.unreadHint(told)
}

// taken reports whether the login itself was right for sure: Docker Hub refuses a
// wrong one at its token service, and says 401 afterwards to those who may not see
// what they ask for.
func (s *session) taken() bool { return s.kind() == dockerHub && !s.anonymous }

// isLimit reports whether a registry was asked too often, whatever else it says.
func isLimit(answer *transport.Error) bool {
	return answer.StatusCode == http.StatusTooManyRequests || says(answer, transport.TooManyRequestsErrorCode)
}

// says reports whether the registry gave this code among its errors.
func says(answer *transport.Error, code transport.ErrorCode) bool {
	for _, one := range answer.Errors {
		if one.Code == code {
			return true
		}
	}
	return false
}

// atLogin reports whether it was the handshake that failed, or the token service: a
// question at an address of neither a repository's manifests, blobs or tags, nor one
// that such an address led to. What carries a blob is no question, whatever address
// the registry has named for it.
func atLogin(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	if !ok || answer.Request == nil || uploads(answer.Request) {
		return false
	}
	first := answer.Request
	for first.Response != nil && first.Response.Request != nil { // it was redirected
		first = first.Response.Request
	}
	return !ofRepository.MatchString(first.URL.Path)
}

// ofRepository are addresses within a repository (distribution-spec, Endpoints).
var ofRepository = pattern.New(`/(manifests|blobs|referrers)/|/tags/list$`)
