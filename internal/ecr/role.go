package ecr

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// assumeByToken is the role's session for the OIDC token of the job. The provider of
// the SDK would try every token again that is refused, and always the same: here each
// try has a new one, and what stays as it is is not tried again.
func (s *session) assumeByToken(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	client := sts.NewFromConfig(cfg, s.nearSTS, func(o *sts.Options) { o.Retryer = aws.NopRetryer{} })
	for try := 1; ; try++ {
		creds, err := s.exchange(ctx, client)
		if err == nil || try >= s.Tries || !passing(err) {
			return creds, err
		}
		wait, _ := s.delay(try, err)
		if !sleep(ctx, wait) {
			return aws.Credentials{}, err
		}
	}
}

// exchange gives one OIDC token for credentials.
func (s *session) exchange(ctx context.Context, client *sts.Client) (aws.Credentials, error) {
	token, err := s.IDToken(ctx, s.Audience)
	if err != nil {
		if _, told := errors.AsType[*fault.Fault](err); told {
			return aws.Credentials{}, err
		}
		return aws.Credentials{}, &failure{doing: "get the job's OIDC token", err: err, remedy: noToken}
	}
	claims := readClaims(token)
	answer, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &s.Role, WebIdentityToken: &token, RoleSessionName: aws.String(s.sessionName(claims)),
		DurationSeconds: aws.Int32(int32(s.Duration.Seconds())),
	})
	if err != nil {
		return aws.Credentials{}, &failure{doing: "assume " + s.Role, err: err, remedy: s.byToken(claims), secrets: []string{token}}
	}
	got := answer.Credentials
	if got == nil || got.AccessKeyId == nil || got.SecretAccessKey == nil || got.Expiration == nil {
		return aws.Credentials{}, &failure{doing: "assume " + s.Role, err: errors.New("the answer holds no credentials")}
	}
	return aws.Credentials{
		AccessKeyID: *got.AccessKeyId, SecretAccessKey: *got.SecretAccessKey, SessionToken: aws.ToString(got.SessionToken),
		CanExpire: true, Expires: *got.Expiration,
	}, nil
}

// assume is the role's session for credentials that the SDK finds.
func (s *session) assume(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	base, err := s.found(ctx, cfg)
	if err != nil {
		return aws.Credentials{}, err
	}
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: base}
	role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg, s.nearSTS), s.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = s.sessionName(claims{}), s.Duration
	})
	creds, err := role.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, hide(&failure{doing: "assume " + s.Role, err: err, remedy: s.byKeys}, cfg)
	}
	return creds, nil
}

// nearSTS lets the public registry's sessions begin in a region of choice.
func (s *session) nearSTS(o *sts.Options) {
	if s.at.public && s.Region != "" {
		o.Region = s.Region
	}
}

// sessionName is what CloudTrail shows: who it was, and in which run.
func (s *session) sessionName(c claims) string {
	switch {
	case s.SessionName != "":
		return s.SessionName
	case c.Repository == "":
		return "tagboat"
	}
	begin, end := plainName.ReplaceAllString("tagboat-"+c.Repository, "-"), plainName.ReplaceAllString("-"+c.RunID, "-")
	end = end[:min(len(end), 24)]
	return begin[:min(len(begin), 64-len(end))] + end
}

// noToken knows why a job has no OIDC token.
func noToken(error) (string, string) {
	return "E_AWS_AUTH", idTokenHint + " (pull requests from forks get none)"
}
