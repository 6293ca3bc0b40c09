package ecr

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"
)

// login is a registry's user and password.
type login struct {
	user, password string
	expires        time.Time
}

// login has a token made. It is good for every registry of the region that we may
// reach, other accounts' too.
func (s *session) login(ctx context.Context) (got login, err error) {
	err = s.as(ctx, func(cfg aws.Config) error {
		token, expires, err := s.authorize(ctx, cfg)
		if err != nil {
			return &failure{doing: "get a token of ECR", err: err, remedy: s.refusedToken}
		}
		got, err = decode(token, expires)
		return err
	})
	return got, err
}

// authorize is GetAuthorizationToken of the private or the public registry; its end
// is nil in answers that do not tell.
func (s *session) authorize(ctx context.Context, cfg aws.Config) (token *string, expires *time.Time, err error) {
	if s.at.public {
		answer, err := s.public(cfg).GetAuthorizationToken(ctx, &ecrpublic.GetAuthorizationTokenInput{})
		if err != nil || answer.AuthorizationData == nil {
			return nil, nil, err
		}
		return answer.AuthorizationData.AuthorizationToken, answer.AuthorizationData.ExpiresAt, nil
	}
	answer, err := s.private(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil || len(answer.AuthorizationData) == 0 {
		return nil, nil, err
	}
	return answer.AuthorizationData[0].AuthorizationToken, answer.AuthorizationData[0].ExpiresAt, nil
}

// private is the interface of the private registries, at the hosts that the
// registry's own are of.
func (s *session) private(cfg aws.Config) *ecr.Client {
	return ecr.NewFromConfig(cfg, func(o *ecr.Options) {
		if s.at.fips {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if s.at.dualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
}

// public is the interface of the public registry, at a host with IPv6 where that of
// the registry has it.
func (s *session) public(cfg aws.Config) *ecrpublic.Client {
	return ecrpublic.NewFromConfig(cfg, func(o *ecrpublic.Options) {
		if s.at.dualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
}

// decode takes the password out of a token: user and password as HTTP sends them.
func decode(token *string, expires *time.Time) (login, error) {
	text, err := base64.StdEncoding.DecodeString(aws.ToString(token))
	user, password, ok := strings.Cut(string(text), ":")
	if err != nil || !ok || password == "" || expires == nil {
		return login{}, &failure{doing: "get a token of ECR", err: errors.New("the answer holds none that can be read")}
	}
	return login{user: user, password: password, expires: *expires}, nil
}

// refusedToken knows why ECR gives no token.
func (s *session) refusedToken(err error) (string, string) {
	switch {
	case code(err) != "AccessDeniedException":
		return "", ""
	case s.at.public:
		return "E_AWS_AUTH", "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on * for these credentials"
	}
	return "E_AWS_AUTH", "allow ecr:GetAuthorizationToken on * for these credentials"
}
