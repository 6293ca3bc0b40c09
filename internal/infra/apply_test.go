package infra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// script is a repository whose heads and answers are given.
type script struct {
	heads   []string
	errs    []error
	reads   int
	commits int
}

func (s *script) Read(context.Context) (*Snapshot, error) {
	head := s.heads[min(s.reads, len(s.heads)-1)]
	s.reads++
	return &Snapshot{Branch: "main", Head: head, Files: fstest.MapFS{"x.yaml": {Data: []byte("old")}}}, nil
}

func (s *script) Commit(context.Context, *Snapshot, ChangeSet) (Written, error) {
	err := s.errs[min(s.commits, len(s.errs)-1)]
	s.commits++
	return Written{Changed: err == nil}, err
}

func (s *script) Propose(context.Context, *Snapshot, Proposal, ChangeSet) (Written, error) {
	return Written{}, errors.New("not asked for")
}

func edited(*Snapshot) (ChangeSet, error) {
	return ChangeSet{Files: map[string][]byte{"x.yaml": []byte("new")}, Message: "m"}, nil
}

// clockwork is a clock that only sleeping moves.
func clockwork() (Options, *[]time.Duration) {
	now, slept := clock(), new([]time.Duration)
	return Options{
		Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			now = now.Add(d)
			*slept = append(*slept, d)
			return ctx.Err()
		},
	}, slept
}

func TestApplyGivesUpAtTheDeadline(t *testing.T) {
	o, slept := clockwork()
	o.Deadline = 20 * time.Second
	heads := make([]string, 100)
	for i := range heads {
		heads[i] = "c" + strings.Repeat("0", i)
	}
	_, err := Apply(t.Context(), &script{heads: heads, errs: []error{ErrStale}}, o, edited)
	if fault.Code(err) != "E_INFRA_BUSY" || !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "were there first: c00") {
		t.Errorf("got %v", err)
	}
	var total time.Duration
	for i, d := range *slept {
		if total += d; d <= 0 || d > 5*time.Second {
			t.Errorf("wait %d is %s", i, d)
		}
	}
	if total > o.Deadline || len(*slept) < 4 {
		t.Errorf("slept %v", *slept)
	}
}

// Who is in the way is told with the error.
func TestApplySaysWhoIsInTheWay(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		o, _ := clockwork()
		o.Deadline = 8 * time.Second
		n := 0
		mine := replace("web:1", "web:2", "apps/web/deploy.yaml")
		edit := func(on *Snapshot) (ChangeSet, error) {
			n++
			w.write(t, testkit.GitFile{Path: "other.yaml", Data: fmt.Sprint(n)})
			return mine(on)
		}
		_, err := Apply(t.Context(), w.open(t, "apps/web"), o, edit)
		if fault.Code(err) != "E_INFRA_BUSY" || !strings.Contains(err.Error(), " by somebody: somebody's work") {
			t.Errorf("got %v", err)
		}
	})
}

func TestApplyEndsForOtherReasons(t *testing.T) {
	broken := errors.New("broken")
	away := fault.New("E_GIT_UNREACHABLE", "", errors.New("away"))
	cases := map[string]struct {
		repo     script
		code     string
		attempts int
	}{
		"any error":           {script{heads: []string{"a"}, errs: []error{broken}}, "E_UNEXPECTED", 1},
		"an old head is read": {script{heads: []string{"a"}, errs: append(slices.Repeat([]error{ErrStale}, 20), nil)}, "", 21},
		"away from the API":   {script{heads: []string{"a"}, errs: []error{fault.New("E_GITHUB_UNREACHABLE", "", errors.New("away"))}}, "E_GITHUB_UNREACHABLE", 3},
		"a lock stays":        {script{heads: []string{"a"}, errs: []error{errHeld}}, "E_INFRA_STUCK", 6},
		"a lock in use":       {script{heads: []string{"a"}, errs: []error{errHeld, errHeld, errHeld, errHeld, errHeld, nil}}, "", 6},
		"locks of others":     {script{heads: []string{"a", "a", "a", "b", "b", "b", "c"}, errs: []error{errHeld, errHeld, errHeld, errHeld, errHeld, errHeld, nil}}, "", 7},
		"never reached":       {script{heads: []string{"a"}, errs: []error{away}}, "E_GIT_UNREACHABLE", 3},
		"reached in between":  {script{heads: []string{"a", "b", "c", "d", "e", "f"}, errs: []error{away, away, ErrStale, away, away, nil}}, "", 6},
	}
	for name, c := range cases {
		o, _ := clockwork()
		res, err := Apply(t.Context(), &c.repo, o, edited)
		if (err == nil) != (c.code == "") || err != nil && fault.Code(err) != c.code || c.repo.commits != c.attempts {
			t.Errorf("%s: got %+v, %v after %d attempts", name, res, err, c.repo.commits)
		}
	}
}

func TestApplyCancelledWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{Sleep: func(context.Context, time.Duration) error {
		cancel()
		return sleep(ctx, time.Hour)
	}}
	if _, err := Apply(ctx, &script{heads: []string{"a"}, errs: []error{ErrStale}}, o, edited); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// stuck is a repository that never answers.
type stuck struct{ script }

func (s *stuck) Read(ctx context.Context) (*Snapshot, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestApplyIsNotHeldForEver(t *testing.T) {
	_, err := Apply(t.Context(), &stuck{}, Options{Deadline: time.Millisecond}, edited)
	if fault.Code(err) != "E_INFRA_BUSY" || !strings.Contains(err.Error(), "no answer within 1ms") {
		t.Errorf("got %v", err)
	}
}

func TestApplyEditFails(t *testing.T) {
	repo := &script{heads: []string{"a"}, errs: []error{nil}}
	broken := errors.New("broken")
	_, err := Apply(t.Context(), repo, Options{}, func(*Snapshot) (ChangeSet, error) { return ChangeSet{}, broken })
	if !errors.Is(err, broken) || repo.commits != 0 {
		t.Errorf("got %v", err)
	}
}

func TestApplyProposesNoBranch(t *testing.T) {
	if _, err := Apply(t.Context(), &script{}, Options{Mode: ModePropose}, edited); err == nil {
		t.Error("no branch was missed")
	}
}

func TestApplyUnknownMode(t *testing.T) {
	_, err := Apply(t.Context(), &script{}, Options{Mode: "push"}, edited)
	if fault.Code(err) != "E_INFRA_MODE" {
		t.Errorf("got %v", err)
	}
}
