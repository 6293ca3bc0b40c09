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
var ecrHost = pattern.New(`^\d{12}\.dkr[.-]ecr(-fips)?\.|^(public\.ecr\.aws|ecr-public\.aws\.com)$`)

// githubHost are the registries of GitHub in the cloud; that of a server is known
// by the server's name.
var githubHost = pattern.New(`^ghcr\.io$|^containers\.[a-z0-9-]+\.ghe\.com$`)

func kindOf(domain string) kind {
	switch {
	case githubHost.MatchString(domain):
		return ghcr
	case domain == "docker.io":
		return dockerHub
	case ecrHost.MatchString(domain):
		return ecr
	}
	return generic
}

// kind is the sort of the session's registry.
func (s *session) kind() kind {
	if s.ofServer() {
		return ghcr
	}
	return kindOf(s.image.Domain())
}

// denials are words in which registries refuse a push, and what helps. They are
// looked for before the kind of registry is: they are more exact, and a mirror or
// a private host may stand in front of the registry.
var denials = []struct{ text, hint string }{
	{"permission_denied: write_package", "link the package to this repository: package settings → Manage Actions access → add this repository with the role Write"},
	{"installation not allowed to Create organization package", "give the job `permissions: packages: write`; if it has that, let an owner of the organization allow its members to create packages"},
	{"installation not allowed to", hintPackages},
	{"does not match expected scopes", hintPackages + " and its token, or use a classic token with the scope write:packages"},
	{"authorization token has expired", "log in to ECR again: its token lives for 12 hours at most, and never longer than the session that asked for it. With `aws-role`, or AWS keys in the environment, it is renewed on the way"},
	{"insufficient scope", "use a Docker Hub access token with the scope Read & Write as `dockerhub-token`"},
	{"not authorized to perform: ecr:", ecrHint},
	{"permissions to overwrite artifact", hintOverwrite},
	{"permissions to delete/overwrite artifact", hintOverwrite},
}

const (
	hintPackages  = "give the job `permissions: packages: write`"
	hintOverwrite = "let this login overwrite tags (Artifactory: Delete/Overwrite on the repository), or leave those that exist out of `tags`"
	ecrHint       = "allow ecr:PutImage, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and " +
		"ecr:BatchCheckLayerAvailability on the repository; an ECR login also ends after 12 hours"
)

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
	known := knownDenial(told)
	switch {
	case s.kind() == ghcr && !s.anonymous:
		return s.githubHint(told, known)
	case known != "":
		return known
	case s.anonymous:
		return s.loginHint()
	}
	switch s.kind() {
	case dockerHub:
		return "use a Docker Hub access token with the scope Read & Write as `dockerhub-token`, of an account that may write to " + s.image.Path()
	case ecr:
		return ecrHint
	}
	return "let this login write to " + s.image.String() + ", or give another one for " + s.image.Domain() + " as `registry-auth`"
}

// unreadHint says what helps against a refused look-up.
func (s *session) unreadHint(told string) string {
	const both = "see that the image exists: registries answer the same for both"
	if known := knownDenial(told); known != "" && s.kind() != ghcr {
		return known
	}
	switch s.kind() {
	case ghcr:
		return "let this login read the repository (`permissions: packages: read`, and " + s.packageAccess("Read") + "), and " + both
	case dockerHub:
		return "let this login read the repository: `dockerhub-token` of an account that may see " + s.image.Path() + "; and " + both
	}
	return "let this login read the repository, and " + both
}

// loginHint says where credentials were looked for, and how to give some.
func (s *session) loginHint() string {
	host := s.image.Domain()
	remedy := s.loginRemedy()
	switch {
	case s.anonymous:
		return fmt.Sprintf("%s: there are none for %s in %s%s", remedy, host, s.source(), s.orMissing())
	case s.user != "":
		return fmt.Sprintf("%s: those of %q in %s were refused", remedy, s.user, s.source())
	}
	return fmt.Sprintf("%s: those in %s were refused", remedy, s.source())
}

// loginRemedy is how credentials for the session's registry are given.
func (s *session) loginRemedy() string {
	host := s.image.Domain()
	switch s.kind() {
	case ghcr:
		return "give the job `permissions: packages: " + s.needs("write", "read") + "` and its token as `registry-token`, or a login for " + host + " as `registry-auth`"
	case dockerHub:
		return "give `dockerhub-username` and `dockerhub-token`, an access token with the scope " + s.needs("Read & Write", "Read")
	case ecr:
		return "give `aws-role` with `permissions: id-token: write`, or AWS keys in the environment"
	}
	return "give a login for " + host + " as `registry-auth`, or run `docker login " + host + "` before"
}

// needs is a word for sessions that push, or one for those that pull.
func (s *session) needs(push, pull string) string {
	if s.scope == pushing {
		return push
	}
	return pull
}

// orMissing is what else a registry means that asks nobody for a login.
func (s *session) orMissing() string {
	if s.scope == pulling && (s.kind() == dockerHub || s.kind() == ghcr) {
		return "; of an image that does not exist it says the same"
	}
	return ""
}

func (s *session) limitHint() string {
	if s.kind() == dockerHub && s.anonymous {
		return "log in to Docker Hub for a higher limit, with `dockerhub-username` and `dockerhub-token`; or wait and run again"
	}
	return "wait and run again: what was sent is not sent again"
}

func (s *session) repositoryHint() string {
	if s.kind() != ecr {
		return "create the repository " + s.image.Path() + " in the registry first, or correct the image's name"
	}
	command, name := "ecr", s.image.Path()
	if domain := s.image.Domain(); domain == "public.ecr.aws" || domain == "ecr-public.aws.com" {
		_, name, _ = strings.Cut(name, "/") // the alias of the registry
		command = "ecr-public"
	}
	create := "aws " + command + " create-repository --repository-name " + name
	if s.noCreate {
		return "create it first: " + create
	}
	return "let it be made with the input `create-repository: true`, or create it first: " + create
}

func (s *session) readOnlyHint() string {
	return "push to a registry that takes writes: " + s.image.Domain() +
		" is in maintenance, or a cache of another one, or its tags of this kind are closed. Except for the tags told above, none was moved"
}

func hintNoRegistry(host string) string {
	return "no registry answers at " + host + ": check the image's name, and what a proxy or a page to log in at puts in its place"
}

func (s *session) noRegistryHint() string {
	return hintNoRegistry(s.image.Domain())
}

// claimHint says how the tags of a registry become such that numbers can be
// claimed with them.
func (s *session) claimHint() string {
	const instead = "let numbers be claimed as git tags"
	switch s.kind() {
	case ghcr:
		return instead + ": tags at " + s.image.Domain() + " can always be overwritten"
	case ecr:
		return "make its tags immutable: aws ecr put-image-tag-mutability --repository-name " + s.image.Path() +
			" --image-tag-mutability IMMUTABLE; or " + instead
	case dockerHub:
		return "make its tags immutable, at least claim-.* (Settings → General → Tag mutability); or " + instead
	}
	return "make its tags immutable, at least claim-* (ECR: image tag mutability IMMUTABLE; Harbor: a tag immutability rule); or " + instead
}
