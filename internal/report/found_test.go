package report_test

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestFound(t *testing.T) {
	asked, err := ref.ParseImage("ghcr.io/acme/web:main")
	if err != nil {
		t.Fatal(err)
	}
	pinned := asked
	pinned.Digest = digest
	for name, c := range map[string]struct {
		state *ship.State
		err   error
		want  []string
	}{
		"there":     {&ship.State{Digest: digest, Ref: pinned}, nil, []string{"resolve: found\n", "| `ghcr.io/acme/web:main` | `" + digest + "` | `ghcr.io/acme/web:main@" + digest + "` |\n"}},
		"not there": {&ship.State{}, nil, []string{"resolve: not there\n", "| `ghcr.io/acme/web:main` |  |  |\n"}},
		"an error":  {&ship.State{}, fault.Newf("E_X", "do so", "no"), []string{"resolve: failed\n", "#e_x)** no\n", "> do so\n"}},
	} {
		got := report.Found(asked.String(), c.state, c.err)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in:\n%s", name, want, got)
			}
		}
	}
}

// A plan says of its tags what it says of the push.
func TestPlanTellsWhatWouldBePushed(t *testing.T) {
	p := shipped(t).Plan
	p.Tags = shipped(t).Tags
	for push, want := range map[bool]string{true: "|  | would be pushed |", false: "|  | not pushed |"} {
		p.Push = plan.Step{Do: push}
		if got := report.Plan(p); !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
}
