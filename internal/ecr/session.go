package ecr

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"

	"github.com/seed-96940006/tagboat/internal/lasting"
)

// session is who we are at one place of AWS.
type session struct {
	Options
	at  place
	who lasting.Value[aws.Config] // signs with credentials that were had already
}

// as does what needs credentials. Where AWS says that they have ended, although their
// end is not near or not known, it is done once more with others, if there are any.
func (s *session) as(ctx context.Context, do func(aws.Config) error) error {
	cfg, err := s.who.Get(ctx, s.Now(), s.signed)
	if err != nil {
		return err
	}
	refused := do(cfg)
	if !ended(refused) {
		return hide(refused, cfg)
	}
	s.who.Drop(func(held aws.Config, _ time.Time) bool { return key(held) == key(cfg) })
	again, err := s.who.Get(ctx, s.Now(), s.signed)
	if err != nil {
		return err
	}
	if key(again) == key(cfg) {
		return hide(refused, cfg)
	}
	return hide(do(again), again)
}

// key is the id of the credentials that a config signs with.
func key(cfg aws.Config) string {
	return cfg.Credentials.(credentials.StaticCredentialsProvider).Value.AccessKeyID
}

// signed is the SDK's configuration with credentials in it, and when these end.
func (s *session) signed(ctx context.Context) (aws.Config, time.Time, error) {
	cfg, err := s.load(ctx)
	if err != nil {
		return aws.Config{}, time.Time{}, err
	}
	creds, err := s.credentials(ctx, cfg)
	if err != nil {
		return aws.Config{}, time.Time{}, err
	}
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: creds}
	ends := time.Time{}
	if creds.CanExpire {
		ends = creds.Expires
	}
	return cfg, ends, nil
}

// load reads the SDK's environment and files. The SDK's own client trusts what they
// name as AWS_CA_BUNDLE; it always asks for the credentials that they speak of. A
// request that hangs is given up, and tried again.
func (s *session) load(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(s.at.region),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(30*time.Second)),
		config.WithRetryer(s.retryer),
		config.WithLogger(logging.Nop{}),
	)
	if err != nil {
		return aws.Config{}, &failure{doing: "read the AWS SDK's configuration", err: err}
	}
	if s.HTTP != nil {
		cfg.HTTPClient = s.HTTP
	}
	return cfg, nil
}

func (s *session) credentials(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	switch {
	case s.Role == "":
		return s.found(ctx, cfg)
	case s.IDToken != nil:
		return s.assumeByToken(ctx, cfg)
	}
	return s.assume(ctx, cfg)
}

// hide takes the credentials' values out of what AWS says.
func hide(err error, cfg aws.Config) error {
	if f, ok := errors.AsType[*failure](err); ok {
		creds := cfg.Credentials.(credentials.StaticCredentialsProvider).Value
		f.secrets = append(f.secrets, creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken)
	}
	return err
}
