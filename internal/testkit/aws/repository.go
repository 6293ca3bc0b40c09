package aws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Repository is one that was made, with all its settings.
type Repository struct {
	Account, Region, Name string
	Public                bool // of the public registry
	Mutability            string
	Exclusions            []string
	ScanOnPush            bool
	Encryption, Key       string
	Lifecycle             string
	Tags                  map[string]string
}

// Repositories are all that there are, in the order in which they were made.
func (a *AWS) Repositories() []Repository {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.made)
}

// HasRepository reports whether a private repository is there.
func (a *AWS) HasRepository(region, name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(func(r Repository) bool { return !r.Public && r.Region == region && r.Name == name }) != nil
}

// AddRepository makes a repository as somebody else does.
func (a *AWS) AddRepository(r Repository) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Account == "" {
		r.Account = Account
	}
	a.made = append(a.made, r)
}

// Quota lets there be so many repositories, and no more.
func (a *AWS) Quota(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.quota = n
}

func (a *AWS) find(is func(Repository) bool) *Repository {
	if i := slices.IndexFunc(a.made, is); i >= 0 {
		return &a.made[i]
	}
	return nil
}

func (a *AWS) describe(w http.ResponseWriter, q *asked) {
	var in struct {
		RegistryID      string   `json:"registryId"`
		RepositoryNames []string `json:"repositoryNames"`
	}
	a.input(q, &in)
	all := []any{}
	for _, name := range in.RepositoryNames {
		r := a.find(func(r Repository) bool {
			return !r.Public && r.Account == in.RegistryID && r.Region == q.Region && r.Name == name
		})
		if r == nil {
			q.refuse(w, 400, "RepositoryNotFoundException", fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", name, in.RegistryID))
			return
		}
		all = append(all, r.describe(a))
	}
	writeJSON(w, map[string]any{"repositories": all})
}

type creation struct {
	RegistryID                         string `json:"registryId"`
	RepositoryName                     string `json:"repositoryName"`
	ImageTagMutability                 string `json:"imageTagMutability"`
	ImageTagMutabilityExclusionFilters []struct{ Filter, FilterType string }
	ImageScanningConfiguration         struct{ ScanOnPush bool }
	EncryptionConfiguration            struct{ EncryptionType, KmsKey string }
	Tags                               []struct{ Key, Value string }
}

// repositoryName is the pattern of the API's reference.
var repositoryName = pattern.New(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

func (a *AWS) create(w http.ResponseWriter, q *asked) {
	var in creation
	a.input(q, &in)
	r := in.repository(q)
	switch bad := in.mistake(); {
	case bad != "":
		q.refuse(w, 400, "InvalidParameterException", "Invalid parameter at '"+bad+"' failed to satisfy constraint")
	case in.RegistryID != q.principal.account:
		q.refuse(w, 400, "AccessDeniedException", fmt.Sprintf("User: %s is not authorized to perform: ecr:CreateRepository on resource: arn:%s:ecr:%s:%s:repository/%s because no resource-based policy allows the ecr:CreateRepository action",
			q.principal.arn, q.principal.partition, q.Region, in.RegistryID, in.RepositoryName))
	case a.find(func(o Repository) bool {
		return !o.Public && o.Account == r.Account && o.Region == r.Region && o.Name == r.Name
	}) != nil:
		q.refuse(w, 400, "RepositoryAlreadyExistsException", fmt.Sprintf("The repository with name '%s' already exists in the registry with id '%s'", r.Name, r.Account))
	case len(a.made) >= a.quota:
		q.refuse(w, 400, "LimitExceededException", fmt.Sprintf("The repository with name '%s' in registry with id '%s' cannot be created because the quota of %d repositories is reached", r.Name, r.Account, a.quota))
	default:
		a.made = append(a.made, r)
		writeJSON(w, map[string]any{"repository": r.describe(a)})
	}
}

// mistake is the parameter that is none.
func (c creation) mistake() string {
	excluding := strings.HasSuffix(c.ImageTagMutability, "_WITH_EXCLUSION")
	switch {
	case len(c.RepositoryName) < 2, len(c.RepositoryName) > 256, !repositoryName.MatchString(c.RepositoryName):
		return "repositoryName"
	case excluding != (len(c.ImageTagMutabilityExclusionFilters) > 0), len(c.ImageTagMutabilityExclusionFilters) > 5:
		return "imageTagMutabilityExclusionFilters"
	case c.EncryptionConfiguration.KmsKey != "" && !strings.HasPrefix(c.EncryptionConfiguration.EncryptionType, "KMS"):
		return "kmsKey"
	}
	return ""
}

func (c creation) repository(q *asked) Repository {
	r := Repository{
		Account: c.RegistryID, Region: q.Region, Name: c.RepositoryName, Mutability: "MUTABLE", ScanOnPush: c.ImageScanningConfiguration.ScanOnPush,
		Encryption: "AES256", Key: c.EncryptionConfiguration.KmsKey,
	}
	if c.ImageTagMutability != "" {
		r.Mutability = c.ImageTagMutability
	}
	if c.EncryptionConfiguration.EncryptionType != "" {
		r.Encryption = c.EncryptionConfiguration.EncryptionType
	}
	for _, f := range c.ImageTagMutabilityExclusionFilters {
		r.Exclusions = append(r.Exclusions, f.Filter)
	}
	for _, tag := range c.Tags {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[tag.Key] = tag.Value
	}
	return r
}

// describe is how ECR shows a repository.
func (r *Repository) describe(a *AWS) map[string]any {
	encryption := map[string]any{"encryptionType": r.Encryption}
	if r.Key != "" {
		encryption["kmsKey"] = r.Key
	}
	shown := map[string]any{
		"createdAt": epoch(a.clock()), "encryptionConfiguration": encryption, "imageTagMutability": r.Mutability,
		"imageScanningConfiguration": map[string]any{"scanOnPush": r.ScanOnPush},
		"registryId":                 r.Account, "repositoryName": r.Name,
		"repositoryArn": fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", partitionOf(r.Region), r.Region, r.Account, r.Name),
		"repositoryUri": host(r.Account, r.Region) + "/" + r.Name,
	}
	var filters []any
	for _, pattern := range r.Exclusions {
		filters = append(filters, map[string]any{"filter": pattern, "filterType": "WILDCARD"})
	}
	if filters != nil {
		shown["imageTagMutabilityExclusionFilters"] = filters
	}
	return shown
}

func (a *AWS) expire(w http.ResponseWriter, q *asked) {
	var in struct {
		RegistryID          string `json:"registryId"`
		RepositoryName      string `json:"repositoryName"`
		LifecyclePolicyText string `json:"lifecyclePolicyText"`
	}
	a.input(q, &in)
	r := a.find(func(r Repository) bool {
		return !r.Public && r.Account == in.RegistryID && r.Region == q.Region && r.Name == in.RepositoryName
	})
	var policy struct {
		Rules []struct{ RulePriority int }
	}
	switch {
	case r == nil:
		q.refuse(w, 400, "RepositoryNotFoundException", fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", in.RepositoryName, in.RegistryID))
	case json.Unmarshal([]byte(in.LifecyclePolicyText), &policy) != nil || slices.ContainsFunc(policy.Rules, func(r struct{ RulePriority int }) bool { return r.RulePriority < 1 }):
		q.refuse(w, 400, "InvalidParameterException", "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: rulePriority'")
	default:
		r.Lifecycle = in.LifecyclePolicyText
		writeJSON(w, map[string]any{"registryId": r.Account, "repositoryName": r.Name, "lifecyclePolicyText": r.Lifecycle})
	}
}
