package ecr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// retryer is the SDK's, with our tries and pauses.
func (s *session) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = s.Tries
		o.Backoff = retry.BackoffDelayerFunc(s.delay)
		o.RateLimiter = ratelimit.None
		o.Retryables = retryables()
	})
}

// retryables are the SDK's, but for what no time heals: a quota that is used up, which
// the SDK counts as throttling, a certificate that is not trusted, and credentials
// that no header can hold.
func retryables() retry.IsErrorRetryables {
	return append(retry.IsErrorRetryables{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if code(err) == "LimitExceededException" || untrusted(err) || unsendable(err) {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	})}, retry.DefaultRetryables...)
}

// delay is the pause before another try; it says what for, unless it is the metadata
// of an instance that nobody has asked for.
func (s *session) delay(try int, err error) (time.Duration, error) {
	wait := s.Backoff(try)
	operation, ok := errors.AsType[*smithy.OperationError](err)
	switch {
	case ok && operation.Service() == "ec2imds":
	case code(err) != "":
		s.Log(fmt.Sprintf("AWS answers %s: trying again in %v", code(err), wait.Round(100*time.Millisecond)))
	default:
		s.Log(fmt.Sprintf("no answer from AWS: trying again in %v", wait.Round(100*time.Millisecond)))
	}
	return wait, nil
}

// sleep waits, and reports whether the context lasted as long.
func sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// passing reports whether an OIDC token may be taken at another try. Why there is
// none is a fault of whoever was asked for it, and has been tried again there.
func passing(err error) bool {
	if _, told := errors.AsType[*fault.Fault](err); told {
		return false
	}
	switch code(err) {
	case "IDPCommunicationError":
		return true
	case "InvalidIdentityToken":
		return strings.Contains(message(err), "Couldn't retrieve verification key")
	}
	return retryables().IsErrorRetryable(err) == aws.TrueTernary
}

// ended reports whether AWS says that credentials are no longer valid.
func ended(err error) bool {
	return slices.Contains([]string{"ExpiredTokenException", "ExpiredToken", "RequestExpired"}, code(err))
}

// throttled reports whether AWS asks for fewer requests.
func throttled(err error) bool {
	_, known := retry.DefaultThrottleErrorCodes[code(err)]
	return known && code(err) != "LimitExceededException"
}

// code is AWS's word for what is wrong; "" where it did not answer in its protocol.
func code(err error) string {
	if told, ok := errors.AsType[smithy.APIError](err); ok {
		return told.ErrorCode()
	}
	return ""
}

func message(err error) string {
	if told, ok := errors.AsType[smithy.APIError](err); ok {
		return told.ErrorMessage()
	}
	return ""
}
