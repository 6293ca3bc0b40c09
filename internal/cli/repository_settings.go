package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// createInputs say what becomes of a repository that is missing.
type createInputs struct {
	CreateRepository   bool     `group:"Registries" help:"Make a repository of ECR that is missing, before anything is built (ecr:CreateRepository). Other registries make theirs by themselves."`
	RepositorySettings []string `sep:"none" group:"Registries" placeholder:"NAME=VALUE" help:"What such a repository is like, one a line: immutable=false, mutable-tags=GLOB (default: pr-* and the tags that move by their rules), scan-on-push=false, encryption=AES256, KMS or KMS_DSSE, kms-key=ARN, lifecycle=FILE with a policy, tag=NAME=VALUE."`
}

func (in createInputs) mistakes(rules []string) error {
	if !in.CreateRepository {
		if len(in.RepositorySettings) > 0 {
			return fault.Newf("E_INPUT", "give `create-repository: true`, too, or leave them out", "repository-settings are of a repository that is made, and none is")
		}
		return nil
	}
	_, err := repositorySettings(in.RepositorySettings, rules)
	return err
}

// mostExclusions is how many patterns of tags ECR takes.
const mostExclusions = 5

// repositorySettings reads them, and reports every mistake. Tags cannot be
// overwritten, but those of pull requests and those that move by their rules:
// whichever run makes the repository, the next ones push to it.
func repositorySettings(lines, rules []string) (ecr.Repository, error) {
	r := ecr.Repository{Immutable: true, ScanOnPush: true}
	var errs []error
	given := false
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if name == "mutable-tags" {
			r.Exclusions, given = append(r.Exclusions, value), true
		} else if err := setting(&r, name, value); err != nil {
			errs = append(errs, err)
		}
	}
	switch {
	case !r.Immutable && given:
		errs = append(errs, badSetting("leave one of them out", "of a repository whose tags all move, immutable=false and mutable-tags mean the same"))
	case r.Immutable && !given:
		moving, err := movingTags(rules)
		r.Exclusions, errs = moving, append(errs, err)
	}
	return r, errors.Join(append(errs, r.Check())...)
}

// movingTags are patterns of the tags that move, as ECR excludes them from those
// that cannot be overwritten.
func movingTags(lines []string) ([]string, error) {
	const hint = "say which tags move: `mutable-tags=main` in repository-settings, one line each; or `immutable=false`"
	globs := []string{"pr-*"}
	rules, _ := plan.ParseRules(lines) // its mistakes are told with those of `tags`
	for i, rule := range rules {
		glob, moves := rule.Moves()
		switch {
		case !moves || slices.Contains(globs, glob):
		case glob == "":
			return nil, badSetting(hint, "tags of %q move, and no pattern of ECR tells them from versions", lines[i])
		default:
			globs = append(globs, glob)
		}
	}
	if len(globs) > mostExclusions {
		return nil, badSetting(hint, "ECR takes %d patterns of tags that move, and `tags` has %d: %s", mostExclusions, len(globs), strings.Join(globs, ", "))
	}
	return globs, nil
}

// setting sets one of them.
func setting(r *ecr.Repository, name, value string) (err error) {
	switch name {
	case "immutable":
		r.Immutable, err = yes(name, value)
	case "scan-on-push":
		r.ScanOnPush, err = yes(name, value)
	case "encryption":
		r.Encryption = value
	case "kms-key":
		r.Key = value
	case "lifecycle":
		if r.Lifecycle, err = os.ReadFile(value); err != nil {
			err = badSetting("name a file with a lifecycle policy as JSON", "lifecycle: %v", err)
		}
	case "tag":
		key, text, ok := strings.Cut(value, "=")
		if !ok || key == "" {
			return badSetting("write tag=NAME=VALUE, such as tag=team=web", "%q is no tag", value)
		}
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[key] = text
	default:
		err = badSetting("one of immutable, mutable-tags, scan-on-push, encryption, kms-key, lifecycle, tag", "%q is no setting of a repository", name)
	}
	return err
}

func yes(name, value string) (bool, error) {
	if value != "true" && value != "false" {
		return false, badSetting("true or false", "%s cannot be %q", name, value)
	}
	return value == "true", nil
}

func badSetting(hint, format string, args ...any) error {
	return fault.New("E_INPUT", hint, fmt.Errorf("repository-settings: "+format, args...))
}
