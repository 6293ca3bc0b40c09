package aws_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

// noted is a test that takes down what it fails with.
type noted struct {
	testing.TB
	errors []string
}

func (n *noted) Errorf(format string, args ...any) {
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

// code is AWS's word for an error; "" is none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	told, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("the SDK does not understand the answer: %v", err)
	}
	return told.ErrorCode()
}

// password is what the newest token holds.
func (w *world) password(t *testing.T) string {
	t.Helper()
	answer, err := ecr.NewFromConfig(w.config).GetAuthorizationToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(*answer.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(text), ":")
	if user != "AWS" {
		t.Fatalf("the user is %q", user)
	}
	return password
}

func TestWhoMayAsk(t *testing.T) {
	tests := map[string]struct {
		change func(*world, aws.Keys) sdk.Credentials
		code   string
	}{
		"a user": {change: func(_ *world, k aws.Keys) sdk.Credentials {
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}
		}},
		"another secret": {code: "InvalidSignatureException", change: func(_ *world, k aws.Keys) sdk.Credentials {
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret + "x"}
		}},
		"nobody": {code: "UnrecognizedClientException", change: func(*world, aws.Keys) sdk.Credentials {
			return sdk.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"}
		}},
		"a session token too many": {code: "UnrecognizedClientException", change: func(_ *world, k aws.Keys) sdk.Credentials {
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: "x"}
		}},
		"ended": {code: "ExpiredTokenException", change: func(w *world, k aws.Keys) sdk.Credentials {
			w.EndKeys(k.ID)
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}
		}},
		"not allowed": {code: "AccessDeniedException", change: func(w *world, _ aws.Keys) sdk.Credentials {
			k := w.User("guest", "ecr:GetAuthorizationToken")
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}
		}},
		"of another partition": {code: "UnrecognizedClientException", change: func(w *world, _ aws.Keys) sdk.Credentials {
			k := w.UserIn("aws-cn", aws.Account, "ci")
			return sdk.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.config.Credentials = credentials.StaticCredentialsProvider{Value: tc.change(w, w.User("me"))}
			_, err := ecr.NewFromConfig(w.config).GetAuthorizationToken(t.Context(), nil)
			if got := code(t, err); got != tc.code {
				t.Errorf("got %q, want %q", got, tc.code)
			}
		})
	}
}

func TestPasswordsEnd(t *testing.T) {
	w := start(t)
	now := time.Now()
	w.SetNow(func() time.Time { return now })
	password := w.password(t)
	if !w.Valid(password) || !w.ValidIn("eu-west-1", password) || w.ValidIn("us-east-1", password) || w.Valid(password[1:]) {
		t.Error("what is valid is not what was issued")
	}
	now = now.Add(12 * time.Hour)
	if w.Valid(password) {
		t.Error("a password lives for more than 12 hours")
	}
	second := w.password(t)
	w.Expire()
	if w.Valid(second) {
		t.Error("a password lives on")
	}
	w.Uses(2)
	third := w.password(t)
	if got := []bool{w.Valid(third), w.Valid(third), w.Valid(third)}; !got[0] || !got[1] || got[2] {
		t.Errorf("of three uses are valid: %v", got)
	}
}

func TestTrust(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/ci"
	tests := map[string]struct {
		claims map[string]any
		role   string
		code   string
	}{
		"the branch":          {role: role},
		"another branch":      {role: role, claims: map[string]any{"sub": "repo:acme/web:ref:refs/heads/x"}, code: "AccessDenied"},
		"another role":        {role: role + "2", code: "AccessDenied"},
		"another issuer":      {role: role, claims: map[string]any{"iss": "https://ghes.example/_services/token"}, code: "InvalidIdentityToken"},
		"a token of the past": {role: role, claims: map[string]any{"exp": 1700000000}, code: "ExpiredTokenException"},
		"another audience":    {role: role, claims: map[string]any{"aud": "x"}, code: "InvalidIdentityToken"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.Add(aws.Role{ARN: role, Subjects: []string{"repo:acme/*:ref:refs/heads/main"}})
			issuer := aws.NewIssuer(t)
			for name, value := range tc.claims {
				issuer.Claims[name] = value
			}
			answer, err := sts.NewFromConfig(w.config).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &tc.role, RoleSessionName: text("me"), WebIdentityToken: text(issuer.Token("sts.amazonaws.com")),
			})
			if got := code(t, err); got != tc.code {
				t.Fatalf("got %q, want %q: %v", got, tc.code, err)
			}
			if tc.code != "" {
				return
			}
			if got := *answer.AssumedRoleUser.Arn; got != "arn:aws:sts::111122223333:assumed-role/ci/me" {
				t.Errorf("the session is %s", got)
			}
			if got := *answer.SubjectFromWebIdentityToken; got != "repo:acme/web:ref:refs/heads/main" {
				t.Errorf("the subject is %s", got)
			}
			keys := answer.Credentials
			w.config.Credentials = credentials.NewStaticCredentialsProvider(*keys.AccessKeyId, *keys.SecretAccessKey, *keys.SessionToken)
			w.password(t)
			w.EndSessions()
			_, err = ecr.NewFromConfig(w.config).GetAuthorizationToken(t.Context(), nil)
			if got := code(t, err); got != "ExpiredTokenException" {
				t.Errorf("an ended session is told %q", got)
			}
		})
	}
}

