package login

import (
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/ref"
)

const hintYAML = "each entry is an object of registry, username, password, scope, ecr (auto, true, false) and logout"

// readYAML reads the list that docker/login-action takes. Values are taken as they
// are written: a password of digits stays what it is.
func readYAML(text string) (all []Auth, errs []error) {
	var document, second yaml.Node
	documents := yaml.NewDecoder(strings.NewReader(text))
	if err := documents.Decode(&document); err != nil || len(document.Content) != 1 {
		return nil, []error{wrong(lineOf(err), hintYAML+"; put passwords with * & # : or @ in quotes", "it is no YAML")}
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, []error{wrong(max(second.Line, lineOf(err)), "write all logins as one list, without ---", "there is a second document")}
	}
	list := document.Content[0]
	if list.Kind != yaml.SequenceNode {
		return nil, []error{wrong(list.Line, hintYAML, "it is no list")}
	}
	for _, entry := range list.Content {
		auth, err := readEntry(entry)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, auth)
	}
	return all, errs
}

// lineOf is the line that the reader of YAML stopped at. The rest of what it says
// may quote the text.
func lineOf(err error) int {
	if err == nil {
		return 1
	}
	line := 0
	_, rest, found := strings.Cut(err.Error(), "line ")
	for i := 0; found && i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
		line = line*10 + int(rest[i]-'0')
	}
	return max(line, 1)
}

func readEntry(entry *yaml.Node) (Auth, error) {
	auth := Auth{Host: hub, line: entry.Line}
	if entry.Kind != yaml.MappingNode {
		return auth, wrong(entry.Line, hintYAML, "it is no object")
	}
	ecr, seen := "auto", map[string]bool{}
	for i := 0; i+1 < len(entry.Content); i += 2 {
		key, value := entry.Content[i], entry.Content[i+1]
		if value.Kind != yaml.ScalarNode {
			return auth, wrong(value.Line, "put it in quotes", "a value is no text")
		}
		if seen[key.Value] {
			return auth, wrong(key.Line, "begin each login with a dash", "it has a key twice")
		}
		seen[key.Value] = true
		given := value.Value
		if value.Tag == "!!null" {
			given = ""
		}
		switch key.Value {
		case "registry":
			if given != "" {
				auth.Host = hostOf(given)
			}
		case "username":
			auth.Username = given
		case "password":
			auth.Password = given
		case "scope":
			auth.Scope = strings.Trim(given, "/")
		case "ecr":
			ecr = strings.ToLower(given)
		case "logout": // of docker/login-action's end; nothing is kept here that would have to go
		default:
			return auth, wrong(key.Line, hintYAML, "it has another key")
		}
	}
	switch ecr {
	case "", "auto":
		auth.ECR = isECR(auth.Host) && auth.Username == "" && auth.Password == ""
	case "true":
		auth.ECR = true
	case "false":
	default:
		return auth, wrong(entry.Line, "one of auto, true, false", "its `ecr` is none of the allowed values")
	}
	if auth.Empty() && !(seen["username"] && seen["password"]) {
		return auth, wrong(auth.line, hintForm, "it has no username or no password")
	}
	if err := auth.checkScope(); err != nil {
		return auth, err
	}
	return auth, auth.check()
}

// checkScope refuses scopes that are no path. Those of single actions (@push) are
// for buildx: whoever asks a keychain does not say what for.
func (a Auth) checkScope() error {
	if strings.Contains(a.Scope, "@") {
		return wrong(a.line, "leave out what follows the @: the login is for all that is done with these repositories", "its `scope` is for single actions")
	}
	if _, err := ref.ParseRepository("registry.example/" + a.Scope + "/x"); a.Scope != "" && err != nil {
		return wrong(a.line, "the path of a repository, or the beginning of one: acme, or acme/web", "its `scope` is no path")
	}
	return nil
}
