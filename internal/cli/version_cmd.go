package cli

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// versionCmd claims a number and nothing else.
type versionCmd struct {
	numberInputs
	hostInputs
	Source string `cli:"only" group:"Version" default:"." placeholder:"FOLDER" help:"Checkout that holds the commit."`
	runInputs
}

// Help teaches by examples.
func (versionCmd) Help() string {
	return `A number is claimed by creating a git tag, which only one run can do. The same commit always gets the number that it has.

Examples:
  tagboat version                      # v0.0.N for the commit that is checked out
  tagboat version --dry-run            # the number that it would get
  tagboat version --series v2.1 --prefix cms/`
}

func (c *versionCmd) mistakes() error {
	_, err := version.ParseSeries(c.Series)
	if c.Commit != "" && !commitForm.MatchString(c.Commit) {
		err = errors.Join(err, badCommit(c.Commit))
	}
	return err
}

// Run claims.
func (c *versionCmd) Run(ctx context.Context, a *app) (err error) {
	scratch, err := os.MkdirTemp(a.Temp, "tagboat-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	commit := cmp.Or(c.Commit, checkedOut(ctx, c.Source))
	state := &ship.State{DryRun: c.DryRun}
	claim := func(ctx context.Context) (string, error) {
		by, err := a.trusted(c.CAFile, scratch)
		if err != nil {
			return "", err
		}
		got, err := a.claim(ctx, c.numberInputs, by, commit, c.Source, c.DryRun)
		if err != nil {
			return "", err
		}
		state.Version = got.Tag
		return claimed(got, c.DryRun)
	}
	var failed error
	state.Outcomes, failed = ship.Run(ctx, a, a.world.Now, []ship.Step{{Name: "version", Run: claim}})
	err = a.Summary(report.Markdown("version", state, failed))
	return errors.Join(failed, err, a.Outputs(values("version", state), c.JSON))
}

func badCommit(commit string) error {
	return fault.Newf("E_INPUT", "give all 40 hex digits: git rev-parse HEAD", "commit: %q is no commit id", commit)
}