func TestTroubles(t *testing.T) {
	w := start(t)
	w.Fail(aws.Failure{Action: "GetAuthorizationToken", Skip: 1, Times: 1, Code: "ThrottlingException"})
	client := ecr.NewFromConfig(w.config)
	for _, want := range []string{"", "ThrottlingException", ""} {
		_, err := client.GetAuthorizationToken(t.Context(), nil)
		if got := code(t, err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	w.Fail(aws.Failure{Code: "ServerException"})
	if _, err := client.GetAuthorizationToken(t.Context(), nil); code(t, err) != "ServerException" {
		t.Errorf("got %v", err)
	}
	w.Calm()
	w.password(t)
}

func TestWhatWasNotTaughtFailsTheTest(t *testing.T) {
	tests := map[string]struct {
		host, header, body string
		told               string
	}{
		"an action of STS":     {host: "sts.eu-west-1.amazonaws.com", body: "Action=GetCallerIdentity&Version=2011-06-15", told: `was not taught sts "GetCallerIdentity"`},
		"a parameter":          {host: "sts.eu-west-1.amazonaws.com", body: "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&Policy=x", told: `the parameter "Policy"`},
		"an action of ECR":     {host: "api.ecr.eu-west-1.amazonaws.com", header: "AmazonEC2ContainerRegistry_V20150921.PutImage", told: `was not taught ecr "PutImage"`},
		"the public elsewhere": {host: "api.ecr-public.eu-west-1.amazonaws.com", header: "SpencerFrontendService.GetAuthorizationToken", told: "the public ECR is asked in eu-west-1"},
		"the wrong door":       {host: "api.ecr.eu-west-1.amazonaws.com", header: "SpencerFrontendService.GetAuthorizationToken", told: "which is of ecr-public"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			n := &noted{TB: t}
			a := aws.New(n)
			r := httptest.NewRequest(http.MethodPost, "https://"+tc.host+"/", strings.NewReader(tc.body))
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			if tc.header == "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			} else {
				r.Header.Set("X-Amz-Target", tc.header)
			}
			answer := httptest.NewRecorder()
			a.ServeHTTP(answer, r)
			if told := strings.Join(n.errors, "\n"); !strings.Contains(told, tc.told) || answer.Code < 400 {
				t.Errorf("answered %d, told %q", answer.Code, told)
			}
		})
	}
}

func TestHostsOfAWS(t *testing.T) {
	for host, want := range map[string]bool{
		"sts.amazonaws.com": true, "sts.eu-west-1.amazonaws.com": true, "sts.cn-north-1.amazonaws.com.cn": true, "sts.us-gov-west-1.amazonaws.com": true,
		"api.ecr.eu-west-1.amazonaws.com": true, "api.ecr.cn-north-1.amazonaws.com.cn": true, "api.ecr-fips.us-gov-west-1.amazonaws.com": true,
		"ecr.eu-west-1.api.aws": true, "api.ecr-public.us-east-1.amazonaws.com": true, "api.ecr.us-isob-east-1.sc2s.sgov.gov": true,
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com": false, "public.ecr.aws": false, "s3.eu-west-1.amazonaws.com": false, "api.ecr.eu-west-1.amazonaws.com.example": false,
	} {
		if got := aws.Serves(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestTokensOfAJob(t *testing.T) {
	issuer := aws.NewIssuer(t)
	server := httptest.NewServer(issuer)
	t.Cleanup(server.Close)
	ask := func(bearer, audience string) (status int, token string) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, issuer.URL(server.URL)+audience, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "bearer "+bearer)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Value string }
		json.Unmarshal(body, &told)
		return answer.StatusCode, told.Value
	}
	if status, token := ask("wrong", "&audience=x"); status != http.StatusUnauthorized || token != "" {
		t.Errorf("a wrong bearer is answered %d", status)
	}
	issuer.Fail = 1
	if status, _ := ask(issuer.Bearer, "&audience=x"); status != http.StatusInternalServerError {
		t.Errorf("answered %d, and was to fail", status)
	}
	for audience, want := range map[string]string{"&audience=sts.amazonaws.com": "sts.amazonaws.com", "": "https://github.com/acme"} {
		_, token := ask(issuer.Bearer, audience)
		data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims struct{ Aud, Sub string }
		if err := json.Unmarshal(data, &claims); err != nil || claims.Aud != want || claims.Sub != "repo:acme/web:ref:refs/heads/main" {
			t.Errorf("claims %+v, want the audience %q", claims, want)
		}
	}
}
