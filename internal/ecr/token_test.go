package ecr_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
		"public by IPv6":       {"ecr-public.aws.com", "arn:aws:iam::111122223333:role/ci", "sts.us-east-1.amazonaws.com", "ecr-public.us-east-1.api.aws"},
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

func TestASessionIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole()) // for an hour
	w.token(t, c, host)
	w.pass(54 * time.Minute)
	w.token(t, c, host)
	if w.count("AssumeRoleWithWebIdentity") != 1 {
		t.Fatalf("asked: %q", w.Actions())
	}
	w.pass(90 * time.Second)
	w.token(t, c, host)
	w.token(t, c, host)
	if w.count("AssumeRoleWithWebIdentity") != 2 {
		t.Errorf("asked: %q", w.Actions())
	}
}

// By a clock that is ahead of AWS's, every session has ended when it begins.
func TestAClockThatIsAhead(t *testing.T) {
	w := start(t)
	o := w.byRole()
	o.Now = func() time.Time { return w.now().Add(2 * time.Hour) }
	c := ecr.New(o)
	for range 3 {
		if _, _, _, err := c.Token(t.Context(), host); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count("AssumeRoleWithWebIdentity"); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
}

func TestRegionsHaveTokensOfTheirOwn(t *testing.T) {
	w := start(t)
	w.keys(t)
	c := ecr.New(w.options())
	for host, region := range map[string]string{
		host: "eu-west-1", "999988887777.dkr.ecr.eu-west-1.amazonaws.com": "eu-west-1", "111122223333.dkr.ecr.us-east-1.amazonaws.com": "us-east-1",
	} {
		if got := w.token(t, c, host); !w.ValidIn(region, got) {
			t.Errorf("the token for %s is not valid in %s", host, region)
		}
	}
}

func TestManyShareOneSession(t *testing.T) {
	w := start(t)
	o := w.byRole()
	const many = 20
	asked, all := make(chan struct{}), sync.WaitGroup{}
	o.IDToken = func(ctx context.Context, audience string) (string, error) {
		close(asked) // panics the second time
		return w.idToken(ctx, audience)
	}
	c := ecr.New(o)
	for range many {
		all.Go(func() {
			if _, _, _, err := c.Token(t.Context(), host); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	<-asked
	if n := w.count("AssumeRoleWithWebIdentity"); n != 1 {
		t.Errorf("the role was assumed %d times", n)
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

// A session of a role may end before its time: by its role's administrator, or since
// the clock of this machine is late.
func TestASessionThatHasEndedBeforeItsTime(t *testing.T) {
	w := start(t)
	c := ecr.New(w.byRole())
	w.token(t, c, host)
	w.EndSessions()
	w.token(t, c, host)
	want := []string{"AssumeRoleWithWebIdentity", "GetAuthorizationToken", "GetAuthorizationToken", "AssumeRoleWithWebIdentity", "GetAuthorizationToken"}
	if diff := cmp.Diff(want, w.Actions()); diff != "" {
		t.Error(diff)
	}
}
