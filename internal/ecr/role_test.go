package ecr_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

// asked is the form of the first request to STS.
func asked(t *testing.T, w *world) url.Values {
	t.Helper()
	form, err := url.ParseQuery(w.Calls()[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestWhatIsAskedForARole(t *testing.T) {
	long := strings.Repeat("long-", 20)
	tests := map[string]struct {
		options            func(*ecr.Options)
		claims             map[string]any
		name, lasts, heard string
	}{
		"by itself":        {name: "tagboat-acme-web-1984", lasts: "3600", heard: "sts.amazonaws.com"},
		"by choice":        {options: func(o *ecr.Options) { o.SessionName, o.Duration = "me@work", 2*time.Hour }, name: "me@work", lasts: "7200", heard: "sts.amazonaws.com"},
		"another audience": {options: func(o *ecr.Options) { o.Audience = "ecr.acme.example" }, name: "tagboat-acme-web-1984", lasts: "3600", heard: "ecr.acme.example"},
		"a long name":      {claims: map[string]any{"repository": "acme/" + long}, name: ("tagboat-acme-" + long)[:59] + "-1984", lasts: "3600", heard: "sts.amazonaws.com"},
		"a strange name":   {claims: map[string]any{"repository": "ümläut/a b", "run_id": strings.Repeat("9", 90)}, name: "tagboat--ml-ut-a-b-" + strings.Repeat("9", 23), lasts: "3600", heard: "sts.amazonaws.com"},
		"no repository":    {claims: map[string]any{"repository": ""}, name: "tagboat", lasts: "3600", heard: "sts.amazonaws.com"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.Provider(aws.GitHub, tc.heard)
			o := w.byRole()
			w.Add(aws.Role{ARN: role, Subjects: []string{"*"}, Audiences: []string{tc.heard}, MaxDuration: 12 * time.Hour})
			if tc.options != nil {
				tc.options(&o)
			}
			for claim, value := range tc.claims {
				w.issuer.Claims[claim] = value
			}
			w.token(t, ecr.New(o), host)
			form := asked(t, w)
			if diff := cmp.Diff([]string{role, tc.name, tc.lasts}, []string{form.Get("RoleArn"), form.Get("RoleSessionName"), form.Get("DurationSeconds")}); diff != "" {
				t.Error(diff)
			}
			if got := claim(t, form.Get("WebIdentityToken"), "aud"); got != tc.heard {
				t.Errorf("the token is for %q", got)
			}
		})
	}
}

func claim(t *testing.T, token, name string) string {
	t.Helper()
	var claims map[string]any
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(data, &claims) != nil {
		t.Fatalf("%q is no token", token)
	}
	text, _ := claims[name].(string)
	return text
}

func TestWhatPassesIsTriedAgainWithANewToken(t *testing.T) {
	for name, f := range map[string]aws.Failure{
		"the provider cannot be reached": {Code: "IDPCommunicationError"},
		"its key cannot be read":         {Code: "InvalidIdentityToken"},
		"throttling":                     {Code: "Throttling"},
		"an error of AWS":                {Code: "InternalFailure"},
		"a page of a proxy":              {Status: 502, HTML: true},
		"a broken connection":            {Cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			f.Action, f.Times = "AssumeRoleWithWebIdentity", 3
			w.Fail(f)
			w.token(t, ecr.New(w.byRole()), host)
			if w.count("AssumeRoleWithWebIdentity") != 4 || len(w.issuer.Issued()) != 4 {
				t.Errorf("asked: %q", w.Actions())
			}
			if diff := cmp.Diff([]int{1, 2, 3}, w.waits); diff != "" {
				t.Error(diff)
			}
			if len(w.lines) != 3 || !strings.Contains(w.lines[0], "trying again") {
				t.Errorf("told: %q", w.lines)
			}
		})
	}
}

func TestTriesEnd(t *testing.T) {
	w := start(t)
	w.Fail(aws.Failure{Action: "AssumeRoleWithWebIdentity", Code: "IDPCommunicationError"})
	_, _, _, err := ecr.New(w.byRole()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", host, role, "IDPCommunicationError")
	if n := w.count("AssumeRoleWithWebIdentity"); n != 6 {
		t.Errorf("%d tries", n)
	}
}

func TestWhatStaysIsNotTriedAgain(t *testing.T) {
	tests := map[string]struct {
		world  func(*world, *ecr.Options)
		answer aws.Failure
		code   string
		told   []string
	}{
		"another repository": {
			world: func(w *world, _ *ecr.Options) {
				w.issuer.Claims["sub"] = "repo:acme@7001/other@7102:ref:refs/heads/main"
			},
			code: "E_AWS_AUTH",
			told: []string{"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", `"repo:acme@7001/other@7102:ref:refs/heads/main"`, `"sts.amazonaws.com"`,
				"aws iam get-role --role-name deploy --query Role.AssumeRolePolicyDocument"},
		},
		"no such role": {
			world: func(_ *world, o *ecr.Options) { o.Role = "arn:aws:iam::111122223333:role/nobody" },
			code:  "E_AWS_AUTH", told: []string{"arn:aws:iam::111122223333:role/nobody", "correct `aws-role`"},
		},
		"no provider": {
			world: func(w *world, _ *ecr.Options) { w.Provider(aws.GitHub) },
			code:  "E_AWS_AUTH",
			told: []string{"No OpenIDConnect provider found", "the account 111122223333",
				"aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com --client-id-list sts.amazonaws.com"},
		},
		"another audience": {
			world: func(_ *world, o *ecr.Options) { o.Audience = "elsewhere" },
			code:  "E_AWS_AUTH",
			told: []string{"Incorrect token audience", "aws iam add-client-id-to-open-id-connect-provider --client-id elsewhere " +
				"--open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
		},
		"no token at all": {
			world: func(_ *world, o *ecr.Options) {
				o.IDToken = func(context.Context, string) (string, error) { return "not a token", nil }
			},
			code: "E_AWS_AUTH", told: []string{"InvalidIdentityToken", "run again"},
		},
		"an old token": {
			world: func(w *world, _ *ecr.Options) { w.issuer.Now = func() time.Time { return w.now().Add(-time.Hour) } },
			code:  "E_AWS_AUTH", told: []string{"ExpiredTokenException", "the clock of this machine"},
		},
		"a claim": {
			answer: aws.Failure{Code: "IDPRejectedClaim", Status: 403, Message: "The identity provider rejected the claim"},
			code:   "E_AWS_AUTH", told: []string{"IDPRejectedClaim"},
		},
		"too long": {
			world: func(w *world, o *ecr.Options) {
				w.Add(aws.Role{ARN: role, Subjects: []string{"*"}})
				o.Duration = 2 * time.Hour
			},
			code: "E_AWS_ROLE",
			told: []string{"exceeds the MaxSessionDuration", "aws iam update-role --role-name deploy --max-session-duration 7200"},
		},
		"a region without STS": {
			answer: aws.Failure{Code: "RegionDisabledException", Status: 403, Message: "STS is not activated in this region"},
			code:   "E_AWS_ROLE", told: []string{"be active in the region eu-west-1"},
		},
		"what nobody knows": {
			answer: aws.Failure{Code: "TeapotException", Status: 418, Message: "I am one"},
			code:   "E_AWS_AUTH", told: []string{"TeapotException: I am one"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			o := w.byRole()
			if tc.world != nil {
				tc.world(w, &o)
			}
			if tc.answer.Code != "" {
				w.Fail(tc.answer)
			}
			_, _, _, err := ecr.New(o).Token(t.Context(), host)
			w.fails(t, err, tc.code, append(tc.told, host)...)
			if errors.Is(err, ecr.ErrNoCredentials) {
				t.Error("credentials that were refused are said to be none")
			}
			if n := len(w.Calls()); n != 1 || w.waits != nil {
				t.Errorf("%d requests, pauses %v", n, w.waits)
			}
		})
	}
}

func TestWithoutATokenOfTheJob(t *testing.T) {
	w := start(t)
	o := w.byRole()
	o.IDToken = func(context.Context, string) (string, error) { return "", errors.New("the runner answers 500") }
	_, _, _, err := ecr.New(o).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "the runner answers 500", "`permissions: id-token: write`")

	own := fault.New("E_OIDC", "mine", &url.Error{Op: "Get", URL: "https://token.example", Err: syscall.ECONNRESET})
	o.IDToken = func(context.Context, string) (string, error) { return "", own }
	if _, _, _, err = ecr.New(o).Token(t.Context(), host); !errors.Is(err, own) {
		t.Errorf("the caller's own fault became %v", err)
	}
	if w.waits != nil {
		t.Errorf("what the caller has tried again is tried again: %v", w.waits)
	}

	o.IDToken = nil
	_, _, _, err = ecr.New(o).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "`permissions: id-token: write`", host)
	if !errors.Is(err, ecr.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}
	if got := w.Actions(); got != nil {
		t.Errorf("asked: %q", got)
	}
}

func TestARoleByKeys(t *testing.T) {
	w := start(t)
	k := w.keys(t)
	w.Add(aws.Role{ARN: role, Users: []string{k.ID}})
	o := w.options()
	o.Role = role
	w.token(t, ecr.New(o), host)
	if diff := cmp.Diff([]string{"AssumeRole", "GetAuthorizationToken"}, w.Actions()); diff != "" {
		t.Error(diff)
	}
	if form := asked(t, w); form.Get("RoleSessionName") != "tagboat" || form.Get("DurationSeconds") != "3600" {
		t.Errorf("asked: %v", form)
	}

	w.Add(aws.Role{ARN: role})
	_, _, _, err := ecr.New(o).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "arn:aws:iam::111122223333:user/ci is not authorized to perform: sts:AssumeRole", "allow sts:AssumeRole on "+role)
	w.silent(t, err.Error(), k)
}

