package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestTheNumberIsFilledIn(t *testing.T) {
	cases := map[string]struct {
		series  string
		rules   []string
		version ref.Tag
		want    map[string]string // tag, what it follows
	}{
		"everywhere": {"v0.0", []string{"version", "semver", "semver-major-minor", "raw=latest", "raw=N.edge"}, "v0.0.7",
			map[string]string{"v0.0.7": "", "0.0.7": "", "0.0": "v0.0.7", "latest": "v0.0.7", "N.edge": ""}},
		"a later build": {"v0.0", []string{"version", "semver", "semver-major-minor"}, "v0.0.417-1",
			map[string]string{"v0.0.417-1": "", "0.0.417-1": "", "0.0": "v0.0.417-1"}},
		"between prefix and suffix": {"v1.20", []string{"type=semver,pattern=N{{version}}.N"}, "v1.20.3",
			map[string]string{"N1.20.3.N": ""}},
		"with a v again": {"v1.2", []string{"type=semver,pattern=v{{version}}"}, "v1.2.3", map[string]string{"v1.2.3": ""}},
		"a series without v": {"1.2", []string{"version", "semver", "type=semver,pattern={{major}}"}, "1.2.3",
			map[string]string{"1.2.3": "", "1": "1.2.3"}},
		"a name that another rule gave": {"v0.0", []string{"raw=v0.0.7", "version"}, "v0.0.7", map[string]string{"v0.0.7": ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			in.Claim.Series, in.Tags = c.series, rules(t, c.rules...)
			p, err := plan.Make(in, event(t, "push.main"))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, tag := range p.Names(c.version) {
				if _, twice := got[string(tag.Name)]; twice || tag.Pattern != "" || tag.Reason == "" {
					t.Errorf("%+v", tag)
				}
				got[string(tag.Name)] = tag.Follows
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAnOldNumberOnceMore(t *testing.T) {
	type tag struct{ Pattern, Name, Follows string }
	cases := map[string]struct {
		series, suffix string
		version        ref.Tag
		want           []tag
		reason         string
	}{
		"the next build of it": {"v0.0", "v0.0.417", "v0.0.417-3", []tag{
			{"v0.0.417-N", "v0.0.417-3", ""}, {"web-0.0.417-N.N", "web-0.0.417-3.N", ""},
			{"", "0.0", "v0.0.417-3"}, {"", "0", "v0.0.417-3"}, {"", "latest", "v0.0.417-3"},
		}, "v0.0.417 once more"},
		"a build that is named": {"v0.0", "v0.0.417-2", "v0.0.417-2", []tag{
			{"v0.0.417-2", "v0.0.417-2", ""}, {"web-0.0.417-2.N", "web-0.0.417-2.N", ""},
			{"", "0.0", "v0.0.417-2"}, {"", "0", "v0.0.417-2"}, {"", "latest", "v0.0.417-2"},
		}, "v0.0.417 once more"},
		"of a series without v": {"1.2", "1.2.7", "1.2.7-1", []tag{
			{"1.2.7-N", "1.2.7-1", ""}, {"web-1.2.7-N.N", "web-1.2.7-1.N", ""},
			{"", "1.2", "1.2.7-1"}, {"", "1", "1.2.7-1"}, {"", "latest", "1.2.7-1"},
		}, "1.2.7 once more"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			in.Claim.Series, in.Claim.Suffix = c.series, c.suffix
			in.Tags = rules(t, "version", "type=semver,pattern={{version}},prefix=web-,suffix=.N", "semver-major-minor", "semver-major", "raw=latest")
			p, err := plan.Make(in, event(t, "push.main"))
			if err != nil {
				t.Fatal(err)
			}
			if p.Claim == nil || p.Claim.Suffix != c.suffix || p.Tags[0].Reason != c.reason {
				t.Errorf("claim %+v, because %q", p.Claim, p.Tags[0].Reason)
			}
			var got []tag
			for i, named := range p.Names(c.version) {
				got = append(got, tag{p.Tags[i].Pattern, string(named.Name), named.Follows})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff([]string{c.series + ".N", "web-" + strings.TrimPrefix(c.series, "v") + ".N.N"}, p.Numbered()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			complete(t, p)
		})
	}
}

func TestWhatHoldsTheNumber(t *testing.T) {
	for payload, want := range map[string][]string{"push.main": {"v0.0.N", "web-0.0.N"}, "push.tag-version": nil} {
		got := made(t, payload, "version", "sha", "raw=latest", "type=semver,pattern={{version}},prefix=web-").Numbered()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", payload, diff)
		}
	}
}

func TestWithoutANumberNothingIsFilledIn(t *testing.T) {
	p := made(t, "push.main", "version")
	if got := p.Names(""); len(got) != 1 || got[0].Name != "" || got[0].Pattern != "v0.0.N" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsDeployed(t *testing.T) {
	cases := map[string]struct {
		rules []string
		want  string
	}{
		"the version":                       {[]string{"raw=latest", "semver", "version"}, "v1.2.3"},
		"a version before what moves":       {[]string{"raw=latest", "sha", "semver"}, "1.2.3"},
		"a version that was given":          {[]string{"raw=latest", "raw=v7.0.0"}, "v7.0.0"},
		"else what is first":                {[]string{"raw=edge", "raw=latest", "sha"}, "edge"},
		"docker's name of the tag is first": {[]string{"semver", "type=ref,event=tag"}, "v1.2.3"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, ok := plan.Deployed(made(t, "push.tag-version", c.rules...).Tags); !ok || got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if got, ok := plan.Deployed(nil); ok {
		t.Errorf("of no tags, %s", got)
	}
}

func TestDates(t *testing.T) {
	const commit, run = "2026-01-31T23:59:58Z", "2026-02-03T04:05:06Z"
	cases := map[string]struct {
		event, rule, committed, now, want string
	}{
		"the commit's":                   {"push.main", "date", commit, run, "20260131"},
		"of a schedule the run's":        {"schedule.nightly", "date", commit, run, "20260203"},
		"the run's, of no commit":        {"push.main", "date", "", run, "20260203"},
		"of the commit, which is none":   {"push.main", "type=raw,value={{commit_date 'YYYYMMDD'}}", "", run, ""},
		"none where no time is known":    {"push.main", "date", "", "", ""},
		"what is no time":                {"push.main", "date", "yesterday", run, ""},
		"with the time of day":           {"push.main", "date=YYYYMMDD-HHmmss", commit, run, "20260131-235958"},
		"in another order":               {"push.main", "date=DD_MM_YYYY", commit, run, "31_01_2026"},
		"month and minutes are not one":  {"push.main", "date=YYYYMMmm", commit, run, "20260159"},
		"nothing is filled in twice":     {"push.main", "date=YYYYMMYYYY", commit, run, "2026012026"},
		"a pull request gets none":       {"pull_request.opened", "date", commit, run, ""},
		"nor does a pre-release":         {"push.tag-prerelease", "date", commit, run, ""},
		"a version that a person gave":   {"release.published", "date", commit, run, "20260131"},
		"a branch that is not a release": {"push.branch", "date", commit, run, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			in.Tags, in.Committed, in.Now = rules(t, c.rule, "sha"), c.committed, c.now
			p, err := plan.Make(in, event(t, c.event))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, tag := range p.Tags {
				if tag.Kind == "date" {
					got = tag.String()
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
