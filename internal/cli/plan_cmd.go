package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// planCmd shows what ship would do.
type planCmd struct {
	inputs
	JSON bool `cli:"only" name:"json" help:"Print the plan on one line."`
}

// Help teaches by examples.
func (planCmd) Help() string {
	return `Examples:
  # what a saved payload would do, on a laptop
  tagboat plan --images ghcr.io/acme/web --event event.json --event-name pull_request

  # and with an infra repository
  tagboat plan --images ghcr.io/acme/web --infra-repository acme/infra --event push.json --event-name push`
}

// Run prints the plan.
func (c *planCmd) Run(ctx context.Context, a *app) error {
	p, err := makePlan(ctx, a, c.inputs)
	if err != nil {
		return err
	}
	a.tell(p)
	for _, step := range []struct {
		name string
		plan.Step
	}{{"build", p.Build.Step}, {"push", p.Push}, {"bump", p.Bump.Step}} {
		a.Printf("%s: %s: %s", step.name, map[bool]string{true: "yes", false: "no"}[step.Do], step.Reason)
	}
	if a.InActions {
		return errors.Join(a.Summary(report.Plan(p)), a.Outputs(values("plan", &ship.State{Plan: p, Tags: p.Tags}), c.JSON))
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if c.JSON {
		text, err = json.Marshal(p)
	}
	return errors.Join(err, a.Print(append(text, '\n')))
}

// tell says what was decided, before it is done.
func (a *app) tell(p plan.Plan) {
	a.Printf("%s: %s", p.Event, p.Reason)
	if p.Commit.SHA != "" {
		a.Printf("commit %s: %s", p.Commit.SHA, p.Commit.Reason)
	}
	for _, t := range p.Tags {
		a.Printf("tag %s: %s", t, t.Reason)
	}
}

// inputs are those from which a plan is made.
type inputs struct {
	eventInputs
	imageInputs
	numberInputs
	buildInputs
	pinInputs
	registryInputs
	createInputs
	checkInputs
	infraInputs
	hostInputs
}

// makePlan reads what the plan needs of the world and has it made. Every
// mistake in the inputs comes back at once, marked as one of usage.
func makePlan(ctx context.Context, a *app, in inputs) (plan.Plan, error) {
	planned, err := in.forPlan()
	event, eventErr := a.Event(in.EventName, in.Event)
	if err := errors.Join(err, eventErr); err != nil {
		return plan.Plan{}, usage(err)
	}
	planned.Now = a.world.Now().UTC().Format(time.RFC3339)
	replay := in.Event != "" // somebody else's event: this folder is not what it is about
	if !replay {
		if at := commitTime(ctx, in.Context); !at.IsZero() {
			planned.Committed = at.Format(time.RFC3339)
		}
		planned.CheckedOut = checkedOut(ctx, in.Context)
		planned.RunnerSHA = a.SHA
	}
	if repo := cmp.Or(event.Repository, a.Repository); repo != "" {
		planned.SourceURL = a.ServerURL + "/" + repo
	} else if !replay {
		planned.SourceURL = originPage(ctx, in.Context, a.ServerURL)
	}
	p, err := plan.Make(planned, event)
	if p.Bump.Do {
		err = errors.Join(err, in.lacks())
	}
	if wouldBump(planned, event) {
		err = errors.Join(err, in.meaningless())
	}
	return p, usage(err)
}

// wouldBump reports whether the event is one that deploys, if there were where to.
func wouldBump(in plan.Inputs, event runner.Event) bool {
	in.Bump.Repository = "any"
	p, err := plan.Make(in, event)
	return err == nil && p.Bump.Do
}

var commitForm = pattern.New(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// mistakes are those of the values of the inputs, without a look at the world.
func (in inputs) mistakes() error {
	_, err := in.forPlan()
	return errors.Join(err, in.registryInputs.mistakes(), in.createInputs.mistakes(in.Tags), in.infraInputs.mistakes())
}

// forPlan checks the inputs and gives them their types.
func (in inputs) forPlan() (plan.Inputs, error) {
	var errs []error
	out := plan.Inputs{Commit: in.Commit, Claim: plan.Claim{Prefix: in.Prefix, Suffix: in.Suffix}}
	var err error
	out.Images, err = repositories(in.Images)
	errs = append(errs, err)
	out.Tags, err = plan.ParseRules(in.Tags)
	errs = append(errs, err)
	series, _ := version.ParseSeries(in.Series)
	out.Claim.Series = series.String()
	errs = append(errs, in.numberInputs.mistakes())
	args, err := assignments("build-args", in.BuildArgs)
	errs = append(errs, err)
	labels, err := assignments("labels", in.Labels)
	errs = append(errs, err)
	platform := strings.TrimSpace(in.Platform) // a block of YAML ends in a newline
	errs = append(errs, build.CheckPlatform(platform, in.Builder))
	out.Build = plan.Build{
		Context: in.Context, Dockerfile: cmp.Or(in.File, filepath.Join(in.Context, "Dockerfile")),
		Target: in.Target, Platform: platform, Builder: in.Builder, Args: args, Labels: labels,
	}
	out.Bump = in.infraInputs.bump(in.Pin)
	return out, errors.Join(errs...)
}

// assignments reads NAME=VALUE lines; the last of one name wins.
func assignments(input string, lines []string) (map[string]string, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	all := map[string]string{}
	var errs []error
	for _, line := range lines {
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" {
			errs = append(errs, fault.New("E_INPUT", "write NAME=VALUE, one a line", fmt.Errorf("%s: %q has no name and value", input, line)))
			continue
		}
		all[name] = value
	}
	return all, errors.Join(errs...)
}

// checkedOut is the commit of the folder's checkout, or "" where it is none.
func checkedOut(ctx context.Context, folder string) string {
	commit, err := gitIn(folder).Run(ctx, gitCall("rev-parse", "--verify", "--quiet", "HEAD^{commit}"))
	if err != nil {
		return ""
	}
	return commit
}
