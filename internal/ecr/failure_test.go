package ecr_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

func TestNoCredentialsAreNotRefusedOnes(t *testing.T) {
	w := start(t)
	_, _, _, err := ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", host, "AWS_ACCESS_KEY_ID", "`aws-role`")
	if !errors.Is(err, ecr.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "unknown-secret")
	_, _, _, err = ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "UnrecognizedClientException", "AWS does not know the access key")
	if errors.Is(err, ecr.ErrNoCredentials) {
		t.Error("keys that were refused are said to be none")
	}
}

// Of the metadata of an instance nobody says whether it is there.
func TestAMachineThatIsNoInstanceIsNotWaitedFor(t *testing.T) {
	w := start(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	endpoint, connections := hanging(t)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
	o := w.options()
	o.InstanceWait = 20 * time.Millisecond
	_, _, _, err := ecr.New(o).Token(t.Context(), host)
	if !errors.Is(err, ecr.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}
	if n := connections.Load(); n > 1 { // by itself, the SDK waits for half a second, several times
		t.Errorf("%d connections", n)
	}
	if len(w.lines) > 0 {
		t.Errorf("told: %q", w.lines)
	}
}

func TestAnInstanceHasARole(t *testing.T) {
	w := start(t)
	k := w.User("instance")
	metadata := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		switch in.URL.Path {
		case "/latest/api/token":
			out.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
			out.Write([]byte("metadata-token"))
		case "/latest/meta-data/iam/security-credentials/":
			out.Write([]byte("runner"))
		case "/latest/meta-data/iam/security-credentials/runner":
			out.Write([]byte(`{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"` + k.ID + `","SecretAccessKey":"` + k.Secret + `","Expiration":"2099-01-01T00:00:00Z"}`))
		default:
			http.NotFound(out, in)
		}
	}))
	t.Cleanup(metadata.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	w.token(t, ecr.New(w.options()), host)
}

func TestCredentialsThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		host  string
		world func(*testing.T, *world, aws.Keys)
		code  string
		told  []string
	}{
		"a wrong secret": {
			world: func(t *testing.T, _ *world, _ aws.Keys) {
				t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-of-the-user")
			},
			code: "E_AWS_AUTH", told: []string{"InvalidSignatureException", "AWS_SECRET_ACCESS_KEY", "the clock"},
		},
		"ended": {
			world: func(_ *testing.T, w *world, k aws.Keys) { w.EndKeys(k.ID) },
			code:  "E_AWS_AUTH", told: []string{"ExpiredTokenException", "get new ones"},
		},
		"not allowed": {
			world: func(t *testing.T, w *world, _ aws.Keys) { w.keys(t, "ecr:GetAuthorizationToken") },
			code:  "E_AWS_AUTH", told: []string{"arn:aws:iam::111122223333:user/ci is not authorized", "allow ecr:GetAuthorizationToken on *"},
		},
		"not allowed in public": {
			host:  "public.ecr.aws",
			world: func(t *testing.T, w *world, _ aws.Keys) { w.keys(t, "sts:GetServiceBearerToken") },
			code:  "E_AWS_AUTH", told: []string{"allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken"},
		},
		"of another partition": {
			host:  "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
			world: func(*testing.T, *world, aws.Keys) {},
			code:  "E_AWS_AUTH", told: []string{"of this partition"},
		},
		"too often": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.Fail(aws.Failure{Code: "ThrottlingException"}) },
			code:  "E_REGISTRY_LIMIT", told: []string{"Rate exceeded", "wait and run again"},
		},
		"AWS in trouble": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.Fail(aws.Failure{Code: "ServerException"}) },
			code:  "E_REGISTRY", told: []string{"run again later"},
		},
		"a page of a proxy": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.Fail(aws.Failure{HTML: true, Status: 503}) },
			code:  "E_REGISTRY",
		},
		"cut": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.Fail(aws.Failure{Cut: true}) },
			code:  "E_REGISTRY_UNREACHABLE", told: []string{"HTTPS_PROXY"},
		},
		"nobody there": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.server.Close() },
			code:  "E_REGISTRY_UNREACHABLE", told: []string{"connection refused"},
		},
		"a key with a line end": {
			world: func(t *testing.T, _ *world, k aws.Keys) { t.Setenv("AWS_ACCESS_KEY_ID", k.ID+"\n") },
			code:  "E_AWS_AUTH", told: []string{"blanks and line ends"},
		},
		"a proxy that says no": {
			world: func(_ *testing.T, w *world, _ aws.Keys) { w.Fail(aws.Failure{HTML: true, Status: 407}) },
			code:  "E_AWS_AUTH", told: []string{"407"},
		},
		"a profile that is not there": {
			world: func(t *testing.T, _ *world, _ aws.Keys) { t.Setenv("AWS_PROFILE", "nobody") },
			code:  "E_AWS_AUTH", told: []string{"nobody", "check AWS_PROFILE"},
		},
		"SSO that has ended": {
			world: func(t *testing.T, _ *world, _ aws.Keys) {
				t.Setenv("AWS_ACCESS_KEY_ID", "")
				t.Setenv("AWS_SECRET_ACCESS_KEY", "")
				t.Setenv("HOME", t.TempDir())
				t.Setenv("AWS_PROFILE", "work")
				write(t, os.Getenv("AWS_CONFIG_FILE"), "[profile work]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = dev\n"+
					"[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n")
			},
			code: "E_AWS_AUTH", told: []string{"aws sso login"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			k := w.keys(t)
			tc.world(t, w, k)
			if tc.host == "" {
				tc.host = host
			}
			_, _, _, err := ecr.New(w.options()).Token(t.Context(), tc.host)
			w.fails(t, err, tc.code, append(tc.told, tc.host)...)
			w.silent(t, err.Error(), k, aws.Keys{Secret: "wrong-secret-of-the-user"})
			if errors.Is(err, ecr.ErrNoCredentials) {
				t.Error("credentials that were refused are said to be none")
			}
			if tries := len(w.Calls()); tries > len(w.waits)+1 {
				t.Errorf("%d requests", tries)
			}
		})
	}
}

