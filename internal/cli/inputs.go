package cli

import (
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/version"
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
	Tags   []string `sep:"none" group:"Image" placeholder:"RULE" help:"Tags instead of those of the event, one rule a line: pr, version, semver, semver-major-minor, sha, sha=long, branch, date, raw=NAME, or a line of docker/metadata-action. A rule that the event has nothing for is left out."`
}

// numberInputs say how a version is numbered.
type numberInputs struct {
	Series           string `group:"Version" default:"v0.0" help:"Series that the next number is taken from: v0.0 gives v0.0.1, v0.0.2, …"`
	Prefix           string `group:"Version" placeholder:"PREFIX" help:"Prefix of the git tags that hold the numbers, such as cms/. The image's tag has none."`
	Suffix           string `group:"Version" placeholder:"VERSION" help:"Old number to build once more: v0.0.417 gives v0.0.417-1, then -2. The series stays where it is."`
	Commit           string `group:"Version" placeholder:"SHA" help:"Commit that is numbered, and that labels and tags name. Default: what is checked out; of ship and build on a pull request its head."`
	AllowOlder       bool   `group:"Version" help:"Number a commit also where a later one has a number: it gets a higher one, and is deployed over the later commit. Otherwise it is refused: the highest version is the newest commit."`
	Claim            string `group:"Version" default:"tag" enum:"tag,hidden,registry" help:"What claims a number, the same for all runs of a series: a git tag; hidden, a ref that no page shows, of which a git tag is made once the image is pushed; registry, a placeholder in the first of images, whose tags must be immutable."`
	OnFailure        string `group:"Version" default:"keep" enum:"keep,free" help:"What becomes of the number that a run has claimed, and then fails. keep: the same commit gets it when it runs again; free: the next commit gets it, not for several jobs that number one commit."`
	SourceRepository string `group:"Version" placeholder:"REPO" help:"Repository that the numbers are claimed in, as git tags: owner/name, a git URL or a folder. Default: the workflow's, or that of the folder."`
	SourceToken      Secret `group:"Version" action-default:"${{ github.token }}" help:"Token that may create tags in source-repository (contents: write)."`
}

// mistakes are those that need no look at the repository.
func (in numberInputs) mistakes() error {
	series, err := version.ParseSeries(in.Series)
	if err == nil {
		err = series.CheckSuffix(in.Suffix)
	}
	if in.Commit != "" && !commitForm.MatchString(in.Commit) {
		err = errors.Join(err, badCommit(in.Commit))
	}
	if in.Claim == claimInRegistry && in.OnFailure == freeClaim {
		err = errors.Join(err, fault.Newf("E_INPUT", "leave out `on-failure: free`", "a number that is claimed in a registry cannot be given back: its tags are immutable"))
	}
	return err
}

// buildInputs say how the image is built.
type buildInputs struct {
	Context   string   `group:"Build" default:"." placeholder:"FOLDER" help:"Folder whose files the Dockerfile may take."`
	File      string   `group:"Build" placeholder:"FILE" help:"The Dockerfile. Default: Dockerfile in the context."`
	Target    string   `group:"Build" placeholder:"STAGE" help:"Stage to build. Default: the last."`
	Platform  string   `group:"Build" placeholder:"OS/ARCH" help:"Platform to build for, one a build: linux/arm64. Default: linux on this machine's architecture."`
	BuildArgs []string `sep:"none" group:"Build" placeholder:"NAME=VALUE" help:"Build arguments, one a line. They can be read in the image: no secrets."`
	Labels    []string `sep:"none" group:"Build" placeholder:"NAME=VALUE" help:"Labels of the image, one a line, over those that Tagboat sets."`
	Builder   string   `group:"Build" default:"auto" enum:"auto,native,buildx" help:"native needs no daemon and knows no RUN; buildx drives docker buildx; auto takes native where it can."`
	Rebuild   string   `group:"Build" default:"auto" enum:"auto,always" help:"auto builds nothing where the image of the merged pull request has the same files and inputs: it gets the new tags. always builds."`
}

// checkInputs say what is looked at first.
type checkInputs struct {
	Preflight bool `group:"Build" default:"true" negatable:"" help:"Before the build, begin a write at every registry and at the infra repository, take it back, and look for the base images. Without it only logins, lists of tags, and tags that never move are looked at."`
}

// buildCheckInputs are those of a command that writes to no infra repository.
type buildCheckInputs struct {
	Preflight bool `group:"Build" default:"true" negatable:"" help:"Before the build, begin a write at every registry, take it back, and look for the base images. Without it only logins, lists of tags, and tags that never move are looked at."`
}

// pushCheckInputs are those of a command that does not build either.
type pushCheckInputs struct {
	Preflight bool `group:"Registries" default:"true" negatable:"" help:"Before a number is claimed, or the first of several registries has the image, begin a write at each of them and take it back. Without it only logins, lists of tags, and tags that never move are looked at."`
}

// pinInputs say how the reference to hand on names the image.
type pinInputs struct {
	Pin string `group:"Image" default:"tag" enum:"tag,digest,both" help:"How references name the image. A digest that stands in a file is always brought up to date."`
}

// hostInputs say what is trusted at the other end.
type hostInputs struct {
	CAFile string `placeholder:"FILE" help:"Certificates (PEM) of authorities that registries, and the API and the git of your server are trusted by, beside those of the system."`
}

// runInputs are those of every command that changes something.
type runInputs struct {
	DryRun bool `help:"Change nothing outside this machine; show what would change."`
	JSON   bool `cli:"only" name:"json" help:"Print the outputs as one JSON object."`
}
