package ecr

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrNoCredentials says that nothing gave credentials, as opposed to credentials that
// were found and refused.
var ErrNoCredentials = errors.New("the AWS SDK finds no credentials: no keys in the environment, no profile, no role of a container or an instance")

// found are the credentials that the SDK finds. If all else is missing it looks for
// the metadata of an instance, which most machines answer with silence.
func (s *session) found(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	sources := sourcesOf(cfg.Credentials)
	last := slices.Equal(sources, []aws.CredentialSource{aws.CredentialSourceIMDS})
	if last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.InstanceWait)
		defer cancel()
	}
	creds, err := cfg.Credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return creds, nil
	case last:
		return aws.Credentials{}, ErrNoCredentials
	}
	return aws.Credentials{}, &failure{doing: "get AWS credentials", err: err, remedy: missing(sources)}
}

// sourcesOf is where the SDK takes credentials from, as it says itself.
func sourcesOf(provider aws.CredentialsProvider) []aws.CredentialSource {
	if known, ok := provider.(aws.CredentialProviderSource); ok {
		return known.ProviderSources()
	}
	return nil
}

// missing knows why a source gives no credentials. Those of people have logins that
// end, and say so in many words, or in a file that is not there.
func missing(sources []aws.CredentialSource) remedy {
	return func(err error) (string, string) {
		if code(err) != "" && code(err) != "UnauthorizedException" || unsent(err) {
			return "", ""
		}
		for source, command := range map[aws.CredentialSource]string{
			aws.CredentialSourceSSO: "aws sso login", aws.CredentialSourceSSOLegacy: "aws sso login", aws.CredentialSourceLogin: "aws login",
		} {
			if slices.Contains(sources, source) {
				return "E_AWS_AUTH", "run `" + command + "`, with the profile that is used here"
			}
		}
		return "", ""
	}
}