func TestThrottlingPasses(t *testing.T) {
	w := start(t)
	w.keys(t)
	w.Fail(aws.Failure{Code: "ThrottlingException", Times: 3})
	w.token(t, ecr.New(w.options()), host)
	if n := w.count("GetAuthorizationToken"); n != 4 {
		t.Errorf("%d tries", n)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, w.waits); diff != "" || len(w.lines) != 3 {
		t.Errorf("told: %q\n%s", w.lines, diff)
	}
}

func TestAnAnswerThatIsNone(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":     `{}`,
		"an empty":    `{"authorizationData":[]}`,
		"no token":    `{"authorizationData":[{"expiresAt":1764000000.1}]}`,
		"no base64":   `{"authorizationData":[{"authorizationToken":"%%","expiresAt":1764000000.1}]}`,
		"no password": `{"authorizationData":[{"authorizationToken":"QVdT","expiresAt":1764000000.1}]}`,
		"no end":      `{"authorizationData":[{"authorizationToken":"QVdTOnBhc3N3b3Jk"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.keys(t)
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
				out.Header().Set("Content-Type", "application/x-amz-json-1.1")
				out.Write([]byte(body))
			}))
			t.Cleanup(server.Close)
			t.Setenv("AWS_ENDPOINT_URL_ECR", server.URL)
			_, _, _, err := ecr.New(w.options()).Token(t.Context(), host)
			w.fails(t, err, "E_AWS_AUTH", "none that can be read")
			w.silent(t, err.Error(), aws.Keys{Secret: "QVdTOnBhc3N3b3Jk"}, aws.Keys{Secret: "password"})
		})
	}
}

func TestOtherHostsHaveNoToken(t *testing.T) {
	c := ecr.New(ecr.Options{})
	if _, _, _, err := c.Token(t.Context(), "ghcr.io"); err == nil {
		t.Error("ghcr.io has a token of ECR")
	}
	if _, err := c.EnsureRepository(t.Context(), "ghcr.io", "acme/web", ecr.Repository{}); err == nil {
		t.Error("ghcr.io has a repository of ECR")
	}
}

func TestACancelledRequestSaysSo(t *testing.T) {
	w := start(t)
	w.keys(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := ecr.New(w.options()).Token(ctx, host); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestACertificateThatIsNotTrusted(t *testing.T) {
	w := start(t)
	w.keys(t)
	server := httptest.NewUnstartedServer(w.AWS)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_ECR", server.URL)
	_, _, _, err := ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_REGISTRY_UNREACHABLE", "SSL_CERT_FILE")
	if w.waits != nil {
		t.Errorf("pauses %v", w.waits)
	}

	o := w.options()
	o.HTTP = server.Client()
	w.token(t, ecr.New(o), host)
}

// AWS says more than one would like to read in a log.
func TestSecretsThatAWSRepeats(t *testing.T) {
	w := start(t)
	o := w.byRole()
	jwt := w.issuer.Token("sts.amazonaws.com")
	o.IDToken = func(context.Context, string) (string, error) { return jwt, nil }
	w.Fail(aws.Failure{Action: "AssumeRoleWithWebIdentity", Times: 1, Code: "X", Status: 400, Message: "the token " + jwt + " is odd\n" + jwt})
	_, _, _, err := ecr.New(o).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "the token *** is odd")

	k := w.keys(t)
	t.Setenv("AWS_SESSION_TOKEN", "")
	w.Fail(aws.Failure{Action: "GetAuthorizationToken", Code: "X", Status: 400, Message: "not " + k.ID + " with " + k.Secret})
	_, _, _, err = ecr.New(w.options()).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "not *** with ***")

	w.Add(aws.Role{ARN: role, Users: []string{k.ID}})
	w.Fail(aws.Failure{Action: "AssumeRole", Code: "X", Status: 400, Message: "not " + k.ID + " with " + k.Secret})
	o.IDToken = nil
	_, _, _, err = ecr.New(o).Token(t.Context(), host)
	w.fails(t, err, "E_AWS_AUTH", "not *** with ***")

	w.Fail(aws.Failure{Action: "DescribeRepositories", Code: "X", Status: 400, Message: "not " + k.ID + " with " + k.Secret})
	_, err = ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", ecr.Repository{})
	w.fails(t, err, "E_AWS_AUTH", "not *** with ***")
}
