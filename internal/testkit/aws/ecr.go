package aws

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ecr answers JSON 1.1 of the private registries.
func (a *AWS) ecr(w http.ResponseWriter, q *asked) {
	actions := map[string]func(http.ResponseWriter, *asked){
		"GetAuthorizationToken": a.token, "DescribeRepositories": a.describe, "CreateRepository": a.create, "PutLifecyclePolicy": a.expire,
	}
	if actions[q.Action] == nil {
		a.untaught(w, q)
		return
	}
	if a.permitted(w, q) {
		actions[q.Action](w, q)
	}
}

// permitted checks who asks, and whether they may.
func (a *AWS) permitted(w http.ResponseWriter, q *asked) bool {
	if got := q.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
		a.tb.Errorf("%s is asked with the content type %q", q.Action, got)
	}
	if refused := a.who(q); refused != nil {
		q.refuse(w, refused.status, refused.code, refused.message)
		return false
	}
	if action := q.Service + ":" + q.Action; !q.principal.may(action) {
		resource := "*"
		var in struct{ RepositoryName string }
		if json.Unmarshal([]byte(q.Body), &in) == nil && in.RepositoryName != "" {
			resource = fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", q.principal.partition, q.Region, q.principal.account, in.RepositoryName)
		}
		q.refuse(w, 400, "AccessDeniedException", fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %[2]s action",
			q.principal.arn, action, resource))
		return false
	}
	return true
}

// input reads a request whose every member the fake was taught.
func (a *AWS) input(q *asked, into any) {
	decode := json.NewDecoder(strings.NewReader(q.Body))
	decode.DisallowUnknownFields()
	if err := decode.Decode(into); err != nil {
		a.tb.Errorf("the fake of AWS was not taught this %s: %v", q.Action, err)
	}
}

func (a *AWS) token(w http.ResponseWriter, q *asked) {
	a.input(q, &struct{}{})
	p := a.issue(q)
	writeJSON(w, map[string]any{"authorizationData": []any{map[string]any{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + p.text)),
		"expiresAt":          epoch(p.ends),
		"proxyEndpoint":      "https://" + host(q.principal.account, q.Region),
	}}})
}

// host is the registry of an account.
func host(account, region string) string {
	suffix, ok := map[string]string{
		"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu", "aws-iso": "c2s.ic.gov",
		"aws-iso-b": "sc2s.sgov.gov", "aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov",
	}[partitionOf(region)]
	if !ok {
		suffix = "amazonaws.com"
	}
	return account + ".dkr.ecr." + region + "." + suffix
}
