package ecr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/proxy"
)

// failure is what AWS did not do, in words without secrets: the SDK's own text can
// have signed headers in it.
type failure struct {
	doing   string
	err     error
	secrets []string
	remedy  remedy // of what is particular to doing; nil is none
}

// remedy is the code and the hint for an answer of AWS; "" where it knows none.
type remedy func(err error) (code, hint string)

func (f *failure) Unwrap() error { return f.err }

// Error is the code and the first line of what AWS says, or why it did not answer.
func (f *failure) Error() string {
	told := f.err.Error()
	if code(f.err) != "" {
		told = code(f.err) + ": " + message(f.err)
	} else if sent, ok := errors.AsType[*url.Error](f.err); ok {
		told = sent.Error()
	}
	told, _, _ = strings.Cut(strings.TrimSpace(told), "\n")
	for _, secret := range f.secrets {
		if secret != "" {
			told = strings.ReplaceAll(told, secret, "***")
		}
	}
	if runes := []rune(told); len(runes) > 400 {
		told = string(runes[:400]) + "…"
	}
	return f.doing + ": " + told
}

// explain makes a fault of what went wrong for a registry.
func (s *session) explain(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", host, context.Cause(ctx))
	}
	if _, told := errors.AsType[*fault.Fault](err); told {
		return err
	}
	err = fmt.Errorf("%s: %w", host, err)
	if errors.Is(err, ErrNoCredentials) {
		return fault.New("E_AWS_AUTH", s.credentialsHint(), err)
	}
	for _, of := range []remedy{remedyOf(err), general, unanswered} {
		if code, hint := of(err); code != "" {
			return fault.New(code, hint, err)
		}
	}
	return fault.New("E_AWS_AUTH", "AWS says why in its own words; run again if they do not help", err)
}

func remedyOf(err error) remedy {
	if f, ok := errors.AsType[*failure](err); ok && f.remedy != nil {
		return f.remedy
	}
	return func(error) (string, string) { return "", "" }
}

const idTokenHint = "give the job `permissions: id-token: write`"

func (s *session) credentialsHint() string {
	if s.Role != "" {
		return idTokenHint + " to assume the role with its own token (pull requests from forks get none), or give it AWS keys that may assume the role"
	}
	return idTokenHint + " and `aws-role`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on a laptop `aws sso login` or `aws configure`"
}

const blanksHint = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: blanks and line ends around them count"

// general knows what AWS answers to everything.
func general(err error) (string, string) {
	switch {
	case throttled(err):
		return "E_REGISTRY_LIMIT", "wait and run again: AWS limits how often an account asks, see Service Quotas in its console"
	case ended(err):
		return "E_AWS_AUTH", "the AWS credentials have ended: get new ones and run again (`aws sso login` on a laptop)"
	}
	switch code(err) {
	case "UnrecognizedClientException", "InvalidClientTokenId":
		return "E_AWS_AUTH", "AWS does not know the access key: check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN, that they belong together, and are of this partition of AWS"
	case "InvalidSignatureException", "SignatureDoesNotMatch":
		return "E_AWS_AUTH", blanksHint + "; and the clock of this machine"
	case "IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return "E_AWS_AUTH", blanksHint
	}
	if _, missing := errors.AsType[config.SharedConfigProfileNotExistError](err); missing {
		return "E_AWS_AUTH", "check AWS_PROFILE; `aws configure list-profiles` shows those that there are"
	}
	return "", ""
}

// unanswered knows why AWS did not answer, or with nothing to do about it.
func unanswered(err error) (string, string) {
	answer, answered := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case unsendable(err):
		return "E_AWS_AUTH", blanksHint
	case untrusted(err):
		return "E_REGISTRY_UNREACHABLE", "let this machine trust the certificate, which may be a proxy's: name its CA as `ca-file`, or in SSL_CERT_FILE, or add it to the system"
	case answered && answer.HTTPStatusCode() >= 500:
		return "E_REGISTRY", "AWS is in trouble: run again later, and see https://health.aws.amazon.com"
	case proxy.Hint(err) != "":
		return "E_REGISTRY_UNREACHABLE", proxy.Hint(err)
	case unsent(err), errors.Is(err, context.DeadlineExceeded):
		return "E_REGISTRY_UNREACHABLE", "check the network, HTTPS_PROXY, and that the region in the registry's host exists"
	}
	return "", ""
}

// unsent reports whether a request has no answer.
func unsent(err error) bool {
	_, is := errors.AsType[*smithyhttp.RequestSendError](err)
	return is
}

func untrusted(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

// unsendable reports whether a header would hold what none can, such as a line end of
// a key.
func unsendable(err error) bool {
	return unsent(err) && strings.Contains(err.Error(), "invalid header field value")
}
