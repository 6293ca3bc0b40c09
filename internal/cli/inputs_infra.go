package cli

import (
	"errors"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// infraInputs say where the new reference goes.
type infraInputs struct {
	InfraRepository string   `group:"Infra repository" placeholder:"REPO" help:"Repository whose files name the image: owner/name, a git URL or a folder."`
	InfraBranch     string   `group:"Infra repository" placeholder:"BRANCH" help:"Branch that is deployed. Default: the repository's default branch."`
	InfraPaths      []string `sep:"none" group:"Infra repository" placeholder:"PATH" help:"Files, folders and globs (**) to look in, one a line. Default: the whole repository, or only the files of fields."`
	Exclude         []string `sep:"none" group:"Infra repository" placeholder:"PATH" help:"Files, folders and globs (**) to leave out, one a line."`
	Fields          []string `sep:"none" group:"Infra repository" placeholder:"ADDRESS" help:"Fields that nothing finds by itself, one a line: apps/web.yaml:.spec.env[name=VERSION].value=tag. Without infra-paths nothing else moves."`
	Environment     string   `group:"Infra repository" placeholder:"NAME" help:"Name of what is deployed to, such as prod. A pull request's branch has it, and templates may."`
	InfraMode       string   `group:"Infra repository" default:"commit" enum:"pull-request,commit,files" help:"commit writes to the branch; pull-request keeps one pull request an image and place; files edits a folder in place."`
	OnNoChange      string   `group:"Infra repository" default:"fail" enum:"ok,fail" help:"What it means that no file names the image. That all name it already is always ok."`
	OnLeftover      string   `group:"Infra repository" default:"fail" enum:"ok,fail" help:"What it means that a file would still name the image as it was, in a shape that is not understood."`
	ForbidTags      []string `sep:"none" group:"Infra repository" placeholder:"GLOB" help:"Tags that are never written, one glob a line, such as pr-* or latest."`
	AllowDowngrade  bool     `group:"Infra repository" help:"Take a newer version back. Otherwise it stays: a run that comes late is skipped, and a bump to an older version fails."`
	accessInputs
	commitInputs
	pullRequestInputs
}

// bump is what the plan knows of them.
func (in infraInputs) bump(pin string) plan.Bump {
	b := plan.Bump{
		Repository: in.InfraRepository, Branch: in.InfraBranch, Paths: in.InfraPaths, Exclude: in.Exclude, Fields: in.Fields,
		Mode: plan.Mode(in.InfraMode), Pin: pin, Environment: in.Environment,
		OnLeftover: in.OnLeftover, ForbidTags: in.ForbidTags, AllowDowngrade: in.AllowDowngrade,
	}
	if b.Mode == plan.ModePullRequest {
		b.PullRequest = in.pullRequest()
	}
	return b
}

var environmentForm = pattern.New(`^[A-Za-z0-9_]([A-Za-z0-9_-]|\.[A-Za-z0-9_-])*$`)

// mistakes are those that need no look at the repository.
func (in infraInputs) mistakes() error {
	_, wrong := scope(in.bump(""))
	errs := []error{wrong, plan.CheckGlobs(in.ForbidTags), in.accessInputs.mistakes(), in.commitInputs.mistakes(), in.pullRequestInputs.mistakes(in.InfraMode)}
	files := in.InfraMode == string(plan.ModeFiles)
	if in.InfraBranch != "" && files {
		errs = append(errs, fault.Newf("E_INPUT", "leave out `infra-branch`, or use `infra-mode: commit`",
			"infra-mode files edits a folder, which has no branch %q", in.InfraBranch))
	}
	if in.PRBranch != "" {
		errs = append(errs, infra.CheckBranch(in.InfraBranch, in.PRBranch))
	}
	if in.InfraVia == viaAPI && files {
		errs = append(errs, fault.Newf("E_INPUT", "leave out `infra-via`, or use `infra-mode: commit`",
			"infra-mode files edits a folder, which has no API"))
	}
	if in.Environment != "" && (!environmentForm.MatchString(in.Environment) || strings.HasSuffix(in.Environment, ".lock")) {
		errs = append(errs, fault.Newf("E_INPUT", "use letters, digits, -, _ and dots within it",
			"environment: %q cannot be a part of a branch's name", in.Environment))
	}
	return errors.Join(errs...)
}

// meaningless is the mistake of inputs that mean nothing, since there is no infra repository.
// It is none of a run that would leave that alone anyway: one for a fork has no value
// of the variables that may name it.
func (in infraInputs) meaningless() error {
	names := in.ofInfra()
	if in.InfraRepository != "" || len(names) == 0 {
		return nil
	}
	return fault.Newf("E_INPUT", "give `infra-repository`, or leave them out", "%s: given, but there is no `infra-repository`", strings.Join(names, ", "))
}

// ofInfra are the names of those that mean nothing without an infra repository. Tokens
// are not among them, which an environment may have for other commands, and neither
// is what forbids: nothing happens that it would forbid.
func (in infraInputs) ofInfra() (names []string) {
	mode := in.InfraMode != "" && in.InfraMode != string(plan.ModeCommit)
	for _, input := range []struct {
		name string
		set  bool
	}{
		{"infra-branch", in.InfraBranch != ""}, {"infra-paths", len(in.InfraPaths) > 0}, {"exclude", len(in.Exclude) > 0},
		{"fields", len(in.Fields) > 0}, {"environment", in.Environment != ""}, {"infra-mode", mode}, {"pr-branch", in.PRBranch != ""},
	} {
		if input.set {
			names = append(names, input.name)
		}
	}
	return append(names, in.pullRequestInputs.given()...)
}
