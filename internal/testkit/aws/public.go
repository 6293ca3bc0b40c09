package aws

import (
	"encoding/base64"
	"fmt"
	"net/http"
)

// public answers JSON 1.1 of the public registry, which is in us-east-1 only.
func (a *AWS) public(w http.ResponseWriter, q *asked) {
	if q.Region != "us-east-1" {
		a.tb.Errorf("the public ECR is asked in %s", q.Region)
	}
	actions := map[string]func(http.ResponseWriter, *asked){
		"GetAuthorizationToken": a.publicToken, "DescribeRepositories": a.publicDescribe, "CreateRepository": a.publicCreate,
	}
	if actions[q.Action] == nil {
		a.untaught(w, q)
		return
	}
	if a.permitted(w, q) {
		actions[q.Action](w, q)
	}
}

// publicToken gives one token, not a list, and names no host.
func (a *AWS) publicToken(w http.ResponseWriter, q *asked) {
	a.input(q, &struct{}{})
	if !q.principal.may("sts:GetServiceBearerToken") {
		q.refuse(w, 400, "AccessDeniedException", "User: "+q.principal.arn+" is not authorized to perform: sts:GetServiceBearerToken on resource: * because no identity-based policy allows the sts:GetServiceBearerToken action")
		return
	}
	p := a.issue(q)
	writeJSON(w, map[string]any{"authorizationData": map[string]any{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + p.text)),
		"expiresAt":          epoch(p.ends),
	}})
}

func (a *AWS) publicNamed(account, name string) *Repository {
	return a.find(func(r Repository) bool { return r.Public && r.Account == account && r.Name == name })
}

func (a *AWS) publicDescribe(w http.ResponseWriter, q *asked) {
	var in struct {
		RepositoryNames []string `json:"repositoryNames"`
	}
	a.input(q, &in)
	all := []any{}
	for _, name := range in.RepositoryNames {
		r := a.publicNamed(q.principal.account, name)
		if r == nil {
			q.refuse(w, 400, "RepositoryNotFoundException", fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", name, q.principal.account))
			return
		}
		all = append(all, r.describePublic(a))
	}
	writeJSON(w, map[string]any{"repositories": all})
}

func (a *AWS) publicCreate(w http.ResponseWriter, q *asked) {
	var in struct {
		RepositoryName string `json:"repositoryName"`
		Tags           []struct{ Key, Value string }
	}
	a.input(q, &in)
	switch {
	case !repositoryName.MatchString(in.RepositoryName):
		q.refuse(w, 400, "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint")
	case a.publicNamed(q.principal.account, in.RepositoryName) != nil:
		q.refuse(w, 400, "RepositoryAlreadyExistsException", fmt.Sprintf("The repository with name '%s' already exists in the registry with id '%s'", in.RepositoryName, q.principal.account))
	default:
		r := Repository{Account: q.principal.account, Region: q.Region, Name: in.RepositoryName, Public: true}
		for _, tag := range in.Tags {
			if r.Tags == nil {
				r.Tags = map[string]string{}
			}
			r.Tags[tag.Key] = tag.Value
		}
		a.made = append(a.made, r)
		writeJSON(w, map[string]any{"repository": r.describePublic(a), "catalogData": map[string]any{}})
	}
}

// Alias is that of every account in the public registry.
const Alias = "a1b2c3d4"

func (r *Repository) describePublic(a *AWS) map[string]any {
	return map[string]any{
		"createdAt": epoch(a.clock()), "registryId": r.Account, "repositoryName": r.Name,
		"repositoryArn": fmt.Sprintf("arn:aws:ecr-public::%s:repository/%s", r.Account, r.Name),
		"repositoryUri": "public.ecr.aws/" + Alias + "/" + r.Name,
	}
}
