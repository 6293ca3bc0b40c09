package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// rules reads lines of `tags`.
func rules(t *testing.T, lines ...string) []plan.Rule {
	t.Helper()
	all, err := plan.ParseRules(lines)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// made is the plan of a payload under the rules.
func made(t *testing.T, payload string, lines ...string) plan.Plan {
	t.Helper()
	in := inputs(t)
	in.Tags = rules(t, lines...)
	in.Committed, in.Now = "2026-01-31T23:59:58Z", "2026-02-03T04:05:06Z"
	p, err := plan.Make(in, event(t, payload))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTagsOverrideThoseOfTheEvent(t *testing.T) {
	cases := map[string]struct {
		event, rules string
		want         decision
	}{
		"a fixed tag beside the version":          {"push.main", "version\nraw=edge", decision{Build: true, Push: true, Bump: true, Tags: "v0.0.N! edge", Claim: "v0.0"}},
		"no number without version":               {"push.main", "raw=edge", decision{Build: true, Push: true, Bump: true, Tags: "edge"}},
		"without a number latest follows nothing": {"push.main", "raw=latest", decision{Build: true, Push: true, Bump: true, Tags: "latest"}},
		"a name that tells a version asks for it": {"push.main", "semver-major-minor", decision{Build: true, Push: true, Bump: true, Tags: "0.0^", Claim: "v0.0"}},
		"a branch is built when asked":            {"push.branch", "branch", decision{Build: true, Push: true, Tags: "feature-login-df7c7aeb"}},
		"version gives a branch nothing":          {"push.branch", "version", decision{}},
		"version gives a pull request nothing":    {"pull_request.opened", "version", decision{Build: true}},
		"a fork is never pushed":                  {"pull_request.opened-fork", "sha", decision{Build: true}},
		"a pull request never moves a fixed name": {"pull_request.opened", "pr\nraw=latest", decision{Build: true, Push: true, Tags: "pr-7"}},
		"nor does a branch":                       {"push.branch", "raw=latest", decision{}},
		"a pre-release moves no other tag":        {"release.prerelease", "version\nraw=latest", decision{Build: true, Push: true, Tags: "v1.3.0-rc.1!"}},
		"the same name once":                      {"pull_request.synchronize", "pr\npr", decision{Build: true, Push: true, Tags: "pr-7"}},
		"one name by two rules is the stricter's": {"push.tag-version", "raw=1.2\nsemver-major-minor\nraw=v1.2.3\nversion", decision{Build: true, Push: true, Bump: true, Tags: "1.2^ v1.2.3!"}},
		"a version by hand is never overwritten":  {"push.main", "raw=v2.0.0", decision{Build: true, Push: true, Bump: true, Tags: "v2.0.0!"}},
		"what is off asks for no number":          {"push.main", "sha\ntype=semver,pattern={{version}},enable=false", decision{Build: true, Push: true, Bump: true, Tags: "sha-" + merge[:12] + "!"}},
		"metadata-action's spelling":              {"pull_request.synchronize", "type=ref,event=pr\ntype=sha\ntype=raw,value=try", decision{Build: true, Push: true, Tags: "pr-7 sha-" + head[:12] + "!"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := made(t, c.event, strings.Split(c.rules, "\n")...)
			if diff := cmp.Diff(c.want, decided(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			complete(t, p)
		})
	}
}

// TestEveryRuleOnEveryEvent asks for all tags that there are, of every payload.
func TestEveryRuleOnEveryEvent(t *testing.T) {
	all := []string{"version", "semver", "semver-major-minor", "semver-major", "pr", "branch", "date", "raw=latest", "raw=edge"}
	const claimed = "v0.0.N! 0.0.N! 0.0^ 0^ "
	cases := map[string]string{
		"pull_request.opened":             "pr-7",
		"pull_request.synchronize":        "pr-7",
		"pull_request.reopened":           "pr-7",
		"pull_request.opened-draft":       "pr-11",
		"pull_request.merged":             claimed + "main 20260131^ latest^ edge",
		"pull_request.merged-fork":        claimed + "main 20260131^ latest^ edge",
		"pull_request.merged-other-base":  "release-1.x",
		"push.main":                       claimed + "main 20260131^ latest^ edge",
		"push.branch":                     "feature-login-df7c7aeb",
		"push.tag-version":                "v1.2.3! 1.2.3! 1.2^ 1^ 20260131^ latest^ edge",
		"push.tag-prerelease":             "v1.3.0-rc.1! 1.3.0-rc.1!",
		"release.published":               "v1.2.3! 1.2.3! 1.2^ 1^ 20260131^ latest^ edge",
		"release.prerelease":              "v1.3.0-rc.1! 1.3.0-rc.1!",
		"schedule.nightly":                claimed + "main 20260203^ latest^ edge",
		"workflow_dispatch.main":          claimed + "main 20260131^ latest^ edge",
		"workflow_dispatch.branch":        claimed + "hotfix 20260131^ latest^ edge",
		"workflow_call.main":              claimed + "main 20260131^ latest^ edge",
		"repository_dispatch.deploy":      claimed + "20260131^ latest^ edge",
		"pull_request.opened-fork":        "",
		"pull_request.closed":             "",
		"pull_request_target.opened-fork": "",
		"merge_group.checks-requested":    "",
	}
	for _, payload := range payloads(t) {
		if payload == "workflow_run.completed" {
			continue
		}
		t.Run(payload, func(t *testing.T) {
			p := made(t, payload, all...)
			if got := decided(p).Tags; got != cases[payload] {
				t.Errorf("got  %s\nwant %s", got, cases[payload])
			}
			complete(t, p)
		})
	}
}

func TestDockersSpelling(t *testing.T) {
	main, tagged, pr, night := "push.main", "push.tag-version", "pull_request.synchronize", "schedule.nightly"
	cases := map[string]map[string]string{ // rule, payload, tags
		"type=ref,event=branch":                              {main: "main", pr: "", "push.branch": "feature-login-df7c7aeb"},
		"type=ref,event=branch,suffix=-arm64":                {main: "main-arm64"},
		"type=ref,event=pr":                                  {pr: "pr-7"},
		"type=ref,event=pr,prefix=preview-":                  {pr: "preview-7"},
		"type=ref,event=tag":                                 {tagged: "v1.2.3!", pr: ""},
		"type=sha":                                           {main: "sha-d50eb7464308!", pr: "sha-7e1da2691746!"},
		"type=sha,format=long":                               {pr: "sha-" + head + "!"},
		"type=sha,format=long,prefix=":                       {main: merge + "!", pr: head + "!"},
		"type=sha,prefix=git-,format=short,suffix=-x":        {main: "git-d50eb7464308-x!"},
		"type=semver,pattern={{version}}":                    {tagged: "1.2.3!", main: "0.0.N!", "push.tag-prerelease": "1.3.0-rc.1!", pr: ""},
		"type=semver,pattern=v{{version}}":                   {tagged: "v1.2.3!", main: "v0.0.N!"},
		"type=semver,pattern={{raw}},prefix=web-":            {tagged: "web-v1.2.3!", main: "web-v0.0.N!"},
		"type=semver,pattern={{major}}.{{minor}}.{{patch}}":  {tagged: "1.2.3!"},
		"type=semver,pattern={{major}}.{{minor}}":            {tagged: "1.2^", main: "0.0^"},
		"type=semver,pattern=v{{ major }}":                   {tagged: "v1^"},
		"type=semver,pattern={{major}},suffix=-alpine":       {tagged: "1-alpine^"},
		"type=raw,value=edge":                                {main: "edge", pr: ""},
		"type=raw,edge":                                      {main: "edge"},
		"type=raw, value=edge, enable=True":                  {main: "edge"},
		"type=raw,value=latest,suffix=-alpine":               {main: "latest-alpine", tagged: "latest-alpine^"},
		"type=raw,value=latest,enable={{is_default_branch}}": {main: "latest", night: "latest", "repository_dispatch.deploy": "latest", pr: ""},
		"type=raw,value=b-{{date 'YYYYMMDD-HHmmss'}}":        {main: "b-20260203-040506"},
		"type=raw,value={{commit_date 'YYYY-MM-DD'}}":        {main: "2026-01-31", night: "2026-01-31"},
		"type=schedule":                                      {night: "nightly"},
		"type=schedule,pattern={{date 'YYYYMMDD'}}":          {night: "20260203"},
		"type=schedule,pattern=nightly-{{date 'YYYYMM'}}":    {night: "nightly-202602"},
		"type=edge": {main: "edge", night: "edge"},
		"type=ref,event=tag,enable={{is_default_branch}}\nraw=x": {tagged: "x"},
		"type=schedule\nraw=x":      {main: "x"},
		"type=edge\nraw=x":          {"workflow_dispatch.branch": "x"},
		"type=ref,event=tag\nraw=x": {main: "x"},
	}
	for lines, payloads := range cases {
		for payload, want := range payloads {
			if got := decided(made(t, payload, strings.Split(lines, "\n")...)).Tags; got != want {
				t.Errorf("%s, %s: got %q, want %q", lines, payload, got, want)
			}
		}
	}
}

func TestTagsThatGiveNothingOnAReleaseAreAnError(t *testing.T) {
	in := inputs(t)
	in.Tags = rules(t, "pr")
	if _, err := plan.Make(in, event(t, "push.main")); !fault.Is(err, "E_NO_TAGS") {
		t.Errorf("got %v", err)
	}
}

func TestBadRules(t *testing.T) {
	for rule, code := range map[string]string{
		"":                                      "E_TAG",
		"raw=":                                  "E_TAG",
		"raw=a b":                               "E_TAG",
		"raw=-x":                                "E_TAG",
		"raw=" + strings.Repeat("x", 129):       "E_TAG",
		"type=raw,value=":                       "E_TAG",
		"latest":                                "E_TAG_RULE",
		"verison":                               "E_TAG_RULE",
		"raw=pr-7":                              "E_TAG_RULE", // a pull request's
		"raw=sha-0123456789ab":                  "E_TAG_RULE",
		"sha=short":                             "E_TAG_RULE",
		"date=":                                 "E_TAG_RULE",
		"date=DD.MM.YYYY":                       "E_TAG_RULE", // looks like a version
		"date=yyyymmdd":                         "E_TAG_RULE",
		"date=HHmm":                             "E_TAG_RULE",
		"date=YYYYMMDD ":                        "",
		"type=nonsense":                         "E_TAG_RULE",
		"type=pep440,pattern={{version}}":       "E_TAG_RULE",
		`type=match,pattern=v(.*)`:              "E_TAG_RULE",
		"type=ref":                              "E_TAG_RULE",
		"type=ref,event=release":                "E_TAG_RULE",
		"type=ref,event=pr,prefix=":             "E_TAG_RULE", // 7, as version 7
		"type=ref,event=pr,prefix=v1.2.":        "E_TAG_RULE",
		"type=ref,event=branch,prefix={{sha}}-": "E_TAG_RULE",
		"type=ref,event=branch,prefix=.":        "E_TAG_RULE",
		"type=ref,event=branch,suffix=/x":       "E_TAG_RULE",
		"type=sha,format=medium":                "E_TAG_RULE",
		"type=sha,prefix=pr-":                   "",
		"type=sha,prefix=" + strings.Repeat("x", 65):      "E_TAG_RULE",
		"type=sha,value=x":                                "E_TAG_RULE",
		"type=semver":                                     "E_TAG_RULE",
		"type=semver,pattern={{minor}}":                   "E_TAG_RULE",
		"type=semver,pattern={{version}},value=v1.0.0":    "E_TAG_RULE",
		"type=semver,pattern={{version}},priority=1":      "E_TAG_RULE",
		"type=semver,pattern={{major}},prefix=pr-":        "E_TAG_RULE",
		"type=semver,pattern={{version}},match=v(.*)":     "E_TAG_RULE",
		"type=raw,value=x,enable=maybe":                   "E_TAG_RULE",
		"type=raw,value=x,enable=":                        "E_TAG_RULE",
		"type=raw,value=x,value=y":                        "E_TAG_RULE",
		"type=raw,value=x,colour=blue":                    "E_TAG_RULE",
		"type=raw,value={{branch}}":                       "E_TAG_RULE",
		"type=raw,value={{date 'X'}}":                     "E_TAG_RULE",
		"type=schedule,pattern={{date 'YYYY' tz='Asia'}}": "E_TAG_RULE",
		"type=edge,branch=main":                           "E_TAG_RULE",
		`type=raw,value="x`:                               "E_TAG_RULE",
	} {
		if _, err := plan.ParseRule(rule); fault.Is(err, code) != (code != "") || code == "" && err != nil {
			t.Errorf("%q: got %v, want %s", rule, err, code)
		}
	}
}
