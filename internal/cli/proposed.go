package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// proposals is an infra repository that knows the message of what stands proposed
// on a branch; "" where nothing does.
type proposals interface {
	Standing(ctx context.Context, on *infra.Snapshot, branch string) (message string, err error)
}

// outdoes says no to a bump whose pull request proposes a newer version already,
// as takesBack does of one that is deployed.
func (r reference) outdoes(ctx context.Context, repo infra.Repo, on *infra.Snapshot, attempt int) error {
	known, ok := repo.(proposals)
	if !ok || r.Mode != plan.ModePullRequest || r.AllowDowngrade {
		return nil
	}
	branch := proposalBranch(r.Bump)
	message, err := known.Standing(ctx, on, branch)
	if err != nil {
		return err
	}
	there := proposedTag(message, slotOf(r.Bump), r.image.Repository)
	if newer, comparable := version.Newer(there, r.image.Tag); !comparable || !newer {
		return nil
	}
	text := fmt.Sprintf("branch %q proposes %s, which is newer than %s", branch, there, r.image.Tag)
	if r.mayBeLate || attempt > 1 {
		return ship.Skip(text + "; `allow-downgrade` takes it back")
	}
	return fault.Newf("E_DOWNGRADE", "to go back all the same: `allow-downgrade: true`, or --allow-downgrade", "%s", text)
}

var proposedLine = pattern.New(`(?m)^Tagboat-(Image|To|Edit): (.+)$`)

// proposedTag reads off a commit's message which tag it brings for an image; where
// the message keeps the edits themselves, that of the slot's.
func proposedTag(message, slot string, image ref.Repository) (tag ref.Tag) {
	current, shared := "", false
	for _, found := range proposedLine.Regexp().FindAllStringSubmatch(message, -1) {
		switch key, value := found[1], found[2]; {
		case key == "Edit":
			if !shared {
				tag, shared = "", true
			}
			name, rest, _ := strings.Cut(value, " ")
			_, data, _ := strings.Cut(rest, " ") // after its proof
			if r, err := readReference([]byte(data)); err == nil && name == slot && r.image.Repository == image {
				tag = r.image.Tag
			}
		case key == "Image":
			current = value
		case !shared && current == image.String():
			name, _, _ := strings.Cut(value, "@")
			tag = ref.Tag(name)
		}
	}
	return tag
}
