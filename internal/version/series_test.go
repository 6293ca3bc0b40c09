package version_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

func series(t testing.TB, s string) version.Series {
	t.Helper()
	parsed, err := version.ParseSeries(s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestParseSeries(t *testing.T) {
	for text, want := range map[string]string{
		"": "v0.0", "v0.0": "v0.0", "v2.13": "v2.13", "0.0": "0.0", "1.4": "1.4", "v999999999.0": "v999999999.0",
		"v0": "", "v0.0.1": "", "v0.": "", "v.0": "", "v00.1": "", "v1.02": "", "V1.0": "", "v1.0-rc": "", " v1.0": "",
		"v1.0\n": "", "v1.9999999999": "", "v-1.0": "", "latest": "", "cms/v0.0": "",
	} {
		t.Run(text, func(t *testing.T) {
			got, err := version.ParseSeries(text)
			if want == "" {
				if !fault.Is(err, "E_SERIES") {
					t.Errorf("got %q and %v", got, err)
				}
				return
			}
			if err != nil || got.String() != want {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
		})
	}
	if zero := (version.Series{}); zero != series(t, "") {
		t.Errorf("the zero value is %s", zero)
	}
}

func TestNumber(t *testing.T) {
	for tag, want := range map[string]version.Number{
		"v0.0.0": 0, "v0.0.8": 8, "v0.0.10": 10, "v0.0.9223372036854775807": 1<<63 - 1,
	} {
		if n, member := (version.Series{}).Number(tag); !member || n != want {
			t.Errorf("%s: got %d, %t", tag, n, member)
		}
	}
	for _, tag := range []string{
		"", "v0.0", "v0.0.", "v0.0.08", "v0.0.00", "v0.0.+1", "v0.0.-1", "v0.0.1 ", "v0.0.1.2", "v0.0.1-1", "v0.0.1^{}",
		"v0.0.9223372036854775808", "v0.0.9999999999999999999", "0.0.1", "v0.1.1", "vv0.0.1", "v0.0.٣",
	} {
		if n, member := (version.Series{}).Number(tag); member {
			t.Errorf("%q is member %d", tag, n)
		}
	}
}

// By number and not by name, and whatever tags there are beside.
func TestTheNextNumber(t *testing.T) {
	for name, test := range map[string]struct {
		series   string
		existing []string
		want     ref.Tag
	}{
		"none":                {want: "v0.0.1"},
		"by number":           {existing: []string{"v0.0.9", "v0.0.10", "v0.0.1"}, want: "v0.0.11"},
		"gaps stay":           {existing: []string{"v0.0.1", "v0.0.5"}, want: "v0.0.6"},
		"zero counts":         {existing: []string{"v0.0.0"}, want: "v0.0.1"},
		"bad ones do not":     {existing: []string{"v0.0.08", "v0.0", "v0.0.9999999999999999999", "null..1", "latest", ""}, want: "v0.0.1"},
		"by hand":             {existing: []string{"v0.0.416", "v0.0.417-1"}, want: "v0.0.418"},
		"by hand, with name":  {existing: []string{"v0.0.3-hotfix.2"}, want: "v0.0.4"},
		"no suffix of semver": {existing: []string{"v0.0.3-", "v0.0.3--1", "v0.0.3-a_b", "v0.0.3_1", "v0.0.4.5"}, want: "v0.0.1"},
		"other series":        {existing: []string{"v0.1.7", "v1.0.8", "v10.0.9", "0.0.5"}, want: "v0.0.1"},
		"without v":           {series: "1.2", existing: []string{"1.2.3", "v1.2.9"}, want: "1.2.4"},
		"another series":      {series: "v1.2", existing: []string{"v1.2.3", "v1.20.9"}, want: "v1.2.4"},
		"folder":              {existing: []string{"v0.0.2", "v0.0.3/foo", "v0.0.9-1/foo"}, want: "v0.0.4"},
		"the last but one":    {existing: []string{"v0.0.9223372036854775806"}, want: "v0.0.9223372036854775807"},
		"the last":            {existing: []string{"v0.0.9223372036854775807"}},
		"the last, by hand":   {existing: []string{"v0.0.9223372036854775807-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var tags []creation
			for _, tag := range test.existing {
				tags = append(tags, creation{tag, commit(9)})
			}
			got, err := version.Peek(t.Context(), withTags(tags...), version.Request{Series: series(t, test.series), Commit: commit(1)})
			if got.Tag != test.want || fault.Is(err, "E_SERIES") != (test.want == "") {
				t.Errorf("got %q and %v, want %q", got.Tag, err, test.want)
			}
		})
	}
}

func TestParseRelease(t *testing.T) {
	for name, test := range map[string]struct {
		tag, prefix string
		want        string
		prerelease  bool
		ok          bool
	}{
		"plain":                {tag: "v1.2.3", want: "v1.2.3", ok: true},
		"without v":            {tag: "1.2.3", want: "1.2.3", ok: true},
		"prefix":               {tag: "cms/v1.2.3", prefix: "cms/", want: "v1.2.3", ok: true},
		"prefix, without v":    {tag: "cms-1.2.3", prefix: "cms-", want: "1.2.3", ok: true},
		"pre-release":          {tag: "v1.2.3-rc.1", want: "v1.2.3-rc.1", prerelease: true, ok: true},
		"build metadata":       {tag: "v1.2.3+20260101", want: "v1.2.3_20260101", ok: true},
		"both":                 {tag: "v1.2.3-rc.1+abc", want: "v1.2.3-rc.1_abc", prerelease: true, ok: true},
		"prefix is missing":    {tag: "v1.2.3", prefix: "cms/"},
		"prefix is another":    {tag: "api/v1.2.3", prefix: "cms/"},
		"prefix not asked for": {tag: "cms/v1.2.3"},
		"two parts":            {tag: "v1.2"},
		"one part":             {tag: "v1"},
		"four parts":           {tag: "v1.2.3.4"},
		"leading zero":         {tag: "v1.02.3"},
		"zero in pre-release":  {tag: "v1.2.3-01"},
		"two v":                {tag: "vv1.2.3"},
		"no version":           {tag: "latest"},
		"nothing":              {},
	} {
		t.Run(name, func(t *testing.T) {
			got, prerelease, ok := version.ParseRelease(test.tag, test.prefix)
			if ok != test.ok || ok && (got != test.want || prerelease != test.prerelease) {
				t.Errorf("got %q, %t, %t", got, prerelease, ok)
			}
			if _, err := ref.ParseTag(got); ok && err != nil {
				t.Error(err)
			}
		})
	}
}
