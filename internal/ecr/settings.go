package ecr

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Repository is how a repository is made. The zero value is ECR's: tags can be
// overwritten, nothing is scanned, AES256.
type Repository struct {
	Immutable  bool     // tags cannot be overwritten
	Exclusions []string // tags for which the contrary holds, such as "pr-*"; up to 5 patterns
	ScanOnPush bool
	Encryption string            // AES256, KMS or KMS_DSSE; "" is ECR's choice
	Key        string            // of KMS; "" is the account's own for ECR
	Lifecycle  []byte            // policy in JSON; empty is none
	Tags       map[string]string // of AWS, for costs and policies
}

// encryptions are what a repository's layers can be encrypted with.
var encryptions = []string{"AES256", "KMS", "KMS_DSSE"}

// Check reports every mistake in the settings, as faults with the code E_ECR_CREATE,
// before anything is asked.
func (r Repository) Check() error {
	var all []error
	bad := func(hint, format string, args ...any) {
		all = append(all, fault.Newf("E_ECR_CREATE", hint, format, args...))
	}
	if len(r.Exclusions) > 5 {
		bad("use fewer patterns: each may have up to two stars", "a repository has at most 5 patterns of tags that are excluded, not %d", len(r.Exclusions))
	}
	if r.Encryption != "" && !slices.Contains(encryptions, r.Encryption) {
		bad("use AES256, KMS or KMS_DSSE", "ECR knows no encryption %q", r.Encryption)
	}
	if r.Key != "" && r.Encryption != "KMS" && r.Encryption != "KMS_DSSE" {
		bad("add the encryption KMS or KMS_DSSE, or leave the key out", "a key is for the encryption with KMS only")
	}
	if err := lifecycle(r.Lifecycle); err != nil {
		bad("see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html", "the lifecycle policy is none: %w", err)
	}
	return errors.Join(all...)
}

// lifecycle looks whether a policy can be one; what its rules mean is ECR's to say.
func lifecycle(policy []byte) error {
	if len(policy) == 0 {
		return nil
	}
	var p struct{ Rules []json.RawMessage }
	if err := json.Unmarshal(policy, &p); err != nil {
		return err
	}
	if len(p.Rules) == 0 {
		return errors.New(`it has no "rules"`)
	}
	return nil
}

// public reports which settings the public registry does not have.
func (r Repository) public() error {
	var all []error
	for _, setting := range []struct {
		name string
		set  bool
	}{
		{"immutable tags", r.Immutable || len(r.Exclusions) > 0},
		{"scans on push", r.ScanOnPush},
		{"choice of encryption", r.Encryption != "" || r.Key != ""},
		{"lifecycle policies", len(r.Lifecycle) > 0},
	} {
		if setting.set {
			all = append(all, fault.Newf("E_ECR_CREATE", "leave the setting out for "+publicHost, "%s has no %s", publicHost, setting.name))
		}
	}
	return errors.Join(all...)
}

func (r Repository) mutability() types.ImageTagMutability {
	switch {
	case r.Immutable && len(r.Exclusions) > 0:
		return types.ImageTagMutabilityImmutableWithExclusion
	case r.Immutable:
		return types.ImageTagMutabilityImmutable
	case len(r.Exclusions) > 0:
		return types.ImageTagMutabilityMutableWithExclusion
	}
	return "" // ECR's choice
}

func (r Repository) filters() (all []types.ImageTagMutabilityExclusionFilter) {
	for _, pattern := range r.Exclusions {
		all = append(all, types.ImageTagMutabilityExclusionFilter{Filter: &pattern, FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard})
	}
	return all
}

func (r Repository) scanning() *types.ImageScanningConfiguration {
	if !r.ScanOnPush {
		return nil
	}
	return &types.ImageScanningConfiguration{ScanOnPush: true}
}

func (r Repository) encryption() *types.EncryptionConfiguration {
	if r.Encryption == "" {
		return nil
	}
	c := &types.EncryptionConfiguration{EncryptionType: types.EncryptionType(r.Encryption)}
	if r.Key != "" {
		c.KmsKey = &r.Key
	}
	return c
}

// names are the tags' keys in order, so that the same settings are the same request.
func (r Repository) names() []string { return slices.Sorted(maps.Keys(r.Tags)) }
