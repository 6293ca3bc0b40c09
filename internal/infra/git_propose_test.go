package infra

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

const proposal = "tagboat/web"

func TestProposeMakesAndMovesOneBranch(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		repo := w.open(t)
		first, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, bump("one\n"))
		if err != nil || !first.Changed || first.Branch != proposal || w.repo.Tip(proposal) != first.Commit {
			t.Fatalf("got %+v, %v", first, err)
		}
		other := w.open(t)
		again, err := other.Propose(t.Context(), mustRead(t, other), Proposal{Branch: proposal}, bump("one\n"))
		if err != nil || again.Changed || again.Commit != first.Commit {
			t.Errorf("again: got %+v, %v", again, err)
		}
		// A newer change on a newer base replaces the commit.
		w.write(t, testkit.GitFile{Path: "other.yaml", Data: "x"})
		repo = w.open(t)
		second, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, bump("two\n"))
		if err != nil || !second.Changed {
			t.Fatalf("got %+v, %v", second, err)
		}
		if got := w.repo.Git("rev-parse", proposal+"~1"); got != w.repo.Tip("main") {
			t.Errorf("not one commit on main but on %s", got)
		}
		if got := w.repo.Read(proposal, "apps/web/deploy.yaml"); got != "two\n" || w.read(t, "apps/web/deploy.yaml") != "image: web:1\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestProposeWithoutTrailerGetsOne(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		for _, text := range []string{"one\n", "two\n"} {
			c := bump(text)
			c.Message = "Bump"
			repo := w.open(t)
			if _, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, c); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := w.repo.Git("log", "-1", "--format=%B", proposal), "Bump\n\nTagboat-Branch: tagboat/web\n"; got != want {
			t.Errorf("got %q", got)
		}
	})
}

func TestProposeNothing(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		repo := w.open(t)
		on := mustRead(t, repo)
		written, err := repo.Propose(t.Context(), on, Proposal{Branch: proposal}, bump("image: web:1\n"))
		if want := (Written{Commit: on.Head, Branch: "main"}); err != nil || written != want {
			t.Errorf("got %+v, %v", written, err)
		}
		if w.repo.Tip(proposal) != "" {
			t.Error("an empty proposal was made")
		}
	})
}

// What somebody put on the branch stays there.
func TestProposeRefusesForeignBranch(t *testing.T) {
	somebody := "-c user.name=somebody -c user.email=somebody@example.com "
	cases := map[string]func(t *testing.T, w *world){
		"made by somebody": func(t *testing.T, w *world) {
			w.repo.Git("branch", "-f", proposal, "main")
			w.repo.Commit(proposal, "mine\n\nTagboat-Image: forged", testkit.GitFile{Path: "x", Data: "x"})
		},
		"commit on top": func(t *testing.T, w *world) {
			w.repo.Commit(proposal, "fix", testkit.GitFile{Path: "x", Data: "x"})
		},
		"amended": func(t *testing.T, w *world) {
			tree := w.repo.Git("rev-parse", "main^{tree}")
			args := strings.Fields(somebody + "commit-tree -p main -m Bump -m Tagboat-Image:_web " + tree)
			w.repo.Git("branch", "-f", proposal, w.repo.Git(args...))
		},
		"merged with the base": func(t *testing.T, w *world) {
			w.write(t, testkit.GitFile{Path: "y", Data: "y"})
			args := strings.Fields(somebody + "commit-tree -p " + proposal + " -p main -m Merge " + proposal + "^{tree}")
			w.repo.Git("branch", "-f", proposal, w.repo.Git(args...))
		},
	}
	for name, foreign := range cases {
		t.Run(name, func(t *testing.T) {
			inHosts(t, func(t *testing.T, w *world) {
				repo := w.open(t)
				if _, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, bump("one\n")); err != nil {
					t.Fatal(err)
				}
				foreign(t, w)
				tip := w.repo.Tip(proposal)
				_, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, bump("two\n"))
				if fault.Code(err) != "E_BRANCH_FOREIGN" || !strings.Contains(err.Error(), "somebody@example.com") {
					t.Errorf("got %v", err)
				}
				if w.repo.Tip(proposal) != tip {
					t.Error("the branch moved")
				}
			})
		})
	}
}

