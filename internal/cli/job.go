package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// job is one run of ship or build: the plan, what is known so far, and the parts
// of the world that its steps reach. Each step is a method in a file of its own.
type job struct {
	*app
	command string
	in      inputs
	state   *ship.State
	scratch string // folder for files of this run
	trust   trust

	registries registries
	registry   *registry.Client
	builder    build.Builder
	request    build.Request
	numbers    *numbers           // where the version was claimed; nil before, and where none is
	claimed    version.Allocation // by this run
	origin     origin             // what the build is made from, and the image will say
	standIn    *standIn           // the image that is taken instead of a new one; nil until it was looked for
	repo       *opened            // nil where nothing is bumped
	layout     string             // the image that was built, as an OCI layout; "" where there is none
	from       ref.Image          // the image that a registry had already; empty where none had

	// verify compares the layout with its digests, where no registry will before it
	// counts; nil where the layout is our own.
	verify func(context.Context) error
}

// run makes the plan, runs the steps that choose picks, and reports, whatever
// happens on the way.
func (a *app) run(ctx context.Context, command string, in inputs, r runInputs, choose func(*job) []ship.Step) (err error) {
	scratch, err := os.MkdirTemp(a.Temp, "tagboat-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	out := a.Writer()
	defer out.Close()
	j := &job{
		app: a, command: command, in: in, scratch: scratch,
		state: &ship.State{DryRun: r.DryRun},
	}
	defer func() {
		if j.repo != nil {
			err = errors.Join(err, j.repo.Close())
		}
		err = errors.Join(err, j.numbers.Close())
	}()
	failed := j.planAndRun(ctx, choose, out)
	j.giveBack(failed)
	return errors.Join(failed, j.report(failed, r.JSON))
}

func (j *job) planAndRun(ctx context.Context, choose func(*job) []ship.Step, log io.Writer) error {
	p, err := makePlan(ctx, j.app, j.in)
	if err != nil {
		return err
	}
	j.state.Plan, j.state.Tags = p, p.Tags
	j.tell(p)
	if j.trust, err = j.trusted(j.in.CAFile, j.scratch); err != nil {
		return err
	}
	if j.registries, err = j.registriesOf(j.in.registryInputs, j.trust, log); err != nil {
		return err
	}
	j.registry = j.registries.client(j.app, log)
	j.state.Outcomes, err = ship.Run(ctx, j.app, j.world.Now, choose(j))
	return err
}

// report hands on what is known, also where the run failed.
func (j *job) report(failed error, asJSON bool) error {
	err := j.Summary(report.Markdown(j.command, j.state, failed))
	return errors.Join(err, j.Outputs(values(j.command, j.state), asJSON))
}

// gitIn runs git in a folder.
func gitIn(folder string) git.Repo { return git.Repo{Dir: folder} }

// gitCall is local work of git.
func gitCall(args ...string) git.Call { return git.Call{Args: args} }
