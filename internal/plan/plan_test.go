package plan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

const events = "../../testdata/events"

// The commits of the story that the payloads tell.
const (
	firstHead  = "aa6ff1e10882f46a833c675f72a922efa164539d"
	head       = "7e1da26917465db2f1cb7ad84456e0f430afa444"
	testMerge  = "7c6f0041fc166a7682e88ea7901f0bed08004d4a"
	merge      = "d50eb746430816270020d40513eb677d139bc9a7"
	checkedOut = "c0ffee0000000000000000000000000000000000"
)

// decision is a plan in the words of the table.
type decision struct {
	Build, Push, Bump bool
	Tags              string // names, ! after an immutable one, ^ after one that moves to newer versions only
	Claim             string
	Reason            string // part of the event's
}

func TestEveryEventHasItsPlan(t *testing.T) {
	sha := func(commit string) string { return " sha-" + commit[:12] + "!" }
	released := decision{Build: true, Push: true, Bump: true, Tags: "v0.0.N!", Claim: "v0.0"}
	because := func(d decision, reason string) decision { d.Reason = reason; return d }
	cases := map[string]decision{
		"pull_request.opened":              {Build: true, Push: true, Tags: "pr-7" + sha(firstHead), Reason: "#7 was opened"},
		"pull_request.synchronize":         {Build: true, Push: true, Tags: "pr-7" + sha(head), Reason: "#7 got new commits"},
		"pull_request.reopened":            {Build: true, Push: true, Tags: "pr-7" + sha(head), Reason: "#7 was reopened"},
		"pull_request.labeled":             {Reason: "labeled changes nothing"},
		"pull_request.opened-draft":        {Build: true, Push: true, Tags: "pr-11", Reason: "#11 was opened"},
		"pull_request.opened-fork":         {Build: true, Reason: "fork eve/web"},
		"pull_request.opened-deleted-fork": {Build: true, Reason: "a fork that is gone"},
		"pull_request.opened-dependabot":   {Build: true, Reason: "Dependabot"},
		"pull_request.merged":              because(released, "#7 was merged"),
		"pull_request.merged-fork":         because(released, "#8 was merged"),
		"pull_request.merged-other-base":   {Reason: `merged into "release-1.x"`},
		"pull_request.closed":              {Reason: "closed without a merge"},
		"pull_request_target.opened-fork":  {Reason: "checks out the default branch"},
		"push.main":                        because(released, `push to the default branch "main"`),
		"push.branch":                      {Reason: `push to "feature/login", which is not the default branch`},
		"push.tag-version":                 {Build: true, Push: true, Bump: true, Tags: "v1.2.3!", Reason: "tag v1.2.3 gives the version"},
		"push.tag-prerelease":              {Build: true, Push: true, Tags: "v1.3.0-rc.1!", Reason: "pre-release"},
		"push.tag-prefixed":                {Reason: `tag "cms/v0.0.12" is no version`},
		"push.tag-other":                   {Reason: `tag "nightly" is no version`},
		"push.branch-deleted":              {Reason: "was deleted"},
		"push.tag-deleted":                 {Reason: "was deleted"},
		"delete.branch":                    {Reason: "was deleted"},
		"release.published":                {Build: true, Push: true, Bump: true, Tags: "v1.2.3!", Reason: "release v1.2.3 gives the version"},
		"release.prerelease":               {Build: true, Push: true, Tags: "v1.3.0-rc.1!", Reason: "pre-release"},
		"release.published-other":          {Reason: `release "spring-edition" is no version`},
		"release.draft-created":            {Reason: "only a published release"},
		"schedule.nightly":                 because(released, "schedule releases"),
		"workflow_dispatch.main":           because(released, "workflow_dispatch releases"),
		"workflow_dispatch.branch":         because(released, "workflow_dispatch releases"),
		"workflow_call.main":               because(released, "workflow_call releases"),
		"repository_dispatch.deploy":       because(released, "repository_dispatch releases"),
		"merge_group.checks-requested":     {Build: true, Reason: "built to be checked"},
		"merge_group.destroyed":            {Reason: "merge group is gone"},
	}
	const unknown = "workflow_run.completed" // see TestAnEventThatNothingWasDecidedFor
	for _, file := range payloads(t) {
		if _, ok := cases[file]; !ok && file != unknown {
			t.Errorf("%s.json has no row in the table", file)
		}
	}
	for file, want := range cases {
		t.Run(file, func(t *testing.T) {
			p, err := plan.Make(inputs(t), event(t, file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(p.Reason, want.Reason) {
				t.Errorf("reason %q does not say %q", p.Reason, want.Reason)
			}
			want.Reason = ""
			if want.Tags == "pr-11" { // the draft's own head
				want.Tags += sha(event(t, file).PullRequest.HeadSHA)
			}
			if diff := cmp.Diff(want, decided(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			complete(t, p)
		})
	}
}

// complete checks what must hold for every plan.
func complete(t *testing.T, p plan.Plan) {
	t.Helper()
	for name, step := range map[string]plan.Step{"build": p.Build.Step, "push": p.Push, "bump": p.Bump.Step} {
		if step.Reason == "" {
			t.Errorf("%s has no reason", name)
		}
	}
	for _, tag := range p.Tags {
		if tag.Reason == "" {
			t.Errorf("tag %s has no reason", tag)
		}
		if tag.Immutable && tag.Follows != "" {
			t.Errorf("tag %s moves, and does not", tag)
		}
	}
	if p.Push.Do && !p.Build.Do || p.Bump.Do && !p.Push.Do {
		t.Errorf("a step follows one that is not done: %+v", decided(p))
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again plan.Plan
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again, cmp.Comparer(func(a, b ref.Repository) bool { return a == b })); diff != "" {
		t.Errorf("the plan is not the same after JSON:\n%s", diff)
	}
}

func TestAnEventThatNothingWasDecidedFor(t *testing.T) {
	_, err := plan.Make(inputs(t), event(t, "workflow_run.completed"))
	if !fault.Is(err, "E_EVENT_UNKNOWN") {
		t.Errorf("got %v", err)
	}
}

func TestTheCommitIsOneThatAReaderCanFind(t *testing.T) {
	cases := map[string]struct {
		event string
		set   func(*plan.Inputs)
		want  string
	}{
		"head of a pull request, not the test merge":   {"pull_request.synchronize", func(in *plan.Inputs) { in.RunnerSHA, in.CheckedOut = testMerge, testMerge }, head},
		"merge commit of a payload":                    {"pull_request.merged", func(*plan.Inputs) {}, merge},
		"checked out, as the runner says":              {"push.main", func(in *plan.Inputs) { in.RunnerSHA, in.CheckedOut = merge, merge }, merge},
		"checked out, where the workflow took another": {"push.main", func(in *plan.Inputs) { in.RunnerSHA, in.CheckedOut = merge, checkedOut }, checkedOut},
		"given":                            {"push.main", func(in *plan.Inputs) { in.Commit, in.CheckedOut = checkedOut, merge }, checkedOut},
		"annotated tag, not its object":    {"push.tag-version", func(*plan.Inputs) {}, merge},
		"unknown before it is checked out": {"schedule.nightly", func(*plan.Inputs) {}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			c.set(&in)
			p, err := plan.Make(in, event(t, c.event))
			if err != nil {
				t.Fatal(err)
			}
			if p.Commit.SHA != c.want || p.Commit.Reason == "" {
				t.Errorf("commit %+v, want %s", p.Commit, c.want)
			}
			if got := p.Build.Labels["org.opencontainers.image.revision"]; got != c.want {
				t.Errorf("revision label %q, want %q", got, c.want)
			}
		})
	}
}

func TestAPrefixedTagIsAVersionOfItsSeries(t *testing.T) {
	in := inputs(t)
	in.Claim.Prefix = "cms/"
	p, err := plan.Make(in, event(t, "push.tag-prefixed"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Tags) != 1 || p.Tags[0].Name != "v0.0.12" {
		t.Errorf("tags %v", p.Tags)
	}
}

// A number alone behind a version is a later build of it, which people number by
// hand.
func TestALaterBuildIsARelease(t *testing.T) {
	cases := map[string]decision{
		"v0.0.417-1":   {Build: true, Push: true, Bump: true, Tags: "v0.0.417-1! 0.0.417-1! 0.0^ latest^"},
		"0.0.417-12":   {Build: true, Push: true, Bump: true, Tags: "0.0.417-12! 0.0^ latest^"},
		"v0.0.417":     {Build: true, Push: true, Bump: true, Tags: "v0.0.417! 0.0.417! 0.0^ latest^"},
		"v1.2.3-rc.1":  {Build: true, Push: true, Tags: "v1.2.3-rc.1! 1.2.3-rc.1!"},
		"v1.2.3-rc1":   {Build: true, Push: true, Tags: "v1.2.3-rc1! 1.2.3-rc1!"},
		"v1.2.3-alpha": {Build: true, Push: true, Tags: "v1.2.3-alpha! 1.2.3-alpha!"},
		"v1.2.3-1.2":   {Build: true, Push: true, Tags: "v1.2.3-1.2! 1.2.3-1.2!"},
	}
	for tag, want := range cases {
		t.Run(tag, func(t *testing.T) {
			in := inputs(t)
			in.Tags = rules(t, "version", "semver", "semver-major-minor", "raw=latest")
			p, err := plan.Make(in, runner.Event{Name: "push", Ref: "refs/tags/" + tag})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, decided(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAVersionThatIsNoTag(t *testing.T) {
	_, err := plan.Make(inputs(t), runner.Event{Name: "push", Ref: "refs/tags/v1.2.3-" + strings.Repeat("x", 128)})
	if !fault.Is(err, "E_TAG") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutADefaultBranchNothingIsGuessed(t *testing.T) {
	for _, e := range []runner.Event{
		{Name: "push", Ref: "refs/heads/main"},
		{Name: "pull_request", Action: "closed", PullRequest: &runner.PullRequest{Number: 7, Merged: true, BaseRef: "main"}},
	} {
		if _, err := plan.Make(inputs(t), e); !fault.Is(err, "E_EVENT_PAYLOAD") {
			t.Errorf("%s: got %v", e, err)
		}
	}
}

// decided puts a plan in the words of the table.
func decided(p plan.Plan) decision {
	d := decision{Build: p.Build.Do, Push: p.Push.Do, Bump: p.Bump.Do}
	for _, t := range p.Tags {
		mark := ""
		switch {
		case t.Immutable:
			mark = "!"
		case t.Follows != "":
			mark = "^"
		}
		d.Tags = strings.TrimSpace(d.Tags + " " + t.String() + mark)
	}
	if p.Claim != nil {
		d.Claim = p.Claim.Prefix + p.Claim.Series
	}
	return d
}

func inputs(t *testing.T) plan.Inputs {
	t.Helper()
	image, err := ref.ParseRepository("ghcr.io/acme/web")
	if err != nil {
		t.Fatal(err)
	}
	return plan.Inputs{
		Images: []ref.Repository{image}, Claim: plan.Claim{Series: "v0.0"}, SourceURL: "https://github.com/acme/web",
		Bump: plan.Bump{Repository: "acme/infra", Mode: plan.ModeCommit, Pin: "tag"},
	}
}

func payloads(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(events, "*.*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".json")
	}
	return files
}

func event(t *testing.T, file string) runner.Event {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(events, file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(file, ".")
	e, err := runner.ParseEvent(name, data)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", file, err))
	}
	return e
}