// Two images whose proposals have one branch do not take it from each other.
func TestProposeRefusesBranchOfAnotherImage(t *testing.T) {
	cases := map[string]struct {
		before, after string
		refused       bool
	}{
		"the same":   {"Tagboat-Image: web\nTagboat-To: v1", "Tagboat-Image: web\nTagboat-To: v2", false},
		"several":    {"Tagboat-Image: web\nTagboat-Image: api", "Tagboat-Image: api\nTagboat-Image: web", false},
		"not named":  {"Tagboat-Image: web", "Tagboat-Test: yes", false},
		"another":    {"Tagboat-Image: web", "Tagboat-Image: api", true},
		"one more":   {"Tagboat-Image: web\nTagboat-Image: api", "Tagboat-Image: web", true},
		"none there": {"Tagboat-Test: yes", "Tagboat-Image: web", true},
	}
	inGit(t, func(t *testing.T, w *world) {
		for name, c := range cases {
			repo, branch := w.open(t), "tagboat/"+strings.ReplaceAll(name, " ", "-")
			one, two := bump("one\n"), bump("two\n")
			one.Message, two.Message = "Bump\n\n"+c.before+"\n", "Bump\n\n"+c.after+"\n"
			on := mustRead(t, repo)
			if _, err := repo.Propose(t.Context(), on, Proposal{Branch: branch}, one); err != nil {
				t.Fatal(err)
			}
			tip := w.repo.Tip(branch)
			_, err := repo.Propose(t.Context(), on, Proposal{Branch: branch}, two)
			if refused := fault.Code(err) == "E_BRANCH_FOREIGN"; refused != c.refused || err != nil && !refused {
				t.Errorf("%s: got %v", name, err)
			}
			if moved := w.repo.Tip(branch) != tip; moved == c.refused {
				t.Errorf("%s: moved is %v", name, moved)
			}
		}
	})
}

// What git init --shared sets: the second proposal cannot replace the first one.
func TestProposeWhereNoPushMayBeForced(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		w.repo.Git("config", "receive.denyNonFastForwards", "true")
		o := atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}})
		if _, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		o.Log = &log
		_, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:3", "apps/web/deploy.yaml"))
		if fault.Code(err) != "E_GIT_REFUSED" || !strings.Contains(fault.All(err)[0].Hint, "delete the branch tagboat/web, or allow") || log.String() != "" {
			t.Errorf("got %v, log %s", err, log.String())
		}
	})
}

func TestProposeRace(t *testing.T) {
	w := newHTTP(t)
	isolate(t)
	w.write(t, start...)
	for name, at := range map[string]func(func()){"before the push": w.server.OnAdvertise, "during the push": w.server.OnPush} {
		t.Run(name, func(t *testing.T) {
			repo := w.open(t)
			on := mustRead(t, repo)
			at(func() { w.repo.Git("branch", "-f", proposal, "main") })
			if _, err := repo.Propose(t.Context(), on, Proposal{Branch: proposal}, bump("one\n")); !errors.Is(err, ErrStale) {
				t.Errorf("got %v", err)
			}
			if w.repo.Tip(proposal) != w.repo.Tip("main") {
				t.Error("the branch moved")
			}
			w.repo.Git("branch", "-D", proposal)
		})
	}
}

func TestProposalBranchNames(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		w.repo.Git("branch", "deep/down", "main")
		repo := w.open(t)
		on := mustRead(t, repo)
		for _, branch := range []string{"main", "", "a..b", "-x y", "deep", "deep/down/there", "x.lock"} {
			if _, err := repo.Propose(t.Context(), on, Proposal{Branch: branch}, bump("one\n")); fault.Code(err) != "E_BRANCH_NAME" {
				t.Errorf("%q: got %v", branch, err)
			}
		}
	})
}

func TestProposeThroughApply(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		o := atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: "tagboat/main"}})
		res, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml"))
		if err != nil || res.Written.Commit != w.repo.Tip("tagboat/main") || res.Written.Branch != "tagboat/main" {
			t.Errorf("got %+v, %v", res, err)
		}
	})
}
