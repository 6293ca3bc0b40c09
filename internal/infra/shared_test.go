package infra

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// sharing are the options of a run that proposes this edit on a branch with others.
func (r raise) sharing() Options {
	return atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}, Slot: r.Field, Secret: secret, Data: r.data(), Replay: replayRaise})
}

// Two services share a proposal: what the other one has proposed is made again on
// the newer head, its own newer edit replaces its older one, and what has landed by
// itself leaves the proposal.
func TestSharedProposal(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
		propose := func(r raise) Written {
			t.Helper()
			res, err := Apply(t.Context(), w.open(t, "all.yaml"), r.sharing(), r.edit)
			if err != nil {
				t.Fatal(err)
			}
			return res.Written
		}
		holds := func(want string) {
			t.Helper()
			if got := w.repo.Read(proposal, "all.yaml"); got != want || w.repo.Git("rev-parse", proposal+"~1") != w.repo.Tip("main") {
				t.Errorf("%q on %s", got, w.repo.Git("rev-parse", proposal+"~1"))
			}
		}
		propose(raise{"all.yaml", "web", 2})
		w.write(t, testkit.GitFile{Path: "other.yaml", Data: "x\n"})
		propose(raise{"all.yaml", "api", 5})
		holds("web: 2\napi: 5\n")
		propose(raise{"all.yaml", "web", 3})
		holds("web: 3\napi: 5\n")
		message := w.repo.Git("log", "-1", "--format=%B", proposal)
		if !strings.HasPrefix(message, "2 bumps: ") || strings.Count(message, "Tagboat-Edit: ") != 2 || strings.Count(message, "Tagboat-Image: ") != 2 {
			t.Errorf("got %q", message)
		}
		// api lands by other means; the proposal is web's alone then.
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 6\n"})
		propose(raise{"all.yaml", "api", 5})
		holds("web: 3\napi: 6\n")
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 3\napi: 6\n"})
		if last := propose(raise{"all.yaml", "web", 3}); last.Changed || w.repo.Tip(proposal) != "" {
			t.Errorf("got %+v, branch at %q", last, w.repo.Tip(proposal))
		}
		if w.hub != nil {
			if all := w.pulls(t); len(all) != 1 || all[0].GetState() != "closed" {
				t.Errorf("%d pull requests", len(all))
			}
		}
	})
}

// Who does not share must not take away what others share.
func TestSharedProposalIsNobodysAlone(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
		first := raise{"all.yaml", "web", 2}
		if _, err := Apply(t.Context(), w.open(t, "all.yaml"), first.sharing(), first.edit); err != nil {
			t.Fatal(err)
		}
		alone := raise{"all.yaml", "api", 2}
		o := alone.sharing()
		o.Slot = ""
		if _, err := Apply(t.Context(), w.open(t, "all.yaml"), o, alone.edit); fault.Code(err) != "E_BRANCH_FOREIGN" {
			t.Errorf("got %v", err)
		}
	})
}
