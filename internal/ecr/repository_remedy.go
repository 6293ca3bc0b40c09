package ecr

import (
	"fmt"
	"strings"
)

// command is what a person types to do the same.
func (m maker) command() string {
	if m.registry.Public {
		_, name, _ := strings.Cut(m.path, "/")
		return "`aws ecr-public create-repository --region us-east-1 --repository-name " + name + "`"
	}
	return fmt.Sprintf("`aws ecr create-repository --region %s --repository-name %s`", m.registry.Region, m.path)
}

// refused knows why ECR does not make a repository.
func (m maker) refused(err error) (string, string) {
	const create = "E_ECR_CREATE"
	switch code(err) {
	case "AccessDeniedException":
		return create, "allow " + m.permissions() + " for these credentials, or make it before: " + m.command()
	case "LimitExceededException":
		return create, "let the account have more repositories in this region: Service Quotas → Amazon ECR, or delete some"
	case "InvalidParameterException", "InvalidTagParameterException", "TooManyTagsException", "ValidationException":
		return create, "correct the repository's name (lower case, 2 to 256 characters, parts separated by /) or the setting that AWS names"
	case "KmsException":
		return create, "let these credentials use the KMS key: kms:CreateGrant, kms:DescribeKey, in the region of the registry"
	}
	return "", ""
}

// permissions are what the settings need.
func (m maker) permissions() string {
	if m.registry.Public {
		return "ecr-public:CreateRepository (and ecr-public:TagResource for tags)"
	}
	needs := "ecr:CreateRepository"
	if len(m.want.Tags) > 0 {
		needs += ", ecr:TagResource"
	}
	if len(m.want.Lifecycle) > 0 {
		needs += ", ecr:PutLifecyclePolicy"
	}
	return fmt.Sprintf("%s on arn:%s:ecr:%s:%s:repository/%s", needs, m.registry.Partition, m.registry.Region, m.registry.Account, m.path)
}

// refusedPolicy knows why ECR does not take a lifecycle policy. It is not sent again
// by another run, since the repository is there then.
func (m maker) refusedPolicy(err error) (string, string) {
	const hint = "%s, then: `aws ecr put-lifecycle-policy --region %s --repository-name %s --lifecycle-policy-text file://POLICY.json`"
	switch code(err) {
	case "AccessDeniedException":
		return "E_ECR_CREATE", fmt.Sprintf(hint, "allow "+m.permissions(), m.registry.Region, m.path)
	case "InvalidParameterException", "ValidationException":
		return "E_ECR_CREATE", fmt.Sprintf(hint, "correct the policy", m.registry.Region, m.path)
	}
	return "", ""
}
