package ecr_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

func TestNothingIsAskedBeforeAToken(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole())
	c.Forget(host, "")
	if got := w.Actions(); got != nil {
		t.Errorf("asked: %q", got)
	}
	w.token(t, c, host)
	if diff := cmp.Diff([]string{"AssumeRoleWithWebIdentity", "GetAuthorizationToken"}, w.Actions()); diff != "" {
		t.Error(diff)
	}
}

func TestKeysOfTheEnvironment(t *testing.T) {
	w := start(t)
	k := w.keys(t)
	w.token(t, ecr.New(w.options()), host)
	call := w.Calls()[0]
	if call.Key != k.ID || call.Service != "ecr" || call.Region != "eu-west-1" || call.Body != "{}" {
		t.Errorf("asked: %+v", call)
	}
}

func TestProfileOfTheSharedFiles(t *testing.T) {
	w := start(t)
	k := w.User("laptop")
	write(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), fmt.Sprintf("[work]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret))
	t.Setenv("AWS_PROFILE", "work")
	w.token(t, ecr.New(w.options()), host)
	if got := w.Calls()[0].Key; got != k.ID {
		t.Errorf("signed by %q", got)
	}
}

func TestARoleOfTheSharedFiles(t *testing.T) {
	w := start(t)
	k := w.User("laptop")
	w.Add(aws.Role{ARN: role, Users: []string{k.ID}})
	write(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), fmt.Sprintf("[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret))
	write(t, os.Getenv("AWS_CONFIG_FILE"), "[profile work]\nsource_profile = base\nrole_arn = "+role+"\nrole_session_name = me\nduration_seconds = 900\n")
	t.Setenv("AWS_PROFILE", "work")
	w.token(t, ecr.New(w.options()), host)
	if diff := cmp.Diff([]string{"AssumeRole", "GetAuthorizationToken"}, w.Actions()); diff != "" {
		t.Error(diff)
	}
}

// A step before may have left a web identity for the SDK, as EKS does for a pod.
func TestAWebIdentityOfTheEnvironment(t *testing.T) {
	w := start(t)
	w.Add(aws.Role{ARN: role, Subjects: []string{"repo:acme/*"}})
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, w.issuer.Token("sts.amazonaws.com"))
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_ARN", role)
	w.token(t, ecr.New(w.options()), host)
	if diff := cmp.Diff([]string{"AssumeRoleWithWebIdentity", "GetAuthorizationToken"}, w.Actions()); diff != "" {
		t.Error(diff)
	}

	w.Add(aws.Role{ARN: role})
	_, _, _, err := ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

func TestARoleOfAContainer(t *testing.T) {
	w := start(t)
	k := w.User("task")
	container := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.Header.Get("Authorization") != "container-token" {
			http.Error(out, "{}", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(out, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":"","Expiration":"2099-01-01T00:00:00Z"}`, k.ID, k.Secret)
	}))
	t.Cleanup(container.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.URL+"/credentials")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token")
	w.token(t, ecr.New(w.options()), host)

	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another-token")
	_, _, _, err := ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "get AWS credentials")
	w.silent(t, err.Error(), aws.Keys{Secret: "another-token"}, k)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every partition has its hosts, and regions of its own; a role in it is assumed there.
func TestRealNamesOfAllPartitions(t *testing.T) {
	tests := map[string]struct{ host, role, sts, api string }{
		"commercial":           {"111122223333.dkr.ecr.eu-west-1.amazonaws.com", "arn:aws:iam::111122223333:role/ci", "sts.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"},
		"GovCloud":             {"111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", "arn:aws-us-gov:iam::111122223333:role/ci", "sts.us-gov-west-1.amazonaws.com", "api.ecr.us-gov-west-1.amazonaws.com"},
		"GovCloud by FIPS":     {"111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "arn:aws-us-gov:iam::111122223333:role/ci", "sts.us-gov-west-1.amazonaws.com", "api.ecr-fips.us-gov-west-1.amazonaws.com"},
		"FIPS":                 {"111122223333.dkr.ecr-fips.us-east-1.amazonaws.com", "arn:aws:iam::111122223333:role/ci", "sts.us-east-1.amazonaws.com", "api.ecr-fips.us-east-1.amazonaws.com"},
		"IPv6":                 {"111122223333.dkr-ecr.eu-west-1.on.aws", "arn:aws:iam::111122223333:role/ci", "sts.eu-west-1.amazonaws.com", "ecr.eu-west-1.api.aws"},
		"China":                {"111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "arn:aws-cn:iam::111122223333:role/ci", "sts.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"},
		"European sovereign":   {"111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", "arn:aws-eusc:iam::111122223333:role/ci", "sts.eusc-de-east-1.amazonaws.eu", "api.ecr.eusc-de-east-1.amazonaws.eu"},
		"secret":               {"111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "arn:aws-iso-b:iam::111122223333:role/ci", "sts.us-isob-east-1.sc2s.sgov.gov", "api.ecr.us-isob-east-1.sc2s.sgov.gov"},
		"top secret":           {"111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov", "arn:aws-iso:iam::111122223333:role/ci", "sts.us-iso-east-1.c2s.ic.gov", "api.ecr.us-iso-east-1.c2s.ic.gov"},
		"public":               {"public.ecr.aws", "arn:aws:iam::111122223333:role/ci", "sts.us-east-1.amazonaws.com", "api.ecr-public.us-east-1.amazonaws.com"},
		"another account's":    {"999988887777.dkr.ecr.eu-west-1.amazonaws.com", "arn:aws:iam::111122223333:role/ci", "sts.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"},
		"a region of tomorrow": {"111122223333.dkr.ecr.eu-middle-1.amazonaws.com", "arn:aws:iam::111122223333:role/ci", "sts.eu-middle-1.amazonaws.com", "api.ecr.eu-middle-1.amazonaws.com"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			o := w.options()
			o.HTTP, o.Role, o.IDToken = w.named(t), tc.role, w.idToken
			w.Add(aws.Role{ARN: tc.role, Subjects: []string{"repo:acme/*"}})
			w.token(t, ecr.New(o), tc.host)
			var asked []string
			for _, call := range w.Calls() {
				asked = append(asked, call.Host)
			}
			if diff := cmp.Diff([]string{tc.sts, tc.api}, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPublicRegistryIsAskedInItsRegion(t *testing.T) {
	w := start(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	o := w.options()
	o.HTTP, o.Role, o.IDToken, o.Region = w.named(t), role, w.idToken, "eu-north-1"
	w.Add(aws.Role{ARN: role, Subjects: []string{"*"}})
	password := w.token(t, ecr.New(o), "public.ecr.aws")
	if !w.ValidIn("public", password) || w.ValidIn("us-east-1", password) {
		t.Error("the password is not the public registry's")
	}
	if got := w.Calls()[0].Host; got != "sts.eu-north-1.amazonaws.com" {
		t.Errorf("the role was assumed at %s", got)
	}
}

func TestATokenIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole()) // for an hour, which is the end of tokens too
	first := w.token(t, c, host)
	w.pass(54 * time.Minute)
	if got := w.token(t, c, host); got != first || w.count("GetAuthorizationToken") != 1 {
		t.Fatal("a new token was had, and the old one is good")
	}
	w.pass(90 * time.Second)
	second := w.token(t, c, host)
	if second == first || w.count("GetAuthorizationToken") != 2 || w.count("AssumeRoleWithWebIdentity") != 2 {
		t.Errorf("asked: %q", w.Actions())
	}
	if w.token(t, c, host) != second {
		t.Error("the new token is not kept")
	}
}

func TestShortSessionsAreUsedForMostOfTheirLife(t *testing.T) {
	w := start(t)
	o := w.byRole()
	o.Duration = 15 * time.Minute
	c := ecr.New(o)
	first := w.token(t, c, host)
	w.pass(13 * time.Minute)
	if w.token(t, c, host) != first {
		t.Error("a new token was had after 13 of 15 minutes")
	}
	w.pass(time.Minute)
	if w.token(t, c, host) == first || w.count("AssumeRoleWithWebIdentity") != 2 {
		t.Errorf("asked: %q", w.Actions())
	}
}

func TestRegionsHaveTokensOfTheirOwn(t *testing.T) {
	w := start(t)
	w.keys(t)
	c := ecr.New(w.options())
	here := w.token(t, c, host)
	if got := w.token(t, c, "999988887777.dkr.ecr.eu-west-1.amazonaws.com"); got != here {
		t.Error("the same region has two tokens")
	}
	if got := w.token(t, c, "111122223333.dkr.ecr.us-east-1.amazonaws.com"); got == here || !w.ValidIn("us-east-1", got) {
		t.Error("another region has the same token")
	}
}

func TestManyShareOneRequest(t *testing.T) {
	w := start(t)
	o := w.byRole()
	const many = 20
	asked, all := make(chan struct{}), sync.WaitGroup{}
	o.IDToken = func(ctx context.Context, audience string) (string, error) {
		close(asked) // panics the second time
		return w.idToken(ctx, audience)
	}
	c := ecr.New(o)
	got := make([]string, many)
	for i := range many {
		all.Go(func() {
			_, got[i], _, _ = c.Token(t.Context(), host)
		})
	}
	all.Wait()
	<-asked
	if distinct := slices.Compact(slices.Sorted(slices.Values(got))); len(distinct) != 1 || distinct[0] == "" {
		t.Errorf("%d passwords", len(distinct))
	}
	if diff := cmp.Diff([]string{"AssumeRoleWithWebIdentity", "GetAuthorizationToken"}, w.Actions()); diff != "" {
		t.Error(diff)
	}
}

func TestWhoGivesUpDoesNotStopTheOthers(t *testing.T) {
	w := start(t)
	o := w.byRole()
	asked, go_on := make(chan struct{}), make(chan struct{})
	o.IDToken = func(ctx context.Context, audience string) (string, error) {
		close(asked)
		<-go_on
		if err := ctx.Err(); err != nil {
			return "", err
		}
		return w.idToken(ctx, audience)
	}
	c := ecr.New(o)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := make(chan error)
	go func() {
		_, _, _, err := c.Token(ctx, host)
		gone <- err
	}()
	<-asked
	done := make(chan error)
	go func() {
		_, _, _, err := c.Token(t.Context(), host)
		done <- err
	}()
	cancel(enough)
	if err := <-gone; !errors.Is(err, enough) {
		t.Errorf("who gave up was told %v", err)
	}
	close(go_on)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestForget(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole())
	first := w.token(t, c, host)
	w.Expire()
	c.Forget(host, first)
	second := w.token(t, c, host)
	if second == first || w.count("AssumeRoleWithWebIdentity") != 1 {
		t.Errorf("asked: %q", w.Actions())
	}
	c.Forget(host, first) // of one that was slower
	if w.token(t, c, host) != second {
		t.Error("a new token was had for a password that was replaced already")
	}
	c.Forget(host, "")
	if w.token(t, c, host) == second {
		t.Error("the token was not forgotten")
	}
}

// A session of a role may end before its time: by its role's administrator, or since
// the clock of this machine is late.
func TestForgetWhereTheSessionHasEndedToo(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole())
	first := w.token(t, c, host)
	w.Expire()
	w.EndSessions()
	c.Forget(host, first)
	w.token(t, c, host)
	want := []string{"AssumeRoleWithWebIdentity", "GetAuthorizationToken", "GetAuthorizationToken", "AssumeRoleWithWebIdentity", "GetAuthorizationToken"}
	if diff := cmp.Diff(want, w.Actions()); diff != "" {
		t.Error(diff)
	}
}
