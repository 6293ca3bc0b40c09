package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/plan"
)

func TestProposalsForTwoPlacesNeverShareABranch(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []struct {
		image, branch string
		on            plan.Bump
	}{
		{"ghcr.io/acme/web", "", plan.Bump{}},
		{"docker.io/acme/web", "", plan.Bump{}},
		{"ghcr.io/acme/web", "production", plan.Bump{}},
		{"ghcr.io/acme-web/web", "", plan.Bump{}},
		{"ghcr.io/acme/web", "", plan.Bump{Paths: []string{"apps/web/demo"}}},
		{"ghcr.io/acme/web", "", plan.Bump{Paths: []string{"apps/web/prod"}}},
		{"ghcr.io/acme/web", "", plan.Bump{Exclude: []string{"apps/web/prod"}}},
		{"ghcr.io/acme/web", "", plan.Bump{Paths: []string{"apps"}, Exclude: []string{"apps/web/prod"}}},
		{"ghcr.io/acme/web", "", plan.Bump{Fields: []string{"a.yaml:.version=tag"}}},
		{"ghcr.io/acme/web", "", plan.Bump{Fields: []string{"b.yaml:.version=tag"}}},
		{"127.0.0.1:5000/a/b/web", "feature/x", plan.Bump{}},
	} {
		c.on.Image, c.on.Branch = c.image, c.branch
		branch := proposalBranch(c.on)
		if other, taken := seen[branch]; taken {
			t.Errorf("%+v shares %s with %s", c, branch, other)
		}
		again := plan.Bump{Image: c.image, Branch: c.branch, Paths: slices.Repeat(c.on.Paths, 2), Exclude: slices.Repeat(c.on.Exclude, 2), Fields: slices.Repeat(c.on.Fields, 2)}
		if branch != proposalBranch(again) {
			t.Errorf("%+v: the same twice is another branch", c)
		}
		if !strings.HasPrefix(branch, "tagboat/web-") {
			t.Errorf("%+v: branch %q", c, branch)
		}
		seen[branch] = c.image
	}
}

func TestTheBranchOfAPullRequest(t *testing.T) {
	for name, c := range map[string]struct {
		b            plan.Bump
		branch, slot string
	}{
		"an environment": {plan.Bump{Image: "ghcr.io/acme/web", Environment: "prod", PullRequest: &plan.PullRequest{}}, "tagboat/web-prod", "web-"},
		"a given one":    {plan.Bump{Image: "ghcr.io/acme/web", PullRequest: &plan.PullRequest{Branch: "deploy/prod"}}, "deploy/prod", "web-"},
		"both":           {plan.Bump{Image: "ghcr.io/acme/web", Environment: "prod", PullRequest: &plan.PullRequest{Branch: "deploy/prod"}}, "deploy/prod", "web-"},
		"neither":        {plan.Bump{Image: "ghcr.io/acme/web", PullRequest: &plan.PullRequest{}}, "tagboat/web-", ""},
	} {
		t.Run(name, func(t *testing.T) {
			branch, slot := proposal(c.b).Branch, sharedSlot(c.b)
			if !strings.HasPrefix(branch, c.branch) || (slot == "") != (c.slot == "") || !strings.HasPrefix(slot, c.slot) {
				t.Errorf("branch %q, slot %q", branch, slot)
			}
		})
	}
	web := plan.Bump{Image: "ghcr.io/acme/web", Environment: "demo"}
	prod := web
	prod.Environment = "prod"
	if slotOf(web) == slotOf(prod) {
		t.Error("two environments share a slot")
	}
}
