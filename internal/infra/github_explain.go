package infra

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

// explain says more of a refusal than GitHub does: a token that may not see a
// repository is told that there is none, and the token of a job reaches no
// repository but its own. viewer is whose token it is, "" where that is not known.
func (g *GitHub) explain(err error, viewer string) error {
	err = github.Explain(err)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return err
	}
	if !strings.Contains(err.Error(), g.o.Repository) {
		err = fmt.Errorf("%s: %w", g.o.Repository, err)
	}
	elsewhere := g.o.Workflow != "" && !strings.EqualFold(g.o.Workflow, g.o.Repository)
	hint := f.Hint
	switch kind := github.KindOf(err); {
	case f.Code != "E_GITHUB_NOT_FOUND" && f.Code != "E_GITHUB_AUTH" || kind != github.NotFound && kind != github.Denied:
	case (&state{viewer: viewer}).byJobToken() && elsewhere:
		hint = "the job's own GITHUB_TOKEN reaches " + g.o.Workflow + " alone: give `infra-token`, or `app-id` and `app-private-key`"
	case kind == github.NotFound && viewer != "":
		hint = "check owner and name, and that " + viewer + " may see it: who may not is told that there is none"
	}
	return fault.New(f.Code, hint, err)
}
