package login

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Auth is one entry of the input registry-auth.
type Auth struct {
	Host     string // ghcr.io, docker.io, localhost:5000
	Scope    string // path of the repositories that it is for, with all below; "" is every one
	Username string
	Password string // "" of a secret that does not exist, see Empty
	ECR      bool   // credentials come from AWS, and the entry has none

	line int // where it stands, for mistakes
}

// Empty reports whether the entry has its place for a password and nothing in it, as
// in every run for a fork or Dependabot. A Keychain passes over it.
func (a Auth) Empty() bool { return !a.ECR && a.Password == "" }

// ParseAuths reads registry-auth: lines "HOST USERNAME PASSWORD", or the YAML of
// docker/login-action, a list of objects with registry, username, password, scope,
// ecr and logout. All mistakes are told at once, by their lines: no error has a
// word of the text, which is full of passwords. An empty password is no mistake.
func ParseAuths(text string) ([]Auth, error) {
	var all []Auth
	var errs []error
	if yamlList.MatchString(text) {
		all, errs = readYAML(text)
	} else {
		all, errs = readLines(text)
	}
	seen := map[string]int{}
	for _, auth := range all {
		key := auth.Host + "/" + auth.Scope
		if auth.Empty() { // its host may be a secret, too
			continue
		}
		if before := seen[key]; before > 0 {
			errs = append(errs, wrong(auth.line, "leave one of them out, or narrow one with `scope`", "the registry has a login already, in line %d", before))
		}
		seen[key] = auth.line
	}
	return all, errors.Join(errs...)
}

// EmptyPasswords tells of entries without a password where every login has to be
// there: it is nil, or as many mistakes.
func EmptyPasswords(auths []Auth) error {
	var errs []error
	for _, auth := range auths {
		if auth.Empty() {
			errs = append(errs, wrong(auth.line, "correct the name of the secret: "+emptySecret, "the password is empty"))
		}
	}
	return errors.Join(errs...)
}

// emptySecret is why a password may be empty.
const emptySecret = "a secret that does not exist is empty, and so is every secret in a run for a fork or Dependabot"

// yamlList is the beginning of a list, below comments, and not that of an IPv6 address.
var yamlList = pattern.New(`^\s*(#.*\n\s*)*(-|\[[^0-9a-fA-F:])`)

// wrong is a mistake in a line; its text is ours alone.
func wrong(line int, hint, format string, args ...any) error {
	return fault.Newf("E_INPUT", hint, "registry-auth, line %d: %s", line, fmt.Sprintf(format, args...))
}

const hintForm = "write `HOST USERNAME PASSWORD`, or the YAML of docker/login-action: a list of registry, username and password"

// readLines reads simple lines. A password may have spaces within.
func readLines(text string) (all []Auth, errs []error) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		host, rest := word(line)
		user, password := word(rest)
		auth := Auth{Host: hostOf(host), Username: user, Password: password, line: number}
		if auth.Empty() && !isHost(auth.Host) {
			errs = append(errs, wrong(number, hintForm, "it has fewer than three words"))
			continue
		}
		if err := auth.check(); err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, auth)
	}
	return all, errs
}

// word takes the first word off a line.
func word(line string) (first, rest string) {
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimLeft(line[end:], " \t")
}

// accessKey is what AWS calls the user of an API, who is none of a registry.
var accessKey = pattern.New(`^A(KIA|SIA)[A-Z0-9]{12,}$`)

// check finds what no registry could take.
func (a Auth) check() error {
	switch {
	case !isHost(a.Host):
		return wrong(a.line, "name a registry as images do: ghcr.io, docker.io, registry.example:5000; for one repository add `scope`", "its registry is no host")
	case a.ECR && (a.Username != "" || a.Password != ""):
		return wrong(a.line, "leave username and password out: they come from AWS (docs/registries.md, Logins); or say `ecr: false`", "`ecr: true` and a username are two logins")
	case a.ECR:
		return nil
	case a.Empty():
		return nil
	case a.Username == "":
		return wrong(a.line, hintForm, "it has no username")
	case accessKey.MatchString(a.Username) && isECR(a.Host):
		return wrong(a.line, "give it as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the step's env, or better a role: `aws-role`",
			"its username is an access key of AWS, which ECR does not take")
	case strings.ContainsAny(a.Username, ":\r\n"):
		return wrong(a.line, "see that username and password are not swapped", "a username can have no colon")
	}
	return nil
}

// covers reports whether the entry is for a repository. A whole registry ("") is
// covered by entries for all of it alone.
func (a Auth) covers(host, path string) bool {
	return a.Host == host && (a.Scope == "" || path == a.Scope || strings.HasPrefix(path, a.Scope+"/"))
}
