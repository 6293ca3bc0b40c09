package cli

import (
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// The inputs of all commands, by subject. A field is a flag (--infra-paths), an
// input of an action (infra-paths) and a row of the tables in the READMEs; a
// list is a repeatable flag and a multi-line input. Tags beside kong's own:
//
//	cli:"only"         a flag, and no input of an action
//	required:""        checked by us, so that all that is missing is told at once
//	action-default:""  the default in action.yml, where it differs

// Secret is an input that is masked before anything else happens, and that no
// flag takes: it comes from the action's input, or from TAGBOAT_<NAME>.
type Secret string

// String hides it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// eventInputs say what triggered the run; in a workflow the runner does.
type eventInputs struct {
	Event     string `cli:"only" group:"Event" placeholder:"FILE" help:"A webhook's payload to act on, as JSON. In a workflow the runner gives it."`
	EventName string `cli:"only" group:"Event" placeholder:"NAME" help:"What the payload is of: pull_request, push, release, …"`
}

// imageInputs say where the image goes and what it is called.
type imageInputs struct {
	Images []string `sep:"none" group:"Image" required:"" placeholder:"IMAGE" help:"Where the image goes, one repository a line, without a tag. The first is what manifests name."`
	Tags   []string `sep:"none" group:"Image" placeholder:"RULE" help:"Tags instead of those of the event, one rule a line: pr, version, sha, branch, raw=NAME. A rule that the event has nothing for is left out."`
}

// numberInputs say how a version is numbered.
type numberInputs struct {
	Series           string `group:"Version" default:"v0.0" help:"Series that the next number is taken from: v0.0 gives v0.0.1, v0.0.2, …"`
	Prefix           string `group:"Version" placeholder:"PREFIX" help:"Prefix of the git tags that hold the numbers, such as cms/. The image's tag has none."`
	Commit           string `group:"Version" placeholder:"SHA" help:"Commit that labels and tags name. Default: the head of a pull request, otherwise what is checked out."`
	SourceRepository string `group:"Version" placeholder:"REPO" help:"Repository that the numbers are claimed in, as git tags: owner/name, a git URL or a folder. Default: the workflow's, or that of the folder."`
	SourceToken      Secret `group:"Version" action-default:"${{ github.token }}" help:"Token that may create tags in source-repository (contents: write)."`
}

// buildInputs say how the image is built.
type buildInputs struct {
	Context   string   `group:"Build" default:"." placeholder:"FOLDER" help:"Folder whose files the Dockerfile may take."`
	File      string   `group:"Build" placeholder:"FILE" help:"The Dockerfile. Default: Dockerfile in the context."`
	Target    string   `group:"Build" placeholder:"STAGE" help:"Stage to build. Default: the last."`
	Platform  string   `group:"Build" placeholder:"OS/ARCH" help:"Platform to build for. Default: linux on this machine's architecture."`
	BuildArgs []string `sep:"none" group:"Build" placeholder:"NAME=VALUE" help:"Build arguments, one a line. They can be read in the image: no secrets."`
	Labels    []string `sep:"none" group:"Build" placeholder:"NAME=VALUE" help:"Labels of the image, one a line, over those that Tagboat sets."`
	Builder   string   `group:"Build" default:"auto" enum:"auto,native,buildx" help:"native needs no daemon and knows no RUN; buildx drives docker buildx; auto takes native where it can."`
}

// pinInputs say how the reference to hand on names the image.
type pinInputs struct {
	Pin string `group:"Image" default:"tag" enum:"tag,digest,both" help:"How references name the image. A digest that stands in a file is always brought up to date."`
}

// infraInputs say where the new reference goes.
type infraInputs struct {
	InfraRepository string   `group:"Infra repository" placeholder:"REPO" help:"Repository whose files name the image: owner/name, a git URL or a folder."`
	InfraBranch     string   `group:"Infra repository" placeholder:"BRANCH" help:"Branch that is deployed. Default: the repository's default branch."`
	InfraPaths      []string `sep:"none" group:"Infra repository" placeholder:"PATH" help:"Files, folders and globs (**) to look in, one a line. Default: the whole repository, or only the files of fields."`
	Exclude         []string `sep:"none" group:"Infra repository" placeholder:"PATH" help:"Files, folders and globs (**) to leave out, one a line."`
	Fields          []string `sep:"none" group:"Infra repository" placeholder:"ADDRESS" help:"Fields that nothing finds by itself, one a line: apps/web.yaml:.spec.env[name=VERSION].value=tag. Without infra-paths nothing else moves."`
	InfraMode       string   `group:"Infra repository" default:"commit" enum:"pull-request,commit,files" help:"commit writes to the branch; pull-request writes one reused branch an image; files edits a folder in place."`
	InfraToken      Secret   `group:"Infra repository" help:"Token that may write to infra-repository (contents: write). The job's own token cannot write to another repository."`
	OnNoChange      string   `group:"Infra repository" default:"fail" enum:"ok,fail" help:"What it means that no file names the image. That all name it already is always ok."`
	OnLeftover      string   `group:"Infra repository" default:"fail" enum:"ok,fail" help:"What it means that a file would still name the image as it was, in a shape that is not understood."`
	ForbidTags      []string `sep:"none" group:"Infra repository" placeholder:"GLOB" help:"Tags that are never written, one glob a line, such as pr-* or latest."`
	AllowDowngrade  bool     `group:"Infra repository" help:"Take a newer version back. Otherwise it stays: a run that comes late is skipped, and a bump to an older version fails."`
}

// bump is what the plan knows of them.
func (in infraInputs) bump(pin string) plan.Bump {
	return plan.Bump{
		Repository: in.InfraRepository, Branch: in.InfraBranch, Paths: in.InfraPaths, Exclude: in.Exclude, Fields: in.Fields,
		Mode: plan.Mode(in.InfraMode), Pin: pin,
		OnLeftover: in.OnLeftover, ForbidTags: in.ForbidTags, AllowDowngrade: in.AllowDowngrade,
	}
}

// mistakes are those that need no look at the repository.
func (in infraInputs) mistakes() error {
	_, wrong := scope(in.bump(""))
	err := errors.Join(wrong, plan.CheckGlobs(in.ForbidTags))
	if in.InfraRepository == "" && (in.InfraBranch != "" || len(in.InfraPaths)+len(in.Exclude)+len(in.Fields) > 0) {
		err = errors.Join(err, fault.Newf("E_INPUT", "give `infra-repository`, or leave out `infra-branch`, `infra-paths`, `exclude` and `fields`",
			"infra-branch, infra-paths, exclude and fields are of an infra repository, and there is none"))
	}
	if in.InfraBranch != "" && in.InfraMode == string(plan.ModeFiles) {
		err = errors.Join(err, fault.Newf("E_INPUT", "leave out `infra-branch`, or use `infra-mode: commit`",
			"infra-mode files edits a folder, which has no branch %q", in.InfraBranch))
	}
	return err
}

// runInputs are those of every command that changes something.
type runInputs struct {
	DryRun bool `help:"Change nothing outside this machine; show what would change."`
	JSON   bool `cli:"only" name:"json" help:"Print the outputs as one JSON object."`
}
