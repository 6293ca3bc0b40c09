package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// explain turns what came back from a registry into a fault that keeps the
// registry's own words.
func (s *session) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*fault.Fault](err); done {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", s.image, context.Cause(ctx))
	}
	// An untrusted certificate is looked for first: at a loopback address it comes
	// together with the answer to a second try over plain http.
	if distrusted(err) {
		return s.fault("E_REGISTRY_UNREACHABLE", "let this machine trust the registry's certificate: add its CA to the system, or name it in SSL_CERT_FILE", err)
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		if asked := answer.Request; asked != nil {
			if reader, ok := asked.Context().Value(readBy{}).(*session); ok && reader != s {
				return reader.explain(ctx, err)
			}
		}
		if told := s.spell(ctx, answer); told != nil {
			answer, err = told, told
		}
		code, hint := s.refusal(answer)
		return s.fault(code, hint, err)
	}
	if failed, hint := unreachable(err); failed {
		return s.fault("E_REGISTRY_UNREACHABLE", hint, err)
	}
	return s.fault("E_REGISTRY", "run again; if it stays so, see whether another client has the same trouble with this registry", err)
}

func (s *session) fault(code, hint string, err error) error {
	return fault.New(code, hint, fmt.Errorf("%s: %w", s.image, err))
}

// spell asks by GET for what the answer to a HEAD could not say: it has no body.
// It gives nil where GET is answered otherwise.
func (s *session) spell(ctx context.Context, answer *transport.Error) *transport.Error {
	asked := answer.Request
	if s.transport == nil || asked == nil || asked.Method != http.MethodHead || asked.URL.Host != s.repo.RegistryStr() {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.URL.String(), nil)
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
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests || says(answer, transport.TooManyRequestsErrorCode):
		return "E_REGISTRY_LIMIT", s.limitHint()
	case atLogin(answer) && status == http.StatusNotFound:
		return "E_REGISTRY", "no registry answers at " + s.image.Domain() + ": check the image's name"
	case s.scope == pushing && blobLost(answer):
		return "E_REGISTRY", "the registry does not know a part of the image any more that it had: run again, and see whether a clean-up runs"
	case status == http.StatusNotFound && s.scope == pushing:
		return "E_REPOSITORY_MISSING", s.repositoryHint()
	case status == http.StatusNotFound:
		return "E_IMAGE_MISSING", "push the image first, or correct its name"
	case atLogin(answer) && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		return "E_REGISTRY_AUTH", s.loginHint()
	case status == http.StatusUnauthorized && (s.anonymous || !says(answer, transport.DeniedErrorCode)) && knownDenial(answer.Error()) == "":
		return "E_REGISTRY_AUTH", s.loginHint()
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		if s.scope == pushing {
			return "E_PUSH_DENIED", s.deniedHint(answer.Error())
		}
		return "E_PULL_DENIED", "let this login read the repository, and see that the image exists: registries answer the same for both"
	case status >= 500:
		return "E_REGISTRY", "the registry is in trouble: run again later; what was sent is not sent again"
	}
	return "E_REGISTRY", "the registry says why in its own words; whoever runs it can tell more"
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

// atLogin reports whether it was the handshake that failed, or the token
// service: an answer to the address of no manifest, blob or list of tags.
func atLogin(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && answer.Request != nil &&
		!strings.Contains(answer.Request.URL.Path, "/manifests/") &&
		!strings.Contains(answer.Request.URL.Path, "/blobs/") &&
		!strings.HasSuffix(answer.Request.URL.Path, "/tags/list")
}

func distrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host)
}

// unreachable reports whether no registry answered at all, and what to look at.
func unreachable(err error) (failed bool, hint string) {
	var dns *net.DNSError
	var broken net.Error
	switch {
	case err == nil || answered(err) != 0:
		return false, ""
	case errors.As(err, &dns):
		return true, "check the registry's host name, and the name servers of this machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return true, "nothing listens there: check the registry's host and port, and whether it runs"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return true, "this registry speaks plain http, which is used with loopback and private addresses only: give it a certificate"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true, "the registry closed the connection each time: see its log, or a proxy's between"
	case isNetwork(err), errors.As(err, &broken) && broken.Timeout():
		return true, "check the registry's host and port, the network, and HTTPS_PROXY"
	}
	return false, ""
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}
