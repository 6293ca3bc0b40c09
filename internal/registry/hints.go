package registry

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// kind is the sort of registry a host belongs to, as far as a hint depends on it.
type kind int

const (
	generic kind = iota
	ghcr
	dockerHub
	ecr
)

// ecrHost follows the pattern of amazon-ecr-credential-helper.
var ecrHost = pattern.New(`^\d{12}\.dkr[.-]ecr(-fips)?\.|^public\.ecr\.aws$`)

func kindOf(domain string) kind {
	switch {
	case domain == "ghcr.io":
		return ghcr
	case domain == "docker.io":
		return dockerHub
	case ecrHost.MatchString(domain):
		return ecr
	}
	return generic
}

// denials are words in which registries refuse a push, and what helps. They are
// looked for before the kind of registry is: they are more exact, and a mirror or
// a private host may stand in front of the registry.
var denials = []struct{ text, hint string }{
	{"permission_denied: write_package", "link the package to this repository: package settings → Manage Actions access → add this repository with the role Write"},
	{"installation not allowed to", "give the job `permissions: packages: write`"},
	{"does not match expected scopes", "give the job `permissions: packages: write`, or use a classic token with the scope write:packages"},
	{"authorization token has expired", "log in to ECR again: its token lives for 12 hours at most, and never longer than the session that asked for it"},
	{"insufficient scope", "use a Docker Hub access token with the scope Read & Write"},
	{"not authorized to perform: ecr:", ecrHint},
}

const ecrHint = "allow ecr:PutImage, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and " +
	"ecr:BatchCheckLayerAvailability on the repository; an ECR login also ends after 12 hours"

// knownDenial is the hint for a registry's words; "" where they are not known.
func knownDenial(told string) string {
	for _, d := range denials {
		if strings.Contains(told, d.text) {
			return d.hint
		}
	}
	return ""
}

// deniedHint says what helps against a refused push.
func (s *session) deniedHint(told string) string {
	if hint := knownDenial(told); hint != "" {
		return hint
	}
	if s.anonymous {
		return s.loginHint()
	}
	switch kindOf(s.image.Domain()) {
	case ghcr:
		return "give the job `permissions: packages: write`, or link the package to this repository"
	case dockerHub:
		return "use a Docker Hub access token with the scope Read & Write, of an account that may write to " + s.image.Path()
	case ecr:
		return ecrHint
	}
	return "let this login write to " + s.image.String()
}

// loginHint says where credentials were looked for, and how to give some.
func (s *session) loginHint() string {
	host := s.image.Domain()
	remedy := fmt.Sprintf("run `docker login %s` before, or give registry credentials", host)
	switch {
	case s.anonymous:
		return fmt.Sprintf("%s: there are none for %s in %s", remedy, host, s.source)
	case s.user != "":
		return fmt.Sprintf("%s: those of %q in %s were refused", remedy, s.user, s.source)
	}
	return fmt.Sprintf("%s: those in %s were refused", remedy, s.source)
}

func (s *session) limitHint() string {
	if kindOf(s.image.Domain()) == dockerHub && s.anonymous {
		return "log in to Docker Hub for a higher limit, or wait and run again"
	}
	return "wait and run again: what was sent is not sent again"
}

func (s *session) repositoryHint() string {
	if kindOf(s.image.Domain()) == ecr {
		return "create it first: aws ecr create-repository --repository-name " + s.image.Path()
	}
	return "create the repository " + s.image.Path() + " in the registry first, or correct the image's name"
}

// claimHint says how the tags of a registry become such that numbers can be
// claimed with them.
func (s *session) claimHint() string {
	const instead = "let numbers be claimed as git tags"
	switch kindOf(s.image.Domain()) {
	case ghcr:
		return instead + ": tags at ghcr.io can always be overwritten"
	case ecr:
		return "make its tags immutable: aws ecr put-image-tag-mutability --repository-name " + s.image.Path() +
			" --image-tag-mutability IMMUTABLE; or " + instead
	case dockerHub:
		return "make its tags immutable, at least claim-.* (Settings → General → Tag mutability); or " + instead
	}
	return "make its tags immutable, at least claim-* (ECR: image tag mutability IMMUTABLE; Harbor: a tag immutability rule); or " + instead
}
