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
	Tags              string // names, ! after an immutable one
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

func TestTagsOverrideThoseOfTheEvent(t *testing.T) {
	cases := map[string]struct {
		event, rules string
		want         decision
	}{
		"a fixed tag beside the version":          {"push.main", "version\nraw=latest", decision{Build: true, Push: true, Bump: true, Tags: "v0.0.N! latest", Claim: "v0.0"}},
		"no number without version":               {"push.main", "raw=edge", decision{Build: true, Push: true, Bump: true, Tags: "edge"}},
		"a branch is built when asked":            {"push.branch", "branch", decision{Build: true, Push: true, Tags: "feature-login-df7c7aeb"}},
		"version gives a branch nothing":          {"push.branch", "version", decision{}},
		"version gives a pull request nothing":    {"pull_request.opened", "version", decision{Build: true}},
		"a fork is never pushed":                  {"pull_request.opened-fork", "sha", decision{Build: true}},
		"a pull request never moves a fixed name": {"pull_request.opened", "pr\nraw=latest", decision{Build: true, Push: true, Tags: "pr-7"}},
		"nor does a branch":                       {"push.branch", "raw=latest", decision{}},
		"a pre-release moves no other tag":        {"release.prerelease", "version\nraw=latest", decision{Build: true, Push: true, Tags: "v1.3.0-rc.1!"}},
		"the same name once":                      {"pull_request.synchronize", "pr\npr", decision{Build: true, Push: true, Tags: "pr-7"}},
		"metadata-action's spelling":              {"pull_request.synchronize", "type=ref,event=pr\ntype=sha\ntype=raw,value=try", decision{Build: true, Push: true, Tags: "pr-7 sha-" + head[:12] + "!"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			var err error
			if in.Tags, err = plan.ParseRules(strings.Split(c.rules, "\n")); err != nil {
				t.Fatal(err)
			}
			p, err := plan.Make(in, event(t, c.event))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, decided(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTagsThatGiveNothingOnAReleaseAreAnError(t *testing.T) {
	in := inputs(t)
	in.Tags = []plan.Rule{{Kind: "pr"}}
	if _, err := plan.Make(in, event(t, "push.main")); !fault.Is(err, "E_NO_TAGS") {
		t.Errorf("got %v", err)
	}
}

func TestBadRules(t *testing.T) {
	for rule, code := range map[string]string{
		"":                                "E_TAG",
		"raw=":                            "E_TAG",
		"raw=a b":                         "E_TAG",
		"raw=-x":                          "E_TAG",
		"raw=" + strings.Repeat("x", 129): "E_TAG",
		"latest":                          "E_TAG_RULE",
		"verison":                         "E_TAG_RULE",
		"type=semver,pattern={{version}}": "E_TAG_RULE",
		"type=raw,value=x,enable=false":   "E_TAG_RULE",
		`type=raw,value="x`:               "E_TAG_RULE",
	} {
		if _, err := plan.ParseRule(rule); !fault.Is(err, code) {
			t.Errorf("%q: got %v, want %s", rule, err, code)
		}
	}
}

func TestBranchesNeverShareATag(t *testing.T) {
	seen := map[string]string{}
	for _, branch := range []string{"feature/a", "feature-a", "feature_a", "Feature/a", "-feature-a", ".feature-a",
		"日本", "日木", "a$(id)", strings.Repeat("x", 128), strings.Repeat("x", 129), strings.Repeat("x", 130)} {
		in := inputs(t)
		in.Tags = []plan.Rule{{Kind: "branch"}}
		p, err := plan.Make(in, runner.Event{Name: "push", Ref: "refs/heads/" + branch, DefaultBranch: "main", Repository: "acme/web"})
		if err != nil {
			t.Fatal(err)
		}
		tag := string(p.Tags[0].Name)
		if _, err := ref.ParseTag(tag); err != nil {
			t.Errorf("branch %q: %v", branch, err)
		}
		if other, taken := seen[tag]; taken {
			t.Errorf("branches %q and %q share the tag %s", branch, other, tag)
		}
		seen[tag] = branch
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
		if t.Immutable {
			mark = "!"
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
