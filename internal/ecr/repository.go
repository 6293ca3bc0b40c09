package ecr

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"
	publictypes "github.com/aws/aws-sdk-go-v2/service/ecrpublic/types"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// EnsureRepository makes the repository at a host if it is missing; one that is there
// stays as it is. created tells that it was made here and now, also where an error
// says that its lifecycle policy was not taken.
//
// It is asked for first, so that a login that may not make repositories is enough
// where there is nothing to make. What may go wrong is E_ECR_CREATE, and what may go
// wrong with Token.
func (c *Client) EnsureRepository(ctx context.Context, host, path string, want Repository) (created bool, err error) {
	s, err := c.session(host)
	if err != nil {
		return false, err
	}
	if err := want.Check(); err != nil {
		return false, err
	}
	r, _ := ParseHost(host)
	made := maker{session: s, registry: r, path: path, want: want}
	if r.Public {
		created, err = made.public(ctx)
	} else {
		created, err = made.private(ctx)
	}
	if err != nil {
		return created, s.explain(ctx, host+"/"+path, err)
	}
	return created, nil
}

// maker makes one repository.
type maker struct {
	session  *session
	registry Registry
	path     string
	want     Repository
}

// exists says what the answer to a question for the repository means. Who may not ask
// may still be allowed to make it.
func (m maker) exists(err error) (there, known bool, _ error) {
	switch {
	case err == nil:
		return true, true, nil
	case code(err) == "RepositoryNotFoundException":
		return false, true, nil
	case code(err) == "AccessDeniedException":
		return false, false, nil
	}
	return false, false, &failure{doing: "look for the repository", err: err, remedy: m.refused}
}

// created says what the answer to the making means. Another run may have been
// faster, or an answer to us was lost.
func (m maker) created(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case code(err) == "RepositoryAlreadyExistsException":
		return false, nil
	}
	return false, &failure{doing: "make the repository", err: err, remedy: m.refused}
}

func (m maker) private(ctx context.Context) (created bool, err error) {
	var missing bool
	err = m.session.as(ctx, func(cfg aws.Config) error {
		client := m.session.private(cfg)
		_, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
			RegistryId: &m.registry.Account, RepositoryNames: []string{m.path},
		})
		there, known, err := m.exists(err)
		if there || err != nil {
			return err
		}
		missing = known
		created, err = m.create(ctx, client)
		return err
	})
	// One that was missing and is there now was made by this run, or by one like it.
	if err != nil || len(m.want.Lifecycle) == 0 || !created && !missing {
		return created, err
	}
	return created, m.session.as(ctx, func(cfg aws.Config) error { return m.expire(ctx, m.session.private(cfg)) })
}

// expire gives the repository its lifecycle policy.
func (m maker) expire(ctx context.Context, client *ecr.Client) error {
	_, err := client.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
		RegistryId: &m.registry.Account, RepositoryName: &m.path, LifecyclePolicyText: aws.String(string(m.want.Lifecycle)),
	})
	if err != nil {
		return &failure{doing: "the repository is made, its lifecycle policy is not taken", err: err, remedy: m.refusedPolicy}
	}
	return nil
}

func (m maker) create(ctx context.Context, client *ecr.Client) (bool, error) {
	var tags []types.Tag
	for _, name := range m.want.names() {
		tags = append(tags, types.Tag{Key: &name, Value: aws.String(m.want.Tags[name])})
	}
	_, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RegistryId: &m.registry.Account, RepositoryName: &m.path, Tags: tags,
		ImageTagMutability: m.want.mutability(), ImageTagMutabilityExclusionFilters: m.want.filters(),
		ImageScanningConfiguration: m.want.scanning(), EncryptionConfiguration: m.want.encryption(),
	})
	return m.created(err)
}

// public makes a repository of the public registry, where the first part of a path
// is the alias of the account, and no part of the repository's name.
func (m maker) public(ctx context.Context) (created bool, err error) {
	if err := m.want.public(); err != nil {
		return false, err
	}
	_, name, ok := strings.Cut(m.path, "/")
	if !ok || name == "" {
		return false, fault.Newf("E_ECR_CREATE", "name it public.ecr.aws/ALIAS/NAME; `aws ecr-public describe-registries --region us-east-1` shows the alias",
			"%s/%s has no alias of an account", publicHost, m.path)
	}
	err = m.session.as(ctx, func(cfg aws.Config) error {
		client := m.session.public(cfg)
		_, err := client.DescribeRepositories(ctx, &ecrpublic.DescribeRepositoriesInput{RepositoryNames: []string{name}})
		there, _, err := m.exists(err)
		if there || err != nil {
			return err
		}
		var tags []publictypes.Tag
		for _, name := range m.want.names() {
			tags = append(tags, publictypes.Tag{Key: &name, Value: aws.String(m.want.Tags[name])})
		}
		answer, err := client.CreateRepository(ctx, &ecrpublic.CreateRepositoryInput{RepositoryName: &name, Tags: tags})
		if created, err = m.created(err); created && answer.Repository != nil {
			m.compare(aws.ToString(answer.Repository.RepositoryUri))
		}
		return err
	})
	return created, err
}

// compare says where a repository was made if the alias is not the one that was
// named: an account can have several, or it is another account's.
func (m maker) compare(made string) {
	if wanted := publicHost + "/" + m.path; made != wanted {
		m.session.Log("made " + made + ": see that " + wanted + " has an alias of the same account")
	}
}