// Options tell all that is wrong with them, without an AWS to ask.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		options ecr.Options
		want    int // mistakes
	}{
		"nothing":                {ecr.Options{}, 0},
		"everything":             {ecr.Options{Role: role, Audience: "sts.amazonaws.com.cn", SessionName: "me@work", Duration: 12 * time.Hour}, 0},
		"a quarter of an hour":   {ecr.Options{Duration: 15 * time.Minute}, 0},
		"a millisecond more":     {ecr.Options{Role: role, Duration: 15*time.Minute + time.Millisecond}, 1},
		"a nanosecond less":      {ecr.Options{Duration: 15*time.Minute - 1}, 1},
		"a second too long":      {ecr.Options{Duration: 12*time.Hour + time.Second}, 1},
		"less than nothing":      {ecr.Options{Duration: -time.Hour}, 1},
		"a session without role": {ecr.Options{SessionName: "my session"}, 1},
		"all that can be wrong":  {ecr.Options{Role: "push-web", SessionName: "no blanks here", Duration: time.Minute}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			all := fault.All(test.options.Check())
			if len(all) != test.want {
				t.Fatalf("got %v, want %d mistakes", all, test.want)
			}
			for _, f := range all {
				if f.Code != "E_AWS_ROLE" || f.Hint == "" {
					t.Errorf("got %s: %v (%s)", f.Code, f, f.Hint)
				}
			}
		})
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	tests := map[string]struct {
		options ecr.Options
		host    string
		told    []string
	}{
		"a name for an ARN":     {ecr.Options{Role: "deploy"}, host, []string{`"deploy" is no ARN of a role`, "arn:aws:iam::111122223333:role/ci"}},
		"a user's ARN":          {ecr.Options{Role: "arn:aws:iam::111122223333:user/ci"}, host, []string{"is no ARN of a role"}},
		"a line end":            {ecr.Options{Role: role + "\n"}, host, []string{"is no ARN of a role"}},
		"China":                 {ecr.Options{Role: role}, "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", []string{"arn:aws-cn:", "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"}},
		"GovCloud":              {ecr.Options{Role: role}, "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", []string{"arn:aws-us-gov:"}},
		"public from GovCloud":  {ecr.Options{Role: "arn:aws-us-gov:iam::111122223333:role/ci"}, "public.ecr.aws", []string{"public.ecr.aws", "arn:aws:"}},
		"a session of a minute": {ecr.Options{Duration: time.Minute}, host, []string{"cannot last 1m0s", "900"}},
		"a session of a day":    {ecr.Options{Duration: 24 * time.Hour}, host, []string{"43200"}},
		"a session with blanks": {ecr.Options{SessionName: "my session"}, host, []string{`"my session"`}},
		"all at once":           {ecr.Options{Role: "x", SessionName: "y", Duration: 1}, host, []string{`"x"`, `"y"`, "1ns"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.keys(t)
			tc.options.IDToken = w.idToken
			_, _, _, err := ecr.New(tc.options).Token(t.Context(), tc.host)
			w.fails(t, err, "E_AWS_ROLE", tc.told...)
			if got := w.Actions(); got != nil {
				t.Errorf("asked: %q", slices.Compact(got))
			}
		})
	}
}
